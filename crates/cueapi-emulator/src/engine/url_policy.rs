//! Which callback URLs a public server refuses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Why a URL is refused, in the server's words.
///
/// A name counts as resolvable, and as public, unless it ends in `.invalid`: nothing is looked up.
pub(super) fn refuse(url: &str) -> Option<String> {
    let Ok(url) = Url::parse(url) else {
        return Some("Invalid callback URL".into());
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Some("Callback URL must not contain credentials".into());
    }
    match url.host()? {
        Host::Ipv4(ip) => blocked(ip.into()).then(|| "Callback URL resolves to blocked address range".into()),
        Host::Ipv6(ip) => blocked(ip.into()).then(|| "Callback URL resolves to blocked address range".into()),
        Host::Domain("localhost" | "metadata.google.internal" | "metadata.internal") => {
            Some("Callback URL hostname is not allowed".into())
        }
        Host::Domain(name) => name
            .ends_with(".invalid")
            .then(|| format!("Cannot resolve hostname: {name}")),
    }
}

fn blocked(ip: IpAddr) -> bool {
    const V4: [(Ipv4Addr, u32); 8] = [
        (Ipv4Addr::new(127, 0, 0, 0), 8),
        (Ipv4Addr::new(10, 0, 0, 0), 8),
        (Ipv4Addr::new(172, 16, 0, 0), 12),
        (Ipv4Addr::new(192, 168, 0, 0), 16),
        (Ipv4Addr::new(169, 254, 0, 0), 16),
        (Ipv4Addr::new(0, 0, 0, 0), 8),
        (Ipv4Addr::new(100, 64, 0, 0), 10),
        (Ipv4Addr::new(198, 18, 0, 0), 15),
    ];
    match ip {
        IpAddr::V4(ip) => V4
            .iter()
            .any(|(net, bits)| (ip.to_bits() ^ net.to_bits()) >> (32 - bits) == 0),
        IpAddr::V6(ip) => ip == Ipv6Addr::LOCALHOST || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}
