//! Everything that the web view can ask for: one list (`commands/list.rs`), thin calls. Arguments are opaque handles, enums and short
//! texts; answers are display data. The permissions are made from the same list by the build script, and a test compares it with what
//! each window's capability names.

mod desktop;
mod disconnecting;
mod export;
mod leaving;
mod taking_back;

use std::sync::Arc;

use connect_app::update::Then;
use connect_app::{catalogue, report};
use connect_core::problem::ProblemCode;
use connect_core::snapshot::Snapshot;
use connect_core::{Browser as _, Caller, NewApp};
use jiff::Zoned;
use secrecy::SecretString;
use tauri::State;
use tauri::ipc::Channel;
use tauri_plugin_clipboard_manager::ClipboardExt as _;

use crate::host::Host;
use crate::view::{
    ActivityFilter, ActivityFormat, ActivityItem, AppView, AppsView, Check, ConfirmationView, Convert as _, Decision, DesktopView,
    DisconnectOutcome, ExportFormat, ExportProgress, Exported, FeatureId, HistoryFilter, HistoryPage, Lasts, LeavingView, Link,
    PermissionUse, PermissionView, Place, Preferences, Problem, Receipt, ReceiptFormat, Review, Section, SectionView, SetAsideOutcome,
    Unrevoked, UpdateView, WalletPart, WalletPartView,
};
#[cfg(feature = "tester")]
use crate::view::{TesterOrder, TesterView};
use crate::{apps, confirming, licences};

/// Most scopes in one request; Monei documents nine.
const MAX_SCOPES: usize = 32;
/// Longest text argument, in bytes.
const MAX_TEXT: usize = 256;
/// Most lines of history on a page.
const MAX_ACTIVITY: usize = 200;
/// Longest name of a service, in bytes.
const MAX_NAME: usize = 320;

macro_rules! commands {
    (main: [$($main:ident),* $(,)?], confirm: [$($confirm:ident),* $(,)?], tester: [$($tester:ident),* $(,)?]) => {
        /// The names of the commands that each build has.
        #[cfg(test)]
        const MAIN: &[&str] = &[$(stringify!($main)),*];

        /// The names of those of the window for confirming a payment.
        #[cfg(test)]
        const CONFIRM: &[&str] = &[$(stringify!($confirm)),*];

        /// The names of those that come with the tester's panel.
        #[cfg(test)]
        const TESTER: &[&str] = &[$(stringify!($tester)),*];

        /// What answers them.
        #[cfg(not(feature = "tester"))]
        pub fn handler() -> impl Fn(tauri::ipc::Invoke) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($main,)* $($confirm),*]
        }

        /// What answers them.
        #[cfg(feature = "tester")]
        pub fn handler() -> impl Fn(tauri::ipc::Invoke) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($main,)* $($confirm,)* $($tester),*]
        }
    };
}

include!("commands/list.rs");

type Shared<'a> = State<'a, Arc<Host>>;

#[tauri::command]
async fn state(host: Shared<'_>) -> Result<AppView, Problem> {
    Ok(Snapshot::clone(&*host.connections().await?.view()).convert())
}

/// From now on each view of the program goes to `views`, the present one first. A page that is loaded anew takes the place of the one before.
#[tauri::command]
async fn watch(host: Shared<'_>, views: Channel<AppView>) -> Result<(), Problem> {
    Ok(host.watch(views).await?)
}

#[tauri::command]
async fn connect(host: Shared<'_>, scopes: Vec<String>) -> Result<(), Problem> {
    Ok(host.connections().await?.connect(&Caller::Window, bounded_list(scopes)?).await?)
}

#[tauri::command]
async fn reconnect(host: Shared<'_>, account: String, scopes: Vec<String>) -> Result<(), Problem> {
    Ok(host.connections().await?.reconnect(&Caller::Window, bounded(&account)?, bounded_list(scopes)?).await?)
}

