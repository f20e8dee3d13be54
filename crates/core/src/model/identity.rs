//! Who approved, as far as Monei tells, and how two such answers compare.

/// What Monei tells of a token's owner. Each part depends on a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Monei's user id (`profile:read`).
    pub user_id: Option<String>,
    /// Id of the naira wallet (`wallet:read`).
    pub wallet_id: Option<String>,
    /// Name (`profile:read`).
    pub name: Option<String>,
    /// Email (`profile:read`).
    pub email: Option<String>,
}

impl Identity {
    /// Whether both are one person: the user ids decide, and where one of those isn't known the wallets do. `None` where nothing can be
    /// compared.
    pub fn is_same_as(&self, other: &Identity) -> Option<bool> {
        let compare = |a: &Option<String>, b: &Option<String>| Some(a.as_ref()? == b.as_ref()?);
        compare(&self.user_id, &other.user_id).or_else(|| compare(&self.wallet_id, &other.wallet_id))
    }

    /// What a person calls them.
    pub fn display_name(&self) -> Option<String> {
        self.name.clone().or_else(|| self.email.clone())
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// What is known of an account's owner, who is this one, once a grant in it has told `who`. A name that comes without a user id is no name
    /// of a user who is known by theirs.
    pub fn learn(self, who: Identity) -> Identity {
        if who.user_id.is_none() && self.user_id.is_some() {
            return Identity { wallet_id: who.wallet_id.or(self.wallet_id), ..self };
        }
        who.or(self)
    }

    /// What is left once a grant was another person's: the wallet that only this grant told goes with it.
    pub fn without(self, grant: &Identity, others: &[&Identity]) -> Identity {
        let told = |other: &&Identity| other.wallet_id == self.wallet_id;
        if self.wallet_id.is_some() && grant.wallet_id == self.wallet_id && !others.iter().any(told) {
            return Identity { wallet_id: None, ..self };
        }
        self
    }

    /// What is known of either; of this one where both know.
    pub fn or(self, other: Identity) -> Identity {
        Identity {
            user_id: self.user_id.or(other.user_id),
            wallet_id: self.wallet_id.or(other.wallet_id),
            name: self.name.or(other.name),
            email: self.email.or(other.email),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(user: Option<&str>, wallet: Option<&str>) -> Identity {
        Identity { user_id: user.map(Into::into), wallet_id: wallet.map(Into::into), ..Identity::default() }
    }

    #[test]
    fn what_is_learnt_of_an_owner_and_what_goes_with_another_persons_grant() {
        let ada = Identity { name: Some("Ada".into()), ..who(Some("u"), None) };
        let nameless = Identity { name: Some("Tunde".into()), ..who(None, Some("w")) };
        let learnt = ada.clone().learn(nameless.clone());
        assert_eq!((learnt.name.as_deref(), learnt.wallet_id.as_deref()), (Some("Ada"), Some("w")));
        assert_eq!(who(None, Some("w")).learn(ada.clone()), Identity { wallet_id: Some("w".into()), ..ada.clone() });
        assert_eq!(learnt.clone().without(&nameless, &[]), ada);
        assert_eq!(learnt.clone().without(&nameless, &[&who(None, Some("w"))]), learnt);
        assert_eq!(learnt.clone().without(&who(Some("v"), Some("x")), &[]), learnt);
        assert_eq!(ada.clone().without(&who(Some("v"), None), &[]), ada);
    }

    #[test]
    fn user_ids_decide_and_else_the_wallets() {
        assert_eq!(who(Some("u"), Some("w")).is_same_as(&who(Some("u"), Some("x"))), Some(true));
        assert_eq!(who(Some("u"), Some("w")).is_same_as(&who(Some("v"), Some("w"))), Some(false));
        assert_eq!(who(Some("u"), Some("w")).is_same_as(&who(None, Some("w"))), Some(true));
        assert_eq!(who(None, Some("w")).is_same_as(&who(Some("u"), Some("x"))), Some(false));
        assert_eq!(who(Some("u"), None).is_same_as(&who(None, Some("w"))), None);
        assert_eq!(Identity::default().is_same_as(&who(Some("u"), Some("w"))), None);
    }
}
