use proptest::prelude::*;

use super::*;

const PURPOSES: [Purpose; 4] = [Purpose::State, Purpose::Handoff, Purpose::RefreshToken, Purpose::Replay];

fn master(first: u8) -> MasterKey {
    MasterKey::new(std::array::from_fn(|at| first + at as u8))
}

fn sealer(environment: Environment) -> Sealer {
    Sealer::new(environment, master(0), None)
}

/// Computed with an implementation of our own in another language (RFC 5869, draft-irtf-cfrg-xchacha), checked against that draft's A.3.1.
#[test]
fn known_answers() {
    let nonce = std::array::from_fn(|at| 100 + at as u8);
    let handoff = sealer(Environment::Sandbox).seal_with_nonce(Purpose::Handoff, &[], b"a code", nonce);
    assert_eq!(
        hex::encode(handoff),
        "6b8d8a486465666768696a6b6c6d6e6f707172737475767778797a7b42f69adb29f1aaadbabb80240d889d4c41f9d5e91efd"
    );
    let replay = sealer(Environment::Production).seal_with_nonce(Purpose::Replay, b"the proof", b"an answer", nonce);
    assert_eq!(
        hex::encode(replay),
        "6b8d8a486465666768696a6b6c6d6e6f707172737475767778797a7bb9dfe71ebf343dae43c0ab8cd321829d04dc77cc3fccc52252"
    );
}

#[test]
fn no_changed_bit_and_no_missing_end_opens() {
    let sealer = sealer(Environment::Sandbox);
    let sealed = sealer.seal_with(Purpose::State, &[], b"what is sealed");
    assert_eq!(sealer.open_with(Purpose::State, &[], &sealed).unwrap().as_slice(), b"what is sealed");
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert_eq!(sealer.open_with(Purpose::State, &[], &changed), Err(Unreadable), "byte {at}, bit {bit}");
        }
        assert_eq!(sealer.open_with(Purpose::State, &[], &sealed[..at]), Err(Unreadable), "cut at {at}");
    }
}

#[test]
fn nothing_opens_for_another_purpose() {
    let sealer = sealer(Environment::Sandbox);
    for sealed_for in PURPOSES {
        let text = sealer.seal(sealed_for, b"x");
        for opened_for in PURPOSES {
            assert_eq!(sealer.open(opened_for, &text).is_ok(), sealed_for == opened_for, "{sealed_for:?} as {opened_for:?}");
        }
    }
}

#[test]
fn nothing_opens_in_another_environment_even_with_the_same_key() {
    let environments = [Environment::Production, Environment::Development, Environment::Sandbox];
    for here in environments {
        let text = sealer(here).seal(Purpose::RefreshToken, b"x");
        for there in environments {
            assert_eq!(sealer(there).open(Purpose::RefreshToken, &text).is_ok(), here == there);
        }
    }
}

#[test]
fn a_replay_opens_with_its_own_proof_alone() {
    let sealer = sealer(Environment::Sandbox);
    let kept = sealer.seal_replay(b"proof", b"answer");
    assert_eq!(sealer.open_replay(b"proof", &kept).unwrap().as_slice(), b"answer");
    for other in [&b""[..], b"proo", b"proof2"] {
        assert_eq!(sealer.open_replay(other, &kept), Err(Unreadable));
    }
}

#[test]
fn the_previous_key_still_opens_and_no_longer_seals() {
    let old = Sealer::new(Environment::Sandbox, master(0), None);
    let new = Sealer::new(Environment::Sandbox, master(50), Some(master(0)));
    let after = Sealer::new(Environment::Sandbox, master(50), None);
    let text = old.seal(Purpose::RefreshToken, b"x");
    assert!(new.open(Purpose::RefreshToken, &text).is_ok());
    assert!(after.open(Purpose::RefreshToken, &text).is_err());
    let fresh = new.seal(Purpose::RefreshToken, b"x");
    assert!(after.open(Purpose::RefreshToken, &fresh).is_ok());
    assert!(old.open(Purpose::RefreshToken, &fresh).is_err());
}

#[test]
fn sealing_twice_gives_different_texts() {
    let sealer = sealer(Environment::Sandbox);
    assert_ne!(sealer.seal(Purpose::State, b"x"), sealer.seal(Purpose::State, b"x"));
}

proptest! {
    #[test]
    fn what_was_sealed_opens(plain: Vec<u8>) {
        let sealer = sealer(Environment::Development);
        let text = sealer.seal(Purpose::Handoff, &plain);
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        let opened = sealer.open(Purpose::Handoff, &text).unwrap();
        prop_assert_eq!(opened.as_slice(), plain.as_slice());
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,300}", bytes: Vec<u8>) {
        let sealer = sealer(Environment::Sandbox);
        prop_assert_eq!(sealer.open(Purpose::State, &text), Err(Unreadable));
        prop_assert_eq!(sealer.open_with(Purpose::State, &[], &bytes), Err(Unreadable));
    }
}
