//! The permission to make one call. It exists only where the table of permissions and the granted scopes allow the call, and the call to
//! Monei takes nothing else: an unchecked call doesn't compile.

use monei::permission::{self, Effect, Endpoint, Method};
use monei::{Permission, ScopeSet};

use super::payment::Begun;
use super::problem::{Problem, ProblemCode};
use super::{AppId, Caller};

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
    /// It moves money, or asks for some: nothing in this program does that by itself.
    #[error("the call does more than read")]
    DoesMoreThanRead,
    /// It moves money for a program of the person, who confirms it first.
    #[error("the call needs the person's confirmation")]
    NeedsConfirmation,
    /// There is no such app, or what it was given has ended.
    #[error("the app isn't allowed any more")]
    AppEnded,
    /// The app wasn't given the permission that it needs.
    #[error("the app wasn't given {}", .0.scope)]
    NotGiven(&'static Permission),
    /// The person switched the permission that it needs off here.
    #[error("{} is set aside", .0.scope)]
    SetAside(&'static Permission),
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
        // Apps and the command line may also request deposits. No caller may move money out.
        let asks = endpoint.effect == Effect::Receives && matches!(caller, Caller::App(_) | Caller::CommandLine);
        if endpoint.effect != Effect::Reads && !asks {
            return Err(Denied::DoesMoreThanRead);
        }
        if !scopes.contains(&permission.scope) {
            return Err(Denied::NotGranted(permission));
        }
        Ok(Self { caller: caller.clone(), permission, endpoint, path: path.to_owned() })
    }

    /// Checks a payment that the person confirmed against `scopes`: the one way to a permit that spends.
    ///
    /// # Errors
    /// [`Denied::NotGranted`], or [`Denied::NotListed`].
    pub fn for_payment(app: &AppId, scopes: &ScopeSet, begun: &Begun) -> Result<Self, Denied> {
        let path = begun.payment().form().path;
        let (permission, endpoint) = permission::find(Method::Post, path).ok_or(Denied::NotListed)?;
        if !scopes.contains(&permission.scope) {
            return Err(Denied::NotGranted(permission));
        }
        Ok(Self { caller: Caller::App(app.clone()), permission, endpoint, path: path.to_owned() })
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
            Denied::NeedsConfirmation => ProblemCode::ConfirmationNeeded.into(),
            Denied::AppEnded => ProblemCode::NoSuchApp.into(),
            Denied::NotGiven(_) => ProblemCode::PermissionNotGiven.into(),
            Denied::SetAside(_) => ProblemCode::PermissionSetAside.into(),
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
                let by = |caller: &Caller, scopes: &ScopeSet| Permit::check(caller, scopes, endpoint.method, &path);
                let check = |scopes: &ScopeSet| by(&Caller::Window, scopes);
                let own: ScopeSet = [row.scope.clone()].into_iter().collect();
                let others: ScopeSet = PERMISSIONS.iter().map(|other| other.scope.clone()).filter(|scope| *scope != row.scope).collect();
                if endpoint.effect == Effect::Reads {
                    let permit = check(&own).unwrap();
                    assert_eq!((permit.permission(), permit.endpoint(), permit.path()), (row, endpoint, path.as_str()));
                    assert_eq!(check(&others), Err(Denied::NotGranted(row)), "{path}");
                } else {
                    let all = own.union(&others);
                    assert_eq!(check(&all), Err(Denied::DoesMoreThanRead), "{path}");
                    assert_eq!(by(&Caller::Monitor, &all), Err(Denied::DoesMoreThanRead), "{path}");
                    for program in [Caller::App("a".into()), Caller::CommandLine] {
                        let asks = endpoint.effect == Effect::Receives;
                        assert_eq!(by(&program, &all).is_ok(), asks, "{path}");
                        assert!(by(&program, &others).is_err(), "{path}");
                    }
                }
            }
        }
        let all: ScopeSet = PERMISSIONS.iter().map(|row| row.scope.clone()).collect();
        assert_eq!(Permit::check(&Caller::Window, &all, Method::Get, "/wallet/utils/banks"), Err(Denied::NotListed));
    }
}
