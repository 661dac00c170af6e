//! Who may call: programs, and the emulator's own page. Pages of other sites may not.
//!
//! A browser lets any page send requests to this machine, and tells a server where they come from: in `Origin`, which a
//! request that changes something always carries, and in `Sec-Fetch-Site`. `Host` is checked because a page may have its
//! own name resolved to this machine's address: the browser then takes the emulator for a part of that page's site.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, uri::Authority};
use url::{Host, Url};

use crate::{
    http::{Reply, forbidden},
    listener::Peer,
    server::write,
    shared::Shared,
};

/// Which web pages may call the API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cors {
    /// None but the emulator's own page. A request that a browser sends for another page is answered with 403, whether or
    /// not the page could read the answer.
    #[default]
    SameOrigin,
    /// Every page, with credentials, as a CueAPI server allows it.
    ///
    /// Each page that is open in a browser on this machine can then register an account, create cues that call any address
    /// which this machine reaches, and read what its account gets. The accounts of others need their keys, and the page at
    /// `/` stays closed to other sites.
    Any,
}

pub(crate) struct Gate {
    pub(crate) cors: Cors,
    /// Names of this emulator beside its addresses and `localhost`.
    pub(crate) allowed_hosts: Vec<Host>,
    /// What the page's buttons must show; new at each start.
    pub(crate) token: Box<str>,
}

/// Stands before everything that the emulator answers.
pub(crate) async fn admit(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let gate = &shared.gate;
    let admitted = gate
        .check_host(request.headers(), peer.bound)
        .and_then(|()| match gate.cors {
            Cors::SameOrigin => check_origin(&request),
            Cors::Any => Ok(()),
        });
    match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => write(refusal, &peer),
    }
}

impl Gate {
    /// Refuses what is addressed to somebody else. Without `Host`, which every browser sends, nobody was deceived.
    fn check_host(&self, headers: &HeaderMap, bound: IpAddr) -> Result<(), Reply> {
        for value in headers.get_all(header::HOST) {
            if host(value.as_bytes()).is_none_or(|host| !self.is_ours(&host, bound)) {
                let name = String::from_utf8_lossy(value.as_bytes());
                let message = format!(
                    "The emulator does not answer as {name}, only by its address and as localhost. \
                     Start it with --allowed-host to have it answer by another name."
                );
                return Err(forbidden("host_not_allowed", &message));
            }
        }
        Ok(())
    }

    fn is_ours(&self, host: &Host, bound: IpAddr) -> bool {
        let is_here = |address: IpAddr| {
            let address = address.to_canonical();
            address.is_loopback() || address == bound.to_canonical()
        };
        let by_itself = match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => is_here((*address).into()),
            Host::Ipv6(address) => is_here((*address).into()),
        };
        by_itself || self.allowed_hosts.contains(host)
    }
}

/// Refuses what a browser sends for the page of another site.
pub(crate) fn check_origin(request: &Request) -> Result<(), Reply> {
    let headers = request.headers();
    let own = text(headers, header::HOST).and_then(|host| Url::parse(&format!("http://{host}")).ok());
    let is_own = |origin: &HeaderValue| {
        let origin = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
        origin
            .zip(own.as_ref())
            .is_some_and(|(origin, own)| origin.origin() == own.origin())
    };
    let own_origin = headers.get_all(header::ORIGIN).iter().all(is_own);
    let own_site = (headers.get_all("sec-fetch-site").iter()).all(|site| site == "same-origin" || site == "none");
    if own_origin && (own_site || is_link_to_page(request)) {
        return Ok(());
    }
    let message = "This request comes from the page of another site. \
                   Start the emulator with --cors any to let every page use the API.";
    Err(forbidden("origin_not_allowed", message))
}

/// Whether a link to the page was followed: it shows itself to the user, and nothing to the site with the link.
fn is_link_to_page(request: &Request) -> bool {
    let says = |name, value| text(request.headers(), HeaderName::from_static(name)) == Some(value);
    request.method() == Method::GET
        && request.uri().path() == "/"
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document")
}

/// The name or address in a `Host`, in the form in which it can be compared.
fn host(value: &[u8]) -> Option<Host> {
    let authority = Authority::try_from(value).ok()?;
    // A user's name does not belong there.
    if authority.as_str().contains('@') {
        return None;
    }
    Host::parse(authority.host()).ok()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
