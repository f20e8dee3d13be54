//! What the program tells assistive technologies (AT-SPI): the elements of its window, their text, and their actions. This is how a
//! screen reader sees it, and it is how the places read the window from outside.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use atspi::proxy::accessible::AccessibleProxy;
use atspi::proxy::action::ActionProxy;
use atspi::proxy::bus::{BusProxy, StatusProxy};
use atspi::proxy::component::ComponentProxy;
use atspi::proxy::registry::RegistryProxy;
use atspi::proxy::text::TextProxy;
use atspi::{CoordType, Interface, Role, State, StateSet};
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt, try_join_all};
use zbus::connection::Builder;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::names::BusName;
use zbus::proxy::CacheProperties;
use zbus::zvariant::{OwnedObjectPath, Structure, Value};
use zbus::{Connection, MatchRule, MessageStream};

/// Deepest level of a tree that is read. The web view's own is about 20 deep.
const DEEPEST: usize = 60;

/// The path that stands for no element.
const NOWHERE: &str = "/org/a11y/atspi/null";

/// A rectangle, in logical pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
}

/// Where an element is offered: name at the bus, and path. WebKit offers its page under a well-known name, which `atspi`'s own type,
/// for unique names alone, does not take.
type Object = (String, OwnedObjectPath);

/// One element.
#[derive(Clone, Debug)]
pub struct Element {
    object: Object,
    /// What it is.
    pub role: Role,
    /// Its accessible name.
    pub name: String,
    /// Its own text, where it has some.
    pub text: String,
    states: StateSet,
}

impl Element {
    /// What it is called at the bus.
    pub fn path(&self) -> &str {
        self.object.1.as_str()
    }

    /// Whether it has this state.
    pub fn is(&self, state: State) -> bool {
        self.states.contains(state)
    }

    /// Whether it is a button, a link, a switch or a heading: something with a label that is painted.
    pub fn is_labelled(&self) -> bool {
        matches!(self.role, Role::Button | Role::Link | Role::Heading | Role::ToggleButton)
    }
}

/// What windows tell of changes. Messages wait in it until they are asked for.
pub struct Heard(MessageStream);

impl Heard {
    /// The elements of which something was told since this was asked last, with what it was.
    pub fn so_far(&mut self) -> Result<Vec<(String, String)>> {
        let mut told = Vec::new();
        while let Some(message) = self.0.next().now_or_never().flatten() {
            let message = message?;
            let (header, body) = (message.header(), message.body());
            let event: Structure<'_> = body.deserialize()?;
            let (Some(path), Some(member), Some(Value::Str(kind))) = (header.path(), header.member(), event.fields().first()) else {
                continue;
            };
            told.push((path.to_string(), format!("{member} {kind}")));
        }
        Ok(told)
    }
}

/// Connection to the accessibility bus of a session.
pub struct Accessibility {
    connection: Connection,
}

impl Accessibility {
    /// Connects to the accessibility bus of the session bus with this address.
    pub async fn connect(session_bus: &str) -> Result<Self> {
        Self::connect_directly(&bus_of(session_bus).await?).await
    }

    /// Connects to the accessibility bus with this address.
    pub async fn connect_directly(address: &str) -> Result<Self> {
        let connection = Builder::address(address)?.build().await.context("the accessibility bus")?;
        // As a screen reader does, or GTK's bridge and WebKit don't take the trouble to keep their trees.
        RegistryProxy::new(&connection).await?.register_event("object:children-changed").await?;
        Ok(Self { connection })
    }

    /// Every element of the window of process `pid`, in the order of the page. Empty while the program has registered none.
    pub async fn elements(&self, pid: u32) -> Result<Vec<Element>> {
        let registry = ("org.a11y.atspi.Registry".to_owned(), OwnedObjectPath::try_from("/org/a11y/atspi/accessible/root")?);
        let bus = DBusProxy::new(&self.connection).await?;
        for application in self.children(&registry).await? {
            // An application that ends meanwhile has no process any more.
            let Ok(owner) = bus.get_connection_unix_process_id(BusName::try_from(application.0.as_str())?).await else { continue };
            if owner == pid {
                return self.read(application, 0).await;
            }
        }
        Ok(Vec::new())
    }

    /// An element and all below it. One that is gone when it is read is left out: the page changes while it is read.
    fn read(&self, object: Object, depth: usize) -> BoxFuture<'_, Result<Vec<Element>>> {
        async move {
            ensure!(depth < DEEPEST, "the tree has no end");
            let found = async {
                let element = self.element(object.clone()).await?;
                Ok::<_, anyhow::Error>((element, self.children(&object).await?))
            };
            let (element, children) = match found.await {
                Ok(found) => found,
                Err(error) if is_gone(&error) => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            let below = try_join_all(children.into_iter().map(|child| self.read(child, depth + 1))).await?;
            Ok(std::iter::once(element).chain(below.into_iter().flatten()).collect())
        }
        .boxed()
    }

