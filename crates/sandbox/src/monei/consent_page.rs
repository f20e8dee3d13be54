//! The pages of `/connect/authorize`: who are you, and what do you allow.

use maud::{Markup, html};
use monei::ScopeSet;

use crate::model::mint::random_hex;
use crate::model::people::{PEOPLE, PIN, Person};
use crate::model::plan::Rule;
use crate::monei::approval::Asked;
use crate::monei::wording;
use crate::options::Client;
use crate::web::page::frame;

/// The login page: one button per person.
pub(crate) fn login(client: &Client, action: &str, form_token: &str) -> Markup {
    frame(
        "Log in",
        false,
        &html! {
            section.card {
                p.eyebrow { "Log in to the sandbox" }
                h1 { "Who do you want to be?" }
                p.lead { "Log in to continue to " strong dir="auto" { (client.name) } ". There are no passwords: these people are made up. Where Monei wants a transaction PIN, theirs is " code { (PIN) } "." }
                form method="post" action=(action) {
                    input type="hidden" name="form_token" value=(form_token);
                    ul.people {
                        @for person in &PEOPLE {
                            li {
                                button.person type="submit" name="user" value=(person.id) {
                                    span.avatar aria-hidden="true" { (initial(person)) }
                                    span.who {
                                        span.name dir="auto" { (person.name()) }
                                        span.about { (person.about) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// What a consent page shows.
pub(crate) struct Consent<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) user: &'a Person,
    /// The scopes that `user` hasn't allowed yet; only these are shown.
    pub(crate) new: &'a ScopeSet,
    /// What was planned: these scopes are switched on. None is, where nothing was.
    pub(crate) rule: Option<&'a Rule>,
}

/// The consent page.
pub(crate) fn consent(page: &Consent<'_>, action: &str, switch_user: &str, form_token: &str) -> Markup {
    let Consent { asked, user, new, rule } = *page;
    let client = &asked.client;
    let already = asked.scopes.len() - new.len();
    frame(
        "Allow access",
        false,
        &html! {
            section.card {
                header.app {
                    span.logo aria-hidden="true" { (client.name.chars().next().unwrap_or('·').to_uppercase()) }
                    div {
                        p.app-name dir="auto" { (client.name) }
                        @if let Some(website) = &client.website { p.site { (website) } }
                    }
                }
                h1 {
                    @if new.is_empty() { "Continue to " bdi { (client.name) } "?" }
                    @else { bdi { (client.name) } " asks for access" }
                }
                p.me {
                    "Logged in as " strong dir="auto" data-testid="user" { (user.name()) } ". "
                    a data-testid="switch-user" href=(switch_user) { "Not you?" }
                }
                // A reload shows what was planned, or nothing switched on, and not what was last ticked here.
                form method="post" action=(action) autocomplete="off" {
                    input type="hidden" name="form_token" value=(form_token);
                    input type="hidden" name="decision_id" value=(random_hex());
                    @if new.is_empty() {
                        p.lead data-testid="nothing-new" { "You allowed everything that it asks for before. Nothing new is added." }
                    } @else {
                        p.lead { "Switch on what you want to allow. You can allow some of it, all of it or nothing." }
                        @if let Some(rule) = rule { p.note data-testid="planned" { "Planned beforehand: " (planned(rule)) " is switched on already. You can still change it." } }
                        @if already > 0 {
                            p.note data-testid="already" { "You allowed " (already) " of its requests before; these are not shown again." }
                        }
                        fieldset {
                            legend.hidden { "What to allow" }
                            @for scope in new.iter() { (row(scope, rule.is_some_and(|rule| rule.allows(scope)))) }
                        }
                    }
                    div.actions {
                        button.primary type="submit" name="decision" value="allow" {
                            @if new.is_empty() { "Confirm" } @else { "Allow selected" }
                        }
                        button.quiet type="submit" name="decision" value="deny" { @if new.is_empty() { "Cancel" } @else { "Deny" } }
                    }
                }
                p.note { "You go back to " span.address { (host(&asked.redirect_uri)) } ". You can take access away at any time in your "
                    a href="/settings/apps" { "connected apps" }
                    "." }
            }
        },
    )
}

fn row(scope: &monei::Scope, on: bool) -> Markup {
    let words = wording::of(scope);
    let id = format!("scope-{}", scope.as_str().replace(':', "-"));
    let detail = format!("{id}-detail");
    html! {
        div.scope.sensitive[scope.is_sensitive()] data-testid=[scope.is_sensitive().then_some("sensitive")] {
            label for=(id) { (words.title) @if scope.is_sensitive() { " " span.tag { "Sensitive" } } }
            input.switch type="checkbox" role="switch" id=(id) name="scope" value=(scope.as_str()) aria-describedby=(detail) checked[on];
            div.detail id=(detail) {
                p { (words.detail) }
                @if let Some(warning) = words.warning { p.warning { (warning) } }
            }
        }
    }
}

fn planned(rule: &Rule) -> &'static str {
    match rule {
        Rule::All => "everything",
        Rule::NotSensitive => "everything that isn't sensitive",
        Rule::Nothing | Rule::Deny => "nothing",
        Rule::Only(_) => "a part",
    }
}

fn initial(person: &Person) -> String {
    person.id.chars().next().unwrap_or('·').to_uppercase().collect()
}

/// Scheme, host and port of the redirect URI: all that a person can judge of it.
fn host(redirect_uri: &str) -> String {
    match url::Url::parse(redirect_uri) {
        Ok(url) if url.has_host() => url.origin().ascii_serialization(),
        Ok(url) => format!("the app of the scheme {}", url.scheme()),
        Err(_) => "the app".to_owned(),
    }
}
