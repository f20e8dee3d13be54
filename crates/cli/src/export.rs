//! `export`: an account's transactions as a file. All pages are fetched first; then the file is there as a whole, or not at all.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use connect_app::export::{self, Statement};
use connect_core::snapshot::{HistoryFilter, HistoryKind, HistoryStatus};
use connect_core::{Caller, Connections};
use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::accounts::{find_or_only, name};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out;
use crate::out::{errln, out};
use crate::text::for_terminal;
use crate::words::{Filter, Format, Kind, Status};

/// What was typed.
pub struct Wanted {
    /// Whose.
    pub account: Option<String>,
    /// Which kind of file.
    pub format: Option<Format>,
    /// Where it goes; `None`: to standard output.
    pub output: Option<PathBuf>,
    /// Which transactions.
    pub filter: Filter,
}

/// `export`.
pub async fn export(connections: &Connections, wanted: Wanted) -> Result<Exit, Failure> {
    let format = format(wanted.format, wanted.output.as_deref())?;
    // Said before anything is fetched; what comes to be there meanwhile isn't replaced either.
    if let Some(path) = wanted.output.as_deref().filter(|path| path.symlink_metadata().is_ok()) {
        return Err(exists(path));
    }
    // As dates are written, the earlier one comes first in the alphabet, too.
    if wanted.filter.from.as_ref().zip(wanted.filter.to.as_ref()).is_some_and(|(from, to)| from > to) {
        return Err(Failure::said(Exit::Usage, "--from is after --to."));
    }
    let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Decimal>().ok());
    if number(&wanted.filter.min).zip(number(&wanted.filter.max)).is_some_and(|(least, most)| least > most) {
        return Err(Failure::said(Exit::Usage, "--min is more than --max."));
    }
    let view = connections.view();
    let account = find_or_only(&view, wanted.account.as_deref())?;
    let filter = filter(wanted.filter);
    let rows = connections.whole_history(&Caller::CommandLine, &account.id, &filter, told).await?.unwrap_or_default();
    end_of_progress();
    let (own, called) = (export::bookkeeping_name(&account.id), name(&view, account));
    let statement = Statement { account: &own, name: &called, made_at: Timestamp::now(), rows: &rows };
    let made = format.render(&statement).map_err(|error| Failure::said(Exit::Other, error.to_string()))?;
    match wanted.output {
        Some(named) => {
            let path = if named.is_absolute() { named.clone() } else { Path::new(".").join(&named) };
            export::create(&path, &made.text).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => exists(&named),
                _ => Failure::said(Exit::Other, format!("{} can't be written: {error}.", named.display())),
            })?;
        }
        None if out::is_terminal() => out!("{}", for_terminal(&made.text)),
        None => out::say(&made.text),
    }
    let left_out =
        if made.left_out == 0 { String::new() } else { format!("; {} left out, for which the format has no place", made.left_out) };
    errln!("Transactions: {}{left_out}.", made.written);
    Ok(Exit::Done)
}

fn exists(path: &Path) -> Failure {
    Failure::said(Exit::Usage, format!("{} exists already. Choose another name.", path.display()))
}

/// What was asked for, or what the file's name ends in.
fn format(asked: Option<Format>, output: Option<&Path>) -> Result<export::Format, Failure> {
    let ending = output.and_then(Path::extension).map(|ending| ending.to_string_lossy().to_lowercase());
    Ok(match (asked, ending.as_deref()) {
        (Some(Format::Csv), _) | (None, None | Some("csv")) => export::Format::Csv,
        (Some(Format::Ofx), _) | (None, Some("ofx")) => export::Format::Ofx,
        (Some(Format::Json), _) | (None, Some("json")) => export::Format::Json,
        (None, Some(_)) => {
            return Err(Failure::said(Exit::Usage, "The file's name says none of csv, ofx and json: name the kind of file with --format."));
        }
    })
}

fn filter(typed: Filter) -> HistoryFilter {
    HistoryFilter {
        status: typed.status.map(|status| match status {
            Status::Pending => HistoryStatus::Pending,
            Status::Success => HistoryStatus::Success,
            Status::Completed => HistoryStatus::Completed,
            Status::Failed => HistoryStatus::Failed,
            Status::Cancelled => HistoryStatus::Cancelled,
        }),
        kind: typed.kind.map(|kind| match kind {
            Kind::Debit => HistoryKind::Debit,
            Kind::Credit => HistoryKind::Credit,
            Kind::PeerTransfer => HistoryKind::PeerTransfer,
        }),
        currency: typed.currency,
        min_amount: typed.min,
        max_amount: typed.max,
        narration: typed.narration,
        reference: typed.reference,
        from: typed.from,
        to: typed.to,
        ..HistoryFilter::default()
    }
}

/// How far it is, on one line of a terminal. It goes on until the person ends the program, which has written nothing until then.
fn told(fetched: usize, total: Option<u64>) -> bool {
    if out::shows_progress() && fetched > 0 {
        let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
        anstream::eprint!("\r{fetched}{of} fetched");
    }
    true
}

fn end_of_progress() {
    if out::shows_progress() {
        anstream::eprint!("\r\x1b[K");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_file_is_what_was_asked_for_or_what_its_name_ends_in() {
        let of = |asked, output: Option<&str>| format(asked, output.map(Path::new)).ok();
        assert_eq!(of(None, None), Some(export::Format::Csv));
        assert_eq!(of(None, Some("year.OFX")), Some(export::Format::Ofx));
        assert_eq!(of(None, Some("year.json")), Some(export::Format::Json));
        assert_eq!(of(Some(Format::Csv), Some("year.json")), Some(export::Format::Csv));
        assert_eq!(of(None, Some("year.xlsx")), None);
        assert_eq!(of(Some(Format::Ofx), Some("year.xlsx")), Some(export::Format::Ofx));
    }
}
