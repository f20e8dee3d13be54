//! One place with the program in it: its session, the services, and what a person does there, step by step.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use atspi::{Role, State};
use e2e::{Browser, PATIENCE, Session, Surroundings, process, until};
use tokio::time::Instant;

use crate::picture::{self, Picture};
use crate::program::Program;
use crate::screen::Screen;
use crate::services::{Services, desktop_program, log_of, pictures};
use crate::words;
use e2e::accessible::{self, Accessibility, Element, Rectangle};

/// Least share of ink in the region of a label that is painted; a blank region has none.
const LEAST_INK: f64 = 0.01;
/// Lightness that a light page's ground has at least, and a dark one's at most.
const LIGHT: u32 = 180;
const DARK: u32 = 75;

/// A window that was dragged to another size has it within this, unless a part of the drag was missed.
const DRAG_SHOWS: Duration = Duration::from_secs(5);

/// Which colours the page is expected in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark letters on a light ground.
    Light,
    /// Light letters on a dark ground.
    Dark,
}

/// A place with the program in it.
pub struct Desk {
    name: String,
    /// The session.
    pub session: Session,
    /// Sandbox and backend.
    pub services: Services,
    /// What the screen shows.
    pub screen: Screen,
    accessibility: Accessibility,
    program: Option<Program>,
    /// Its file.
    pub file: String,
    /// A command that the program is started by, such as `unshare --net`.
    pub wrapper: Vec<String>,
    /// The system browser, once there is one.
    pub browser: Option<Browser>,
    /// The colours that the page should have.
    pub scheme: Scheme,
    /// The very colour of its ground, where that is to be looked at.
    pub ground: Option<[u8; 3]>,
}

impl Desk {
    /// Sets everything up but the program.
    pub async fn set_up(name: &str, surroundings: Surroundings) -> Result<Self> {
        let mut session = Session::start_in(name, Surroundings { accessible: true, ..surroundings }).await?;
        session.set("RUST_LOG", "info");
        let services = Services::start(&mut session).await?;
        session.set("MONEI_ENVIRONMENT", "sandbox");
        session.set("CONNECT_BACKEND_URL", &services.backend);
        let screen = Screen::of(&session)?;
        let bus = session.get("DBUS_SESSION_BUS_ADDRESS").context("no session bus")?.to_owned();
        let accessibility = Accessibility::connect(&bus).await?;
        Ok(Self {
            name: name.to_owned(),
            session,
            services,
            screen,
            accessibility,
            program: None,
            file: desktop_program()?,
            wrapper: Vec::new(),
            browser: None,
            scheme: Scheme::Light,
            ground: None,
        })
    }

    /// Starts the program, and waits for nothing.
    pub fn start(&mut self) -> Result<()> {
        ensure!(self.program.is_none(), "the program runs already");
        let mut command = self.session.command(self.wrapper.first().unwrap_or(&self.file));
        command.args(self.wrapper.iter().skip(1));
        if !self.wrapper.is_empty() {
            command.arg(&self.file);
        }
        self.program = Some(Program::start(&self.session, command)?);
        Ok(())
    }

    /// The address of the session bus.
    pub fn session_bus(&self) -> Result<String> {
        Ok(self.session.get("DBUS_SESSION_BUS_ADDRESS").context("no session bus")?.to_owned())
    }

    /// The running program.
    pub fn program(&self) -> Result<&Program> {
        self.program.as_ref().context("the program does not run")
    }

    /// What the window tells a screen reader now.
    pub async fn elements(&self) -> Result<Vec<Element>> {
        self.accessibility.elements(self.program()?.pid()).await
    }

    /// Waits until the page with this heading can be seen: told to a screen reader, painted on the screen with every heading and button
    /// of it, in the right colours, by a web process that lives.
    pub async fn sees(&self, heading: &str) -> Result<Picture> {
        let wanted = format!("the page {heading:?} on the screen");
        until(&wanted, async || self.look(heading).await.map(Some)).await
    }

