//! Every point that Monei leaves open, as a switch: one table with the default first.

use serde_json::{Map, Value, json};

/// Why a switch was not set.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SwitchError {
    #[error("no switch is called {0:?}")]
    Unknown(String),
    #[error("{value:?} is not a value of {name}; allowed: {allowed}")]
    Value { name: &'static str, value: String, allowed: String },
}

/// One row of the table, for the control page and `GET /sandbox/api/switches`.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) value: String,
    pub(crate) default: String,
    /// The values it can take; empty for a number.
    pub(crate) choices: Vec<&'static str>,
    /// Lowest and highest value of a number.
    pub(crate) range: Option<(u32, u32)>,
}

macro_rules! table {
    (
        choices { $( #[doc = $about:literal] $field:ident: $type:ident { $first:ident = $first_name:literal $(, $other:ident = $other_name:literal)+ $(,)? } )+ }
        numbers { $( #[doc = $number_about:literal] $number:ident: $default:literal, $low:literal to $high:literal )+ }
    ) => {
        $(
            #[doc = $about]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
            pub(crate) enum $type { #[default] $first, $($other),+ }

            impl $type {
                const NAMES: &'static [(&'static str, $type)] = &[($first_name, $type::$first), $(($other_name, $type::$other)),+];

                fn name(self) -> &'static str {
                    match self { $type::$first => $first_name, $($type::$other => $other_name),+ }
                }
            }
        )+

        /// The switches as they stand.
        #[derive(Clone, Debug)]
        pub(crate) struct Switches {
            $( #[doc = $about] pub(crate) $field: $type, )+
            $( #[doc = $number_about] pub(crate) $number: u32, )+
        }

        impl Default for Switches {
            fn default() -> Self {
                Self { $( $field: $type::default(), )+ $( $number: $default, )+ }
            }
        }

        impl Switches {
            /// Every switch with its value, default and what it can be.
            pub(crate) fn rows(&self) -> Vec<Row> {
                vec![
                    $( Row {
                        name: stringify!($field),
                        about: $about.trim_ascii(),
                        value: self.$field.name().to_owned(),
                        default: $first_name.to_owned(),
                        choices: $type::NAMES.iter().map(|(name, _)| *name).collect(),
                        range: None,
                    }, )+
                    $( Row {
                        name: stringify!($number),
                        about: $number_about.trim_ascii(),
                        value: self.$number.to_string(),
                        default: stringify!($default).to_owned(),
                        choices: Vec::new(),
                        range: Some(($low, $high)),
                    }, )+
                ]
            }

            /// Sets one switch. Hyphens and underscores are alike in names and values.
            ///
            /// # Errors
            /// [`SwitchError`] where there is no such switch or value; nothing changes then.
            pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), SwitchError> {
                let wanted = value.replace('-', "_");
                match name.replace('-', "_").as_str() {
                    $( stringify!($field) => {
                        match $type::NAMES.iter().find(|(known, _)| *known == wanted) {
                            Some((_, found)) => self.$field = *found,
                            None => return Err(SwitchError::Value {
                                name: stringify!($field),
                                value: value.to_owned(),
                                allowed: $type::NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
                            }),
                        }
                    } )+
                    $( stringify!($number) => {
                        match value.parse::<u32>() {
                            Ok(number) if ($low..=$high).contains(&number) => self.$number = number,
                            _ => return Err(SwitchError::Value {
                                name: stringify!($number),
                                value: value.to_owned(),
                                allowed: format!("{} to {}", $low, $high),
                            }),
                        }
                    } )+
                    _ => return Err(SwitchError::Unknown(name.to_owned())),
                }
                Ok(())
            }
        }
    };
}

table! {
    choices {
        /// A denial carries an error_description besides error=access_denied.
        denial_description: DenialDescription { Off = "off", On = "on" }
        /// Nothing granted: an error, or a code whose token has no scopes.
        none_granted: NoneGranted { Error = "error", Empty = "empty" }
        /// A later approval gives one token for old and new scopes, or only for what was asked this time.
        upgrade_scopes: UpgradeScopes { Cumulative = "cumulative", OnlyNew = "only_new" }
        /// The pair from before an added scope stays alive, or dies when the new code is exchanged.
        old_pair_after_upgrade: OldPair { Alive = "alive", Dead = "dead" }
        /// A second approval by the same person for the same app ends the first.
        single_grant: SingleGrant { Off = "off", On = "on" }
        /// The redirect carries iss (RFC 9207): not at all, the true one, or a wrong one.
        iss: Iss { Absent = "absent", Present = "present", Wrong = "wrong" }
        /// Where the consent page lets its form lead (form-action): on along the app's own redirects, or to the redirect URI alone.
        consent_form_action: ConsentFormAction { Chain = "chain", AppOnly = "app_only" }
        /// Redirect URIs with a scheme of an app's own.
        custom_scheme_redirect: CustomScheme { Accepted = "accepted", Rejected = "rejected" }
        /// The token endpoint takes JSON alone, or a form too.
        exchange_encoding: ExchangeEncoding { Json = "json", FormToo = "form_too" }
        /// Status of a successful token answer.
        token_status: TokenStatus { Ok = "200", Created = "201" }
        /// Fields that are not documented in a token request.
        unknown_fields: UnknownFields { Ignored = "ignored", Rejected = "rejected" }
        /// client_id and client_secret in a refresh: ignored, required or rejected.
        refresh_secret: RefreshSecret { Ignored = "ignored", Required = "required", Rejected = "rejected" }
        /// A refresh answer lists the scopes again.
        refresh_scopes: RefreshScopes { Present = "present", Absent = "absent" }
        /// Status for a refresh token that is unknown, rotated or revoked.
        bad_refresh_status: BadRefreshStatus { Unauthorized = "401", NotFound = "404", BadRequest = "400" }
        /// Using a rotated refresh token again ends the pair that replaced it.
        reuse_revokes_family: ReuseRevokesFamily { Off = "off", On = "on" }
        /// What a revocation that worked answers: 200 with a message, an empty 204, or a misleading 404.
        revoke_response: RevokeResponse { Ok = "200", Empty = "204", NotFound = "404" }
        /// Revoking by the refresh token.
        revoke_by_refresh_token: RevokeByRefresh { Accepted = "accepted", NotFound = "404" }
        /// Revoking by an access token that has expired.
        revoke_expired: RevokeExpired { Accepted = "accepted", NotFound = "404" }
        /// A revoked pair's scopes are forgotten, so that the next approval shows them again.
        revoke_forgets_consent: RevokeForgets { On = "on", Off = "off" }
        /// After a change of the client secret the previous one works too.
        secret_overlap: SecretOverlap { On = "on", Off = "off" }
        /// Which path serves the transactions.
        transactions_path: TransactionsPath { Both = "both", Transactions = "transactions", User = "user" }
        /// Bill payments at /bills/pay/… (documentation, newer Python SDK), at /bills/buy-… (Node SDK, MCP server), or both.
        bill_paths: BillPaths { Both = "both", Pay = "pay", Buy = "buy" }
        /// The wallet, bill and quote paths that the Python package 0.1.3 still calls, and nothing else.
        old_paths: OldPaths { Off = "off", On = "on" }
        /// The list of banks and the check of a bank account: closed to Connect tokens, or open to everybody without a token.
        bank_list: BankList { Closed = "closed", Public = "public" }
        /// What a quote of the offramp is: its amount as a text or a number, or an object.
        quote_shape: QuoteShape { Text = "text", Number = "number", Object = "object" }
        /// The history of the offramp says statusCode beside message, or leaves it out.
        history_status: HistoryStatus { Present = "present", Absent = "absent" }
        /// The status of one sale of the offramp: as it is (documentation), or in an envelope with its reference (Node SDK, MCP server).
        sale_status_shape: SaleStatusShape { Bare = "bare", Wrapped = "wrapped" }
        /// What ERC-20 entries of a portfolio call their type.
        token_type: TokenType { Token = "token", Erc20 = "erc20" }
        /// HTTP status of a write that went well.
        write_status: WriteStatus { Created = "201", Ok = "200" }
        /// statusCode in the body of a write that went well; an offramp order always says 201.
        write_body_status: WriteBodyStatus { Ok = "200", Created = "201" }
        /// KYC limits as they are, or under a key limits.
        kyc_limits_shape: KycLimitsShape { Flat = "flat", Nested = "nested" }
        /// The profile as the SDKs have it, as the guides have it, or the least.
        profile_shape: ProfileShape { Sdk = "sdk", Guide = "guide", Minimal = "minimal" }
        /// Amounts of money: both types as observed, all strings, or all numbers.
        money_types: MoneyTypes { Mixed = "mixed", Strings = "strings", Numbers = "numbers" }
        /// The wrapping of read answers: plain, with an errors map, with StatusCode in capitals, or none.
        envelope: Envelope { Plain = "plain", WithErrors = "with_errors", Capital = "capital", Bare = "bare" }
        /// What a 403 for the KYC tier stops for the blocked person.
        kyc_blocks: KycBlocks { Withdrawals = "withdrawals", WalletReads = "wallet_reads" }
        /// The person called markup has a name of 10 KiB.
        long_names: LongNames { Off = "off", On = "on" }
        /// Length of tokens in characters.
        token_length: TokenLength { Default = "default", Long = "900", Huge = "1500" }
        /// What the quota of calls is counted by: the app, the caller's address, the person, or the grant.
        quota_key: QuotaKey { Client = "client", Address = "address", User = "user", Grant = "grant" }
        /// Calls that were refused over the quota count in it as well.
        refused_calls_count: RefusedCallsCount { Off = "off", On = "on" }
        /// Form of Retry-After on a 429.
        retry_after: RetryAfter { Seconds = "seconds", Date = "date", Absent = "absent" }
    }
    numbers {
        /// Token calls a minute; 0 for no limit.
        token_calls_per_minute: 10, 0 to 100_000
        /// Authorize calls a minute, GET and POST each; 0 for no limit.
        authorize_per_minute: 20, 0 to 100_000
        /// Longest state in characters; 0 for no limit.
        state_max_len: 0, 0 to 4_096
    }
}

impl Switches {
    /// The values by name; numbers as numbers.
    pub(crate) fn values(&self) -> Value {
        let entries = self.rows().into_iter().map(|row| {
            let value =
                if row.range.is_some() { row.value.parse::<u32>().map_or(Value::Null, Value::from) } else { Value::from(row.value) };
            (row.name.to_owned(), value)
        });
        Value::Object(entries.collect::<Map<_, _>>())
    }

    /// The table with everything a caller needs to try each value.
    pub(crate) fn table(&self) -> Value {
        let rows = self.rows().into_iter().map(|row| {
            json!({"name": row.name, "about": row.about, "value": row.value, "default": row.default, "choices": row.choices,
                   "min": row.range.map(|range| range.0), "max": row.range.map(|range| range.1)})
        });
        Value::Array(rows.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_switch_can_be_set_and_is_then_shown() {
        for row in Switches::default().rows() {
            assert_eq!(row.value, row.default, "{}", row.name);
            let values: Vec<String> = match row.range {
                Some((low, high)) => vec![low.to_string(), high.to_string()],
                None => row.choices.iter().map(|&choice| choice.to_owned()).collect(),
            };
            for value in values {
                let mut switches = Switches::default();
                switches.set(&row.name.replace('_', "-"), &value).unwrap();
                let shown = switches.rows().into_iter().find(|other| other.name == row.name).unwrap();
                assert_eq!(shown.value, value, "{}", row.name);
            }
        }
    }

    #[test]
    fn unknown_names_and_values_change_nothing() {
        let mut switches = Switches::default();
        assert!(matches!(switches.set("no_such", "on"), Err(SwitchError::Unknown(_))));
        assert!(matches!(switches.set("none_granted", "perhaps"), Err(SwitchError::Value { .. })));
        assert!(matches!(switches.set("token_calls_per_minute", "-1"), Err(SwitchError::Value { .. })));
        assert_eq!(switches.values(), Switches::default().values());
    }
}