#[tauri::command]
async fn open_again(host: Shared<'_>) -> Result<(), Problem> {
    Ok(host.connections().await?.open_again().await?)
}

/// The link goes from the core to the clipboard, past the web view.
#[tauri::command]
async fn copy_link(host: Shared<'_>) -> Result<(), Problem> {
    let link = host.connections().await?.start_link().ok_or(ProblemCode::InvalidInput)?;
    to_clipboard(&host, link.as_str())
}

#[tauri::command]
async fn use_deep_link(host: Shared<'_>) -> Result<(), Problem> {
    Ok(host.connections().await?.use_deep_link().await?)
}

#[tauri::command]
async fn cancel(host: Shared<'_>) -> Result<(), Problem> {
    host.connections().await?.cancel().await;
    Ok(())
}

#[tauri::command]
async fn dismiss(host: Shared<'_>) -> Result<(), Problem> {
    host.connections().await?.dismiss().await;
    Ok(())
}

#[tauri::command]
async fn decide(host: Shared<'_>, decision: Decision) -> Result<(), Problem> {
    Ok(host.connections().await?.decide(decision.convert()).await?)
}

#[tauri::command]
async fn load(host: Shared<'_>, account: String, section: Section) -> Result<SectionView, Problem> {
    Ok(host.connections().await?.load(&Caller::Window, bounded(&account)?, section.convert()).await?.convert())
}

/// A part of a wallet that is looked at by itself: one call to Monei at most.
#[tauri::command]
async fn wallet_part(host: Shared<'_>, account: String, part: WalletPart) -> Result<WalletPartView, Problem> {
    Ok(host.connections().await?.wallet_part(&Caller::Window, bounded(&account)?, &part.convert()).await?.convert())
}

/// A page of the whole history; the first is 1.
#[tauri::command]
async fn history(host: Shared<'_>, account: String, filter: HistoryFilter, page: u32) -> Result<HistoryPage, Problem> {
    Ok(host.connections().await?.history(&Caller::Window, bounded(&account)?, &filter.convert(), page).await?.convert())
}

/// All of it that fits the filter goes to a file, past the web view; the person chooses which. `None` where they cancel.
#[tauri::command]
async fn export_history(
    host: Shared<'_>,
    account: String,
    filter: HistoryFilter,
    format: ExportFormat,
    progress: Channel<ExportProgress>,
) -> Result<Option<Exported>, Problem> {
    export::run(&host, bounded(&account)?, filter, format.into(), &progress).await
}

/// The person doesn't want the export any more.
#[tauri::command]
async fn cancel_export(host: Shared<'_>) -> Result<(), Problem> {
    host.end_export();
    Ok(())
}

#[tauri::command]
async fn check(host: Shared<'_>, account: String) -> Result<(), Problem> {
    Ok(host.connections().await?.check(&Caller::Window, bounded(&account)?).await?)
}

#[tauri::command]
async fn rename(host: Shared<'_>, account: String, label: Option<String>) -> Result<(), Problem> {
    let label = label.map(|label| bounded(&label).map(str::to_owned)).transpose()?;
    Ok(host.connections().await?.rename(bounded(&account)?, label).await?)
}

#[tauri::command]
async fn move_account(host: Shared<'_>, account: String, before: Option<String>) -> Result<(), Problem> {
    let before = before.as_deref().map(bounded).transpose()?;
    Ok(host.connections().await?.move_account(bounded(&account)?, before).await?)
}

#[tauri::command]
async fn permission(host: Shared<'_>, account: String, feature: FeatureId) -> Result<PermissionView, Problem> {
    Ok(host.connections().await?.permission(bounded(&account)?, feature.convert()).await?.convert())
}

/// Ends the account's access, once the person has said yes in the system's own dialog, which names the account. `None` where they say no.
#[tauri::command]
async fn disconnect(host: Shared<'_>, account: String, unrevoked: Unrevoked) -> Result<Option<DisconnectOutcome>, Problem> {
    Ok(disconnecting::run(&host, bounded(&account)?, unrevoked.convert()).await?.convert())
}

