//! The desktop shell: one window, its commands, and links that come back. What the program *does* is in `connect_core`, and what every
//! front end needs around it in `connect_app`; each command here is a thin call into them. The web view gets display data only.
//!
//! [`run`] is the whole program. With the feature `embedded`, for development, backend and sandbox run inside of it.

#[cfg(target_os = "linux")]
mod activation;
mod apps;
mod asking;
mod attend;
#[cfg(target_os = "linux")]
mod bus;
mod cli;
mod clipboard;
mod commands;
mod confirming;
mod diagnose;
#[cfg(feature = "embedded")]
mod embedded;
mod ending;
mod host;
mod licences;
mod links;
mod needs;
mod notify;
mod places;
mod platform;
mod presence;
mod proxies;
mod tray;
pub mod view;
mod window;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connect_app::diagnose::Asked;
use connect_app::settings::Settings;
use connect_app::{limits, logging, login, registration, terminal, witness};
use tauri::{Manager, RunEvent, WindowEvent};

use crate::host::Host;

/// How often a visible window has the core see whether a look is due.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How often the core may find something out while nobody can see the window.
const UNSEEN_EVERY: Duration = Duration::from_secs(300);

/// Set by the program for itself, when its name at the session bus is taken by something else.
const ALONE: &str = "CONNECT_START_ALONE";

/// Where the backend inside of this build listens, if it has one.
#[cfg(feature = "embedded")]
const EMBEDDED_BACKEND: Option<&str> = Some(embedded::ADDRESS);
#[cfg(not(feature = "embedded"))]
const EMBEDDED_BACKEND: Option<&str> = None;

/// Runs the program until its window is closed. The exit codes are in `--help` ([`cli`]).
pub fn run() -> ExitCode {
    limits::no_core_dumps();
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let as_json = cli::wants_json(&words);
    let start = match cli::read(&words) {
        Ok(start) => start,
        Err(cli::Refused::Asked(text)) => {
            let Err(error) = terminal::say(&text) else { return ExitCode::SUCCESS };
            terminal::complain("monei-connect", &terminal::cut_off(&error));
            return ExitCode::FAILURE;
        }
        Err(cli::Refused::Word(line)) => return refuse(&line, as_json),
    };
    let settings = match Settings::read(EMBEDDED_BACKEND) {
        Ok(settings) => settings,
        Err(error) => return refuse(&error.to_string(), as_json),
    };
    match &start {
        cli::Start::Task(cli::Task::Diagnose { json }) => return diagnose::run(&settings, asked(*json)),
        cli::Start::Task(cli::Task::Witness) => return tauri::async_runtime::block_on(witness::run(&settings)),
        cli::Start::Link(link) if !cli::is_ours(link, &settings.link_scheme) => return refuse(cli::FOREIGN_LINK, as_json),
        // It is read from the arguments again where it is delivered, in this process or in the one that runs already.
        cli::Start::Window | cli::Start::Hidden | cli::Start::Link(_) => {}
    }
    let hidden = matches!(start, cli::Start::Hidden);
    if let Err(line) = needs::display_is_named() {
        return refuse(line, false);
    }
    window::prepare();
    #[cfg(target_os = "linux")]
    if std::env::var_os(ALONE).is_none()
        && let Some(token) = activation::of_this_start()
        && activation::hand_over(&settings.namespace, &token)
    {
        return ExitCode::SUCCESS;
    }
    if let Err(error) = logging::start(&settings.data_dir) {
        eprintln!("monei-connect: no log file: {:?}", error.kind());
    }
    if let Err(line) = needs::met() {
        return refuse(&line, false);
    }
    match build(settings, hidden) {
        Ok(app) => {
            app.run(on_event);
            ExitCode::SUCCESS
        }
        #[cfg(target_os = "linux")]
        Err(tauri::Error::PluginInitialization(plugin, error)) if plugin == "single-instance" => start_alone(&error),
        Err(error) => {
            tracing::error!(%error, "the window can't be opened");
            ExitCode::FAILURE
        }
    }
}

