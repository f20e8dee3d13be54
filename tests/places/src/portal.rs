//! The settings portal of a desktop, as far as it tells programs how to look (`org.freedesktop.appearance`).

use std::collections::HashMap;

use anyhow::Result;
use zbus::fdo;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedValue, Value};

const PATH: &str = "/org/freedesktop/portal/desktop";
const NAMESPACE: &str = "org.freedesktop.appearance";

/// A portal that has its name at the session bus for as long as it lives.
pub struct Portal {
    connection: zbus::Connection,
}

struct Settings {
    values: HashMap<&'static str, u32>,
}

#[zbus::interface(name = "org.freedesktop.portal.Settings")]
impl Settings {
    fn read_all(&self, namespaces: Vec<String>) -> HashMap<String, HashMap<String, OwnedValue>> {
        let asked =
            namespaces.is_empty() || namespaces.iter().any(|name| name.is_empty() || NAMESPACE.starts_with(name.trim_end_matches('*')));
        let values = self.values.iter().map(|(key, value)| ((*key).to_owned(), OwnedValue::from(*value))).collect();
        if asked { HashMap::from([(NAMESPACE.to_owned(), values)]) } else { HashMap::new() }
    }

    fn read_one(&self, namespace: &str, key: &str) -> fdo::Result<OwnedValue> {
        let found = (namespace == NAMESPACE).then(|| self.values.get(key)).flatten();
        found.map(|value| OwnedValue::from(*value)).ok_or_else(|| fdo::Error::Failed("no such setting".to_owned()))
    }

    /// The older call, which wraps the value once more.
    fn read(&self, namespace: &str, key: &str) -> fdo::Result<OwnedValue> {
        let value = self.read_one(namespace, key)?;
        OwnedValue::try_from(Value::Value(Box::new(value.into()))).map_err(|error| fdo::Error::Failed(error.to_string()))
    }

    #[zbus(signal)]
    async fn setting_changed(emitter: &SignalEmitter<'_>, namespace: &str, key: &str, value: Value<'_>) -> zbus::Result<()>;

    #[zbus(property)]
    fn version(&self) -> u32 {
        2
    }
}

impl Portal {
    /// Offers the portal at the session bus with this address. `color-scheme`: 0 is left to programs, 1 dark, 2 light; `contrast`: 0
    /// usual, 1 high.
    pub async fn start(session_bus: &str, values: &[(&'static str, u32)]) -> Result<Self> {
        let settings = Settings { values: values.iter().copied().collect() };
        let builder = zbus::connection::Builder::address(session_bus)?.serve_at(PATH, settings)?;
        let connection = builder.name("org.freedesktop.portal.Desktop")?.build().await?;
        Ok(Self { connection })
    }

    /// Changes a value while programs run, and tells them.
    pub async fn change(&self, key: &'static str, value: u32) -> Result<()> {
        let settings = self.connection.object_server().interface::<_, Settings>(PATH).await?;
        settings.get_mut().await.values.insert(key, value);
        Settings::setting_changed(settings.signal_emitter(), NAMESPACE, key, Value::from(value)).await?;
        Ok(())
    }
}