/// Ends every connection and removes everything that is stored here, once the person has said yes in the system's own dialog. `None`
/// where they say no.
#[tauri::command]
async fn leave(host: Shared<'_>, unrevoked: Unrevoked) -> Result<Option<LeavingView>, Problem> {
    Ok(leaving::run(&host, unrevoked.convert()).await?.convert())
}

/// The person closes the program from within.
#[tauri::command]
async fn end_program(host: Shared<'_>) -> Result<(), Problem> {
    host.app().exit(0);
    Ok(())
}

/// What happened and fits the filter; the latest alone, so that no list takes long.
#[tauri::command]
async fn activity(host: Shared<'_>, filter: ActivityFilter) -> Result<Vec<ActivityItem>, Problem> {
    let mut items = host.connections().await?.activity_where(&bounded_filter(filter)?.convert()).await?;
    items.truncate(MAX_ACTIVITY);
    Ok(items.convert())
}

/// All of it that fits goes to a file that the person chooses, past the web view; answers which, `None` where they cancel.
#[tauri::command]
async fn save_activity(host: Shared<'_>, filter: ActivityFilter, format: ActivityFormat) -> Result<Option<String>, Problem> {
    let items = host.connections().await?.activity_where(&bounded_filter(filter)?.convert()).await?;
    let format = connect_app::export::ActivityFormat::from(format);
    let name = format!("monei-activity-{}", Zoned::now().strftime("%Y-%m-%d"));
    let (language, words) = (host.language(), catalogue::dialogs(host.language()));
    export::save_made(&host, words.save_activity, name, format.extension(), format.render(language, &items)).await
}

#[tauri::command]
async fn watch_apps(host: Shared<'_>, views: Channel<AppsView>) -> Result<(), Problem> {
    host.watch_apps(views).await
}

/// The key goes to the clipboard, and never to the web view.
#[tauri::command]
async fn allow_app(host: Shared<'_>, name: String, account: String, scopes: Vec<String>, lasts: Lasts) -> Result<(), Problem> {
    let new = NewApp {
        name: bounded(&name)?.to_owned(),
        account: bounded(&account)?.to_owned(),
        scopes: bounded_list(scopes)?,
        until: apps::end(lasts, &Zoned::now())?,
    };
    apps::allow(&host.connections().await?, host.copied_key(), new).await?;
    host.apps_changed();
    Ok(())
}

#[tauri::command]
async fn narrow_app(host: Shared<'_>, app: String, keeps: Vec<String>) -> Result<(), Problem> {
    Ok(host.connections().await?.narrow_app(bounded(&app)?, &bounded_list(keeps)?).await?)
}

/// `lasts` absent: its end stays.
#[tauri::command]
async fn extend_app(host: Shared<'_>, app: String, more: Vec<String>, lasts: Option<Lasts>) -> Result<(), Problem> {
    let (connections, app) = (host.connections().await?, bounded(&app)?);
    let until = match lasts {
        Some(lasts) => apps::end(lasts, &Zoned::now())?,
        None => connections.apps().await?.into_iter().find(|row| *row.id == *app).ok_or(ProblemCode::NoSuchApp)?.until,
    };
    connections.extend_app(&Caller::Window, app, &bounded_list(more)?, until).await?;
    host.apps_changed();
    Ok(())
}

#[tauri::command]
async fn take_back_app(host: Shared<'_>, app: String) -> Result<(), Problem> {
    host.connections().await?.take_back_app(bounded(&app)?).await?;
    host.apps_changed();
    Ok(())
}

#[tauri::command]
async fn app_log(host: Shared<'_>, app: String) -> Result<Vec<PermissionUse>, Problem> {
    Ok(apps::log(host.connections().await?.app_log(bounded(&app)?).await?))
}

