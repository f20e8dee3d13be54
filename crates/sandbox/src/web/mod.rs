//! What the pages and both APIs share: the door, bodies, errors, the frame of a page.

pub(crate) mod body;
pub(crate) mod entry;
pub(crate) mod nest;
pub(crate) mod page;
pub(crate) mod style;
