//! The registrations at Monei: one from the environment, or several from a file.

use std::path::{Path, PathBuf};

use monei::ClientSecret;
use serde::Deserialize;
use url::Url;

use super::address::RedirectUri;
use super::source::{Source, read_public};
use super::{ConfigError, Environment};
use crate::domain::registration::{Registration, Registrations};
use crate::ports::monei::Pair;

const FILE: &str = "CONNECT_CLIENTS_FILE";
/// Most registrations.
const MOST: usize = 1_000;

/// `CONNECT_CLIENTS_FILE`, in TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clients {
    client: Vec<Client>,
}

/// One registration. Files are named from the folder of the list where they don't begin with a slash.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    id: String,
    secret_file: PathBuf,
    /// The secret before it, during a rotation; the file may be missing or empty.
    previous_secret_file: Option<PathBuf>,
    /// `MONEI_REDIRECT_URI` where absent. Of the same origin, since a person's browser keeps the cookie of a start for that alone.
    redirect_uri: Option<String>,
}

/// All registrations, and the secrets of each.
pub(super) fn registrations(
    environment: Environment,
    source: &Source<'_>,
    redirect: &RedirectUri,
) -> Result<(Registrations, Vec<Pair>), ConfigError> {
    match source.value(FILE) {
        Some(path) => several(environment, source, redirect, &source.path(&path)),
        None => one(environment, source, redirect),
    }
}

fn one(environment: Environment, source: &Source<'_>, redirect: &RedirectUri) -> Result<(Registrations, Vec<Pair>), ConfigError> {
    const ID: &str = "MONEI_CLIENT_ID";
    let needed = "the client secret of the Monei app, starting with mcs_";
    let secret = source.secret("MONEI_CLIENT_SECRET")?.ok_or(ConfigError::Missing { name: "MONEI_CLIENT_SECRET", needed })?;
    let present = client_secret(environment, "MONEI_CLIENT_SECRET", &secret)?;
    let previous = source.secret("MONEI_CLIENT_SECRET_PREVIOUS")?;
    let previous = previous.map(|text| client_secret(environment, "MONEI_CLIENT_SECRET_PREVIOUS", &text)).transpose()?;
    let needed = "the client id of the Monei app, starting with mc_";
    let id = client_id(environment, ID, source.value(ID).ok_or(ConfigError::Missing { name: ID, needed })?)?;
    let registration = Registration { client_id: id, redirect_uri: redirect.text.clone() };
    Ok((Registrations::new(registration, Vec::new()), vec![Pair { present, previous }]))
}

fn several(
    environment: Environment,
    source: &Source<'_>,
    redirect: &RedirectUri,
    path: &Path,
) -> Result<(Registrations, Vec<Pair>), ConfigError> {
    let alone = [
        "MONEI_CLIENT_ID",
        "MONEI_CLIENT_SECRET",
        "MONEI_CLIENT_SECRET_FILE",
        "MONEI_CLIENT_SECRET_PREVIOUS",
        "MONEI_CLIENT_SECRET_PREVIOUS_FILE",
    ];
    if let Some(name) = alone.into_iter().find(|name| source.value(name).is_some()) {
        return Err(ConfigError::invalid(name, "CONNECT_CLIENTS_FILE is set as well, and lists every registration"));
    }
    let fail = |reason: String| ConfigError::File { name: FILE.to_owned(), reason };
    let text = String::from_utf8(read_public(path, FILE)?).map_err(|_| fail(format!("{} is not text (UTF-8)", path.display())))?;
    // The parser's own words would show lines of the file.
    let list: Clients = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
        fail(format!("line {line} of {} is not as documented", path.display()))
    })?;
    if list.client.is_empty() || list.client.len() > MOST {
        return Err(fail(format!("it must list 1 to {MOST} registrations")));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let (mut registrations, mut secrets) = (Vec::<Registration>::new(), Vec::new());
    for client in list.client {
        let id = client_id(environment, FILE, client.id)?;
        if registrations.iter().any(|known| known.client_id == id) {
            return Err(ConfigError::invalid(FILE, "it lists the same client id twice"));
        }
        let redirect_uri = client.redirect_uri.unwrap_or_else(|| redirect.text.clone());
        if !same_origin(&redirect_uri, &redirect.text) {
            return Err(ConfigError::invalid(
                FILE,
                "each redirect_uri must be MONEI_REDIRECT_URI: start and callback share its origin and path",
            ));
        }
        registrations.push(Registration { client_id: id, redirect_uri });
        let files = [Some(&client.secret_file), client.previous_secret_file.as_ref()];
        if files.into_iter().flatten().any(|file| file.to_string_lossy().starts_with("mcs_") && !folder.join(file).exists()) {
            return Err(fail(
                "a secret_file holds a secret itself; write the name of a file there, and the secret into that file".to_owned(),
            ));
        }
        let present = client_secret(environment, FILE, &source.secret_file(&folder.join(&client.secret_file), FILE)?)?;
        let previous = match client.previous_secret_file {
            Some(file) => source.previous_secret_file(&folder.join(file), FILE)?,
            None => None,
        };
        let previous = previous.map(|text| client_secret(environment, FILE, &text)).transpose()?;
        secrets.push(Pair { present, previous });
    }
    let first = registrations.remove(0);
    Ok((Registrations::new(first, registrations), secrets))
}

/// Whether a browser takes both for the same place. Their paths are the same in any case: it is where this backend receives callbacks.
fn same_origin(one: &str, two: &str) -> bool {
    let (Ok(first), Ok(second)) = (Url::parse(one), Url::parse(two)) else { return false };
    first.as_str() == one && first.origin() == second.origin() && first.path() == second.path() && first.query().is_none()
}

/// Checks a client id that `name` holds.
fn client_id(environment: Environment, name: &'static str, id: String) -> Result<String, ConfigError> {
    if id.starts_with("mcs_") {
        return Err(ConfigError::invalid(name, "it holds a client secret, which must never be sent to a browser"));
    }
    if !id.starts_with("mc_")
        || !(6..=128).contains(&id.len())
        || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    {
        return Err(ConfigError::invalid(name, "it must start with mc_ and have 6 to 128 letters, digits, dots, dashes or underscores"));
    }
    if environment != Environment::Sandbox && id.starts_with("mc_sim_") {
        return Err(ConfigError::invalid(name, "it is a sandbox's, but MONEI_ENVIRONMENT is not sandbox"));
    }
    Ok(id)
}

/// Checks a client secret that `name` holds or names the file of.
fn client_secret(environment: Environment, name: &'static str, text: &str) -> Result<ClientSecret, ConfigError> {
    if !text.starts_with("mcs_") || text.len() < 12 || text.len() > 512 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConfigError::invalid(
            name,
            "it must start with mcs_ and have 12 to 512 printable characters on one line, without quotes",
        ));
    }
    match (environment, text.starts_with("mcs_sim_")) {
        (Environment::Sandbox, false) => Err(ConfigError::invalid(name, "MONEI_ENVIRONMENT is sandbox, but the secret is not a sandbox's")),
        (Environment::Production | Environment::Development, true) => {
            Err(ConfigError::invalid(name, "it is a sandbox's, but MONEI_ENVIRONMENT is not sandbox"))
        }
        _ => Ok(ClientSecret::new(text)),
    }
}