/// The key goes to the program that asked, and never to the web view.
#[tauri::command]
async fn allow_request(host: Shared<'_>, number: u64, account: String, scopes: Vec<String>, lasts: Lasts) -> Result<(), Problem> {
    let pairings = host.pairings().ok_or(ProblemCode::InvalidInput)?;
    pairings.allow(number, bounded(&account)?, bounded_list(scopes)?, apps::end(lasts, &Zoned::now())?).await?;
    host.apps_changed();
    Ok(())
}

#[tauri::command]
async fn deny_request(host: Shared<'_>, number: u64) -> Result<(), Problem> {
    host.pairings().ok_or(ProblemCode::InvalidInput)?.deny(number);
    Ok(())
}

#[tauri::command]
async fn set_api(host: Shared<'_>, wanted: bool) -> Result<(), Problem> {
    host.connections().await?.set_api_wanted(wanted).await?;
    host.apps_changed();
    Ok(())
}

/// Another port for apps: every key that was used over TCP ends.
#[tauri::command]
async fn draw_api_port(host: Shared<'_>) -> Result<(), Problem> {
    connect_local_api::draw_port(&host.connections().await?).await?;
    host.apps_changed();
    Ok(())
}

/// From now on the window for confirming a payment is told through `views` which one waits; none: it was answered.
#[tauri::command]
fn confirmation(host: Shared<'_>, views: Channel<Option<ConfirmationView>>) -> Result<(), Problem> {
    host.confirming().tell(views).map_err(Into::into)
}

/// `pin` goes to Monei with this one payment, and nowhere else.
#[tauri::command]
fn answer_confirmation(host: Shared<'_>, number: u64, allow: bool, pin: Option<String>) -> Result<(), Problem> {
    let pin = pin.map(SecretString::from);
    if pin.as_ref().is_some_and(|pin| !confirming::is_pin(pin)) {
        return Err(ProblemCode::InvalidInput.into());
    }
    host.confirming().answer(number, allow, pin).map_err(Into::into)
}

#[tauri::command]
async fn receipts(host: Shared<'_>, account: Option<String>) -> Result<Vec<Receipt>, Problem> {
    let account = account.as_deref().map(bounded).transpose()?;
    Ok(host.connections().await?.receipts(account).await?.convert())
}

/// It goes to a file that the person chooses, past the web view; answers which, `None` where they cancel.
#[tauri::command]
async fn save_receipt(host: Shared<'_>, number: i64, format: ReceiptFormat) -> Result<Option<String>, Problem> {
    let all = host.connections().await?.receipts(None).await?;
    let receipt = all.iter().find(|receipt| receipt.number == number).ok_or(ProblemCode::InvalidInput)?;
    let format = connect_app::receipt::Format::from(format);
    let name = format!("monei-receipt-{}", connect_app::receipt::day(receipt.at));
    let (language, words) = (host.language(), catalogue::dialogs(host.language()));
    export::save(&host, words.save_receipt, name, format.extension(), format.render(language, receipt)).await
}

/// What is worth another look.
#[tauri::command]
async fn reviews(host: Shared<'_>) -> Result<Vec<Review>, Problem> {
    Ok(host.connections().await?.reviews().await?.convert())
}

/// The person keeps the account as it is, or a permission that nobody uses.
#[tauri::command]
async fn keep(host: Shared<'_>, account: String, feature: Option<FeatureId>) -> Result<(), Problem> {
    Ok(host.connections().await?.keep(bounded(&account)?, feature.convert()).await?)
}

/// Ends permissions at Monei, with all that was approved together with them. Where nothing in use would be left of the account, once the
/// person has said yes in the system's own dialog; `None` where they say no.
#[tauri::command]
async fn take_back(host: Shared<'_>, account: String, scopes: Vec<String>) -> Result<Option<DisconnectOutcome>, Problem> {
    Ok(taking_back::run(&host, bounded(&account)?, bounded_list(scopes)?).await?.convert())
}

