//! Which network a request comes from, and the mark under which it is stored.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use crate::domain::{Network, NetworkMark, parse_address};

/// How many proxies in front of the API add the address of their client to `X-Forwarded-For`: none where the API answers the
/// public itself, one behind CloudFront. A client that reaches the API past these proxies chooses the address that counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrustedHops(u8);

impl TrustedHops {
    /// The most that make sense.
    pub const MAX: u8 = 8;

    /// So many; `None` above [`Self::MAX`].
    pub fn new(hops: u8) -> Option<Self> {
        (hops <= Self::MAX).then_some(Self(hops))
    }

    /// The network of the client.
    pub fn network_of(self, request: &Request) -> Network {
        let source = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref().unwrap_or_default(),
            _ => "",
        };
        let forwarded = request.headers().get_all("x-forwarded-for").iter();
        let forwarded: Vec<_> = forwarded.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        Network::of(self.client(source, &forwarded.join(",")))
    }

    /// Returns the address of the client. `source` is the address that connected to the gateway, which also appends it to
    /// `forwarded`. Before it stand the addresses that connected to the trusted proxies, one for each. Anybody can write
    /// what stands before these. A list that is too short did not come through the proxies; then `source` counts.
    fn client<'a>(self, source: &'a str, forwarded: &'a str) -> &'a str {
        let Some(before) = usize::from(self.0).checked_sub(1) else { return source };
        let mut added = forwarded.rsplit(',').map(str::trim).peekable();
        let source_address = parse_address(source);
        added.next_if(|text| source_address.is_some() && parse_address(text) == source_address);
        added.nth(before).filter(|client| !(client.is_empty() && forwarded.trim().is_empty())).unwrap_or(source)
    }
}

/// Makes the marks under which networks are stored. The marks of one network differ from address to address.
#[derive(Clone)]
pub struct NetworkMarks(hmac::Key);

/// What the key is derived for: one step of HKDF-Expand (RFC 5869, section 2.3), whose output is one block.
const PURPOSE: &[u8] = b"user snapshots: networks of sign-ins\x01";

impl NetworkMarks {
    /// Derives the key from the secret that tokens are signed with; so there is no second secret to keep. Another signing key
    /// makes other marks, and every network is new.
    pub(super) fn derive(secret: &[u8]) -> Self {
        let derived = hmac::sign(&hmac::Key::new(HMAC_SHA256, secret), PURPOSE);
        Self(hmac::Key::new(HMAC_SHA256, derived.as_ref()))
    }

    /// The mark of `network` for an address, or for the ids of an invited user.
    pub fn mark(&self, subject: &str, network: Network) -> NetworkMark {
        let hash = hmac::sign(&self.0, format!("{network} {subject}").as_bytes());
        let mut first = [0; 8];
        first.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
        NetworkMark::of(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Email;

    fn client<'a>(hops: u8, source: &'a str, forwarded: &'a str) -> &'a str {
        TrustedHops::new(hops).unwrap().client(source, forwarded)
    }

    #[test]
    fn without_a_trusted_proxy_the_header_counts_for_nothing() {
        for forwarded in ["", "192.0.2.7", "192.0.2.7, 203.0.113.9"] {
            assert_eq!(client(0, "203.0.113.9", forwarded), "203.0.113.9");
        }
    }

    #[test]
    fn behind_proxies_the_address_counts_that_the_first_of_them_saw_whatever_the_client_forged() {
        let (client_of_one, proxy, second) = ("192.0.2.7", "203.0.113.9", "198.51.100.3");
        for forged in ["", "10.0.0.1, ", "10.0.0.1, 10.0.0.2, ", "nonsense, ", ", , ", "203.0.113.9, "] {
            let one = format!("{forged}{client_of_one}, {proxy}");
            assert_eq!(client(1, proxy, &one), client_of_one, "{one}");
            let two = format!("{forged}{client_of_one},{second} , {proxy}");
            assert_eq!(client(2, proxy, &two), client_of_one, "{two}");
            // A gateway that does not add who connected to it.
            let bare = format!("{forged}{client_of_one}");
            assert_eq!(client(1, proxy, &bare), client_of_one, "{bare}");
        }
        for same in ["[::ffff:203.0.113.9]:80", "203.0.113.9:80"] {
            assert_eq!(client(1, proxy, &format!("192.0.2.7:4711, {same}")), "192.0.2.7:4711");
        }
    }

    #[test]
    fn a_list_that_is_too_short_did_not_come_through_the_proxies() {
        let source = "203.0.113.9";
        for (hops, forwarded) in [(1, ""), (1, "203.0.113.9"), (1, " "), (2, "192.0.2.7, 203.0.113.9"), (8, "1.1.1.1")]
        {
            assert_eq!(client(hops, source, forwarded), source, "{hops} {forwarded}");
        }
    }

    #[test]
    fn an_element_that_is_missing_is_no_address_and_none_of_the_clients_choice() {
        assert_eq!(client(1, "203.0.113.9", "10.0.0.1, , 203.0.113.9"), "");
        assert_eq!(client(1, "203.0.113.9", "10.0.0.1, unknown, 203.0.113.9"), "unknown");
    }

    #[test]
    fn more_proxies_than_make_sense_are_none() {
        assert!(TrustedHops::new(TrustedHops::MAX).is_some());
        assert!(TrustedHops::new(TrustedHops::MAX + 1).is_none());
    }

    #[test]
    fn a_mark_depends_on_key_address_and_network() {
        let key = |text: &str| Email::parse(text).unwrap().key().as_str().to_owned();
        let (marks, others) = (NetworkMarks::derive(&[1; 32]), NetworkMarks::derive(&[2; 32]));
        let (home, away) = (Network::of("192.0.2.7"), Network::of("192.0.3.7"));
        let mark = marks.mark(&key("pat@acme.example"), home);
        assert_eq!(mark, marks.mark(&key("PAT@acme.example"), Network::of("192.0.2.8")));
        assert_eq!(mark.as_str().len(), 16);
        for other in [
            marks.mark(&key("pat@acme.example"), away),
            marks.mark(&key("dana@acme.example"), home),
            others.mark(&key("pat@acme.example"), home),
        ] {
            assert_ne!(mark, other);
        }
    }
}
