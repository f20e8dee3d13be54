//! A sandbox on a real port, and a client and a browser that speak HTTP to it.
#![allow(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use monei_sandbox::{Client, Options, Sandbox, serve};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

pub const CLIENT_ID: &str = "mc_sim_test";
pub const SECRET: &str = "mcs_sim_CNRYtest_secret";
pub const CALLBACK: &str = "http://127.0.0.1:43117/v1/callback";

pub struct World {
    pub base: String,
    pub address: SocketAddr,
    pub http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<std::io::Result<()>>>,
}

pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub scopes: Vec<String>,
}

pub fn client() -> Client {
    Client {
        client_id: CLIENT_ID.into(),
        client_secret: SECRET.into(),
        name: "Test & <App>".into(),
        redirect_uris: vec![CALLBACK.into(), "com.example.app:/callback".into(), "https://app.example/cb?keep=1".into()],
        website: Some("https://app.example".into()),
    }
}

pub fn http() -> reqwest::Client {
    // The crypto provider is there for TLS, which loopback doesn't use; a second installation is refused and that is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// A client whose connections come from this loopback address.
pub fn http_from(address: &str) -> reqwest::Client {
    let _ = http();
    let from = address.parse::<std::net::IpAddr>().unwrap();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().local_address(from).build().unwrap()
}

impl World {
    pub async fn new() -> World {
        Self::with(Options { clients: vec![client()], run: Some("R1".into()), ..Options::default() }).await
    }

    pub async fn kept_in(state_file: PathBuf) -> World {
        Self::with(Options { clients: vec![client()], run: Some("R1".into()), state_file: Some(state_file), ..Options::default() }).await
    }

    pub async fn with(options: Options) -> World {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sandbox = Sandbox::new(options).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(listener, sandbox, async {
            let _ = stopped.await;
        }));
        World { base: format!("http://{address}"), address, http: http(), stop: Some(stop), served: Some(served) }
    }

    pub async fn stop(mut self) {
        drop(self.stop.take());
        self.served.take().unwrap().await.unwrap().unwrap();
    }

    pub fn authorize_url(&self, scope: &str) -> String {
        self.authorize_with(&[("client_id", CLIENT_ID), ("redirect_uri", CALLBACK), ("scope", scope), ("state", "s+t/1")])
    }

    pub fn authorize_with(&self, parameters: &[(&str, &str)]) -> String {
        Url::parse_with_params(&format!("{}/connect/authorize", self.base), parameters).unwrap().into()
    }

    /// Control API; the answer must be 200.
    pub async fn control(&self, what: &str, order: Value) -> Value {
        let answer = self.http.post(format!("{}/sandbox/api/{what}", self.base)).json(&order).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{what} {order}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    pub async fn switch(&self, name: &str, value: &str) {
        self.control("switch", json!({"name": name, "value": value})).await;
    }

    pub async fn state(&self) -> Value {
        self.http.get(format!("{}/sandbox/api/state", self.base)).send().await.unwrap().json().await.unwrap()
    }

    /// Decides by the control API and gives the address the browser would go to.
    pub async fn decide(&self, user: &str, scope: &str, allow: Value) -> Url {
        let order = json!({"url": self.authorize_url(scope), "user": user, "allow": allow});
        Url::parse(self.control("approve", order).await["location"].as_str().unwrap()).unwrap()
    }

    pub async fn code(&self, user: &str, scope: &str) -> String {
        parameter(&self.decide(user, scope, Value::Null).await, "code").unwrap()
    }

    pub async fn token(&self, body: Value) -> Response {
        self.http.post(format!("{}/api/v1/connect/token", self.base)).json(&body).send().await.unwrap()
    }

    pub async fn exchange(&self, code: &str) -> Response {
        self.token(exchange_body(code)).await
    }

    pub async fn refresh(&self, refresh: &str) -> Response {
        self.token(json!({"grant_type": "refresh_token", "refresh_token": refresh})).await
    }

    pub async fn revoke(&self, token: &str) -> Response {
        self.http.post(format!("{}/api/v1/connect/token/revoke", self.base)).json(&json!({"token": token})).send().await.unwrap()
    }

    pub async fn get(&self, path: &str, access: &str) -> Response {
        self.http.get(format!("{}/api/v1{path}", self.base)).bearer_auth(access).send().await.unwrap()
    }

    /// Connects `user` with all of `scope`.
    pub async fn connect(&self, user: &str, scope: &str) -> Tokens {
        let code = self.code(user, scope).await;
        Tokens::of(self.exchange(&code).await).await
    }
}

impl Tokens {
    pub async fn of(answer: Response) -> Tokens {
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{status} {body}");
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        let scopes = body["scopes"].as_array().map(|list| list.iter().map(|scope| scope.as_str().unwrap().to_owned()).collect());
        Tokens { access: text("access_token"), refresh: text("refresh_token"), scopes: scopes.unwrap_or_default() }
    }
}

pub fn exchange_body(code: &str) -> Value {
    json!({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": CLIENT_ID, "client_secret": SECRET})
}

pub fn parameter(url: &Url, name: &str) -> Option<String> {
    let found: Vec<String> = url.query_pairs().filter(|(other, _)| other == name).map(|(_, value)| value.into_owned()).collect();
    assert!(found.len() < 2, "{name} twice in {url}");
    found.into_iter().next()
}

/// Asserts a NestJS-shaped error and gives its message.
pub async fn nest_error(answer: Response, status: u16) -> String {
    assert_eq!(answer.status(), status);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["statusCode"], status, "{body}");
    assert_eq!(body["error"], StatusCode::from_u16(status).unwrap().canonical_reason().unwrap());
    body["message"].as_str().unwrap().to_owned()
}

/// As much of a browser as forms need: one cookie jar, no scripts.
pub struct Browser {
    http: reqwest::Client,
    pub cookies: HashMap<String, String>,
}

pub struct Page {
    pub url: Url,
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Browser {
    pub fn new() -> Browser {
        Browser { http: http(), cookies: HashMap::new() }
    }

    pub async fn open(&mut self, url: &str) -> Page {
        self.send(self.http.get(url), Url::parse(url).unwrap()).await
    }

    /// Sends the page's form with its hidden token and these fields.
    pub async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let action = page.url.join(&page.action()).unwrap();
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("form_token", &page.form_token());
        if let Some(id) = page.decision_id() {
            body.append_pair("decision_id", &id);
        }
        body.extend_pairs(fields);
        self.post(&action, body.finish()).await
    }

    pub async fn post(&mut self, action: &Url, body: String) -> Page {
        let request = self.http.post(action.clone()).header("content-type", "application/x-www-form-urlencoded").body(body);
        self.send(request, action.clone()).await
    }

    /// Logs in and gives the consent page.
    pub async fn consent(&mut self, url: &str, user: &str) -> Page {
        let login = self.open(url).await;
        let answer = self.submit(&login, &[("user", user)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let next = answer.location();
        self.open(next.as_str()).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder, url: Url) -> Page {
        let jar: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if jar.is_empty() { request } else { request.header("cookie", jar.join("; ")) };
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        Page { url, status, headers, text: answer.text().await.unwrap() }
    }
}

impl Page {
    pub fn location(&self) -> Url {
        self.url.join(self.headers["location"].to_str().unwrap()).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub fn form_token(&self) -> String {
        self.between("name=\"form_token\" value=\"", "\"")
    }

    /// What marks the decision of a consent page.
    pub fn decision_id(&self) -> Option<String> {
        let rest = self.text.split_once("name=\"decision_id\" value=\"")?.1;
        Some(rest.split('"').next().unwrap().to_owned())
    }

    pub fn action(&self) -> String {
        self.between("method=\"post\" action=\"", "\"").replace("&amp;", "&")
    }

    /// The scopes that the consent page offers.
    pub fn offered(&self) -> Vec<String> {
        self.text.split("name=\"scope\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    }

    fn between(&self, before: &str, after: &str) -> String {
        let rest = self.text.split_once(before).unwrap_or_else(|| panic!("no {before} in {}", self.text)).1;
        rest.split(after).next().unwrap().to_owned()
    }
}
