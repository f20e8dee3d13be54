//! What a request of an app comes to, and whether that stands.

use zeroize::Zeroizing;

use super::problem::{Code, Problem};

/// What is answered.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// The body of an answer to the app: tokens, or why there are none.
    Tokens(Zeroizing<Vec<u8>>),
    /// Done, and there is nothing to say about it.
    Done,
    /// A refusal.
    Problem(Problem),
}

impl From<Code> for Outcome {
    fn from(code: Code) -> Self {
        Outcome::Problem(code.into())
    }
}

/// An outcome, and whether it stands.
pub(crate) enum Settled {
    /// Monei decided, or may have: the same request gets the same answer, and Monei isn't asked again.
    Final(Outcome),
    /// Monei was not asked or did nothing: the same request may be tried anew.
    Void(Problem),
}

impl Outcome {
    /// As a replay keeps it.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Outcome::Tokens(body) => [&[0][..], body].concat(),
            Outcome::Done => vec![2],
            Outcome::Problem(problem) => {
                let position = Code::ALL.iter().position(|code| *code == problem.code).and_then(|at| u8::try_from(at).ok());
                let status = problem.status.as_u16().to_be_bytes();
                let retry_after = problem.retry_after.unwrap_or(0).to_be_bytes();
                [&[1, position.unwrap_or(u8::MAX)][..], &status, &retry_after].concat()
            }
        })
    }

    /// The reverse.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0, body @ ..] => Some(Outcome::Tokens(Zeroizing::new(body.to_vec()))),
            [2] => Some(Outcome::Done),
            [1, position, high, low, rest @ ..] => {
                let retry_after = u32::from_be_bytes(rest.try_into().ok()?);
                Some(Outcome::Problem(Problem {
                    code: *Code::ALL.get(usize::from(*position))?,
                    status: http::StatusCode::from_u16(u16::from_be_bytes([*high, *low])).ok()?,
                    retry_after: (retry_after > 0).then_some(retry_after),
                }))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_survive_being_kept() {
        for code in Code::ALL {
            let problem = Problem::from(*code).retry_after(7);
            let Some(Outcome::Problem(back)) = Outcome::from_bytes(&Outcome::Problem(problem).to_bytes()) else { panic!("{code:?}") };
            assert_eq!(back, problem);
        }
        let tokens = Outcome::Tokens(Zeroizing::new(b"{}".to_vec()));
        assert!(matches!(Outcome::from_bytes(&tokens.to_bytes()), Some(Outcome::Tokens(body)) if *body == b"{}"));
        assert!(matches!(Outcome::from_bytes(&Outcome::Done.to_bytes()), Some(Outcome::Done)));
        for bytes in [&b""[..], &[2, 0], &[1], &[1, 0], &[9, 9], &[1, 255, 0, 200, 0, 0, 0, 0]] {
            assert!(Outcome::from_bytes(bytes).is_none());
        }
    }
}
