//! The scenario editor: what is pressed in the form, saved, loaded back and played.

use serde_json::json;

use crate::kit::{Browser, Page, World};

/// The editor's page in a browser.
struct Editor {
    browser: Browser,
    page: Page,
}

impl Editor {
    async fn open(world: &World) -> Editor {
        let mut browser = Browser::new();
        let page = browser.open(&format!("{}/sandbox/editor", world.base)).await;
        assert_eq!(page.status, 200);
        Editor { browser, page }
    }

    /// Presses a button with the form as it stands, but for these fields.
    async fn press(&mut self, button: &str, changed: &[(&str, &str)]) -> &Page {
        let mut fields = form(&self.page.text);
        fields.retain(|(name, _)| name != "do" && name != "form_token" && !changed.iter().any(|(other, _)| other == name));
        fields.extend(changed.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        fields.push(("do".to_owned(), button.to_owned()));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.page = self.browser.submit(&self.page, &fields).await;
        &self.page
    }

    #[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
    fn toml(&self) -> String {
        form(&self.page.text).into_iter().find(|(name, _)| name == "toml").unwrap().1
    }
}

/// What a browser would post of the editor's form: inputs, chosen options, the text.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
fn form(text: &str) -> Vec<(String, String)> {
    let plain = |text: &str| text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let attribute = |tag: &str, name: &str| {
        let rest = tag.split_once(&format!(" {name}=\""))?.1;
        Some(plain(rest.split('"').next().unwrap()))
    };
    let body = text.split_once("<form class=\"editor\"").unwrap().1.split("</form>").next().unwrap();
    let mut fields = Vec::new();
    for part in body.split('<').skip(1) {
        let (tag, after) = part.split_once('>').unwrap();
        let last_select = || fields.len().checked_sub(1);
        match tag.split([' ', '>']).next().unwrap() {
            "input" if tag.contains("type=\"checkbox\"") && !tag.ends_with(" checked") => {}
            "input" => fields.push((attribute(tag, "name").unwrap(), attribute(tag, "value").unwrap_or_default())),
            "select" => fields.push((attribute(tag, "name").unwrap(), "\0".to_owned())),
            "textarea" => fields.push((attribute(tag, "name").unwrap(), plain(after))),
            "option" => {
                // The first one where none is chosen.
                let at = last_select().unwrap();
                if fields[at].1 == "\0" || tag.ends_with(" selected") {
                    fields[at].1 = attribute(tag, "value").unwrap_or_default();
                }
            }
            _ => {}
        }
    }
    fields
}

#[tokio::test]
async fn a_scenario_is_made_by_hand_saved_loaded_back_and_played() {
    let world = World::new().await;
    let mut editor = Editor::open(&world).await;
    editor.press("update", &[("name", "Two rounds & <more>"), ("round-0-user", "tunde"), ("round-0-allow", "these")]).await;
    editor.press("update", &[("round-0-scope-profile:read", "1"), ("round-0-auto", "1")]).await;
    editor.press("add-round", &[]).await;
    editor.press("update", &[("round-1-allow", "deny"), ("round-1-user", "ada")]).await;
    editor.press("add-event", &[("new_action", "fault")]).await;
    editor.press("update", &[("event-0-kind", "delay"), ("event-0-when", "exchange")]).await;
    editor.press("update", &[("event-0-delay_ms", "5")]).await;
    editor.press("add-event", &[("new_action", "revoke")]).await;
    editor
        .press("update", &[("event-1-when", "call"), ("event-1-path", "/user/me"), ("event-1-number", "2"), ("event-1-user", "tunde")])
        .await;
    editor.press("add-switch", &[("new_switch", "refresh_scopes")]).await;
    let text = editor.toml();
    for part in [
        "Two rounds & <more>",
        "allow = [\"profile:read\"]",
        "allow = \"deny\"",
        "delay_ms = 5",
        "path = \"/user/me\"",
        "refresh_scopes = \"absent\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let saved = editor.browser_save().await;
    assert_eq!(saved.header("content-disposition"), "attachment; filename=\"two-rounds-more.toml\"");
    assert_eq!(saved.text, text, "the file is what the page shows");
    monei_sandbox::Scenario::parse(&saved.text).unwrap();

    let mut other = Editor::open(&world).await;
    other.press("load", &[("toml", &saved.text)]).await;
    assert_eq!(other.toml(), text);
    assert!(other.page.text.contains("Nothing plays until you say so") && world.state().await["scenario"].is_null());
    let playing = other.press("play", &[]).await;
    assert_eq!((playing.status.as_u16(), playing.location().path()), (303, "/sandbox/timeline"));
    assert_eq!(world.state().await["scenario"], "Two rounds & <more>");

    // The first round is answered at once, and the second good call of its profile is the last.
    let answer = world.http.get(world.authorize_url("profile:read wallet:read")).send().await.unwrap();
    let location = answer.headers()["location"].to_str().unwrap().parse().unwrap();
    let code = crate::kit::parameter(&location, "code").unwrap();
    let tokens = crate::kit::Tokens::of(world.exchange(&code).await).await;
    assert_eq!(tokens.scopes, ["profile:read"]);
    for status in [200, 200, 401] {
        assert_eq!(world.get("/user/me", &tokens.access).await.status(), status);
    }
}

impl Editor {
    /// What "Save" gives, with the page left as it is.
    async fn browser_save(&mut self) -> Page {
        let fields = form(&self.page.text);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| *name != "form_token" && *name != "do")
            .collect();
        let fields: Vec<(&str, &str)> = fields.into_iter().chain([("do", "save")]).collect();
        self.browser.submit(&self.page, &fields).await
    }
}

#[tokio::test]
async fn every_preset_and_sample_can_be_started_from_and_played() {
    let world = World::new().await;
    let mut editor = Editor::open(&world).await;
    let page = editor.page.text.clone();
    let starts: Vec<String> = page
        .split("<option value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .filter(|value| value.starts_with("preset:") || value.starts_with("sample:"))
        .collect();
    assert!(starts.len() >= 17, "{starts:?}");
    for start in starts {
        editor.press("start", &[("start", &start)]).await;
        assert_eq!(editor.page.status, 200, "{start}");
        assert!(!editor.page.text.contains("data-testid=\"wrong\""), "{start}");
        let toml = editor.toml();
        world.control("scenario", json!({"toml": toml})).await;
        // Playing ends every session: the form is shown again as it was, and works on.
        let page = editor.press("update", &[("name", "Still here")]).await;
        assert!(page.status == 401 && page.text.contains("out of date") && page.text.contains("value=\"Still here\""), "{start}");
    }
    world.control("preset", json!({"name": "busy"})).await;
    editor.press("start", &[("start", "preset:outage")]).await;
    assert_eq!(editor.toml().matches("status = 503").count(), 3, "what the preset arms");
    editor.press("remove-event-0", &[]).await;
    assert_eq!(editor.toml().matches("status = 503").count(), 2);
}

#[tokio::test]
async fn what_is_wrong_is_said_and_nothing_that_was_typed_is_lost() {
    let world = World::new().await;
    let mut editor = Editor::open(&world).await;
    for (field, value, said) in [
        ("round-0-times", "0", "round 1: times: at least 1"),
        ("round-0-times", "many", "round 1: times"),
        ("round-0-asks", "profile:read money:all", "round 1: asks: \"money:all\" is no scope of Monei"),
        ("clock_offset_s", "soon", "clock_offset_s"),
    ] {
        let page = editor.press("play", &[("name", "Kept"), (field, value)]).await;
        assert_eq!(page.status, 400);
        let text = page.text.replace("&quot;", "\"");
        assert!(text.contains(said) && text.contains("value=\"Kept\""), "{said} in {text}");
        editor.press("start", &[("start", "empty")]).await;
    }
    let page = editor.press("load", &[("toml", "name = 5")]).await;
    assert!(page.status == 400 && page.text.contains("line 1"), "{}", page.text);
    let many = "[[round]]\nuser = \"ada\"\nallow = \"all\"\n".repeat(60);
    let page = editor.press("load", &[("toml", &format!("name = \"x\"\n{many}"))]).await;
    assert!(page.text.contains("at most 50 rounds"));
    let foreign = Browser::new().post(&format!("{}/sandbox/editor", world.base).parse().unwrap(), "do=play&form_token=x".into()).await;
    assert_eq!(foreign.status, 401, "only its own form is taken");
    assert!(world.state().await["scenario"].is_null());
}
