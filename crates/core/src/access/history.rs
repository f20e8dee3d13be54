//! The whole history of an account, page by page, with every filter that Monei documents.

use std::collections::HashSet;
use std::time::Duration;

use jiff::civil::Date;
use monei::read::{Transaction, Transactions};
use rust_decimal::Decimal;

use super::sections::unreadable;
use super::{Accesses, Request, reads};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::{HistoryFilter, HistoryOrder, HistoryPage, HistoryRow};
use crate::model::{AccountId, Caller};

/// Transactions on a page that a person looks at.
const SHOWN: u32 = 25;
/// Transactions on a page that is fetched for a file: as many as Monei is known to give at once.
const FETCHED: u32 = 100;
/// Longest text of a filter, in bytes.
const MAX_TEXT: usize = 128;
/// Pages that are fetched for a file at most: a hundred thousand transactions.
const MAX_PAGES: u32 = 1000;
/// How often an export begins with the first page. Where a transaction ceases to fit the filter while the pages are read, the rest moves up, and
/// another may be on no page that is still to come.
const PASSES: u32 = 3;
/// A longer rate limit isn't waited for by an export, in seconds.
const LONGEST_WAIT_S: u32 = 60;
/// How often in a row one page of an export waits for Monei's rate limit.
const WAITS: u32 = 5;
/// How often it is looked meanwhile whether anybody still wants the export.
const LOOKS: Duration = Duration::from_millis(500);

