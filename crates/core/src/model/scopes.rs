//! Scopes as a front end names them.

use monei::{Scope, ScopeSet};

use super::problem::{Problem, ProblemCode};

/// The scopes of a list of Monei's strings.
///
/// # Errors
/// [`ProblemCode::InvalidInput`] where one of them can't be a scope.
pub fn parse(scopes: &[String]) -> Result<ScopeSet, Problem> {
    let parsed = scopes.iter().map(|scope| scope.parse::<Scope>()).collect::<Result<_, _>>();
    parsed.map_err(|_| ProblemCode::InvalidInput.into())
}
