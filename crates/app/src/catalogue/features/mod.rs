//! What a person reads of each permission.

mod english;
mod french;

use connect_core::snapshot::Language;
use monei::Scope;
use monei::permission::Group;

use super::{FeatureWords, GroupWords};

/// The words of the feature that needs `scope`; `None` for a scope that this version doesn't know.
pub const fn words(language: Language, scope: &Scope) -> Option<FeatureWords> {
    match language {
        Language::English => english::words(scope),
        Language::French => french::words(scope),
    }
}

/// The words of a group of features.
pub const fn group(language: Language, group: Group) -> GroupWords {
    match language {
        Language::English => english::group(group),
        Language::French => french::group(group),
    }
}
