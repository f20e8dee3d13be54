//! What the ledger keeps besides accounts and history: the person's choices, what they agreed to, and what is under way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::Ledger;
use super::error::IndexError;
use super::index::Lasts;
use super::rows::{OpenTransactionRow, SetApartRow};
use super::stored::{StoredAgreed, StoredMoment};
use super::tables::Tables;
use crate::clock::Moment;
use crate::model::operator::Agreed;
use crate::model::problem::Problem;
use crate::model::proof::random_text;
use crate::model::{AppId, Channel, GrantId};

const ADDRESS: &str = "backend_address";
const AGREED: &str = "backend_confirmed";
const CHANNEL: &str = "channel";
pub(super) const API_PORT: &str = "api_port";
/// `off`, or nothing.
const API: &str = "api";
/// Written and removed, to see whether the disk has room.
const DISK: &str = "room";
/// Bytes that a new account takes in the index, and some to spare.
const ROOM: usize = 16 * 1024;
/// Lists the grants that are in the keychain and in no account.
const ORPHANS: &str = "unassigned_grants";
/// Lists the transactions whose answers are being redeemed.
const ANSWERED: &str = "answered_transactions";
/// Lists the ids of the apps that are the command line itself.
const OWN_APPS: &str = "own_apps";

/// A refresh that was sent and not answered: asked again under the same key, Monei is never called twice for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// The idempotency key.
    pub key: String,
    /// The rotation that it replaces.
    pub generation: u64,
    /// Whether an earlier key of the same rotation had no answer either: Monei may have rotated by that one, and nobody can learn it.
    #[serde(default)]
    pub after_another: bool,
    /// When it was first sent.
    #[serde(flatten)]
    pub since: StoredMoment,
}

impl Unanswered {
    /// Reads a stored text. `None` also where the key in it can't be one.
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|read: &Self| read.key.is_ascii())
    }
}

/// A transaction whose answers are being redeemed, or were when a process ended: tokens may have been given for them that nobody has stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The transaction's hash, as in [`OpenTransactionRow`].
    pub hash: String,
    /// For how long from `since` the answers are worth being offered, in seconds.
    pub good_for_s: u64,
    /// Whether nobody wants what they give: it is to be taken back.
    #[serde(default)]
    pub unwanted: bool,
    /// The grant that was listed for the tokens, which the keychain may have or not.
    #[serde(default)]
    pub grant: Option<String>,
    /// When the latest answer came.
    #[serde(flatten)]
    pub since: StoredMoment,
}

/// Name of the setting that keeps an unanswered refresh.
fn unanswered_name(grant: &str) -> String {
    format!("refresh:{grant}")
}

/// Name of the setting that says that Monei has ended a grant whose removal isn't through.
fn ended_name(grant: &str) -> String {
    format!("ended:{grant}")
}