    async fn children(&self, object: &Object) -> Result<Vec<Object>> {
        let proxy = self.accessible(object).await?;
        let mut children: Vec<Object> = proxy.inner().call("GetChildren", &()).await?;
        if children.is_empty() {
            // GTK's bridge leaves the page, which another process offers, out of that list.
            for index in 0..proxy.child_count().await? {
                children.push(proxy.inner().call("GetChildAtIndex", &(index)).await?);
            }
        }
        children.retain(|(_, path)| path.as_str() != NOWHERE);
        Ok(children)
    }

    async fn element(&self, object: Object) -> Result<Element> {
        let proxy = self.accessible(&object).await?;
        let (role, name, states) = (proxy.get_role().await?, proxy.name().await?, proxy.get_state().await?);
        // Asked for its text, an element of GTK that has none complains on the program's standard error.
        let has_text = name.is_empty() && proxy.get_interfaces().await?.contains(Interface::Text);
        let text = if has_text { self.text(&object).await? } else { String::new() };
        Ok(Element { object, role, name, text, states })
    }

    async fn text(&self, object: &Object) -> Result<String> {
        let (name, path) = object.clone();
        let builder = TextProxy::builder(&self.connection).destination(name)?.path(path)?;
        Ok(builder.cache_properties(CacheProperties::No).build().await?.get_text(0, -1).await?)
    }

    async fn accessible(&self, object: &Object) -> Result<AccessibleProxy<'static>> {
        let (name, path) = object.clone();
        let builder = AccessibleProxy::builder(&self.connection).destination(name)?.path(path)?;
        Ok(builder.cache_properties(CacheProperties::No).build().await?)
    }

    async fn component(&self, element: &Element) -> Result<ComponentProxy<'static>> {
        let (name, path) = element.object.clone();
        let builder = ComponentProxy::builder(&self.connection).destination(name)?.path(path)?;
        Ok(builder.cache_properties(CacheProperties::No).build().await?)
    }

    /// Its states as they are now.
    pub async fn states(&self, element: &Element) -> Result<StateSet> {
        Ok(self.accessible(&element.object).await?.get_state().await?)
    }

    /// What else is told of it, by name: `level` of a heading, `live` of what is announced when it changes.
    pub async fn attributes(&self, element: &Element) -> Result<HashMap<String, String>> {
        Ok(self.accessible(&element.object).await?.get_attributes().await?)
    }

    /// Hears from now on what windows tell of changes, as a screen reader does to announce them.
    pub async fn listen(&self) -> Result<Heard> {
        RegistryProxy::new(&self.connection).await?.register_event("object:").await?;
        let rule = MatchRule::builder().msg_type(Type::Signal).interface("org.a11y.atspi.Event.Object")?.build();
        Ok(Heard(MessageStream::for_match_rule(rule, &self.connection, Some(1024)).await?))
    }

    /// Where it is on the screen. Under Wayland, which tells no positions, only differences between elements mean something.
    pub async fn extents(&self, element: &Element) -> Result<Rectangle> {
        let (x, y, width, height) = self.component(element).await?.get_extents(CoordType::Screen).await?;
        Ok(Rectangle { x, y, width, height })
    }

    /// Gives the element the keyboard's focus.
    pub async fn focus(&self, element: &Element) -> Result<()> {
        ensure!(self.component(element).await?.grab_focus().await?, "{} {:?} takes no focus", element.role, element.name);
        Ok(())
    }

    /// Does what the element is for: presses a button, follows a link, turns a switch.
    pub async fn activate(&self, element: &Element) -> Result<()> {
        let (name, path) = element.object.clone();
        let builder = ActionProxy::builder(&self.connection).destination(name)?.path(path)?;
        let proxy = builder.cache_properties(CacheProperties::No).build().await?;
        ensure!(proxy.do_action(0).await?, "{} {:?} takes no action", element.role, element.name);
        Ok(())
    }
}

/// The address of the accessibility bus that belongs to the session bus with this address.
pub async fn bus_of(session_bus: &str) -> Result<String> {
    let session = Builder::address(session_bus)?.build().await.context("the session bus")?;
    // As a screen reader does.
    StatusProxy::new(&session).await?.set_is_enabled(true).await?;
    BusProxy::new(&session).await?.get_address().await.context("no accessibility bus")
}

/// Whether an element, or the process that offered it, is gone.
fn is_gone(error: &anyhow::Error) -> bool {
    let gone = ["UnknownObject", "ServiceUnknown", "NoReply", "UnknownMethod"];
    matches!(error.downcast_ref(), Some(zbus::Error::MethodError(name, ..)) if gone.iter().any(|kind| name.ends_with(kind)))
}
