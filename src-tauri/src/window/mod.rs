//! The program's window, and the one for confirming a payment. They show the program's own pages and nothing else.

pub mod confirm;
#[cfg(target_os = "linux")]
mod linux;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use connect_app::catalogue::{DialogWords, QuestionWords, ToldWords};
#[cfg(not(target_os = "linux"))]
use tauri::Theme;
use tauri::webview::NewWindowResponse;
use tauri::window::Color;
use tauri::{AppHandle, Manager, Url, UserAttentionType, WebviewUrl, WebviewWindowBuilder};

use crate::host::Host;
use crate::presence::Presence;

/// The window's label, which its capability names.
pub const MAIN: &str = "main";
/// The label of the window for confirming a payment.
pub const CONFIRM: &str = "confirm";

/// The least size, in logical pixels. It fits on a 1366×768 panel at 200 %, and the page can be used at it.
const LEAST: (i32, i32) = (360, 320);

// The web view's own `--window` colours, so that nothing flashes before its first paint.
const LIGHT: Color = Color(0xf5, 0xf7, 0xf8, 0xff);
const DARK: Color = Color(0x16, 0x18, 0x19, 0xff);

/// Asks for the first state while the page's own files are still being fetched; `ui/src/lib/backend/tauri.ts` takes the answer.
const ASK_FOR_STATE: &str = "window.__firstState = window.__TAURI_INTERNALS__.invoke('state'); window.__firstState.catch(() => undefined);";

/// Makes the window and shows it, in the page's own colour. `state` is where its size, place and zoom are kept.
///
/// # Errors
/// [`tauri::Error`] where the system gives no window or no web view.
pub fn create(app: &AppHandle, data_dir: &Path, state: PathBuf) -> tauri::Result<()> {
    #[cfg(target_os = "linux")]
    let appearance = linux::Appearance::read();
    #[cfg(target_os = "linux")]
    let ground = background(linux::is_dark());
    #[cfg(not(target_os = "linux"))]
    let (ground, _) = (LIGHT, state);
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::default())
        .title(connect_app::settings::PRODUCT_NAME)
        .inner_size(1080.0, 720.0)
        .min_inner_size(f64::from(LEAST.0), f64::from(LEAST.1))
        .background_color(ground)
        .zoom_hotkeys_enabled(cfg!(windows))
        // Nothing of what the page keeps outlives the program. WebKit makes its folders all the same.
        .incognito(!is_driven())
        .data_directory(web_dir(data_dir))
        .initialization_script(ASK_FOR_STATE)
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        // WebKitGTK sizes its process's first picture when the view is shown: only then is the size settled. See `linux::painting`.
        .visible(false)
        .build()?;
    #[cfg(target_os = "linux")]
    linux::attach(&window, appearance, state)?;
    #[cfg(not(target_os = "linux"))]
    window.set_background_color(Some(background(window.theme().is_ok_and(|theme| theme == Theme::Dark))))?;
    window.show()
}

/// Where a file goes.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "files are chosen in a dialog on Linux alone so far"))]
pub enum Place {
    /// The person chose it.
    Chosen(PathBuf),
    /// The person doesn't want it any more.
    Cancelled,
    /// There is no dialog to choose it with: a new file in the Downloads folder does.
    NoDialog,
}

/// Asks the person, in the desktop's own dialog with this title, where to save a file of this name.
#[cfg(target_os = "linux")]
pub async fn choose_file(app: &AppHandle, words: &'static DialogWords, title: &'static str, name: &str, extension: &str) -> Place {
    let Some(window) = app.get_webview_window(MAIN) else { return Place::Cancelled };
    match linux::choose(&window, words, title, format!("{name}.{extension}")).await {
        Ok(Some(path)) => Place::Chosen(path),
        Ok(None) => Place::Cancelled,
        Err(error) => {
            tracing::warn!(%error, "there is no dialog for a file");
            Place::NoDialog
        }
    }
}

/// Elsewhere nobody is asked yet.
#[cfg(not(target_os = "linux"))]
pub async fn choose_file(_: &AppHandle, _: &'static DialogWords, _: &'static str, _: &str, _: &str) -> Place {
    Place::NoDialog
}

/// A folder for the web view, which insists on one. Where the person's can't be written, nothing is kept in any: the system's folder for
/// temporary files does, and the page says what is wrong.
fn web_dir(data_dir: &Path) -> PathBuf {
    let own = data_dir.join("web");
    match std::fs::create_dir_all(&own) {
        Ok(()) => own,
        Err(error) => {
            tracing::warn!(kind = ?error.kind(), "the web view has no folder of its own");
            std::env::temp_dir()
        }
    }
}

/// Whether the person says yes to a question in the system's own dialog, out of the page's reach. Enter and Escape say no, and so does
/// closing the dialog.
///
/// # Errors
/// [`tauri::Error`] where nobody can be asked.
#[cfg(target_os = "linux")]
pub async fn agrees(app: &AppHandle, question: QuestionWords, cancel: &'static str) -> tauri::Result<bool> {
    let window = app.get_webview_window(MAIN).ok_or(tauri::Error::WindowNotFound)?;
    linux::agrees(&window, question, cancel).await
}