/// Switches a permission off here, and ends it at Monei where it was approved alone.
#[tauri::command]
async fn set_aside(host: Shared<'_>, account: String, feature: FeatureId) -> Result<SetAsideOutcome, Problem> {
    Ok(host.connections().await?.set_aside(&Caller::Window, bounded(&account)?, feature.convert()).await?.convert())
}

#[tauri::command]
async fn switch_on(host: Shared<'_>, account: String, feature: FeatureId) -> Result<(), Problem> {
    Ok(host.connections().await?.switch_on(&Caller::Window, bounded(&account)?, feature.convert()).await?)
}

#[tauri::command]
async fn set_backend(host: Shared<'_>, address: String) -> Result<(), Problem> {
    Ok(host.connections().await?.set_backend(bounded(&address)?).await?)
}

#[tauri::command]
async fn confirm_backend(host: Shared<'_>, address: String, name: Option<String>) -> Result<(), Problem> {
    // A name has at most 80 characters, of up to four bytes.
    let name = name.as_deref().filter(|name| name.len() <= MAX_NAME);
    Ok(host.connections().await?.confirm_backend(bounded(&address)?, name).await?)
}

#[tauri::command]
async fn set_preferences(host: Shared<'_>, preferences: Preferences) -> Result<(), Problem> {
    Ok(host.connections().await?.set_preferences(preferences.convert()).await?)
}

#[tauri::command]
async fn probe(host: Shared<'_>) -> Result<(), Problem> {
    host.connections().await?.probe().await;
    Ok(())
}

/// Nothing that opens a dialog: how the keychain stands is read, and the backend asked.
#[tauri::command]
async fn poll(host: Shared<'_>) -> Result<(), Problem> {
    host.connections().await?.poll().await;
    Ok(())
}

/// The person cancels what the keychain asks for in its own dialog.
#[tauri::command]
async fn close_keychain_dialog(host: Shared<'_>) -> Result<(), Problem> {
    host.connections().await?.close_keychain_dialog();
    Ok(())
}

/// The person goes on without a keychain, for this run.
#[tauri::command]
async fn keep_in_memory(host: Shared<'_>) -> Result<(), Problem> {
    host.connections().await?.keep_in_memory().await;
    Ok(())
}

/// The web view names a page; its address is the core's.
#[tauri::command]
async fn open_link(host: Shared<'_>, link: Link) -> Result<(), Problem> {
    let url = host.connections().await?.link(link.convert()).ok_or(ProblemCode::InvalidInput)?;
    let browser = host.browser();
    let opened = tokio::task::spawn_blocking(move || match browser.open(&url) {
        Ok(()) => Ok(()),
        Err(_) if browser.is_there() => Err(ProblemCode::BrowserFailed),
        Err(_) => Err(ProblemCode::BrowserMissing),
    });
    Ok(opened.await.map_err(|_| ProblemCode::BrowserFailed)??)
}

/// Tries everything that a connection needs.
#[tauri::command]
async fn diagnose(host: Shared<'_>) -> Result<Vec<Check>, Problem> {
    Ok(host.diagnose().await?.convert())
}

/// The licences of what the program is made of; `None` in a build that isn't from a package.
#[tauri::command]
async fn licences(host: Shared<'_>) -> Result<Option<String>, Problem> {
    let app = host.app().clone();
    tokio::task::spawn_blocking(move || licences::text(&app)).await.map_err(|_| ProblemCode::InvalidInput.into())
}

/// The report of the last diagnosis goes to the clipboard, past the web view.
#[tauri::command]
async fn copy_report(host: Shared<'_>) -> Result<(), Problem> {
    to_clipboard(&host, &host.report().ok_or(ProblemCode::InvalidInput)?)
}