    async fn look(&self, heading: &str) -> Result<Picture> {
        let program = self.program()?;
        let webs = program.web_processes(&self.session).len();
        ensure!(webs == 1, "{webs} web processes");
        let elements = self.elements().await?;
        ensure!(!elements.is_empty(), "the program tells a screen reader nothing");
        let title = elements.iter().find(|element| element.role == Role::Heading && element.name.contains(heading));
        let title = title.with_context(|| format!("no such heading; there are {:?}", headings(&elements)))?;
        let page = self.accessibility.extents(view(&elements)?).await?;
        let shown = self.screen.picture(&self.session)?;
        let page_there = self.page_on_screen(page)?;
        self.check_ground(&shown, page_there)?;
        let mut looked_at = 0;
        for element in elements.iter().filter(|element| element.is_labelled() && element.is(State::Showing)) {
            // One that went away since the list was read is seen in the next look.
            let Ok(extents) = self.accessibility.extents(element).await else { continue };
            if extents.width < 8 || extents.height < 8 || !contains(page, extents) {
                ensure!(element.name != title.name, "the heading is outside of the window");
                continue;
            }
            let region = self.region(page, page_there, extents);
            let part = shown.part(region).with_context(|| format!("{:?} is outside of the screen: {region:?}", element.name))?;
            ensure!(part.ink() >= LEAST_INK, "{} {:?} at {region:?} is not painted", element.role, element.name);
            looked_at += 1;
        }
        ensure!(looked_at >= 2, "only {looked_at} labels can be seen");
        Ok(shown)
    }

    /// Where the page is on the screen, in pixels.
    fn page_on_screen(&self, page: Rectangle) -> Result<Rectangle> {
        let scale = i32::from(self.session.display().scale());
        let (width, height) = (page.width * scale, page.height * scale);
        if !self.session.display().is_wayland() {
            return Ok(Rectangle { x: page.x * scale, y: page.y * scale, width, height });
        }
        // Wayland tells no program where it is. The page is what lies right and low in the window, below its title.
        let window = self.screen.window(&self.session, self.program()?.pid())?.context("no window")?;
        Ok(Rectangle { x: window.x + window.width - width, y: window.y + window.height - height, width, height })
    }

    fn region(&self, page: Rectangle, page_there: Rectangle, element: Rectangle) -> Rectangle {
        let scale = i32::from(self.session.display().scale());
        Rectangle {
            x: page_there.x + (element.x - page.x) * scale,
            y: page_there.y + (element.y - page.y) * scale,
            width: element.width * scale,
            height: element.height * scale,
        }
    }

    /// The whole page has its own colours, up to its edges.
    fn check_ground(&self, shown: &Picture, page: Rectangle) -> Result<()> {
        let whole = shown.part(page).with_context(|| format!("the page at {page:?} is not wholly on the screen"))?;
        ensure!(self.ground.is_none_or(|wanted| wanted == whole.ground()), "the page is {:?} and not {:?}", whole.ground(), self.ground);
        let strip = 6;
        let right = Rectangle { x: page.x + page.width - strip, width: strip, ..page };
        let lower = Rectangle { y: page.y + page.height - strip, height: strip, ..page };
        let parts = [("the page", Some(whole)), ("its right edge", shown.part(right)), ("its lower edge", shown.part(lower))];
        for (name, part) in parts {
            let ground = part.with_context(|| format!("{name} is outside of the screen"))?.ground();
            let lightness = picture::lightness(ground);
            let fits = match self.scheme {
                Scheme::Light => lightness >= LIGHT,
                Scheme::Dark => lightness <= DARK,
            };
            ensure!(fits, "{name} is {ground:?}, which is not {:?}", self.scheme);
        }
        Ok(())
    }

    /// Size of the page in logical pixels.
    pub async fn page_size(&self) -> Result<(i32, i32)> {
        let elements = self.elements().await?;
        let page = self.accessibility.extents(view(&elements)?).await?;
        Ok((page.width, page.height))
    }

    /// Waits for an element whose name begins with `name`.
    pub async fn find(&self, role: Role, name: &str) -> Result<Element> {
        until(&format!("the {role} {name:?}"), async || {
            Ok(self.elements().await?.into_iter().find(|element| element.role == role && element.name.starts_with(name)))
        })
        .await
    }

    /// Height of the heading `name`, in logical pixels.
    pub async fn height_of(&self, name: &str) -> Result<i32> {
        let heading = self.find(Role::Heading, name).await?;
        Ok(self.accessibility.extents(&heading).await?.height)
    }

    /// Waits until some text can be read in the window.
    pub async fn reads(&self, text: &str) -> Result<()> {
        until(&format!("the text {text:?}"), async || {
            let elements = self.elements().await?;
            Ok(elements.iter().any(|element| element.name.contains(text) || element.text.contains(text)).then_some(()))
        })
        .await
    }

