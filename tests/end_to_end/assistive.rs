//! What a screen reader is told of the real window (AT-SPI): each control's name and role, the order of the focus, and what is announced.

use anyhow::{Context, Result, bail, ensure};
use atspi::{Role, State};
use e2e::accessible::{Accessibility, Element, Heard};
use e2e::{PATIENCE, Setup, World, until};
use tokio::time::timeout;

use crate::apps::{answered, ask, call, pay};

/// Roles of what a person works with: each must say what it is for.
const CONTROLS: [Role; 14] = [
    Role::Button,
    Role::ToggleButton,
    Role::CheckBox,
    Role::RadioButton,
    Role::Link,
    Role::Entry,
    Role::PasswordText,
    Role::SpinButton,
    Role::ComboBox,
    Role::ListBox,
    Role::MenuItem,
    Role::Slider,
    Role::PageTab,
    Role::Dialog,
];

/// A screen reader at the program's window.
struct Reader {
    accessibility: Accessibility,
    pid: u32,
}

impl Reader {
    async fn start(world: &World) -> Result<Self> {
        let bus = world.session.get("DBUS_SESSION_BUS_ADDRESS").context("no session bus")?;
        Ok(Self { accessibility: Accessibility::connect(bus).await?, pid: world.window()?.pid()? })
    }

    /// Every element of the window. An element that goes while it is asked about may never answer: then all are read anew.
    async fn elements(&self) -> Result<Vec<Element>> {
        until("the window's elements", async || {
            let elements = timeout(PATIENCE / 4, self.accessibility.elements(self.pid)).await.context("no answer")??;
            Ok((!elements.is_empty()).then_some(elements))
        })
        .await
    }

    /// Waits for the page or dialog with this heading, and checks it as a whole.
    async fn reads(&self, heading: &str) -> Result<Vec<Element>> {
        let elements = until(&format!("the heading {heading:?}"), async || {
            let elements = self.elements().await?;
            let headings: Vec<&str> = elements.iter().filter(|each| each.role == Role::Heading).map(|each| each.name.as_str()).collect();
            ensure!(headings.iter().any(|name| name.contains(heading)), "the headings are {headings:?}");
            Ok(Some(elements))
        })
        .await?;
        let nameless: Vec<&Element> = elements.iter().filter(|each| CONTROLS.contains(&each.role) && each.name.trim().is_empty()).collect();
        ensure!(nameless.is_empty(), "{heading}: without a name: {nameless:?}");
        // The page: what is before it is GTK's.
        let page = elements.iter().position(|each| each.role == Role::DocumentWeb).context("no document")?;
        let document = &elements[page];
        ensure!(document.name == "Monei Connections", "the document is called {:?}", document.name);
        // What takes the focus is something, or is a place that the focus is sent to by its name.
        let vague: Vec<&Element> = elements[page..]
            .iter()
            .filter(|each| each.is(State::Focusable) && !CONTROLS.contains(&each.role) && each.name.trim().is_empty())
            .filter(|each| !matches!(each.role, Role::Landmark | Role::DocumentWeb | Role::TableCell | Role::ListItem))
            .collect();
        ensure!(vague.is_empty(), "{heading}: takes the focus and says nothing: {vague:?}");
        let mut first = 0;
        for each in elements.iter().filter(|each| each.role == Role::Heading) {
            let level = self.accessibility.attributes(each).await?.remove("level");
            first += usize::from(level.as_deref() == Some("1"));
        }
        ensure!(first == 1, "{heading}: {first} headings of the first level");
        Ok(elements)
    }

    /// Waits for a dialog of this name, and checks that each control in the window says what it is for.
    async fn reads_dialog(&self, name: &str) -> Result<()> {
        let elements = until(&format!("the dialog {name:?}"), async || {
            let elements = self.elements().await?;
            let is_it = |each: &Element| each.role == Role::Dialog && each.name.contains(name);
            Ok(elements.iter().any(is_it).then_some(elements))
        })
        .await?;
        let nameless: Vec<&Element> = elements.iter().filter(|each| CONTROLS.contains(&each.role) && each.name.trim().is_empty()).collect();
        ensure!(nameless.is_empty(), "{name}: without a name: {nameless:?}");
        Ok(())
    }

