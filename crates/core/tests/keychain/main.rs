//! The states of a real keychain: gnome-keyring, KeePassXC and KWallet on a session bus of their own, for each test (T-02, T-03, T-06).
//!
//! Needs `gnome-keyring`, `gcr`, `keepassxc`, `libkf5wallet-bin`, `libsecret-tools`, `dbus`, `xvfb`, `openbox`, `xdotool` and `x11-utils`,
//! which `cargo xtask` installs.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod dialogs;
mod entries;
mod heard;
mod others;
mod services;
mod session;
#[path = "../support/mod.rs"]
mod support;

use session::in_session;

const GNOME: (&str, &str) = ("org.freedesktop.secrets", "/usr/bin/gnome-keyring-daemon --start --foreground --components=secrets");

/// Shows gnome-keyring's dialogs.
const PROMPTER: (&str, &str) = ("org.gnome.keyring.SystemPrompter", "/usr/libexec/gcr-prompter");

/// Not a test of its own: what each state does within its session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    match std::env::var(session::STATE).as_deref() {
        Ok("unlocked") => entries::unlocked().await,
        Ok("touched") => entries::touched_from_outside().await,
        Ok("swept") => entries::swept().await,
        Ok("overheard") => heard::overheard().await,
        Ok("locked") => dialogs::locked().await,
        Ok("unasked") => dialogs::unasked().await,
        Ok("answered-late") => dialogs::answered_late().await,
        Ok("cancelled") => dialogs::cancelled().await,
        Ok("never-set-up") => dialogs::never_set_up().await,
        Ok("killed") => dialogs::killed_while_asking().await,
        Ok("restarted") => services::restarted().await,
        Ok("hangs") => services::hangs().await,
        Ok("broken") => services::broken().await,
        Ok("started") => services::started_by_name().await,
        Ok("kwallet") => others::kwallet().await,
        Ok("keepassxc") => others::keepassxc_asks().await,
        Ok("absent") => services::absent(connect_core::vault::VaultError::Absent).await,
        Ok("no-bus") => services::absent(connect_core::vault::VaultError::NoBus).await,
        _ => {}
    }
}

#[test]
fn whoever_listens_on_the_bus_hears_no_token_and_no_name() {
    in_session("overheard", true, &[]);
}

#[test]
fn an_unlocked_keychain_keeps_replaces_lists_and_removes_and_never_truncates() {
    in_session("unlocked", true, &[]);
}

#[test]
fn an_entry_removed_or_damaged_from_outside_is_told_and_approving_again_helps() {
    in_session("touched", true, &[]);
}

#[test]
fn what_earlier_probes_left_is_swept_and_nothing_else() {
    in_session("swept", true, &[]);
}

#[test]
fn a_locked_keychain_without_a_prompter_is_told_at_once_and_works_after_unlocking() {
    in_session("locked", true, &[]);
}

#[test]
fn what_nobody_asked_for_opens_no_dialog_and_writes_nothing() {
    in_session("unasked", true, &[]);
}

#[test]
fn a_dialog_is_waited_for_as_long_as_the_person_takes_and_leaves_no_entry() {
    in_session("answered-late", true, &[PROMPTER]);
}

#[test]
fn a_cancelled_dialog_is_closed_and_not_opened_again_until_the_person_asks() {
    in_session("cancelled", true, &[PROMPTER]);
}

#[test]
fn a_keyring_that_was_never_set_up_is_set_up_by_its_own_dialog() {
    in_session("never-set-up", true, &[PROMPTER]);
}

#[test]
fn a_service_that_is_killed_while_it_asks_is_told_and_the_next_one_is_used() {
    in_session("killed", true, &[]);
}

#[test]
fn a_service_that_was_restarted_between_two_calls_is_not_noticed() {
    in_session("restarted", true, &[]);
}

#[test]
fn a_service_that_hangs_is_told_in_time_and_used_again_once_it_answers() {
    in_session("hangs", true, &[]);
}

#[test]
fn a_service_that_is_there_and_fails_is_not_absent() {
    in_session("broken", true, &[]);
}

#[test]
fn a_service_that_can_be_started_is_started() {
    in_session("started", true, &[GNOME]);
}

#[test]
fn a_kwallet_that_does_not_run_is_started_and_set_up_by_its_own_dialog() {
    in_session("kwallet", true, &[("org.kde.kwalletd5", "/usr/bin/kwalletd5")]);
}

#[test]
fn keepassxc_is_asked_for_its_database_and_its_entries_only_when_the_person_wants_them() {
    in_session("keepassxc", true, &[]);
}

#[test]
fn without_a_keychain_nothing_is_kept_but_in_memory_on_the_persons_choice() {
    in_session("absent", true, &[]);
}

#[test]
fn without_a_session_bus_nothing_is_kept_but_in_memory_either() {
    in_session("no-bus", false, &[]);
}
