//! What is left of the address of a webhook.

use url::Url;

use super::stand_in::is_merge_tags;
use super::{PLACEHOLDER, addresses, forms};
use crate::domain::{OverBudget, Work};

/// Returns scheme and host of an absolute http or https URL, without the part of the host that is the credential. Returns
/// `None` for any other text. Fails if the time is over.
pub(super) fn scheme_and_host(text: &str, work: &Work) -> Result<Option<String>, OverBudget> {
    let text = text.trim();
    let Ok(url) = Url::parse(text) else { return Ok(scheme_and_tag(text)) };
    match url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")) {
        Some(host) => Ok(Some(format!("{}://{}", url.scheme(), public_host(host, work)?))),
        None => Ok(None),
    }
}

/// The same of an address with a merge tag in the place of a host, or of what was left before.
fn scheme_and_tag(text: &str) -> Option<String> {
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

/// The name of a host without the part that is a credential itself. Nobody limits how long a host in a setup is.
fn public_host(host: &str, work: &Work) -> Result<String, OverBudget> {
    let mut found = Vec::new();
    let address = format!("https://{host}");
    forms::find(&address, &mut found, work)?;
    let label = host.split('.').next().unwrap_or_default();
    let is_label = |range: &std::ops::Range<usize>| address.get(range.clone()) == Some(label);
    Ok(match found.iter().any(is_label) && addresses::is_made_label(label) {
        true => format!("{PLACEHOLDER}{}", &host[label.len()..]),
        false => host.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_of_a_host_is_counted_and_stops_with_the_time() {
        let address = |labels: usize| format!("https://{}example", "abc1.".repeat(labels));
        let effort = |labels: usize| {
            let work = Work::unlimited();
            let left = scheme_and_host(&address(labels), &work).unwrap();
            assert_eq!(left.as_deref(), Some(&*address(labels)));
            work.done()
        };
        // A host of one MB: several rules read all of it.
        let (once, twice) = (effort(100_000), effort(200_000));
        assert!(once > 5 * 500_000 && twice > 5 * 1_000_000, "{once}, then {twice}");
        assert!(twice <= 2 * once, "{once}, then {twice}");
        assert_eq!(scheme_and_host(&address(200_000), &Work::until(|| true)), Err(OverBudget));
    }
}