    /// Waits until this stands where screen readers listen, and until they were told that something changed there.
    async fn announces(&self, heard: &mut Heard, words: &str) -> Result<()> {
        let mut told = Vec::new();
        until(&format!("{words:?} to be announced"), async || {
            told.append(&mut heard.so_far()?);
            let elements = self.elements().await?;
            let mut seen = Vec::new();
            // The region, and in it the element with the words.
            for (region, said) in elements.iter().zip(elements.iter().skip(1)).filter(|(region, _)| region.role == Role::StatusBar) {
                let live = self.accessibility.attributes(region).await?.remove("live");
                let came = told.iter().any(|(path, what)| path == region.path() && what == "ChildrenChanged add");
                if live.as_deref() == Some("polite") && said.text == words && came {
                    return Ok(Some(()));
                }
                seen.push(format!("{live:?} {:?} {came}", said.text));
            }
            bail!("{seen:#?}")
        })
        .await
    }

    /// The place among `elements` of the one that has the focus.
    async fn focus(&self, elements: &[Element]) -> Result<Option<usize>> {
        for (place, element) in elements.iter().enumerate() {
            // An ancestor may say that it has the focus in it.
            if CONTROLS.contains(&element.role) && self.accessibility.states(element).await?.contains(State::Focused) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Goes through the page by Tab. Each control comes once, in the order in which the page is read.
    async fn tabs_through(&self, world: &World, heading: &str) -> Result<()> {
        let elements = self.reads(heading).await?;
        let mut order = Vec::new();
        let mut last = None;
        loop {
            press(world, "Tab")?;
            let next = until("the focus to move", async || {
                let now = self.focus(&elements).await?;
                Ok((now.is_some() && now != last).then_some(now))
            })
            .await?
            .context("no focus")?;
            if order.contains(&next) {
                break;
            }
            order.push(next);
            last = Some(next);
        }
        let names: Vec<&str> = order.iter().map(|place| elements[*place].name.as_str()).collect();
        let turns = order.windows(2).filter(|pair| pair[0] > pair[1]).count();
        ensure!(turns <= 1, "{heading}: the focus goes back and forth: {names:?}");
        let missed: Vec<&str> = elements
            .iter()
            .enumerate()
            .filter(|(place, each)| each.is(State::Focusable) && CONTROLS.contains(&each.role) && !order.contains(place))
            // Of radio buttons of one question, Tab reaches the one that is chosen.
            .filter(|(_, each)| each.role != Role::RadioButton)
            .map(|(_, each)| each.name.as_str())
            .collect();
        ensure!(missed.is_empty(), "{heading}: Tab doesn't reach {missed:?}; it reaches {names:?}");
        Ok(())
    }
}

#[tokio::test]
async fn a_screen_reader_is_told_the_name_and_role_of_every_control_and_what_happens_by_itself() -> Result<()> {
    World::with("assistive", Setup { accessible: true, ..Setup::default() }, async |world| {
        let reader = Reader::start(world).await?;
        reader.tabs_through(world, "Welcome to Monei Connections").await?;
        world.window()?.click("confirm-backend").await?;
        reader.reads("Connect").await?;
        world.choose(&["profile", "wallet"]).await?;

        let mut heard = reader.accessibility.listen().await?;
        world.window()?.click("start-connect").await?;
        world.window()?.shows("stage-waiting").await?;
        let waiting = announcement(world).await?;
        reader.announces(&mut heard, &waiting).await?;
        reader.reads(&waiting).await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["profile:read", "wallet:read"]).await?;
        world.window()?.shows("stage-decide").await?;
        let decide = announcement(world).await?;
        reader.announces(&mut heard, &decide).await?;
        // Once its queue is full nothing else would come through the connection.
        drop(heard);
        reader.reads("Is this you?").await?;
        world.finish().await?;

        // With what is fetched come more controls.
        for section in ["section-profile", "section-wallet", "section-transactions"] {
            world.window()?.attribute(section, "data-state", "ready").await?;
        }
        reader.tabs_through(world, "Ada Okafor").await?;
        for (way, heading) in [
            ("nav-activity", "Activity"),
            ("nav-apps", "Apps"),
            ("nav-settings", "Settings"),
            ("account-0", "Ada Okafor"),
            ("see-receipts", "Receipts"),
        ] {
            world.window()?.click(way).await?;
            reader.reads(heading).await?;
        }
        for (way, heading) in
            [("all-transactions", "All transactions"), ("open-crypto", "More in this wallet"), ("details-wallet", "Balance and history")]
        {
            world.window()?.click("account-0").await?;
            world.window()?.click(way).await?;
            reader.reads(heading).await?;
        }
        // Dialogs over the page.
        world.window()?.click("account-0").await?;
        for (open, name) in [("rename", "Rename this account"), ("disconnect", "Disconnect")] {
            world.window()?.click(open).await?;
            reader.reads_dialog(name).await?;
            press(world, "Escape")?;
        }
        for (keys, name) in [("ctrl+k", "Go to or do"), ("F1", "Keyboard shortcuts")] {
            press(world, keys)?;
            reader.reads_dialog(name).await?;
            press(world, "Escape")?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_screen_reader_is_told_who_wants_to_pay_what_and_the_name_of_each_answer() -> Result<()> {
    World::with("assistive-paying", Setup { accessible: true, apart: true, ..Setup::default() }, async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        world.ask_more("send").await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["wallet:send"]).await?;
        world.finish().await?;
        let reader = Reader::start(world).await?;
        let pairing = ask(world, "Bill payer", &["wallet:send"]).await?;
        let window = world.window()?;
        window.shows("give-send").await?;
        reader.reads_dialog("asks to use an account").await?;
        window.choose("give-send", true).await?;
        window.click("allow-request").await?;
        let key = call(world, None, "GET", &pairing, None)?.1["key"].as_str().context("a key")?.to_owned();
        let waits = pay(world, &key, 250)?;
        window.to_confirmation().await?;
        let elements = until("the payment's window", async || {
            let elements = reader.elements().await?;
            let page = elements.iter().position(|each| each.role == Role::DocumentWeb && each.name == "Confirm a payment");
            let told = page.map(|page| elements[page..].to_vec());
            Ok(told.filter(|told| told.iter().any(|each| each.role == Role::Heading && each.name.contains("Bill payer"))))
        })
        .await?;
        let heading = elements.iter().find(|each| each.role == Role::Heading).context("no heading")?;
        for word in ["Bill payer", "250.00", "tunde.bello@example.net", "Ada Okafor"] {
            ensure!(heading.name.contains(word), "{word} isn't in {:?}", heading.name);
        }
        let controls: Vec<(Role, &str)> =
            elements.iter().filter(|each| CONTROLS.contains(&each.role)).map(|each| (each.role, each.name.as_str())).collect();
        for wanted in [(Role::PasswordText, "Your Monei PIN"), (Role::Button, "Don’t pay"), (Role::Button, "Pay")] {
            ensure!(controls.contains(&wanted), "{wanted:?} isn't among {controls:?}");
        }
        window.click_last("confirm-deny").await?;
        window.back().await?;
        ensure!(answered(waits)? == "403 confirmation_denied");
        Ok(())
    })
    .await
}

/// Presses a key in the window.
fn press(world: &World, key: &str) -> Result<()> {
    let window = world.window()?.id(&world.session)?;
    world.session.run("xdotool", &["windowactivate", "--sync", &window, "key", "--clearmodifiers", key]).map(drop)
}

/// What the page puts where screen readers listen; the eye doesn't see it.
async fn announcement(world: &World) -> Result<String> {
    until("an announcement", async || {
        let said = world.window()?.script("return document.querySelector(\"[data-testid='announcement']\").textContent").await?;
        Ok(said.as_str().filter(|said| !said.is_empty()).map(str::to_owned))
    })
    .await
}