/// It goes to a new file in the person's Downloads folder, or where there is none in the home folder. The web view chooses neither; it is
/// told the file's name, with `~` for the home folder.
#[tauri::command]
async fn save_report(host: Shared<'_>) -> Result<String, Problem> {
    let text = host.report().ok_or(ProblemCode::InvalidInput)?;
    let saved = tokio::task::spawn_blocking(move || report::save_for(dirs::download_dir(), dirs::home_dir(), &text)).await;
    saved.map_err(|_| ProblemCode::ReportUnsaved)?.map_err(|error| {
        tracing::warn!(kind = ?error.kind(), "the report can't be saved");
        ProblemCode::ReportUnsaved.into()
    })
}

/// What this desktop has, as far as settings depend on it.
#[tauri::command]
async fn desktop_view(host: Shared<'_>) -> Result<DesktopView, Problem> {
    Ok(desktop::view(&host).await)
}

/// Has the program start at login, or not any more.
#[tauri::command]
async fn set_start_at_login(host: Shared<'_>, on: bool) -> Result<(), Problem> {
    desktop::set_start_at_login(&host, on).await
}

/// From now on `places` is told where the person is led from the tray or a notification; first, where they were led before the page was there.
#[tauri::command]
async fn watch_places(host: Shared<'_>, places: Channel<Place>) -> Result<(), Problem> {
    host.places().watch(places);
    Ok(())
}

/// From now on `views` is told what is known of new versions, the present first.
#[tauri::command]
async fn watch_updates(host: Shared<'_>, views: Channel<UpdateView>) -> Result<(), Problem> {
    host.watch_updates(views);
    Ok(())
}

/// The person wants to know whether there is a new version.
#[tauri::command]
async fn look_for_update(host: Shared<'_>) -> Result<(), Problem> {
    host.look_for_update().await;
    Ok(())
}

/// The person wants the version that they were shown. On Windows the program ends for its installer.
#[tauri::command]
async fn install_update(host: Shared<'_>, version: String) -> Result<(), Problem> {
    if host.updater().install(bounded(&version)?).await == Then::End {
        host.app().exit(0);
    }
    Ok(())
}

#[tauri::command]
async fn cancel_update(host: Shared<'_>) -> Result<(), Problem> {
    host.updater().cancel();
    Ok(())
}

/// Has the program look once a day by itself, or not any more.
#[tauri::command]
async fn set_daily_updates(host: Shared<'_>, on: bool) -> Result<(), Problem> {
    host.updater().set_daily(on).map_err(|error| {
        tracing::warn!(kind = ?error.kind(), "the choice about new versions can't be saved");
        ProblemCode::FileUnsaved.into()
    })
}

/// Answers in the sandbox environment only, as the next one.
#[cfg(feature = "tester")]
#[tauri::command]
async fn tester(host: Shared<'_>) -> Result<TesterView, Problem> {
    Ok(host.connections().await?.tester().await?.convert())
}

/// A tester has the sandbox do something. People and presets are words of a bounded form; all else is of closed lists.
#[cfg(feature = "tester")]
#[tauri::command]
async fn tester_order(host: Shared<'_>, order: TesterOrder) -> Result<TesterView, Problem> {
    Ok(host.connections().await?.tester_order(order.convert()).await?.convert())
}

fn to_clipboard(host: &Host, text: &str) -> Result<(), Problem> {
    host.app().clipboard().write_text(text).map_err(|error| {
        tracing::warn!(%error, "the clipboard can't be written");
        ProblemCode::ClipboardUnavailable.into()
    })
}

fn bounded(text: &str) -> Result<&str, Problem> {
    if text.len() <= MAX_TEXT { Ok(text) } else { Err(ProblemCode::InvalidInput.into()) }
}

fn bounded_filter(filter: ActivityFilter) -> Result<ActivityFilter, Problem> {
    let sound = [&filter.account, &filter.app].into_iter().flatten().all(|text| bounded(text).is_ok());
    if sound { Ok(filter) } else { Err(ProblemCode::InvalidInput.into()) }
}

