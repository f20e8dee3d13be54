//! The permission to make one call. It exists only where the table of permissions and the granted scopes allow the call, and the call to
//! Monei takes nothing else: an unchecked call doesn't compile.

use monei::permission::{self, Effect, Endpoint, Method};
use monei::{Permission, ScopeSet};

use super::Caller;
use super::problem::{Problem, ProblemCode};

/// One call that may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    caller: Caller,
    permission: &'static Permission,
    endpoint: &'static Endpoint,
    path: String,
}

/// Why a call may not be made. Nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No permission opens it.
    #[error("no permission opens this call")]
    NotListed,
    /// It moves money, or asks for some: nothing in this program does that.
    #[error("the call does more than read")]
    DoesMoreThanRead,
    /// The permission that it needs isn't granted.
    #[error("{} isn't granted", .0.scope)]
    NotGranted(&'static Permission),
}

impl Permit {
    /// Checks the call against `scopes`.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn check(caller: &Caller, scopes: &ScopeSet, method: Method, path: &str) -> Result<Self, Denied> {
        let (permission, endpoint) = permission::find(method, path).ok_or(Denied::NotListed)?;
        if endpoint.effect != Effect::Reads {
            return Err(Denied::DoesMoreThanRead);
        }
        if !scopes.contains(&permission.scope) {
            return Err(Denied::NotGranted(permission));
        }
        Ok(Self { caller: caller.clone(), permission, endpoint, path: path.to_owned() })
    }

    /// Who calls.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Under which permission.
    pub fn permission(&self) -> &'static Permission {
        self.permission
    }

    /// The endpoint: its path is a template, and safe to log.
    pub fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }

    /// The path below the API base. It may hold ids.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotListed | Denied::DoesMoreThanRead => ProblemCode::InvalidInput.into(),
            Denied::NotGranted(_) => ProblemCode::ScopeMissing.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use monei::permission::PERMISSIONS;

    use super::*;

    /// Over the whole table: a permit exists for what reads, with its own scope, and for nothing else.
    #[test]
    fn a_call_is_allowed_by_its_own_scope_alone() {
        for row in &PERMISSIONS {
            for endpoint in row.endpoints {
                let path = endpoint.fill(&vec!["x"; endpoint.path.matches("/:").count()]).unwrap();
                let check = |scopes: &ScopeSet| Permit::check(&Caller::Window, scopes, endpoint.method, &path);
                let own: ScopeSet = [row.scope.clone()].into_iter().collect();
                let others: ScopeSet = PERMISSIONS.iter().map(|other| other.scope.clone()).filter(|scope| *scope != row.scope).collect();
                if endpoint.effect == Effect::Reads {
                    let permit = check(&own).unwrap();
                    assert_eq!((permit.permission(), permit.endpoint(), permit.path()), (row, endpoint, path.as_str()));
                    assert_eq!(check(&others), Err(Denied::NotGranted(row)), "{path}");
                } else {
                    assert_eq!(check(&own.union(&others)), Err(Denied::DoesMoreThanRead), "{path}");
                }
            }
        }
        let all: ScopeSet = PERMISSIONS.iter().map(|row| row.scope.clone()).collect();
        assert_eq!(Permit::check(&Caller::Window, &all, Method::Get, "/wallet/utils/banks"), Err(Denied::NotListed));
    }
}
