//! What the pages call the kinds of faults, and the methods that a fault can be narrowed to: the value of each choice and its text.

/// Kinds of faults.
pub(super) const FAULTS: [(&str, &str); 7] = [
    ("status", "Answered with an error status"),
    ("drop_before", "Dropped before it is processed"),
    ("drop_after", "Processed, and the answer is lost"),
    ("delay", "Answered late"),
    ("wrong_content_type", "Answered as HTML"),
    ("huge_body", "Answered with 10 MiB"),
    ("redirect", "Redirected"),
];

/// Methods of calls.
pub(super) const METHODS: [(&str, &str); 6] =
    [("", "Any"), ("GET", "GET"), ("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH"), ("DELETE", "DELETE")];
