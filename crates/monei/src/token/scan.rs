//! Finds the objects of a JSON text that may be damaged, odd or cut off: whatever can still be read of it comes out.
//!
//! A strict parser gives all or nothing, and a rotated pair of tokens must not be lost because of a field beside it.

use serde::de::{DeserializeOwned, IgnoredAny};
use zeroize::Zeroizing;

/// Deepest nesting looked into, an object inside a text counted as one level.
const MAX_DEPTH: usize = 8;
/// Most objects looked at.
const MAX_OBJECTS: usize = 64;
/// Most members looked at, of all objects together.
const MAX_MEMBERS: usize = 4_096;
/// Most times that reading goes on after something unreadable.
const MAX_DAMAGE: usize = 64;

/// One object: its members in order, each with the text of its value.
/// They may be tokens, and are wiped when dropped.
pub(super) type Object = Vec<(String, Zeroizing<String>)>;

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// The objects, the outermost first. Objects of the same depth come in the order of the text.
    pub(super) objects: Vec<Object>,
    /// Something could not be read: the text isn't JSON as a whole.
    pub(super) damaged: bool,
    /// The text itself is an object, not something around one.
    pub(super) bare: bool,
}

/// Every object in `text`, inside arrays and inside texts that hold JSON too.
pub(super) fn objects(text: &str) -> Found {
    let (damaged, bare) = (serde_json::from_str::<IgnoredAny>(text).is_err(), start_of_value(text).starts_with('{'));
    let mut found = Found { objects: Vec::new(), damaged, bare };
    let mut limits = Limits { members: MAX_MEMBERS, damage: MAX_DAMAGE };
    let mut level = vec![copy(start_of_value(text))];
    for _ in 0..MAX_DEPTH {
        let mut next = Vec::new();
        for value in &level {
            if let Some(inner) = value.strip_prefix('{') {
                if found.objects.len() >= MAX_OBJECTS {
                    return found;
                }
                let object = members(inner, &mut limits);
                next.extend(object.iter().map(|(_, value)| value.clone()).filter(|value| may_hold_objects(value)));
                found.objects.push(object);
            } else if let Some(inner) = value.strip_prefix('[') {
                next.extend(elements(inner, &mut limits).into_iter().filter(|value| may_hold_objects(value)));
            } else if let Ok(inner) = serde_json::from_str::<String>(value).map(Zeroizing::new) {
                next.push(copy(start_of_value(&inner)));
            }
        }
        level = next;
    }
    found
}

/// How much may still be read.
struct Limits {
    members: usize,
    damage: usize,
}

/// From the first brace or bracket on, or the whole text where it is a JSON string.
fn start_of_value(text: &str) -> &str {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if text.starts_with('"') {
        return text;
    }
    text.find(['{', '[']).map_or("", |at| &text[at..])
}

fn copy(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn may_hold_objects(value: &str) -> bool {
    value.starts_with(['{', '[']) || (value.starts_with('"') && value.contains('{'))
}

/// The members of an object, from behind its opening brace.
fn members(mut rest: &str, limits: &mut Limits) -> Object {
    let mut object = Object::new();
    while limits.members > 0 {
        rest = rest.trim_start_matches([',', ' ', '\t', '\r', '\n']);
        if rest.is_empty() || rest.starts_with('}') {
            break;
        }
        limits.members -= 1;
        let name = next::<String>(rest).and_then(|(name, after)| Some((name, after.trim_start().strip_prefix(':')?)));
        let Some((name, after)) = name else {
            match resume(rest, limits) {
                Some(later) => rest = later,
                None => break,
            }
            continue;
        };
        let after = after.trim_start();
        match next::<IgnoredAny>(after) {
            Some((_, later)) => {
                object.push((name, copy(&after[..after.len() - later.len()])));
                rest = later;
            }
            None => {
                // A damaged object may hold sound members, and sound members may follow it.
                if after.starts_with(['{', '[']) {
                    object.push((name, copy(after)));
                }
                match resume(after, limits) {
                    Some(later) => rest = later,
                    None => break,
                }
            }
        }
    }
    object
}

/// The elements of an array, from behind its opening bracket.
fn elements(mut rest: &str, limits: &mut Limits) -> Vec<Zeroizing<String>> {
    let mut all = Vec::new();
    while limits.members > 0 {
        rest = rest.trim_start_matches([',', ' ', '\t', '\r', '\n']);
        if rest.is_empty() || rest.starts_with(']') {
            break;
        }
        limits.members -= 1;
        match next::<IgnoredAny>(rest) {
            Some((_, later)) => {
                all.push(copy(&rest[..rest.len() - later.len()]));
                rest = later;
            }
            None => {
                all.push(copy(rest));
                break;
            }
        }
    }
    all
}

/// One value at the beginning of `text`, and what comes after it.
fn next<T: DeserializeOwned>(text: &str) -> Option<(T, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<T>();
    let value = values.next()?.ok()?;
    text.get(values.byte_offset()..).map(|after| (value, after))
}

/// Where the next member may begin after something unreadable: behind the next comma.
fn resume<'a>(rest: &'a str, limits: &mut Limits) -> Option<&'a str> {
    limits.damage = limits.damage.checked_sub(1)?;
    rest.find(',').map(|at| &rest[at + 1..])
}
