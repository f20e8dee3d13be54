//! A person in a browser: follows redirects, keeps cookies, logs in and answers the consent page by its forms.

use std::collections::HashMap;

use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use url::Url;

/// Where the way through the browser ended.
pub struct End {
    pub url: Url,
    pub status: u16,
    pub page: String,
}

/// Walks from `start` to a page without a form. `allowed` are the scopes to switch on; `None` denies.
pub async fn walk(start: &Url, user: &str, allowed: Option<&[&str]>) -> End {
    Tab::default().walk(start, user, allowed).await
}

/// One browser profile: its cookies, by host, whichever the port (RFC 6265, section 8.5).
#[derive(Default)]
pub struct Tab {
    cookies: HashMap<String, HashMap<String, String>>,
}

impl Tab {
    pub async fn walk(&mut self, start: &Url, user: &str, allowed: Option<&[&str]>) -> End {
        let mut next = (start.clone(), None);
        for _ in 0..20 {
            let (url, form) = next;
            let response = self.send(&url, form).await;
            if response.status().is_redirection() {
                let location = response.headers()[LOCATION].to_str().unwrap();
                next = (url.join(location).unwrap(), None);
                continue;
            }
            let status = response.status().as_u16();
            let page = response.text().await.unwrap();
            let Some(action) = form_action(&page) else { return End { url, status, page } };
            let mut fields = vec![("form_token".to_owned(), hidden(&page, "form_token"))];
            if page.contains("name=\"user\"") {
                fields.push(("user".into(), user.into()));
            } else {
                for scope in allowed.unwrap_or_default() {
                    assert!(page.contains(&format!("value=\"{scope}\"")), "the consent page has no switch for {scope}");
                    fields.push(("scope".into(), (*scope).into()));
                }
                fields.push(("decision".into(), if allowed.is_some() { "allow" } else { "deny" }.into()));
            }
            next = (url.join(&action).unwrap(), Some(fields));
        }
        panic!("the way through the browser has no end");
    }

    async fn send(&mut self, url: &Url, form: Option<Vec<(String, String)>>) -> reqwest::Response {
        let jar = self.cookies.entry(url.host_str().unwrap().to_owned()).or_default();
        let http = super::http();
        let mut request = match &form {
            None => http.get(url.clone()),
            Some(fields) => {
                let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                http.post(url.clone())
                    .header("content-type", "application/x-www-form-urlencoded")
                    .header(ORIGIN, url.origin().ascii_serialization())
                    .body(body)
            }
        };
        if !jar.is_empty() {
            let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, cookies.join("; "));
        }
        let response = request.header("sec-fetch-mode", "navigate").send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            jar.insert(name.to_owned(), value.to_owned());
        }
        response
    }
}

fn form_action(page: &str) -> Option<String> {
    let form = &page[page.find("<form method=\"post\"")?..];
    Some(attribute(form, "action"))
}

fn hidden(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\"");
    attribute(&page[page.find(&field).expect("a hidden field")..], "value")
}

fn attribute(html: &str, name: &str) -> String {
    let opening = format!("{name}=\"");
    let rest = &html[html.find(&opening).expect("an attribute") + opening.len()..];
    rest[..rest.find('"').unwrap()].replace("&amp;", "&")
}

/// The deep link on the page that ends the other way back.
pub fn deep_link(page: &str, scheme: &str) -> String {
    let opening = format!("\"{scheme}:");
    let at = page.find(&opening).unwrap_or_else(|| panic!("no deep link on the page: {page}")) + 1;
    let rest = &page[at..];
    rest[..rest.find('"').unwrap()].replace("&amp;", "&")
}
