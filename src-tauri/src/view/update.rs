//! What the window says of new versions.

use super::convert::{Convert, mirror};
use super::model;

mirror! {
    out;
    /// What is known of new versions, and what is being done about it.
    pub struct UpdateView = UpdateStatus {
        /// How new versions come here.
        pub way: UpdateWay,
        /// The program looks once a day by itself.
        pub daily: bool,
        /// When it last asked.
        pub looked_at: Option<i64>,
        /// What is known.
        pub state: UpdateState,
    }
}

mirror! {
    out;
    /// How new versions come to this copy of the program.
    #[serde(rename_all = "snake_case")]
    pub enum UpdateWay = UpdateWay {
        /// The program fetches them, when the person wants it.
        Own,
        /// The system's package manager brings them.
        System,
        /// It was unpacked or built by hand.
        Elsewhere,
        /// Whoever made the package set no address for updates.
        NotSet,
    }
}

mirror! {
    out;
    /// A version that is newer than this one.
    pub struct UpdateOffer = UpdateOffer {
        /// Its number.
        pub version: String,
        /// What changed: plain text of the publisher's.
        pub notes: String,
        /// Size of the package, in bytes.
        pub size: u64,
    }
}

mirror! {
    out;
    /// Why there is no new version. Nothing was replaced.
    #[serde(rename_all = "snake_case")]
    pub enum UpdateFailure = UpdateFailure {
        /// The server can't be reached.
        Unreachable,
        /// It doesn't answer as an update server does.
        Unusable,
        /// A signature is missing or isn't the publisher's, or the package isn't what was signed.
        NotGenuine,
        /// The download broke off.
        Incomplete,
        /// There is no package for this system.
        NoPackage,
        /// The disk is full.
        NoRoom,
        /// The program's file isn't the person's own.
        NotWritable,
        /// The program's file was moved or replaced.
        Moved,
        /// The installer can't be started.
        NotStarted,
    }
}

mirror! {
    out;
    /// What is known of new versions.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum UpdateState = UpdateState {
        /// Nobody has looked in this run.
        Idle,
        /// The server is being asked.
        Looking,
        /// Nothing newer is there.
        Current,
        /// A newer version is there.
        Available {
            /// Which.
            offer: UpdateOffer,
        },
        /// It is being fetched.
        Downloading {
            /// Which.
            offer: UpdateOffer,
            /// How much of it is here, in bytes.
            fetched: u64,
        },
        /// It is in place, and used from the next start on.
        Installed {
            /// Its number.
            version: String,
        },
        /// Its installer was started; the program ends for it.
        Started {
            /// Its number.
            version: String,
        },
        /// It didn't work.
        Failed {
            /// Why.
            failure: UpdateFailure,
            /// What was to be installed, if anything.
            offer: Option<UpdateOffer>,
        },
    }
}
