use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::*;

fn body(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = json!({
        "access_token": "mct_a", "refresh_token": "mcr_b", "token_type": "Bearer", "expires_in": 3600,
        "scopes": ["wallet:read", "profile:read"],
    });
    change(&mut value);
    serde_json::to_vec(&value).unwrap()
}

/// Both tokens of an answer that holds them.
#[track_caller]
fn kept(bytes: &[u8]) -> TokenResponse {
    let response = TokenResponse::parse(bytes).unwrap_or_else(|_| panic!("no tokens in {}", String::from_utf8_lossy(bytes)));
    assert_eq!((response.access_token.expose(), response.refresh_token.expose()), ("mct_a", "mcr_b"), "{}", String::from_utf8_lossy(bytes));
    response
}

#[test]
fn the_documented_answer_is_not_odd() {
    let response = kept(&body(|_| {}));
    assert_eq!((response.expires_in, &response.oddities[..]), (3600, &[][..]));
    assert_eq!(response.scopes.unwrap().to_string(), "profile:read wallet:read");
}

#[test]
fn missing_scopes_are_told_apart_from_none() {
    let absent = kept(&body(|v| drop(v.as_object_mut().unwrap().remove("scopes"))));
    assert_eq!((absent.scopes, absent.oddities), (None, vec![]));
    let empty = kept(&body(|v| v["scopes"] = json!([])));
    assert!(empty.scopes.unwrap().is_empty());
}

#[test]
fn a_scope_text_is_read() {
    let response = kept(&body(|v| {
        v.as_object_mut().unwrap().remove("scopes");
        v["scope"] = "wallet:read kyc:read".into();
    }));
    assert_eq!((response.scopes.unwrap().to_string().as_str(), &response.oddities[..]), ("kyc:read wallet:read", &[][..]));
}

#[test]
fn an_odd_field_beside_sound_tokens_gets_a_safe_default() {
    let cases: [(&str, Value, Oddity, u64, Option<&str>); 21] = [
        ("scopes", json!("wallet:read kyc:read"), Oddity::Scopes, 3600, Some("kyc:read wallet:read")),
        ("scopes", json!(["wallet read", "kyc:read", 7]), Oddity::Scopes, 3600, Some("kyc:read")),
        ("scopes", json!(["profile:read wallet:read"]), Oddity::Scopes, 3600, Some("profile:read wallet:read")),
        ("scopes", json!(" profile:read;wallet:read|kyc:read "), Oddity::Scopes, 3600, Some("profile:read kyc:read wallet:read")),
        ("scopes", json!(["Profile:Read", " WALLET:READ"]), Oddity::Scopes, 3600, Some("profile:read wallet:read")),
        // Nothing that can be read is another answer than nothing.
        ("scopes", json!([{"name": "wallet:read"}]), Oddity::Scopes, 3600, None),
        ("scopes", json!([null]), Oddity::Scopes, 3600, None),
        ("scopes", json!(["wallet read"]), Oddity::Scopes, 3600, None),
        ("scopes", json!(""), Oddity::Scopes, 3600, None),
        ("scopes", json!({"wallet:read": true}), Oddity::Scopes, 3600, None),
        ("scopes", json!(7), Oddity::Scopes, 3600, None),
        ("expires_in", json!("900"), Oddity::Lifetime, 900, Some("profile:read wallet:read")),
        ("expires_in", json!(900.7), Oddity::Lifetime, 900, Some("profile:read wallet:read")),
        ("expires_in", json!(0), Oddity::Lifetime, 3600, Some("profile:read wallet:read")),
        ("expires_in", json!(-5), Oddity::Lifetime, 3600, Some("profile:read wallet:read")),
        ("expires_in", json!(u64::MAX), Oddity::Lifetime, 3600, Some("profile:read wallet:read")),
        ("expires_in", json!(null), Oddity::Lifetime, 3600, Some("profile:read wallet:read")),
        ("expires_in", json!("an hour"), Oddity::Lifetime, 3600, Some("profile:read wallet:read")),
        ("token_type", json!("mac"), Oddity::TokenType, 3600, Some("profile:read wallet:read")),
        ("token_type", json!(null), Oddity::TokenType, 3600, Some("profile:read wallet:read")),
        ("access_token", json!(" mct_a\n"), Oddity::Token, 3600, Some("profile:read wallet:read")),
    ];
    for (field, value, oddity, expires_in, scopes) in cases {
        let response = kept(&body(|v| v[field] = value.clone()));
        assert_eq!(response.oddities, [oddity], "{field} = {value}");
        assert_eq!(response.expires_in, expires_in, "{field} = {value}");
        assert_eq!(response.scopes.map(|set| set.to_string()).as_deref(), scopes, "{field} = {value}");
    }
}

