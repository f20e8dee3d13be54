//! Transactions into a file: all pages are fetched first, then the person chooses where, then the file is there as a whole.

use std::path::Path;
use std::sync::atomic::Ordering;

use connect_app::catalogue;
use connect_app::export::{self, Format, Statement};
use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::HistoryRow;
use tauri::ipc::Channel;

use crate::host::Host;
use crate::view::{Convert as _, ExportProgress, Exported, HistoryFilter, Problem};
use crate::window;

/// What a suggested name begins with.
const NAME: &str = "monei-transactions";

/// Exports what fits the filter; `None` once the person has cancelled, here or where the file is chosen.
pub async fn run(
    host: &Host,
    account: &str,
    filter: HistoryFilter,
    format: Format,
    progress: &Channel<ExportProgress>,
) -> Result<Option<Exported>, Problem> {
    let wanted = host.begin_export();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let goes_on = |fetched: usize, total: Option<u64>| {
        let told = ExportProgress { fetched: count(fetched), total: total.and_then(|total| u32::try_from(total).ok()) };
        if let Err(error) = progress.send(told) {
            tracing::warn!(%error, "the page isn't told how far an export is");
        }
        wanted.load(Ordering::Relaxed)
    };
    let connections = host.connections().await?;
    let Some(rows) = connections.whole_history(&Caller::Window, account, &filter.convert(), goes_on).await? else { return Ok(None) };
    let view = connections.view();
    let known = view.accounts.iter().find(|known| known.id == account).ok_or(ProblemCode::NoSuchAccount)?;
    let name = known.label.as_deref().or(known.name.as_deref()).unwrap_or_default();
    let made = rendered(account, name, format, &rows).map_err(|error| unsaved(&error))?;
    let suggested = format!("{NAME}-{}", jiff::Timestamp::now().strftime("%Y-%m-%d"));
    let saved = save(host, catalogue::dialogs(host.language()).save_transactions, suggested, format.extension(), made.text).await?;
    Ok(saved.map(|file| Exported { file, written: count(made.written), left_out: count(made.left_out) }))
}

/// Puts a text into a file that the person chooses in a dialog of this title, with this name offered. Gives the file, with `~` for the home
/// folder; `None` where they cancel.
pub async fn save(
    host: &Host,
    title: &'static str,
    name: String,
    extension: &'static str,
    text: String,
) -> Result<Option<String>, Problem> {
    let place = window::choose_file(host.app(), catalogue::dialogs(host.language()), title, &name, extension).await;
    let saved = tokio::task::spawn_blocking(move || match place {
        window::Place::Chosen(path) => export::replace(&path, &text).map(|()| Some(path)),
        window::Place::Cancelled => Ok(None),
        window::Place::NoDialog => {
            let folder = dirs::download_dir().or_else(dirs::home_dir).ok_or(std::io::ErrorKind::NotFound)?;
            export::new_in(&folder, &name, extension, &text).map(Some)
        }
    });
    let saved = saved.await.map_err(|_| ProblemCode::FileUnsaved)?.map_err(|error| unsaved(&error))?;
    Ok(saved.map(|path| shown(&path)))
}

/// As [`save`], with a text that may not have come about.
pub async fn save_made(
    host: &Host,
    title: &'static str,
    name: String,
    extension: &'static str,
    text: std::io::Result<String>,
) -> Result<Option<String>, Problem> {
    save(host, title, name, extension, text.map_err(|error| unsaved(&error))?).await
}

fn rendered(account: &str, name: &str, format: Format, rows: &[HistoryRow]) -> std::io::Result<export::Rendered> {
    let own = export::bookkeeping_name(account);
    format.render(&Statement { account: &own, name, made_at: jiff::Timestamp::now(), rows })
}

fn unsaved(error: &std::io::Error) -> Problem {
    tracing::warn!(kind = ?error.kind(), "a file can't be saved");
    ProblemCode::FileUnsaved.into()
}

/// With `~` for the home folder.
fn shown(path: &Path) -> String {
    match dirs::home_dir().and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned)) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}