/// A diagnosis on the command line.
fn asked(as_json: bool) -> Asked {
    Asked { program: "monei-connect", as_json, reason: connect_app::catalogue::reason }
}

/// Ends a start that can't be: one line for people, and an answer for programs that asked for one.
fn refuse(sentence: &str, as_json: bool) -> ExitCode {
    terminal::complain("monei-connect", sentence);
    if as_json {
        connect_app::diagnose::not_tried(sentence, None, None, asked(true));
    }
    ExitCode::from(2)
}

/// Another program sits on our name at the session bus and doesn't answer like us. That must not keep this one from starting, so it
/// starts anew without the name: an event loop can't be made twice in a process.
#[cfg(target_os = "linux")]
fn start_alone(error: &str) -> ExitCode {
    use std::os::unix::process::CommandExt as _;
    tracing::warn!(error, "other starts of this program can't be noticed");
    let Ok(program) = std::env::current_exe() else { return ExitCode::FAILURE };
    // Only returns if it fails.
    let mut anew = std::process::Command::new(program);
    if let Some(name) = window::not_inherited() {
        anew.env_remove(name);
    }
    let failed = anew.args(std::env::args_os().skip(1)).env(ALONE, "1").exec();
    tracing::error!(kind = ?failed.kind(), "the program can't be started anew");
    ExitCode::FAILURE
}

fn build(settings: Settings, hidden: bool) -> tauri::Result<tauri::App> {
    // First, so that a second start ends before it opens anything. The working directory it tells is of no use here.
    let single_instance = tauri_plugin_single_instance::Builder::new().dbus_id(&settings.namespace).callback(|app, arguments, _| {
        #[cfg(target_os = "linux")]
        let (arguments, token) = activation::taken_from(arguments);
        // Started at login beside one that the person has started.
        if arguments.iter().any(|argument| argument == login::HIDDEN) {
            return;
        }
        window::raise(app);
        #[cfg(target_os = "linux")]
        if let Some(token) = token {
            activation::use_token(app, window::MAIN, token);
        }
        links::started_with(app, arguments);
    });
    #[cfg(not(target_os = "linux"))]
    let geometry = tauri_plugin_window_state::StateFlags::SIZE
        | tauri_plugin_window_state::StateFlags::POSITION
        | tauri_plugin_window_state::StateFlags::MAXIMIZED;
    let namespace = settings.namespace.clone();
    let builder = tauri::Builder::default();
    let builder = if std::env::var_os(ALONE).is_none() { builder.plugin(single_instance.build()) } else { builder };
    #[cfg(not(target_os = "linux"))]
    let builder = builder.plugin(tauri_plugin_window_state::Builder::new().with_state_flags(geometry).build());
    builder
        // Before anything else, since a link may come before `setup`.
        .manage(links::Inbox::new(&settings.link_scheme))
        .plugin(tauri_plugin_clipboard_manager::init())
        .invoke_handler(commands::handler())
        .setup(move |app| {
            if settings.registers_links {
                registration::register(&settings.link_scheme, settings.environment_name());
            }
            let data_dir = settings.data_dir.clone();
            let window_state = settings.window_state();
            app.manage(Arc::new(Host::new(app.handle().clone(), settings)));
            #[cfg(unix)]
            ending::follow_signals(app.handle());
            if hidden {
                window::note(app.handle(), |presence| presence.in_tray = true);
                let host = app.state::<Arc<Host>>().inner().clone();
                tauri::async_runtime::spawn(async move { host.start_in_tray().await });
            } else if let Err(error) = window::create(app.handle(), &data_dir, window_state) {
                tracing::error!(%error, "the window can't be opened");
                eprintln!("monei-connect: the window can't be opened: {error}");
                app.handle().exit(1);
                return Ok(());
            }
            links::open(app.handle());
            links::started_with(app.handle(), std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()));
            // The window doesn't wait for this: its `state` command does.
            let host = app.state::<Arc<Host>>().inner().clone();
            tauri::async_runtime::spawn(async move { drop(host.connections().await) });
            tauri::async_runtime::spawn(look_while_visible(app.handle().clone()));
            Ok(())
        })
        .build(named(context(), namespace))
}