impl Tables<'_> {
    /// What was agreed to, by origin.
    pub(super) fn agreements(&self) -> Result<BTreeMap<String, Agreed>, IndexError> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Stored {
            ByOrigin(BTreeMap<String, StoredAgreed>),
            OriginsOnly(Vec<String>),
        }
        let stored = self.setting(AGREED)?.and_then(|text| serde_json::from_str(&text).ok());
        Ok(match stored {
            Some(Stored::ByOrigin(agreements)) => agreements.into_iter().map(|(origin, agreed)| (origin, agreed.into())).collect(),
            Some(Stored::OriginsOnly(origins)) => origins.into_iter().map(|origin| (origin, Agreed(None))).collect(),
            None => BTreeMap::new(),
        })
    }

    pub(super) fn put_agreements(&self, all: &BTreeMap<String, Agreed>) -> Result<(), IndexError> {
        let all: BTreeMap<&String, StoredAgreed> = all.iter().map(|(origin, agreed)| (origin, agreed.into())).collect();
        self.set_setting(AGREED, &serde_json::to_string(&all).unwrap_or_default())
    }

    /// Stores how the browser's answer comes back first.
    pub(super) fn set_channel(&self, channel: Channel) -> Result<(), IndexError> {
        self.set_setting(CHANNEL, channel.into())
    }

    /// The grants in no account.
    pub(super) fn orphans(&self) -> Result<Vec<GrantId>, IndexError> {
        let list: Vec<String> = self.setting(ORPHANS)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(list.into_iter().map(GrantId::from).collect())
    }

    pub(super) fn note_orphan(&self, grant: &str) -> Result<(), IndexError> {
        let mut list = self.orphans()?;
        if !list.iter().any(|listed| **listed == *grant) {
            list.push(grant.into());
        }
        self.put_orphans(&list)
    }

    pub(super) fn forget_orphan(&self, grant: &str) -> Result<(), IndexError> {
        let mut list = self.orphans()?;
        list.retain(|listed| **listed != *grant);
        self.forget_ended(grant)?;
        self.put_orphans(&list)
    }

    fn put_orphans(&self, list: &[GrantId]) -> Result<(), IndexError> {
        let list: Vec<&str> = list.iter().map(|id| &**id).collect();
        self.set_setting(ORPHANS, &serde_json::to_string(&list).unwrap_or_default())
    }

    /// The transactions whose answers are being redeemed.
    pub(super) fn answered(&self) -> Result<Vec<Answered>, IndexError> {
        Ok(self.setting(ANSWERED)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    fn put_answered(&self, list: &[Answered]) -> Result<(), IndexError> {
        match list {
            [] => self.remove_setting(ANSWERED),
            list => self.set_setting(ANSWERED, &serde_json::to_string(list).unwrap_or_default()),
        }
    }

    /// Changes what is listed of the transaction, or of all. Where none is listed nothing is written.
    fn change_answered(&self, hash: Option<&str>, change: impl Fn(&mut Answered)) -> Result<(), IndexError> {
        let mut list = self.answered()?;
        let before = list.clone();
        list.iter_mut().filter(|listed| hash.is_none_or(|hash| listed.hash == hash)).for_each(change);
        if list == before { Ok(()) } else { self.put_answered(&list) }
    }

    /// Takes a transaction off that list.
    pub(super) fn remove_answered(&self, hash: &str) -> Result<(), IndexError> {
        let mut list = self.answered()?;
        let count = list.len();
        list.retain(|listed| listed.hash != hash);
        if list.len() == count { Ok(()) } else { self.put_answered(&list) }
    }

    /// The apps that are the command line itself, also those that aren't allowed any more.
    pub(super) fn own_apps(&self) -> Result<Vec<AppId>, IndexError> {
        let list: Vec<String> = self.setting(OWN_APPS)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(list.into_iter().map(AppId::from).collect())
    }

    /// Lists an app as the command line itself; those that were taken back leave the list.
    pub(super) fn note_own_app(&self, app: &AppId) -> Result<(), IndexError> {
        let mut list = vec![app.clone()];
        for listed in self.own_apps()? {
            if self.app(&listed)?.is_some_and(|row| row.taken_back_at.is_none()) {
                list.push(listed);
            }
        }
        let list: Vec<&str> = list.iter().map(|id| &**id).collect();
        self.set_setting(OWN_APPS, &serde_json::to_string(&list).unwrap_or_default())
    }

    pub(super) fn forget_unanswered(&self, grant: &str) -> Result<(), IndexError> {
        self.remove_setting(&unanswered_name(grant))
    }

    pub(super) fn forget_ended(&self, grant: &str) -> Result<(), IndexError> {
        self.remove_setting(&ended_name(grant))
    }
}

#[allow(clippy::missing_errors_doc, reason = "each fails with IndexUnavailable only")]
impl Ledger {
    /// The backend's address that the person entered.
    pub async fn backend_address(&self) -> Result<Option<String>, Problem> {
        self.read(|tables| tables.setting(ADDRESS)).await
    }

    /// Stores the backend's address. Gives what was agreed to of it.
    pub async fn set_backend_address(&self, address: &Url) -> Result<Option<Agreed>, Problem> {
        let (text, origin) = (address.to_string(), address.origin().ascii_serialization());
        self.write(move |tables| {
            tables.set_setting(ADDRESS, &text)?;
            Ok(tables.agreements()?.remove(&origin))
        })
        .await
    }

    /// What was agreed to of the backend at `origin`.
    pub async fn agreed(&self, origin: String) -> Result<Option<Agreed>, Problem> {
        self.read(move |tables| Ok(tables.agreements()?.remove(&origin))).await
    }

    /// How the browser's answer comes back first.
    pub async fn channel(&self) -> Result<Channel, Problem> {
        let stored = self.read(|tables| tables.setting(CHANNEL)).await?;
        Ok(stored.and_then(|text| text.parse().ok()).unwrap_or_default())
    }

    /// The TCP port of the local API.
    pub async fn api_port(&self) -> Result<Option<u16>, Problem> {
        let stored = self.read(|tables| tables.setting(API_PORT)).await?;
        Ok(stored.and_then(|port| port.parse().ok()))
    }

    /// Keeps that.
    pub async fn set_api_port(&self, port: u16) -> Result<(), Problem> {
        self.change(Lasts::OverAPowerCut, move |tables| tables.set_setting(API_PORT, &port.to_string())).await
    }

    /// Whether the person wants the local API.
    pub async fn is_api_wanted(&self) -> Result<bool, Problem> {
        Ok(self.read(|tables| tables.setting(API)).await?.is_none())
    }

    /// Keeps that.
    pub async fn set_api_wanted(&self, wanted: bool) -> Result<(), Problem> {
        self.change(Lasts::OverAPowerCut, move |tables| if wanted { tables.remove_setting(API) } else { tables.set_setting(API, "off") })
            .await
    }

    /// Writes to the index and takes it back: a full disk is found out before an approval is.
    pub async fn check_disk(&self) -> Result<(), Problem> {
        let padding = "x".repeat(ROOM);
        self.write(move |tables| tables.set_setting(DISK, &padding)).await?;
        self.write(|tables| tables.remove_setting(DISK)).await
    }

    /// The grants that are in the keychain and in no account.
    pub async fn orphans(&self) -> Result<Vec<GrantId>, Problem> {
        self.read(|tables| tables.orphans()).await
    }

    /// Lists a grant as in no account, to be taken back: nobody is asked about it any more.
    pub async fn note_orphan(&self, grant: GrantId) -> Result<(), Problem> {
        self.write(move |tables| {
            tables.note_orphan(&grant)?;
            tables.remove_set_apart(&grant)
        })
        .await
    }

    /// The same for the grant that came of a listed transaction, which is over with it. `of_all_answers`: no other answer of it is being
    /// redeemed, so where its answers are listed they are the grant's. Else what the others give is to be taken back.
    pub async fn note_redeemed(&self, grant: GrantId, transaction: String, of_all_answers: bool) -> Result<(), Problem> {
        self.write(move |tables| {
            tables.note_orphan(&grant)?;
            tables.change_answered(Some(&transaction), |listed| match of_all_answers {
                true => listed.grant = Some(grant.to_string()),
                false => listed.unwanted = true,
            })?;
            tables.end_open_transactions(Some(&transaction))
        })
        .await
    }

    /// Takes a grant off that list, and off the one of grants that are another person's.
    pub async fn forget_orphan(&self, grant: GrantId) -> Result<(), Problem> {
        self.write(move |tables| {
            tables.forget_orphan(&grant)?;
            tables.remove_set_apart(&grant)
        })
        .await
    }

    /// Whether the grant is still in no account. One that has got its account, with only the note left, is taken off the list.
    pub async fn is_orphan(&self, grant: GrantId) -> Result<bool, Problem> {
        self.write(move |tables| {
            if tables.grants()?.iter().any(|row| row.id == grant) {
                tables.forget_orphan(&grant)?;
            }
            Ok(tables.orphans()?.contains(&grant))
        })
        .await
    }

    /// The grants that turned out to be another person's, and about which nobody has decided yet.
    pub async fn set_apart(&self) -> Result<Vec<SetApartRow>, Problem> {
        self.read(|tables| tables.set_apart()).await
    }

    /// The key of a refresh of this rotation that has had no answer and is younger than `longest_ms`, or a new one. It is on disk when this
    /// returns. Also whether it is the rotation's first one, under which nothing was sent yet.
    pub async fn refresh_key(&self, grant: GrantId, generation: u64, longest_ms: i64) -> Result<(String, bool), Problem> {
        let now = Moment::now(self.inner.clock.as_ref());
        self.write(move |tables| {
            let name = unanswered_name(&grant);
            let stored = tables.setting(&name)?;
            let earlier = stored.as_deref().and_then(Unanswered::read);
            // Where only the wall clock tells, one set back makes it look younger: the same key is never wrong, only perhaps of no use.
            let same = |earlier: &Unanswered| earlier.generation == generation && earlier.since.age_ms(&now) < longest_ms;
            // One that can't be read may be of this rotation.
            let after_another = stored.is_some() && earlier.as_ref().is_none_or(|earlier| earlier.generation == generation);
            if let Some(earlier) = earlier.filter(same) {
                return Ok((earlier.key, false));
            }
            let fresh = Unanswered { key: random_text::<24>(), generation, after_another, since: now.into() };
            tables.set_setting(&name, &serde_json::to_string(&fresh).unwrap_or_default())?;
            Ok((fresh.key, !after_another))
        })
        .await
    }

    /// Forgets a key under which nothing was sent.
    pub async fn forget_refresh_key(&self, grant: GrantId, key: String) -> Result<(), Problem> {
        self.write(move |tables| {
            let stored = tables.setting(&unanswered_name(&grant))?.and_then(|text| Unanswered::read(&text));
            if stored.is_some_and(|stored| stored.key == key) {
                tables.forget_unanswered(&grant)?;
            }
            Ok(())
        })
        .await
    }

    /// The refresh of this rotation that was sent and has had no answer.
    pub async fn unanswered(&self, grant: GrantId, generation: u64) -> Result<Option<Unanswered>, Problem> {
        self.read(move |tables| {
            let stored = tables.setting(&unanswered_name(&grant))?.and_then(|text| Unanswered::read(&text));
            Ok(stored.filter(|sent| sent.generation == generation))
        })
        .await
    }

    /// Remembers that Monei has ended a grant whose removal isn't through.
    pub async fn note_ended(&self, grant: GrantId) -> Result<(), Problem> {
        self.write(move |tables| tables.set_setting(&ended_name(&grant), "")).await
    }

    /// Whether that was remembered.
    pub async fn has_ended(&self, grant: GrantId) -> Result<bool, Problem> {
        self.read(move |tables| Ok(tables.setting(&ended_name(&grant))?.is_some())).await
    }

    /// The transactions that a link can finish.
    pub async fn open_transactions(&self) -> Result<Vec<OpenTransactionRow>, Problem> {
        self.read(|tables| tables.open_transactions()).await
    }

    /// Lists a transaction as the one that is open; earlier ones are over.
    pub async fn put_open_transaction(&self, row: OpenTransactionRow) -> Result<(), Problem> {
        self.write(move |tables| {
            tables.end_open_transactions(None)?;
            tables.change_answered(None, |listed| listed.unwanted = true)?;
            tables.put_open_transaction(&row)
        })
        .await
    }

    /// Notes that a listed transaction is over. What its answers still give is to be taken back.
    pub async fn end_open_transaction(&self, hash: String) -> Result<(), Problem> {
        self.write(move |tables| {
            tables.change_answered(Some(&hash), |listed| listed.unwanted = true)?;
            tables.end_open_transactions(Some(&hash))
        })
        .await
    }

    /// The transactions whose answers are being redeemed, here or in another process, or were when a process ended.
    pub async fn answered(&self) -> Result<Vec<Answered>, Problem> {
        self.read(|tables| tables.answered()).await
    }

    /// Lists a transaction that is over, so that its entry in the keychain is removed, unless it is listed already.
    pub async fn list_transaction(&self, hash: String) -> Result<(), Problem> {
        self.write(move |tables| tables.list_transaction(&hash)).await
    }

    /// Lists a transaction whose answer is about to be redeemed, which is good for so long from now. What is listed of it stays.
    pub async fn put_answered(&self, hash: String, good_for_s: u64) -> Result<(), Problem> {
        let since = StoredMoment::from(Moment::now(self.inner.clock.as_ref()));
        self.write(move |tables| {
            let mut list = tables.answered()?;
            match list.iter_mut().find(|listed| listed.hash == hash) {
                Some(listed) => (listed.since, listed.good_for_s) = (since, good_for_s),
                None => list.push(Answered { hash, good_for_s, unwanted: false, grant: None, since }),
            }
            tables.put_answered(&list)
        })
        .await
    }

    /// The backend takes the answers of a listed transaction for so long from now, if that is longer than was known.
    pub async fn put_off_answered(&self, hash: String, for_s: u64) -> Result<(), Problem> {
        let now = Moment::now(self.inner.clock.as_ref());
        self.write(move |tables| {
            tables.change_answered(Some(&hash), |listed| {
                let age_s = u64::try_from(listed.since.age_ms(&now) / 1000).unwrap_or(0);
                listed.good_for_s = listed.good_for_s.max(age_s.saturating_add(for_s));
            })
        })
        .await
    }

    /// Takes a transaction off that list: its tokens are stored, or there are none.
    pub async fn remove_answered(&self, hash: String) -> Result<(), Problem> {
        self.write(move |tables| tables.remove_answered(&hash)).await
    }

    /// Takes transactions off the list.
    pub async fn remove_open_transactions(&self, hashes: Vec<String>) -> Result<(), Problem> {
        self.write(move |tables| hashes.iter().try_for_each(|hash| tables.remove_open_transaction(hash))).await
    }
}
