//! The network that a request comes from: what somebody has who can change addresses at will.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// A network: 256 IPv4 addresses (/24) or the /48 of an IPv6 address, the most that a site is ordinarily given (RFC 6177).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// The first three bytes of an IPv4 address.
    V4([u8; 3]),
    /// The first six bytes of an IPv6 address.
    V6([u8; 6]),
    /// One for all that comes from what is no IP address.
    Unknown,
}

impl Network {
    /// The network of an address as proxies write it: `192.0.2.7`, `192.0.2.7:49152`, `2001:db8::7`, `[2001:db8::7]:443`. An
    /// IPv4 address within an IPv6 one (`::ffff:192.0.2.7`) counts as the former.
    pub fn of(address: &str) -> Self {
        parse_address(address).map_or(Self::Unknown, Self::around)
    }

    fn around(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, ..] = address.octets();
                Self::V6([a, b, c, d, e, f])
            }
        }
    }
}

/// The IP address in what proxies write of one, a port aside. An IPv4 address within an IPv6 one is the former.
pub fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address = text.parse().ok().or_else(with_port).or_else(bracketed);
    address.map(|address: IpAddr| address.to_canonical())
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4([a, b, c]) => write!(f, "{a}.{b}.{c}.0/24"),
            Self::V6([a, b, c, d, e, g]) => write!(f, "{a:02x}{b:02x}:{c:02x}{d:02x}:{e:02x}{g:02x}::/48"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// A network as it is stored beside an address: a keyed hash, from which nobody without the key learns the network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NetworkMark(String);

impl NetworkMark {
    /// The mark of these bytes of a hash.
    pub fn of(hash: [u8; 8]) -> Self {
        Self(hex::encode(hash))
    }

    /// Its 16 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NetworkMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_belongs_to_the_network_around_it() {
        for (address, network) in [
            ("192.0.2.7", "192.0.2.0/24"),
            (" 192.0.2.255 ", "192.0.2.0/24"),
            ("192.0.3.7", "192.0.3.0/24"),
            ("192.0.2.7:49152", "192.0.2.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.0/24"),
            ("::FFFF:C000:0207", "192.0.2.0/24"),
            ("[::ffff:192.0.2.7]:443", "192.0.2.0/24"),
            ("2001:db8:1:2::7", "2001:0db8:0001::/48"),
            ("2001:DB8:1:FFFF::7", "2001:0db8:0001::/48"),
            ("2001:db8:2::7", "2001:0db8:0002::/48"),
            ("[2001:db8:1::7]", "2001:0db8:0001::/48"),
            ("[2001:db8:1::7]:443", "2001:0db8:0001::/48"),
            ("::1", "0000:0000:0000::/48"),
        ] {
            assert_eq!(Network::of(address).to_string(), network, "{address}");
        }
    }

    #[test]
    fn what_is_no_address_is_one_network() {
        for text in [
            "",
            " ",
            "unknown",
            "_hidden",
            "192.0.2",
            "192.0.2.256",
            "192.0.02.1",
            "[192.0.2.7]",
            "fe80::1%eth0",
            "a, b",
        ] {
            assert_eq!(Network::of(text), Network::Unknown, "{text}");
        }
    }
}
