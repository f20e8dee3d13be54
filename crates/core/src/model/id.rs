//! Ids, a type for each kind, so that one can't be taken for another. They are opaque, and shown to nobody.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

macro_rules! id {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $(#[doc = $doc])+
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:.4}…)", stringify!($name), self.0)
            }
        }
    };
}

id! {
    /// A connected account.
    AccountId
}

id! {
    /// A grant; also the name of its entry in the keychain.
    GrantId
}

id! {
    /// Another program of the person that may use a connection.
    AppId
}

id! {
    /// One run through the browser: the first 22 characters of its challenge, which links name it by.
    TransactionId
}