/// Monei wraps other answers in an envelope, and whatever stands before it may change the text.
#[test]
fn both_tokens_are_found_wherever_they_stand() {
    let plain = String::from_utf8(body(|_| {})).unwrap();
    let damaged = [
        json!({"statusCode": 200, "message": "ok", "data": serde_json::from_str::<Value>(&plain).unwrap()}).to_string(),
        json!({"data": {"tokens": [serde_json::from_str::<Value>(&plain).unwrap()]}}).to_string(),
        json!({"access_token": "mct_a", "data": {"refresh_token": "mcr_b"}}).to_string(),
        json!({"previous": {"access_token": "mct_old", "refresh_token": "mcr_old"}, "access_token": "mct_a", "refresh_token": "mcr_b"})
            .to_string(),
        json!({"accessToken": "mct_a", "refreshToken": "mcr_b"}).to_string(),
        serde_json::to_string(&plain).unwrap(),
        format!("\u{feff}{plain}\n"),
        format!(")]}}',\n{plain}"),
        format!("{plain}<!-- served by a proxy -->"),
        plain.replace('}', ",}"),
        plain.replace("3600", "1e999"),
        plain.replace("3600", "NaN"),
        plain.replace("3600", r#""\ud800""#),
        plain.replace("3600", &"[".repeat(200)),
        plain.replace("}", ""),
        plain[..plain.len() - 4].to_owned(),
        r#"{"access_token":"mct_a","refresh_token":"mcr_b","token_type":"Bea"#.to_owned(),
        r#"{"access_token":"mct_x","access_token":"mct_a","refresh_token":"mcr_b"}"#.to_owned(),
        r#"{"access_token":7,"access_token":"mct_a","refresh_token":"mcr_b","refresh_token":null}"#.to_owned(),
        "access_token=mct_a&token_type=bearer&refresh_token=mcr_b".to_owned(),
    ];
    for text in damaged {
        assert_ne!(kept(text.as_bytes()).oddities, [], "{text}");
    }
    let mut bytes = body(|v| v["note"] = "?".into());
    let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
    bytes[at] = 0xff;
    kept(&bytes);
}

/// Both good tokens were lost.
#[test]
fn tokens_under_other_names_are_found_by_moneis_prefixes() {
    let others = [
        json!({"token": "mct_a", "refresh_token": "mcr_b"}),
        json!({"access": "mct_a", "refresh": "mcr_b"}),
        json!({"access_token": {"value": "mct_a"}, "refresh_token": "mcr_b"}),
        json!({"access_token": {"value": "mct_a", "expires_in": 3600}, "refresh_token": {"value": "mcr_b"}}),
        json!({"access_token": "mct_a", "refresh_token": {"value": "mcr_b"}}),
        json!({"data": {"tokens": ["mct_a", "mcr_b"]}}),
        json!(["mct_a", "mcr_b"]),
        json!({"tokens": [{"kind": "access", "value": " mct_a\n"}, {"kind": "refresh", "value": "mcr_b"}]}),
        json!({"access": "mct_a", "refresh": "mcr_b", "again": ["mct_a", "mcr_b"], "access_token": null}),
        json!({"access": "mct_a", "refresh": "mcr_b"}).to_string().into(),
        json!({"access": "mct_a", "refresh": "mcr_b", "mct_name": 1, "mcr_name": "x"}).to_string().into(),
    ];
    for body in others {
        let response = kept(body.to_string().as_bytes());
        assert!(response.oddities.contains(&Oddity::Place), "{body}");
    }
    kept(b"token=mct_a&refresh=mcr_b");
    kept(br#"{"access":"mct_a","refresh":"mcr_b","expires_in":NaN,"#);
    let response = kept(br#"{"tokens":["mct_a","mcr_b"],"data":{"expires_in":900,"scopes":["wallet:read"]}}"#);
    assert_eq!((response.expires_in, response.scopes.unwrap().to_string().as_str()), (900, "wallet:read"));
}

#[test]
fn prefixes_decide_nothing_where_they_name_no_token_or_several() {
    for body in [
        r#"{"access":"mct_a","refresh":"mcr_b","previous":"mcr_c"}"#,
        r#"{"access":"mct_a","other":"mct_c","refresh":"mcr_b"}"#,
        r#"{"access":"mct_","refresh":"mcr_b"}"#,
        r#"{"access":"mct_a and more","refresh":"mcr_b"}"#,
        r#"{"access":"mcs_a","refresh":"mcr_b"}"#,
        r#"{"access":"mct_a","refresh":"mcr_b"#,
        r#"{"access":"mct_a"}"#,
        r#"{"message":"mct_a mcr_b"}"#,
        r#"{"statusCode":401,"message":"Invalid token","token":"mcr_b"}"#,
    ] {
        assert_eq!(TokenResponse::parse(body.as_bytes()).unwrap_err(), NoTokens, "{body}");
    }
}

#[test]
fn an_answer_without_two_usable_tokens_has_none() {
    let without: [(&str, Value); 6] = [
        ("access_token", json!("a\r\nX-Evil: 1")),
        ("access_token", json!("")),
        ("access_token", json!("x".repeat(MAX_TOKEN_LEN + 1))),
        ("refresh_token", json!("x".repeat(MAX_REFRESH_LEN + 1))),
        ("refresh_token", json!(null)),
        ("refresh_token", json!({"value": 5})),
    ];
    for (field, value) in without {
        assert_eq!(TokenResponse::parse(&body(|v| v[field] = value.clone())).unwrap_err(), NoTokens, "{field} = {value}");
    }
    for text in ["", "null", "<html>", "{", "[[[[", "access_token=mct_a", "{\"access_token\":\"mct_a\",\"refresh_token\":\"mcr_b"] {
        assert_eq!(TokenResponse::parse(text.as_bytes()).unwrap_err(), NoTokens, "{text}");
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[a-z:]{1,9}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("[a-z_]{0,9}", inner, 0..5).prop_map(|map| Value::from(serde_json::Map::from_iter(map))),
        ]
    })
}

/// A token as a member: documented, under another name, or somewhere inside.
fn placed(name: &'static str, token: &'static str) -> impl Strategy<Value = String> {
    let names = prop_oneof![4 => Just(name.to_owned()), 1 => Just("token".to_owned()), 2 => "[a-zA-Z_]{1,12}"];
    let values = prop_oneof![
        4 => Just(json!(token)),
        1 => Just(json!({"value": token})),
        1 => Just(json!([token])),
        1 => Just(json!([{"jwt": [token], "kind": name}])),
    ];
    (names, values).prop_map(|(name, value)| format!("{}:{value}", Value::from(name)))
}

proptest! {
    /// Whatever stands beside the tokens, in whatever order, and however the answer is wrapped: both come out.
    #[test]
    fn no_field_beside_the_tokens_loses_them(
        others in prop::collection::vec((prop_oneof![
            Just("token_type".to_owned()), Just("expires_in".to_owned()), Just("scopes".to_owned()), Just("scope".to_owned()), ".{0,8}",
        ], json_value()), 0..6),
        access_at: Index, refresh_at: Index, wrap in 0_u8..5,
        access in placed("access_token", "mct_a"), refresh in placed("refresh_token", "mcr_b"),
    ) {
        let mut members: Vec<String> =
            others.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
        members.insert(access_at.index(members.len() + 1), access);
        members.insert(refresh_at.index(members.len() + 1), refresh);
        let object = format!("{{{}}}", members.join(","));
        let text = match wrap {
            0 => object,
            1 => format!(r#"{{"statusCode":201,"message":"ok","data":{object}}}"#),
            2 => format!("[{object}]"),
            3 => Value::from(object).to_string(),
            _ => format!("\u{feff} {object} \n"),
        };
        let response = TokenResponse::parse(text.as_bytes());
        prop_assert!(response.is_ok(), "{text}");
        let response = response.unwrap();
        prop_assert_eq!((response.access_token.expose(), response.refresh_token.expose()), ("mct_a", "mcr_b"), "{}", text);
        prop_assert!((1..=MAX_EXPIRES_IN).contains(&response.expires_in));
    }

    /// A raw value that isn't JSON at all is damage like any other.
    #[test]
    fn no_damage_behind_the_tokens_loses_them(damage: Vec<u8>) {
        let bytes = [br#"{"access_token":"mct_a","refresh_token":"mcr_b""#.as_slice(), b",\"expires_in\":", &damage].concat();
        let response = TokenResponse::parse(&bytes);
        prop_assert!(response.is_ok(), "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_answer_makes_it_panic_or_gives_a_token_that_a_header_cannot_carry(bytes in prop_oneof![
        any::<Vec<u8>>(),
        r#"[\[{]{0,9}("[a-z_]{0,14}":?){0,9}[0-9a-z,"\\}\]]{0,40}"#.prop_map(String::into_bytes),
    ]) {
        if let Ok(response) = TokenResponse::parse(&bytes) {
            let access = response.access_token.expose();
            prop_assert!(!access.is_empty() && access.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