    /// Presses a button as soon as it can be pressed.
    pub async fn press(&self, name: &str) -> Result<()> {
        until(&format!("the button {name:?} to press"), async || {
            let elements = self.elements().await?;
            let found = elements.iter().find(|element| element.role == Role::Button && element.name.starts_with(name));
            let Some(button) = found.filter(|button| button.is(State::Enabled) || button.is(State::Sensitive)) else { return Ok(None) };
            self.accessibility.activate(button).await.map(Some)
        })
        .await
    }

    /// Presses a button with the Return key until it is gone. The first key of a virtual keyboard may get lost.
    pub async fn press_by_key(&self, name: &str) -> Result<()> {
        let find = async || -> Result<Option<Element>> {
            let elements = self.elements().await?;
            Ok(elements.into_iter().find(|element| element.role == Role::Button && element.name.starts_with(name)))
        };
        until(&format!("the button {name:?} to be gone"), async || {
            let Some(button) = find().await? else { return Ok(Some(())) };
            self.accessibility.focus(&button).await?;
            if find().await?.is_some_and(|button| button.is(State::Focused)) {
                self.screen.press(&self.session, "Return")?;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Ok(None)
        })
        .await
    }

    /// Turns the switches of the page so that those of these names are on and no others.
    pub async fn choose(&self, names: &[&str]) -> Result<()> {
        until("the switches to be as wanted", async || {
            let elements = self.elements().await?;
            let switches: Vec<&Element> =
                elements.iter().filter(|element| matches!(element.role, Role::CheckBox | Role::ToggleButton)).collect();
            ensure!(switches.len() >= names.len(), "{} switches", switches.len());
            let mut turned = false;
            for switch in switches {
                let wanted = names.iter().any(|name| switch.name.starts_with(name));
                let on = switch.is(State::Checked) || switch.is(State::Pressed);
                if wanted != on {
                    self.accessibility.activate(switch).await?;
                    turned = true;
                }
            }
            Ok((!turned).then_some(()))
        })
        .await
    }

    /// The way from the first page to a dashboard: agrees to the service, asks for three features, allows two in a real browser.
    pub async fn connect(&mut self) -> Result<()> {
        self.press(words::CONFIRM_SERVICE).await?;
        self.find(Role::Heading, words::CONNECT).await?;
        self.ask().await?;
        self.approve_in_browser(words::PERSON).await?;
        self.press(words::GO_TO_ACCOUNT).await
    }

    /// On the page "Connect an account": asks for three features.
    pub async fn ask(&mut self) -> Result<()> {
        self.choose(&words::ASKED).await?;
        if self.browser.is_none() {
            self.browser = Some(Browser::register(&mut self.session).await?);
        }
        self.press(words::START).await
    }

    /// Asks once more after a failure, from whichever page the program has gone to.
    pub async fn ask_again(&mut self) -> Result<()> {
        until("the browser to be opened, or a page that asks", async || {
            if self.browser.as_ref().is_some_and(|browser| browser.opened().is_ok_and(|opened| !opened.is_empty())) {
                return Ok(Some(()));
            }
            let elements = self.elements().await?;
            let button = |name: &str| elements.iter().find(|element| element.role == Role::Button && element.name.starts_with(name));
            if let Some(button) = button(words::START).or_else(|| button(words::TRY_AGAIN)).or_else(|| button(words::CONNECT)) {
                self.accessibility.activate(button).await?;
            }
            Ok(None)
        })
        .await
    }

    /// In the browser that the program opens: `person` allows two of what is asked for.
    pub async fn approve_in_browser(&mut self, person: &str) -> Result<()> {
        let browser = self.browser.as_mut().context("no browser")?;
        browser.next_tab().await?;
        browser.reach_consent(person).await?;
        browser.allow(&words::ALLOWED_SCOPES).await?;
        self.press(words::THIS_IS_ME).await?;
        until("the approval to arrive", async || {
            let elements = self.elements().await?;
            let found = elements.iter().any(|element| element.role == Role::Heading && element.name.starts_with(words::CONNECTED));
            if !found {
                bail!("the headings are {:?}", headings(&elements));
            }
            Ok(Some(()))
        })
        .await?;
        // It has done its part, and no longer covers the window.
        self.browser.take().context("no browser")?.quit().await
    }

    /// Waits for a dialog of another program: a window of this class.
    pub async fn dialog(&self, class: &str) -> Result<u32> {
        until(&format!("a window of {class}"), async || Ok(self.windows(class)?.first().copied())).await
    }

    /// The windows of this class that can be seen.
    pub fn windows(&self, class: &str) -> Result<Vec<u32>> {
        let found = self.session.run("xdotool", &["search", "--onlyvisible", "--class", class])?;
        Ok(String::from_utf8_lossy(&found.stdout).split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }

    /// Waits for a dialog of another program: a window with this in its title.
    pub async fn dialog_named(&self, title: &str) -> Result<u32> {
        until(&format!("a window {title:?}"), async || {
            let found = self.session.run("xdotool", &["search", "--onlyvisible", "--name", title])?;
            Ok(String::from_utf8_lossy(&found.stdout).split_whitespace().next().map(str::parse).transpose()?)
        })
        .await
    }

    /// Brings the program's window before those of other programs.
    pub fn raise(&self) -> Result<()> {
        self.screen.raise(&self.session, self.program()?.pid())
    }

    /// Types each text into the dialog, each followed by its key.
    pub fn type_into(&self, dialog: u32, texts: &[&str], keys: &[&str]) -> Result<()> {
        let id = dialog.to_string();
        self.session.run("xdotool", &["windowactivate", "--sync", &id])?;
        for (text, key) in texts.iter().zip(keys) {
            if !text.is_empty() {
                self.screen.type_text(&self.session, text)?;
            }
            self.screen.press(&self.session, key)?;
        }
        Ok(())
    }

    /// Clicks into the dialog, at this place of it.
    pub fn click(&self, dialog: u32, x: i32, y: i32) -> Result<()> {
        let words = ["mousemove", "--window", &dialog.to_string(), &x.to_string(), &y.to_string(), "click", "1"];
        let said = self.session.run("xdotool", &words)?;
        ensure!(said.status.success(), "xdotool: {}", String::from_utf8_lossy(&said.stderr));
        Ok(())
    }

    /// The address of the accessibility bus.
    pub async fn accessibility_bus(&self) -> Result<String> {
        accessible::bus_of(&self.session_bus()?).await
    }

    /// Gives the page another size from outside, waits until it has it, and looks at it.
    pub async fn resize(&self, to: (i32, i32), heading: &str) -> Result<(i32, i32)> {
        let before = self.page_size().await?;
        let pid = self.program()?.pid();
        self.screen.resize(&self.session, pid, before, to).await?;
        let display = self.session.display();
        let mut again = Instant::now() + DRAG_SHOWS;
        until("the page to take its new size", async || {
            let now = self.page_size().await?;
            let fits = if display.tiles() { now != before } else { now == to };
            if fits {
                return Ok(Some(()));
            }
            // A busy Weston may miss a part of a drag: once more, from the size that came of it.
            if matches!(display, e2e::Display::Weston { .. }) && Instant::now() >= again {
                self.screen.resize(&self.session, pid, now, to).await?;
                again = Instant::now() + DRAG_SHOWS;
            }
            bail!("it is {now:?} of {to:?}")
        })
        .await?;
        if matches!(display, e2e::Display::Weston { .. }) {
            self.screen.bring_to_corner(&self.session, to).await?;
        }
        self.sees(heading).await?;
        self.page_size().await
    }

    /// Waits until the page has another size than `before`.
    pub async fn wait_for_other_size(&self, before: (i32, i32)) -> Result<()> {
        until("the page to have another size", async || Ok((self.page_size().await? != before).then_some(()))).await
    }

    /// Waits until the page has this size.
    pub async fn has_size(&self, wanted: (i32, i32)) -> Result<()> {
        until("the page to have its size", async || {
            let now = self.page_size().await?;
            ensure!(now == wanted, "it is {now:?} and not {wanted:?}");
            Ok(Some(()))
        })
        .await
    }

    /// Where the window is on the screen. Weston chooses a place by chance and Wayland tells none, so only its size counts there.
    pub async fn window_place(&self) -> Result<Rectangle> {
        let found = self.screen.window(&self.session, self.program()?.pid())?.context("no window")?;
        Ok(if self.session.display().is_wayland() { Rectangle { x: 0, y: 0, ..found } } else { found })
    }

    /// Waits until the window begins right of this column of the screen.
    pub async fn wait_until_right_of(&self, column: i32) -> Result<()> {
        until("the window to move", async || Ok((self.window_place().await?.x >= column).then_some(()))).await
    }

    /// Gives the session another screen in place of the one it has. No program may run on it.
    pub async fn change_display(&mut self, display: e2e::Display) -> Result<()> {
        ensure!(self.program.is_none(), "the program runs");
        self.session.change_display(display).await?;
        self.screen = Screen::of(&self.session)?;
        Ok(())
    }

    /// The end of a try: what failed, with logs and a picture of the screen kept in `target/places/<name>/`.
    pub async fn finish(self, tried: Result<()>) -> Result<()> {
        let Err(error) = tried else { return Ok(()) };
        let folder = self.session.keep_evidence_in("places")?;
        let mut tree = String::new();
        if self.program.is_some() {
            for element in self.elements().await? {
                tree += &format!("{} {:?} {:?}\n", element.role, element.name, element.text);
            }
        }
        std::fs::write(folder.join("elements.txt"), tree)?;
        Err(error)
    }

    /// Closes the window as a person does, and waits until the program has ended well.
    pub async fn quit(&mut self) -> Result<()> {
        let mut program = self.program.take().context("the program does not run")?;
        let pid = program.pid();
        let end = Instant::now() + PATIENCE;
        loop {
            match self.session.display() {
                e2e::Display::Weston { .. } => {
                    // The button of the frame that GTK draws. Gone with the window: then there is nothing left to press.
                    let elements = self.accessibility.elements(pid).await.unwrap_or_default();
                    if let Some(button) = elements.iter().find(|element| element.role == Role::Button && element.name == "Close") {
                        drop(self.accessibility.activate(button).await);
                    }
                }
                _ => self.screen.close(&self.session, pid)?,
            }
            // A key that is pressed while the focus moves can get lost: again after two seconds.
            let again = Instant::now() + Duration::from_secs(2);
            while Instant::now() < again {
                if !program.runs()? {
                    let code = program.wait_for_end().await?;
                    ensure!(code == 0, "the program ended with exit code {code}");
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            ensure!(Instant::now() < end, "the program does not end when its window is closed");
        }
    }

    /// Closes the window and starts the program again before the first one has ended, which is given back.
    pub async fn start_while_it_ends(&mut self) -> Result<Program> {
        let mut ending = self.program.take().context("the program does not run")?;
        let pid = ending.pid();
        self.screen.close(&self.session, pid)?;
        until("the window to be gone", async || Ok(self.screen.window(&self.session, pid)?.is_none().then_some(()))).await?;
        ensure!(ending.runs()?, "the program had ended already");
        self.start()?;
        Ok(ending)
    }

    /// Ends the program by a signal, as a session manager does.
    pub async fn end_by(&mut self, signal: &str) -> Result<()> {
        process::signal(signal, &[self.program()?.pid()]);
        self.ends_by_itself().await
    }

    /// Waits until the program has ended well, without being asked from outside.
    pub async fn ends_by_itself(&mut self) -> Result<()> {
        let code = self.program.take().context("the program does not run")?.wait_for_end().await?;
        ensure!(code == 0, "the program ended with exit code {code}");
        Ok(())
    }

    /// The log tells of no web process that ended.
    pub fn check_log(&self) -> Result<()> {
        let log = log_of(&self.session)?;
        for sign in words::SIGNS_OF_FAILURE {
            if let Some(line) = log.lines().find(|line| line.contains(sign)) {
                bail!("the log says: {line}");
            }
        }
        Ok(())
    }

    /// Leaves a picture of the screen as `target/places/<name>.png`, or with a word more in its name.
    pub fn leave_picture(&self, more: &str) -> Result<()> {
        let name = self.name.replace("::", "-");
        let file = if more.is_empty() { format!("{name}.png") } else { format!("{name}-{more}.png") };
        self.screen.picture(&self.session)?.save(&pictures()?.join(file))
    }
}

/// Names of the headings there are, for messages.
fn headings(elements: &[Element]) -> Vec<&str> {
    elements.iter().filter(|element| element.role == Role::Heading).map(|element| element.name.as_str()).collect()
}

/// What of the page is in view: the document itself is as high as all that can be scrolled to.
fn view(elements: &[Element]) -> Result<&Element> {
    elements.iter().find(|element| element.role == Role::ScrollPane).context("there is no page")
}

fn contains(outer: Rectangle, inner: Rectangle) -> bool {
    inner.x >= outer.x
        && inner.y >= outer.y
        && inner.x + inner.width <= outer.x + outer.width
        && inner.y + inner.height <= outer.y + outer.height
}
