//! Which URLs the server refuses to send to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

use super::{Engine, Refusal};

impl Engine {
    /// Refuses what is not http(s), has no host or carries credentials; and where URLs are checked, what leads into a
    /// private network. A host that Python cannot encode for a look-up is a 500.
    ///
    /// A name counts as resolvable, and as public, unless it ends in `.invalid`: nothing is looked up.
    pub(super) fn check_url(&self, url: Option<&str>, code: &'static str) -> Result<(), Refusal> {
        let Some(url) = url else { return Ok(()) };
        let refused = |reason: &str| Err(Refusal::api(400, code, reason));
        let Some(Target { host, has_credentials }) = Target::read(url) else {
            return refused("URL must use http:// or https://");
        };
        if has_credentials {
            return refused("Credentials in callback URLs are not allowed");
        }
        if host.is_empty() {
            return refused("URL must have a hostname");
        }
        let (last, labels) = host.rsplit_once('.').map_or((&*host, ""), |(rest, last)| (last, rest));
        let sizes = labels.split('.').filter(|_| !labels.is_empty()).map(str::len);
        if url.contains('\0')
            || last.len() > LONGEST_LABEL
            || sizes.into_iter().any(|size| size == 0 || size > LONGEST_LABEL)
        {
            return Err(Refusal::Internal);
        }
        if !self.check_urls {
            return Ok(());
        }
        let ip = match Host::parse(&host) {
            Ok(Host::Ipv4(ip)) => Some(IpAddr::from(ip)),
            Ok(Host::Ipv6(ip)) => Some(ip.into()),
            Ok(Host::Domain(_)) | Err(_) => None,
        };
        match &*host {
            _ if ip.is_some_and(blocked) => refused("Callback URL resolves to blocked address range"),
            "localhost" | "metadata.google.internal" | "metadata.internal" => {
                refused("Callback URL hostname is not allowed")
            }
            name if name.ends_with(".invalid") => refused(&format!("Cannot resolve hostname: {name}")),
            _ => Ok(()),
        }
    }
}

const LONGEST_LABEL: usize = 63;

/// What Python's `urlparse` finds in an http(s) URL.
struct Target {
    host: String,
    has_credentials: bool,
}

impl Target {
    /// `None` for another scheme, or none.
    fn read(url: &str) -> Option<Self> {
        let url = url.trim_start_matches(|c: char| c <= ' ');
        let (scheme, rest) = url.split_once(':')?;
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return None;
        }
        let rest = rest.strip_prefix("//").unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let host = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((address, _)) => format!("[{}]", address.to_ascii_lowercase()),
            None => host.split(':').next().unwrap_or_default().to_lowercase(),
        };
        Some(Self {
            host,
            has_credentials: !user.is_empty(),
        })
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