/// Whether the person says yes to a question in the system's own dialog, out of the page's reach. Enter and Escape say no, and so does
/// closing the dialog.
///
/// # Errors
/// [`tauri::Error`] where nobody can be asked.
#[cfg(not(target_os = "linux"))]
pub async fn agrees(app: &AppHandle, question: QuestionWords, cancel: &'static str) -> tauri::Result<bool> {
    use rfd::{AsyncMessageDialog, MessageButtons, MessageDialogResult, MessageLevel};
    let window = app.get_webview_window(MAIN).ok_or(tauri::Error::WindowNotFound)?;
    let QuestionWords { title, text, agree } = question;
    // Enter presses the first button on both systems, whatever it is called: that one says no.
    let buttons = MessageButtons::OkCancelCustom(cancel.to_owned(), agree.to_owned());
    let dialog = AsyncMessageDialog::new().set_level(MessageLevel::Warning).set_title(&*title).set_description(text).set_buttons(buttons);
    let answer = dialog.set_parent(&window).show().await;
    // Only the button with these words: what the system says for Escape and for closing is no.
    Ok(matches!(answer, MessageDialogResult::Custom(word) if word == agree))
}

/// Tells the person something in the system's own dialog once the event loop has ended, until it is closed or a minute has passed. False
/// elsewhere than on Linux, where none is tried then.
#[cfg(target_os = "linux")]
pub fn tell(words: &ToldWords) -> bool {
    linux::tell(words);
    true
}

/// Tells the person something in the system's own dialog once the event loop has ended. False: none is tried here.
#[cfg(not(target_os = "linux"))]
pub fn tell(_: &ToldWords) -> bool {
    false
}

/// What is behind the page before its first paint.
fn background(dark: bool) -> Color {
    if dark { DARK } else { LIGHT }
}

/// Prepares this process for the window. To be called before any thread is started.
pub fn prepare() {
    #[cfg(target_os = "linux")]
    native::one_arena();
    // WebKit's driver waits for ever for a picture of a view that paints without the GPU, and the embedded build is what takes them.
    #[cfg(target_os = "linux")]
    if !(cfg!(feature = "embedded") && is_driven()) {
        linux::without_gpu();
    }
}

/// The variable that a program started from here must not inherit, where [`prepare`] set one.
pub fn not_inherited() -> Option<&'static str> {
    #[cfg(target_os = "linux")]
    return linux::not_inherited();
    #[cfg(not(target_os = "linux"))]
    None
}

/// Whether a WebDriver test drives the window. It can't drive an ephemeral web view, so a development build gives it one that isn't.
fn is_driven() -> bool {
    cfg!(feature = "automation") && std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_some()
}

/// The program's pages, as Tauri serves them on each platform.
fn is_own_page(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => cfg!(windows) && url.host_str() == Some("tauri.localhost") && url.port().is_none(),
        _ => false,
    }
}

/// Brings the window to the front, as far as the system lets a program do that. One that was never shown in this run is made.
pub fn raise(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return open(app) };
    note(app, |presence| presence.in_tray = false);
    for step in
        [window.unminimize(), window.show(), window.set_focus(), window.request_user_attention(Some(UserAttentionType::Informational))]
    {
        if let Err(error) = step {
            tracing::warn!(%error, "the window can't be raised");
        }
    }
}

/// Makes the window, on the thread of the windows, unless it is there.
fn open(app: &AppHandle) {
    let of_windows = app.clone();
    let asked = app.run_on_main_thread(move || {
        let Some(host) = of_windows.try_state::<Arc<Host>>().map(|host| host.inner().clone()) else { return };
        if of_windows.get_webview_window(MAIN).is_some() {
            return;
        }
        note(&of_windows, |presence| presence.in_tray = false);
        if let Err(error) = create(&of_windows, host.data_dir(), host.settings().window_state()) {
            tracing::error!(%error, "the window can't be opened");
            of_windows.exit(1);
        }
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "the window can't be opened");
    }
}

/// Takes the window off the screen; the program goes on in the tray.
pub fn put_in_tray(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    if let Err(error) = window.hide() {
        tracing::warn!(%error, "the window can't be hidden");
        return;
    }
    note(app, |presence| (presence.in_tray, presence.main_focused) = (true, false));
}

/// Keeps in mind where the program is for the person.
pub fn note(app: &AppHandle, change: impl FnOnce(&mut Presence)) {
    let Some(host) = app.try_state::<Arc<Host>>() else { return };
    host.presence().send_if_modified(|presence| {
        let before = *presence;
        change(presence);
        *presence != before
    });
}

/// Takes the window off the screen before the program ends: nothing answers in it any more.
pub fn put_away(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN)
        && let Err(error) = window.hide()
    {
        tracing::warn!(%error, "the window can't be hidden");
    }
    #[cfg(target_os = "linux")]
    linux::flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_web_view_gets_a_folder_where_the_persons_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(web_dir(folder.path()), folder.path().join("web"));
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(web_dir(&file), std::env::temp_dir());
    }

    #[test]
    fn the_window_goes_nowhere_else() {
        assert!(is_own_page(&Url::parse("tauri://localhost/index.html").unwrap()));
        for address in [
            "https://monei.cc/",
            "http://127.0.0.1:43117/",
            "tauri://elsewhere/",
            "about:blank",
            "data:text/html,x",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://tauri.localhost:8080/",
            "https://tauri.localhost.example.test/",
            "blob:tauri://localhost/x",
        ] {
            assert!(!is_own_page(&Url::parse(address).unwrap()), "{address}");
        }
    }
}