fn bounded_list(texts: Vec<String>) -> Result<Vec<String>, Problem> {
    let sound = texts.len() <= MAX_SCOPES && texts.iter().all(|text| bounded(text).is_ok());
    if sound { Ok(texts) } else { Err(ProblemCode::InvalidInput.into()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tauri::ipc::Origin;

    use super::*;

    /// Each capability, with the commands that it is for.
    fn capabilities() -> [(serde_json::Value, &'static str, &'static [&'static str]); 3] {
        [
            (serde_json::from_str(include_str!("../capabilities/main.json")).unwrap(), crate::window::MAIN, MAIN),
            (serde_json::from_str(include_str!("../capabilities/confirm.json")).unwrap(), crate::window::CONFIRM, CONFIRM),
            (serde_json::from_str(include_str!("../capabilities/tester.json")).unwrap(), crate::window::MAIN, TESTER),
        ]
    }

    #[test]
    fn each_capability_names_exactly_the_commands_of_its_list() {
        for (capability, _, commands) in capabilities() {
            let listed = capability["permissions"].as_array().unwrap();
            let granted: BTreeSet<String> = listed.iter().map(|text| text.as_str().unwrap().to_owned()).collect();
            assert_eq!(granted.len(), listed.len());
            // Nothing else of Tauri and its plugins, and no event: a link that arrives is one.
            assert_eq!(granted, commands.iter().map(|name| format!("allow-{}", name.replace('_', "-"))).collect());
        }
    }

    #[test]
    fn each_capability_is_for_one_window_and_no_remote_page() {
        for (capability, window, _) in capabilities() {
            assert_eq!(capability["windows"], serde_json::json!([window]));
            let keys: BTreeSet<&str> = capability.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(keys, BTreeSet::from(["identifier", "description", "windows", "permissions"]));
        }
    }

    #[test]
    fn a_command_that_no_capability_names_is_refused() {
        let mut context = crate::context();
        let authority = context.runtime_authority_mut();
        let allowed = |command: &str| authority.resolve_access(command, crate::window::MAIN, crate::window::MAIN, &Origin::Local).is_some();
        for command in MAIN {
            assert!(allowed(command), "{command}");
        }
        for command in TESTER {
            assert_eq!(allowed(command), cfg!(feature = "tester"), "{command}");
        }
        for command in ["no_such_command", "plugin:event|listen", "plugin:clipboard-manager|read_text", "plugin:window|close"] {
            assert!(!allowed(command), "{command}");
        }
        assert!(authority.resolve_access("state", "another", "another", &Origin::Local).is_none());
    }

    #[test]
    fn the_window_is_configured_strictly() {
        let config: serde_json::Value = serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
        let security = &config["app"]["security"];
        assert_eq!(config["app"]["withGlobalTauri"], false);
        assert_eq!(config["build"].get("devUrl"), None);
        assert_eq!(security["freezePrototype"], true);
        assert_eq!(security["dangerousDisableAssetCspModification"], false);
        assert_eq!(security["capabilities"], serde_json::json!(["main", "confirm"]));
        let csp = security["csp"].as_object().unwrap();
        for directive in ["default-src", "script-src", "style-src"] {
            assert_eq!(csp[directive], "'self'", "{directive}");
        }
        for directive in ["object-src", "base-uri", "form-action", "frame-src", "frame-ancestors"] {
            assert_eq!(csp[directive], "'none'", "{directive}");
        }
        assert_eq!(csp["connect-src"], "ipc: http://ipc.localhost");
        let all = security["csp"].to_string();
        for loose in ["unsafe-", "data:", "blob:", "https:", "*"] {
            assert!(!all.contains(loose), "{loose}");
        }
    }

    #[test]
    fn arguments_are_bounded() {
        assert!(bounded(&"a".repeat(MAX_TEXT + 1)).is_err());
        assert!(bounded_list(vec!["a".into(); MAX_SCOPES + 1]).is_err());
        assert!(bounded_list(vec!["a".repeat(MAX_TEXT + 1)]).is_err());
        assert!(bounded_list(vec!["wallet:read".into()]).is_ok());
    }
}
