//! What was granted, looked at: fetched from Monei when somebody looks, each part only with its permission.

use monei::permission::{self, Method};
use monei::read::{KycLimits, KycStatus, Profile, ReadError, Wallet};

use super::{Accesses, Answer, Request, reads};
use crate::ledger::{Identified, Owner};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::{Section, SectionData};
use crate::model::{AccountId, Caller, Denied, GrantId, Identity};

/// How many transactions are shown.
const LATEST: &[(&str, &str)] = &[("page", "1"), ("limit", "10")];

impl Accesses {
    /// Fetches a section, and shows on the account how that went. Without its permission nothing is called.
    ///
    /// # Errors
    /// Why there is nothing to show.
    pub async fn load(&self, caller: &Caller, account: &AccountId, section: Section) -> Result<SectionData, Problem> {
        let outcome = self.fetch(caller, account, section).await;
        self.note(account, outcome.as_ref().map(drop)).await;
        if outcome.is_ok() {
            self.grants.sweep_transactions().await;
        }
        outcome
    }

    async fn fetch(&self, caller: &Caller, account: &AccountId, section: Section) -> Result<SectionData, Problem> {
        match section {
            Section::Profile => Ok(SectionData::Profile(reads::profile(&self.profile(caller, account).await?))),
            Section::Kyc => {
                let status = self.read(caller, account, KycStatus::PATH, KycStatus::parse).await?;
                // The limits have an endpoint of their own, of open shape; without it those of the status are shown.
                let limits = match self.read(caller, account, KycLimits::PATH, KycLimits::parse).await {
                    Ok(limits) => Some(limits),
                    Err(Problem { code: ProblemCode::AnswerUnreadable, .. }) => None,
                    Err(problem) => return Err(problem),
                };
                Ok(SectionData::Kyc(reads::kyc(&status, limits.as_ref())))
            }
            Section::Wallet => Ok(SectionData::Wallet(reads::wallet(&self.wallet(caller, account).await?))),
            Section::Transactions => Ok(SectionData::Transactions(reads::transactions(&self.transactions(caller, account, LATEST).await?))),
        }
    }

    /// Reads the profile. It says whose the grant is, too.
    pub(super) async fn profile(&self, caller: &Caller, account: &AccountId) -> Result<Profile, Problem> {
        self.read_of_owner(caller, account, Profile::PATH, Profile::parse, |profile| Identity {
            user_id: profile.id.clone(),
            name: profile.name(),
            email: profile.email.clone(),
            wallet_id: None,
        })
        .await
    }

    /// Reads the wallet. It says whose the grant is, too.
    pub(super) async fn wallet(&self, caller: &Caller, account: &AccountId) -> Result<Wallet, Problem> {
        let whose = |wallet: &Wallet| Identity { wallet_id: wallet.id().map(str::to_owned), ..Identity::default() };
        self.read_of_owner(caller, account, Wallet::PATH, Wallet::parse, whose).await
    }

    /// Reads what says whose the grant is, until an answer is the account's own. A grant of somebody else's is set apart, and what it read
    /// is shown to nobody.
    async fn read_of_owner<T>(
        &self,
        caller: &Caller,
        account: &AccountId,
        path: &str,
        parse: impl Fn(&[u8]) -> Result<T, ReadError>,
        whose: impl Fn(&T) -> Identity,
    ) -> Result<T, Problem> {
        loop {
            let answer = match self.call(caller, account, Request::get(path)).await {
                Ok(answer) => answer,
                Err(problem) => return Err(problem),
            };
            let read = parse(&answer.body.ok_or(ProblemCode::AnswerUnreadable)?).map_err(unreadable)?;
            let who = whose(&read);
            if self.says_nothing_new(account, answer.lease.grant(), &who) {
                return Ok(read);
            }
            let identified = Identified { grant: answer.lease.grant().clone(), who };
            match self.ledger.apply(identified).await {
                Ok(Owner::Same) => return Ok(read),
                // Each turn takes a grant out of the account, so this ends.
                Ok(Owner::SomebodyElse) => {
                    tracing::warn!("a grant turned out to be somebody else's");
                    self.grants.leave_account(answer.lease.grant()).await;
                }
                Ok(Owner::Gone) => return Err(ProblemCode::NoSuchAccount.into()),
                Err(problem) if !self.is_known_to_be(account, &whose(&read)) => return Err(problem),
                // What was fetched is the account's own, though it can't be written down that it was.
                Err(_) => return Ok(read),
            }
        }
    }

    /// Whether the ledger has all of `who` already, of the account and of the grant.
    fn says_nothing_new(&self, account: &AccountId, grant: &GrantId, who: &Identity) -> bool {
        let known = self.ledger.known();
        let Some(known) = known.iter().find(|known| known.row.id == *account) else { return false };
        let Some(grant) = known.grants.iter().find(|row| row.id == *grant) else { return false };
        let ids = Identity { name: None, email: None, ..who.clone() };
        who.clone().or(known.row.who.clone()) == known.row.who && ids.or(grant.owner.clone()) == grant.owner
    }

    /// Whether the account is `who`'s, by what was last read of the ledger.
    fn is_known_to_be(&self, account: &AccountId, who: &Identity) -> bool {
        let known = self.ledger.known();
        known.iter().any(|known| known.row.id == *account && who.is_same_as(&known.row.who) != Some(false))
    }

    pub(super) async fn read<T>(
        &self,
        caller: &Caller,
        account: &AccountId,
        path: &str,
        parse: impl Fn(&[u8]) -> Result<T, ReadError>,
    ) -> Result<T, Problem> {
        let answer = self.call(caller, account, Request::get(path)).await?;
        parse(&answer.body.ok_or(ProblemCode::AnswerUnreadable)?).map_err(unreadable)
    }

    pub(super) async fn call(&self, caller: &Caller, account: &AccountId, request: Request<'_>) -> Result<Answer, Problem> {
        let (permission, _) = permission::find(Method::Get, request.path).ok_or(Denied::NotListed)?;
        self.access(caller, account, permission).await?.call(request).await
    }
}

pub(super) fn unreadable(_: ReadError) -> Problem {
    ProblemCode::AnswerUnreadable.into()
}
