//! Path templates: which paths one stands for, and how a path is built from it.

/// Longest value of a parameter, in bytes.
const LONGEST: usize = 128;

pub(super) fn matches(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if fits(wanted, given) => {}
            _ => return false,
        }
    }
}

pub(super) fn fill(template: &str, parameters: &[&str]) -> Option<String> {
    let mut left = parameters.iter();
    let mut segments = Vec::new();
    for segment in template.split('/') {
        segments.push(if segment.starts_with(':') { *left.next().filter(|value| is_parameter(value))? } else { segment });
    }
    left.next().is_none().then(|| segments.join("/"))
}

fn fits(wanted: &str, given: &str) -> bool {
    if wanted.starts_with(':') { is_parameter(given) } else { wanted == given }
}

/// Whether `value` may stand for a parameter. It can't lead to another endpoint: no slash, no percent sign, no dots alone.
fn is_parameter(value: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.' | b'-');
    (1..=LONGEST).contains(&value.len()) && value != "." && value != ".." && value.bytes().all(allowed)
}