/// What a [`HistoryFilter`] is as a query, without the page.
type Query = Vec<(&'static str, String)>;

/// What came of reading every page once.
enum Pass {
    /// All of it.
    Whole(Vec<HistoryRow>),
    /// Nobody wants it any more.
    Unwanted,
    /// It isn't what it was at first, and some may be missing.
    Changed,
}

impl Accesses {
    /// A page of the history; the first is 1. Shows on the account how that went.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] for a filter that makes no sense; else why there is nothing to show.
    pub async fn history(&self, caller: &Caller, account: &AccountId, filter: &HistoryFilter, page: u32) -> Result<HistoryPage, Problem> {
        let query = query(filter)?;
        let outcome = self.history_page(caller, account, &query, page, SHOWN).await;
        self.note(account, outcome.as_ref().map(drop)).await;
        let found = outcome?;
        Ok(HistoryPage {
            more: has_more(found.items.len(), found.total, page, SHOWN),
            total: found.total.and_then(|total| u32::try_from(total).ok()),
            items: found.items.iter().map(reads::transaction).collect(),
        })
    }

    /// All of it that fits the filter. `goes_on` is told before each page how many there are and how many there will be, and says whether
    /// anybody still wants them; `None` once nobody does. Where some cease to fit meanwhile, it begins anew. Where Monei asks for patience that is waited out, up to a minute each time, and
    /// `goes_on` is asked meanwhile.
    ///
    /// # Errors
    /// As [`Accesses::history`], and [`ProblemCode::HistoryIncomplete`]; a part is nothing.
    pub async fn whole_history(
        &self,
        caller: &Caller,
        account: &AccountId,
        filter: &HistoryFilter,
        goes_on: impl Fn(usize, Option<u64>) -> bool,
    ) -> Result<Option<Vec<HistoryRow>>, Problem> {
        let query = query(filter)?;
        for _ in 0..PASSES {
            match self.read_through(caller, account, &query, &goes_on).await? {
                Pass::Whole(rows) => return Ok(Some(rows)),
                Pass::Unwanted => return Ok(None),
                Pass::Changed => {}
            }
        }
        // A file that lacks the rest without saying so would be wrong.
        Err(ProblemCode::HistoryIncomplete.into())
    }

    /// Reads every page once.
    async fn read_through(
        &self,
        caller: &Caller,
        account: &AccountId,
        query: &Query,
        goes_on: &impl Fn(usize, Option<u64>) -> bool,
    ) -> Result<Pass, Problem> {
        let (mut rows, mut seen, mut total, mut fetched) = (Vec::new(), HashSet::new(), None, 0_u64);
        let (mut at_first, mut last) = (None, Vec::new());
        for page in 1..=MAX_PAGES {
            let mut waits = 0;
            let found = loop {
                if !goes_on(rows.len(), total) {
                    return Ok(Pass::Unwanted);
                }
                let outcome = self.history_page(caller, account, query, page, FETCHED).await;
                self.note(account, outcome.as_ref().map(drop)).await;
                match outcome {
                    Err(problem) if problem.code == ProblemCode::Busy && waits < WAITS => {
                        waits += 1;
                        if !self.wait_out(account, problem, || goes_on(rows.len(), total)).await? {
                            return Ok(Pass::Unwanted);
                        }
                    }
                    outcome => break outcome?,
                }
            };
            // Also where as many come in later: they don't make up for one that was missed.
            if found.total.zip(total).is_some_and(|(now, before)| now < before) {
                tracing::info!(rows = rows.len(), ?total, now = ?found.total, "the history has shrunk while it was read");
                return Ok(Pass::Changed);
            }
            total = found.total.or(total);
            at_first = at_first.or(total);
            // Monei gave more at once than is read; or it gives this page, whichever is asked for.
            if found.left_out > 0 || (!found.items.is_empty() && found.items == last) {
                break;
            }
            // What comes in meanwhile moves the rest to a later page: what was there already isn't there twice.
            let fresh = |item: &&Transaction| item.id.as_ref().is_none_or(|id| seen.insert(id.clone()));
            rows.extend(found.items.iter().filter(fresh).map(reads::row).collect::<Vec<_>>());
            // Monei may give fewer on a page than it is asked for: without counting, the rest would be left out unnoticed.
            fetched += found.items.len() as u64;
            // Nor does a page that isn't full end a list whose length isn't told.
            if found.items.is_empty() || total.is_some_and(|total| fetched >= total) {
                // What was there when it began, at least, is in the file.
                if at_first.is_some_and(|total| (rows.len() as u64) < total) {
                    tracing::info!(rows = rows.len(), ?at_first, "the history lacks some that were there at first");
                    return Ok(Pass::Changed);
                }
                return Ok(if goes_on(rows.len(), total) { Pass::Whole(rows) } else { Pass::Unwanted });
            }
            last = found.items;
        }
        tracing::warn!(rows = rows.len(), ?total, "the history can't be fetched to its end");
        Err(ProblemCode::HistoryIncomplete.into())
    }

    /// Waits until Monei may be called again for the account; false once nobody wants that any more.
    async fn wait_out(&self, account: &AccountId, busy: Problem, wanted: impl Fn() -> bool) -> Result<bool, Problem> {
        if busy.retry_after_s.is_none_or(|seconds| seconds > LONGEST_WAIT_S) {
            return Err(busy);
        }
        while self.provider.check_backoff(account).is_err() {
            tokio::time::sleep(LOOKS).await;
            if !wanted() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn history_page(
        &self,
        caller: &Caller,
        account: &AccountId,
        query: &Query,
        page: u32,
        limit: u32,
    ) -> Result<Transactions, Problem> {
        let (page, limit) = (page.max(1).to_string(), limit.to_string());
        let mut all: Vec<(&str, &str)> = vec![("page", &page), ("limit", &limit)];
        all.extend(query.iter().map(|(name, value)| (*name, value.as_str())));
        self.transactions(caller, account, &all).await
    }

    /// `GET /transactions`, by whichever of its two paths Monei has.
    pub(super) async fn transactions(&self, caller: &Caller, account: &AccountId, query: &[(&str, &str)]) -> Result<Transactions, Problem> {
        let read = |path| Request { query, ..Request::get(path) };
        let body = match self.call(caller, account, read(Transactions::PATH)).await?.body {
            Some(body) => body,
            // Monei's pages name two paths for it.
            None => self.call(caller, account, read(Transactions::OTHER_PATH)).await?.body.ok_or(ProblemCode::AnswerUnreadable)?,
        };
        Transactions::parse(&body).map_err(unreadable)
    }
}

/// Whether there is a page after this one: by the total where Monei told it, else wherever the page is full.
pub(super) fn has_more(count: usize, total: Option<u64>, page: u32, limit: u32) -> bool {
    let full = count >= limit as usize;
    count > 0 && total.map_or(full, |total| u64::from(page) * u64::from(limit) < total)
}

/// The filter as Monei takes it.
fn query(filter: &HistoryFilter) -> Result<Query, Problem> {
    let invalid = || Problem::from(ProblemCode::InvalidInput);
    let text = |field: &Option<String>| -> Result<Option<String>, Problem> {
        let text = field.as_deref().map(str::trim).filter(|text| !text.is_empty());
        match text {
            Some(text) if text.len() > MAX_TEXT || text.chars().any(char::is_control) => Err(invalid()),
            text => Ok(text.map(str::to_owned)),
        }
    };
    let amount = |field: &Option<String>| -> Result<Option<Decimal>, Problem> {
        let amount = text(field)?.map(|text| text.parse::<Decimal>()).transpose().map_err(|_| invalid())?;
        if amount.is_some_and(|amount| amount.is_sign_negative()) { Err(invalid()) } else { Ok(amount) }
    };
    let (least, most) = (amount(&filter.min_amount)?, amount(&filter.max_amount)?);
    let day = |field: &Option<String>| text(field)?.map(|text| text.parse::<Date>()).transpose().map_err(|_| invalid());
    let (from, to) = (day(&filter.from)?, day(&filter.to)?);
    if from.zip(to).is_some_and(|(from, to)| from > to) || least.zip(most).is_some_and(|(least, most)| least > most) {
        return Err(invalid());
    }
    let (by, order) = match filter.order {
        HistoryOrder::Newest => ("createdAt", "desc"),
        HistoryOrder::Oldest => ("createdAt", "asc"),
        HistoryOrder::Changed => ("updatedAt", "desc"),
        HistoryOrder::Largest => ("amount", "desc"),
        HistoryOrder::Smallest => ("amount", "asc"),
    };
    let word = |text: &'static str| Some(text.to_owned());
    let fields = [
        ("status", filter.status.and_then(|status| word(status.into()))),
        ("type", filter.kind.and_then(|kind| word(kind.into()))),
        ("currency", text(&filter.currency)?.map(|text| text.to_ascii_uppercase())),
        ("minAmount", least.map(|amount| amount.to_string())),
        ("maxAmount", most.map(|amount| amount.to_string())),
        ("narration", text(&filter.narration)?),
        ("reference", text(&filter.reference)?),
        ("fincraReference", text(&filter.fincra_reference)?),
        ("flutterwaveReference", text(&filter.flutterwave_reference)?),
        ("startDate", from.map(|day| day.to_string())),
        ("endDate", to.map(|day| day.to_string())),
        ("sortBy", word(by)),
        ("sortOrder", word(order)),
    ];
    Ok(fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::snapshot::{HistoryKind, HistoryStatus};

    #[test]
    fn every_filter_goes_to_monei_under_its_own_name() {
        let text = |text: &str| Some(text.to_owned());
        let filter = HistoryFilter {
            status: Some(HistoryStatus::Completed),
            kind: Some(HistoryKind::PeerTransfer),
            currency: text("ngn"),
            min_amount: text("10.50"),
            max_amount: text("9007199254740993.1"),
            narration: text(" school & fees "),
            reference: text("TX-1"),
            fincra_reference: text("F"),
            flutterwave_reference: text("W"),
            from: text("2024-02-29"),
            to: text("2024-03-01"),
            order: HistoryOrder::Smallest,
        };
        let told: Vec<String> = query(&filter).unwrap().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            told.join(" "),
            "status=COMPLETED type=PEER-TRANSFER currency=NGN minAmount=10.50 maxAmount=9007199254740993.1 narration=school & fees \
             reference=TX-1 fincraReference=F flutterwaveReference=W startDate=2024-02-29 endDate=2024-03-01 sortBy=amount sortOrder=asc"
        );
    }

    #[test]
    fn a_filter_that_makes_no_sense_is_refused_before_anything_is_sent() {
        let refused = |change: fn(&mut HistoryFilter)| {
            let mut filter = HistoryFilter::default();
            change(&mut filter);
            query(&filter).is_err()
        };
        assert!(query(&HistoryFilter { narration: Some(" ".into()), ..HistoryFilter::default() }).unwrap().len() == 2);
        assert!(refused(|filter| filter.min_amount = Some("1,000".into())));
        assert!(refused(|filter| filter.max_amount = Some("-1".into())));
        assert!(refused(|filter| filter.from = Some("2024-02-30".into())));
        assert!(refused(|filter| (filter.from, filter.to) = (Some("2024-03-01".into()), Some("2024-02-01".into()))));
        // As numbers, not as words.
        assert!(refused(|filter| (filter.min_amount, filter.max_amount) = (Some("1000".into()), Some("99.5".into()))));
        assert!(!refused(|filter| (filter.min_amount, filter.max_amount) = (Some("99.50".into()), Some("1000".into()))));
        assert!(refused(|filter| filter.narration = Some("a\nb".into())));
        assert!(refused(|filter| filter.reference = Some("x".repeat(129))));
    }

    #[test]
    fn without_a_total_a_full_page_has_another_one() {
        assert!(has_more(25, None, 1, 25) && !has_more(24, None, 1, 25));
        assert!(has_more(25, Some(26), 1, 25) && !has_more(25, Some(25), 1, 25));
        // A total that promises more than there is doesn't go on for ever.
        assert!(!has_more(0, Some(1_000), 3, 25));
    }
}
