//! What an answer to an exchange or a refresh means: one pure function for each. A connection ends only on Monei's own words about its token
//! (security: C-16); a refusal of any other kind is trouble of the service.

use http::StatusCode;

use super::words::Words;

/// What a refused exchange means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExchangeRefused {
    /// The code is not good (any more): the person must approve anew.
    Approval,
    /// Monei doesn't accept this backend's id or secret.
    Credentials,
    /// Trouble of the service: nothing is known about the code.
    NotBelieved,
}

/// What a refused refresh means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshRefused {
    /// Monei says that the grant has ended. Whether that is believed depends on what else it refuses (`refusal`).
    Grant,
    /// Monei doesn't accept this backend's id or secret.
    Credentials,
    /// Trouble of the service: nothing is known about the grant.
    NotBelieved,
}

/// Of a refused exchange, which always carries the client's credentials. Monei documents 401 for wrong ones.
pub(crate) fn exchange(status: StatusCode, words: Words) -> ExchangeRefused {
    use ExchangeRefused as Refused;
    match (status.as_u16(), words) {
        (_, Words::Strange) => Refused::NotBelieved,
        (401, _) | (400 | 422, Words::Client) => Refused::Credentials,
        (400 | 409 | 410 | 422, _) => Refused::Approval,
        // Forbidden, no such address, not that method, too slow: about no code in particular.
        _ => Refused::NotBelieved,
    }
}

/// Of a refused refresh. `with_secret`: it carried the client's credentials. `accepted`: Monei accepted those the last time.
pub(crate) fn refresh(status: StatusCode, words: Words, with_secret: bool, accepted: bool) -> RefreshRefused {
    use RefreshRefused as Refused;
    match (status.as_u16(), words) {
        (400 | 401 | 422, Words::Client) if with_secret => Refused::Credentials,
        // A 401 may be about credentials whatever its words: only while they are known to be good is it about the token.
        (401, Words::Token) if with_secret && !accepted => Refused::Credentials,
        (401, Words::Other) if with_secret => Refused::Credentials,
        (400 | 401 | 404, Words::Token) => Refused::Grant,
        _ => Refused::NotBelieved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [Words; 4] = [Words::Strange, Words::Client, Words::Token, Words::Other];

    /// The whole table: every 3xx and 4xx status, all words, with and without credentials.
    #[test]
    fn a_refresh_ends_a_connection_only_on_400_401_or_404_with_words_about_the_token() {
        for status in (300..500).filter_map(|status| StatusCode::from_u16(status).ok()) {
            for words in WORDS {
                for (with_secret, accepted) in [(false, false), (false, true), (true, false), (true, true)] {
                    let verdict = refresh(status, words, with_secret, accepted);
                    let about_token = words == Words::Token && matches!(status.as_u16(), 400 | 401 | 404);
                    let in_doubt = status == StatusCode::UNAUTHORIZED && with_secret && !accepted;
                    assert_eq!(verdict == RefreshRefused::Grant, about_token && !in_doubt, "{status} {words:?} {with_secret} {accepted}");
                    if verdict == RefreshRefused::Credentials {
                        assert!(with_secret && words != Words::Strange, "{status} {words:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_exchange_refused_by_a_stranger_decides_nothing() {
        for status in (300..500).filter_map(|status| StatusCode::from_u16(status).ok()) {
            assert_eq!(exchange(status, Words::Strange), ExchangeRefused::NotBelieved, "{status}");
            for words in [Words::Client, Words::Token, Words::Other] {
                let expected = match status.as_u16() {
                    401 => ExchangeRefused::Credentials,
                    400 | 422 if words == Words::Client => ExchangeRefused::Credentials,
                    400 | 409 | 410 | 422 => ExchangeRefused::Approval,
                    _ => ExchangeRefused::NotBelieved,
                };
                assert_eq!(exchange(status, words), expected, "{status} {words:?}");
            }
        }
    }
}
