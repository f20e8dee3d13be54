//! What a person can allow: one table of permissions, each with the endpoints that it opens (Monei: scopes page, API reference).
//!
//! The table is [`table`]; everything else about scopes is read from it: [`Scope`], [`Permission::of`], and [`find`], which says what
//! permission a call needs. A call that [`find`] doesn't know is not made.

mod path;
mod table;

use crate::scope::ScopeSet;

pub use table::{PERMISSIONS, Scope};

/// One row of the table: a scope and what it opens.
#[derive(Debug, PartialEq, Eq)]
pub struct Permission {
    /// Monei's name for it.
    pub scope: Scope,
    /// This project's short name for what a person sees of it; a key for words, in snake case.
    pub feature: &'static str,
    /// Where it stands among the others.
    pub group: Group,
    /// Monei's consent page warns about it (Monei: scopes page). `bills:pay` spends money all the same: see [`Permission::spends`].
    pub sensitive: bool,
    /// Every endpoint that it opens, those that are documented first.
    pub endpoints: &'static [Endpoint],
}

/// Where a permission stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Reading only.
    See,
    /// Money coming in.
    Receive,
    /// Money going out.
    Spend,
}

/// One endpoint, relative to the API base (`https://api.monei.cc/api/v1`).
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// How it is called.
    pub method: Method,
    /// Path below the API base with a leading slash. A segment that begins with `:` is a parameter.
    pub path: &'static str,
    /// What a call does.
    pub effect: Effect,
    /// Where it is known from.
    pub source: Source,
}

/// How an endpoint is called. Monei's listed endpoints know no other method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

/// What a call does to the person's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing: it reads, quotes or checks, whatever its method.
    Reads,
    /// It asks for money to come in. By card, `POST /wallet/deposit` charges the card.
    Receives,
    /// It moves money out, or changes it into another currency.
    Spends,
}

/// Where an endpoint, and that this scope opens it, is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The list on Monei's scopes page.
    Documented,
    /// Monei's API reference; the part of the scopes page that would name it was not seen.
    Inferred,
    /// An older path that Monei's own SDKs still call.
    Older,
}

impl Method {
    /// Its name in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

impl Permission {
    /// The row of `scope`; `None` for a scope that this version doesn't know.
    pub fn of(scope: &Scope) -> Option<&'static Permission> {
        PERMISSIONS.iter().find(|permission| permission.scope == *scope)
    }

    /// The row that `feature` names.
    pub fn named(feature: &str) -> Option<&'static Permission> {
        PERMISSIONS.iter().find(|permission| permission.feature == feature)
    }

    /// Whether whoever holds it can move the person's money.
    pub fn spends(&self) -> bool {
        self.group == Group::Spend
    }

    /// Whether it opens `method` on `path`, a path without parameters left in it.
    pub fn opens(&self, method: Method, path: &str) -> Option<&'static Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.method == method && endpoint.matches(path))
    }
}

impl Endpoint {
    /// Whether `path` is this endpoint's with every parameter filled in. A parameter is 1 to 128 of `[A-Za-z0-9_:.-]`, never `.` or `..`.
    pub fn matches(&self, path: &str) -> bool {
        path::matches(self.path, path)
    }

    /// The path with `parameters` in their order; `None` if their number doesn't fit or one of them isn't a parameter.
    pub fn fill(&self, parameters: &[&str]) -> Option<String> {
        path::fill(self.path, parameters)
    }
}

/// What a call needs: the permission and its endpoint. `None` for a call that no permission opens.
pub fn find(method: Method, path: &str) -> Option<(&'static Permission, &'static Endpoint)> {
    PERMISSIONS.iter().find_map(|permission| Some((permission, permission.opens(method, path)?)))
}

/// The permissions that `scopes` hold, in the order of the table. Scopes that this version doesn't know are left out.
pub fn held(scopes: &ScopeSet) -> impl Iterator<Item = &'static Permission> {
    PERMISSIONS.iter().filter(|permission| scopes.contains(&permission.scope))
}

#[cfg(test)]
mod tests;