/// Configuration, access list and web view, as the build script prepared them.
fn context() -> tauri::Context {
    tauri::generate_context!()
}

/// Under the name of this environment: by the identifier, Windows and macOS tell that another run is of this program.
fn named(mut context: tauri::Context, namespace: String) -> tauri::Context {
    context.config_mut().identifier = namespace;
    context
}

/// While the window can be seen, what it shows stays true. With nobody looking, each account is checked once in its token's life at most.
async fn look_while_visible(app: tauri::AppHandle) {
    let host = app.state::<Arc<Host>>().inner().clone();
    let mut presence = host.presence().subscribe();
    let mut unseen = Instant::now();
    loop {
        let in_tray = presence.borrow_and_update().in_tray;
        let pause = if in_tray { UNSEEN_EVERY } else { LOOK_EVERY };
        let came_back = tokio::select! {
            // Its sender lives as long as the program.
            _ = presence.wait_for(|now| now.in_tray != in_tray) => in_tray,
            () = tokio::time::sleep(pause) => false,
        };
        let window = app.get_webview_window(window::MAIN).filter(|_| !in_tray || came_back);
        let visible = |window: &tauri::WebviewWindow| window.is_visible().unwrap_or(false) && !window.is_minimized().unwrap_or(false);
        if window.is_some_and(|window| visible(&window)) {
            host.look_again().await;
            host.look_for_update_if_due();
        } else if unseen.elapsed() >= UNSEEN_EVERY {
            unseen = Instant::now();
            host.look_unseen().await;
        }
    }
}

fn on_event(app: &tauri::AppHandle, event: RunEvent) {
    match event {
        RunEvent::WindowEvent { label, event: WindowEvent::Focused(is), .. } if label == window::CONFIRM => {
            window::note(app, |presence| presence.confirm_focused = is);
            with_host(app, |host| host.confirming().focused(is));
        }
        RunEvent::WindowEvent { label, event: WindowEvent::Destroyed, .. } if label == window::CONFIRM => {
            window::note(app, |presence| presence.confirm_focused = false);
        }
        RunEvent::WindowEvent { label, event: WindowEvent::CloseRequested { api, .. }, .. }
            if label == window::MAIN && app.try_state::<Arc<Host>>().is_some_and(|host| host.stays_in_tray()) =>
        {
            api.prevent_close();
            window::put_in_tray(app);
        }
        // Without the program's window nothing is confirmed, and nothing is sent.
        RunEvent::WindowEvent { label, event: WindowEvent::Destroyed, .. } if label == window::MAIN => window::confirm::close(app),
        RunEvent::WindowEvent { event: WindowEvent::Focused(is), .. } => {
            window::note(app, |presence| presence.main_focused = is);
            if !is {
                return;
            }
            let Some(host) = app.try_state::<Arc<Host>>().map(|host| host.inner().clone()) else { return };
            tauri::async_runtime::spawn(async move { host.look_again().await });
        }
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { has_visible_windows: false, .. } => window::raise(app),
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => {
            for url in urls {
                links::arrived(app, url.as_str());
            }
        }
        // The window for confirming a payment was the only one: the program started into the tray and goes on there.
        RunEvent::ExitRequested { code: None, api, .. } if app.try_state::<Arc<Host>>().is_some_and(|host| host.goes_on_alone()) => {
            api.prevent_exit();
        }
        RunEvent::ExitRequested { code, .. } => ending::requested(code),
        RunEvent::Exit => ending::finish(app),
        _ => {}
    }
}

fn with_host(app: &tauri::AppHandle, act: impl FnOnce(&Host)) {
    if let Some(host) = app.try_state::<Arc<Host>>() {
        act(host.inner());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_run_beside_each_other() {
        for namespace in ["org.moneiconnections.manager", "org.moneiconnections.manager.sandbox"] {
            assert_eq!(named(context(), namespace.to_owned()).config().identifier, namespace);
        }
    }
}
