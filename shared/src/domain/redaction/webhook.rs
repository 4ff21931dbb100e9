//! What is left of the address of a webhook.

use url::Url;

use super::stand_in::is_merge_tags;
use super::{PLACEHOLDER, addresses, forms};
use crate::domain::Work;

/// Returns scheme and host of an absolute http or https URL, without the part of the host that is the credential. Returns
/// `None` for any other text.
pub(super) fn scheme_and_host(text: &str) -> Option<String> {
    let text = text.trim();
    if let Ok(url) = Url::parse(text) {
        let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https"))?;
        return Some(format!("{}://{}", url.scheme(), public_host(host)));
    }
    // A merge tag in the place of a host, or what was left before.
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let authority = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let host = authority.strip_prefix(PLACEHOLDER).unwrap_or(authority);
    let is_known = authority.len() > host.len() && host.starts_with('.') && !host.contains([' ', '[']);
    (matches!(scheme.as_str(), "http" | "https") && (is_known || is_templated(authority)))
        .then(|| format!("{scheme}://{authority}"))
}

/// Whether a host has a merge tag in it: the tag alone, or before or between names.
fn is_templated(authority: &str) -> bool {
    authority.split('.').any(is_merge_tags) || is_merge_tags(authority)
}

/// The name of a host without the part that is a credential itself.
fn public_host(host: &str) -> String {
    let mut found = Vec::new();
    let address = format!("https://{host}");
    // A host is short, so the time cannot be over.
    if forms::find(&address, &mut found, &Work::unlimited()).is_err() {
        return PLACEHOLDER.to_owned();
    }
    let label = host.split('.').next().unwrap_or_default();
    let is_label = |range: &std::ops::Range<usize>| address.get(range.clone()) == Some(label);
    match found.iter().any(is_label) && addresses::is_made_label(label) {
        true => format!("{PLACEHOLDER}{}", &host[label.len()..]),
        false => host.to_owned(),
    }
}
