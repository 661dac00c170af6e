//! The HTTP face: a request in, the answer that a CueAPI server gives out.
//!
//! The order of the checks is the server's: body size, rate limit, route, JSON syntax, key, fields, and then what the
//! engine says.

mod account;
mod agents;
mod alerts;
mod attachments;
mod cors;
mod cues;
mod echo;
mod echoes;
mod email;
mod errors;
mod events;
mod executions;
mod form;
mod limit;
mod live_sessions;
mod login;
mod messages;
mod query;
mod reply;
mod roster;
mod route;
mod service;
mod subscriptions;
mod usage;
mod uuid;
mod values;
mod views;
mod workers;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use jiff::Timestamp;

pub(crate) use self::route::Operation;
use self::{
    errors::{Detail, error, framework, validation},
    form::{Body, Form, Problems},
    query::Query,
    route::Route,
};
use crate::{
    engine::{AccountId, Engine, KeyError, SessionError},
    json::{Json, ParseError},
};

pub(crate) use self::{events::Hold, reply::Reply};

pub(crate) const MAX_BODY: usize = 1_048_576;

/// A request, read to its end.
pub(crate) struct Exchange<'a> {
    pub(crate) now: Timestamp,
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    /// Where the caller comes from: the rate limiter's bucket without a key.
    pub(crate) peer: &'a str,
}

impl Exchange<'_> {
    /// The server's address, as the caller spells it.
    fn base_url(&self) -> String {
        let host = self.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        format!("http://{}", host.unwrap_or("localhost"))
    }
}

/// Answers a request whose body has been read.
pub(crate) fn answer(engine: &mut Engine, exchange: &Exchange<'_>) -> Reply {
    let rate = limit::check(engine, exchange);
    let mut reply = match &rate {
        Some(decision) if !decision.allowed => limit::refuse(decision),
        _ => cors::apply(exchange, || routed(engine, exchange).unwrap_or_else(|reply| reply)),
    };
    if let Some(decision) = rate {
        limit::describe(&decision, &mut reply);
    }
    limit::warn(engine, exchange, &mut reply);
    reply.add("x-request-id", engine.request_id());
    reply
}

/// A body that is said to be larger than the server takes; nothing else is looked at.
pub(crate) fn too_large(engine: &mut Engine) -> Reply {
    let mut reply = errors::too_large();
    reply.add("x-request-id", engine.request_id());
    reply
}

/// A body that turned out to be too large, or broke off.
pub(crate) fn unreadable_body(engine: &mut Engine) -> Reply {
    let mut reply = framework(400, "There was an error parsing the body");
    cors::describe(None, &mut reply);
    reply.add("x-request-id", engine.request_id());
    reply
}

/// A request that is not let in, for a reason that no server has.
pub(crate) fn forbidden(code: &str, message: &str) -> Reply {
    error(403, code, message)
}

/// An answer that says no, whatever was asked.
pub(crate) fn ordered(status: u16, retry_after: Option<String>) -> Reply {
    let mut reply = match status {
        500 => Reply::Crash,
        429 => error(429, "rate_limit_exceeded", "Too many requests."),
        _ => {
            let reason = StatusCode::from_u16(status)
                .ok()
                .and_then(|status| status.canonical_reason());
            framework(status, reason.unwrap_or("Error"))
        }
    };
    if let Some(value) = retry_after {
        reply.add("retry-after", value);
    }
    reply
}

/// Which operation a request means.
pub(crate) fn operation(method: &Method, uri: &Uri) -> Option<Operation> {
    match Route::find(method, &decode(uri.path())) {
        Route::Found(operation, _) => Some(operation),
        _ => None,
    }
}

fn routed(engine: &mut Engine, exchange: &Exchange<'_>) -> Result<Reply, Reply> {
    let path = decode(exchange.uri.path());
    let route = match Route::find(exchange.method, &path) {
        Route::Found(operation, parameters) => Call {
            engine,
            exchange,
            parameters,
        }
        .run(operation)?,
        Route::WrongMethod => framework(405, "Method Not Allowed"),
        Route::Redirect => redirect(exchange),
        Route::Unknown => framework(404, "Not Found"),
    };
    Ok(echo::apply(route, exchange))
}

/// To the same address without the slash at its end.
fn redirect(exchange: &Exchange<'_>) -> Reply {
    let base = exchange.base_url();
    let path = exchange.uri.path().trim_end_matches('/');
    let query = exchange
        .uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    Reply::Empty {
        status: 307,
        headers: vec![("location", format!("{base}{path}{query}"))],
    }
}

/// A request that has found its operation.
struct Call<'a> {
    engine: &'a mut Engine,
    exchange: &'a Exchange<'a>,
    parameters: Vec<String>,
}

impl Call<'_> {
    fn now(&self) -> Timestamp {
        self.exchange.now
    }

    fn parameter(&self) -> &str {
        self.parameters.first().map_or("", String::as_str)
    }

    fn second_parameter(&self) -> &str {
        self.parameters.get(1).map_or("", String::as_str)
    }

    fn header(&self, name: &str) -> Option<String> {
        self.exchange
            .headers
            .get(name)
            .map(|value| value.as_bytes().iter().copied().map(char::from).collect())
    }

    /// Reads the body, then asks for the key: the server finds broken JSON before it looks who sends it.
    fn authenticated_body(&self) -> Result<(AccountId, Body), Reply> {
        let body = self.body()?;
        Ok((self.account()?, body))
    }

    fn body(&self) -> Result<Body, Reply> {
        if self.exchange.body.is_empty() {
            return Ok(Body::Absent);
        }
        if !is_json(self.exchange.headers) {
            return Ok(Body::Opaque);
        }
        match Json::parse(self.exchange.body) {
            Ok(value) => Ok(Body::Json(value)),
            Err(ParseError::Syntax) => Err(error(400, "invalid_json", "Request body is not valid JSON")),
            Err(ParseError::Unreadable) => Err(framework(400, "There was an error parsing the body")),
        }
    }

    fn account(&self) -> Result<AccountId, Reply> {
        let token = self.header("authorization");
        let Some(token) = token
            .as_deref()
            .and_then(|value| value.strip_prefix("Bearer "))
            .map(str::trim)
        else {
            return Err(error(401, "invalid_api_key", "Missing or invalid Authorization header"));
        };
        if !token.starts_with("cue_sk_") {
            return self.engine.session(self.now(), token).map_err(|reason| match reason {
                SessionError::Expired => error(401, "session_expired", "Session expired. Please log in again."),
                SessionError::Invalid => error(401, "invalid_session", "Invalid session token"),
            });
        }
        self.engine
            .authenticate(self.now(), token)
            .map_err(|reason| match reason {
                KeyError::Rotated => error(401, "key_rotated", "This API key has been rotated. Use your new key."),
                KeyError::Unknown => error(401, "invalid_api_key", "Invalid API key"),
            })
    }

    /// Reads a body that must be an object of known members.
    fn form<T>(&self, body: &Body, read: impl FnOnce(&mut Form<'_>) -> Option<T>) -> Result<T, Reply> {
        self.form_after(Vec::new(), body, read)
    }

    /// The same where something else is wrong already.
    fn form_after<T>(
        &self,
        details: Vec<Detail>,
        body: &Body,
        read: impl FnOnce(&mut Form<'_>) -> Option<T>,
    ) -> Result<T, Reply> {
        let mut problems = Problems {
            details,
            unstorable: false,
        };
        let value = Form::body(body, &mut problems).and_then(|mut form| read(&mut form));
        if problems.details.is_empty() {
            value.filter(|_| !problems.unstorable).ok_or(Reply::Crash)
        } else {
            Err(validation(&problems.details))
        }
    }

    fn query(&self) -> Query {
        Query::parse(self.exchange.uri.query().unwrap_or_default())
    }

    fn run(&mut self, operation: Operation) -> Result<Reply, Reply> {
        match operation {
            Operation::CreateCue => self.create_cue(),
            Operation::ListCues => self.list_cues(),
            Operation::GetCue => self.get_cue(),
            Operation::PatchCue => self.patch_cue(),
            Operation::DeleteCue => self.delete_cue(),
            Operation::FireCue => self.fire_cue(),
            Operation::ListExecutions => self.list_executions(),
            Operation::GetExecution => self.get_execution(),
            Operation::ListClaimable => self.list_claimable(),
            Operation::ClaimNext => self.claim_next(),
            Operation::Claim => self.claim(),
            Operation::ExecutionHeartbeat => self.execution_heartbeat(),
            Operation::ReportOutcome => self.report_outcome(),
            Operation::Replay => self.replay(),
            Operation::Verify => self.verify(),
            Operation::VerificationPending => self.verification_pending(),
            Operation::AppendEvidence => self.append_evidence(),
            Operation::LiveClaim => self.live_claim(),
            Operation::WorkerHeartbeat => self.worker_heartbeat(),
            Operation::ListWorkers => self.list_workers(),
            Operation::DeleteWorker => self.delete_worker(),
            Operation::GetUsage => self.get_usage(),
            Operation::GetMe => self.get_me(),
            Operation::PatchMe => self.patch_me(),
            Operation::GetKey => self.get_key(),
            Operation::RegenerateKey => self.regenerate_key(),
            Operation::GetWebhookSecret => self.get_webhook_secret(),
            Operation::RegenerateWebhookSecret => self.regenerate_webhook_secret(),
            Operation::RefreshSession => self.refresh_session(),
            Operation::Register => self.register(),
            Operation::StartLogin => self.start_login(),
            Operation::SubmitEmail => self.submit_email(),
            Operation::PollLogin => self.poll_login(),
            Operation::VerifyLogin => self.verify_login(),
            Operation::ShowLogin => self.show_login(),
            Operation::ExchangeSession => self.exchange_session(),
            Operation::ListAlerts => self.list_alerts(),
            Operation::CreateAgent => self.create_agent(),
            Operation::ListAgents => self.list_agents(),
            Operation::Roster => self.roster(),
            Operation::GetAgent => self.get_agent(),
            Operation::PatchAgent => self.patch_agent(),
            Operation::DeleteAgent => self.delete_agent(),
            Operation::GetAgentSecret => self.get_agent_secret(),
            Operation::RegenerateAgentSecret => self.regenerate_agent_secret(),
            Operation::SendMessage => self.send_message(),
            Operation::GetMessage => self.get_message(),
            Operation::ReadMessage => self.read_message(),
            Operation::AckMessage => self.ack_message(),
            Operation::ReadInbox => self.read_inbox(),
            Operation::ListSent => self.list_sent(),
            Operation::PullEvents => self.pull_events(),
            Operation::Subscribe => self.subscribe(),
            Operation::ListSubscriptions => self.list_subscriptions(),
            Operation::AckSubscription => self.ack_subscription(),
            Operation::Unsubscribe => self.unsubscribe(),
            Operation::GetAlertWebhookSecret => self.get_alert_webhook_secret(),
            Operation::RegenerateAlertWebhookSecret => self.regenerate_alert_webhook_secret(),
            Operation::StoreEcho => self.store_echo(),
            Operation::GetEcho => self.get_echo(),
            Operation::RegisterLiveSession => self.register_live_session(),
            Operation::ListLiveSessions => self.list_live_sessions(),
            Operation::PatchLiveSession => self.patch_live_session(),
            Operation::DetachLiveSession => self.detach_live_session(),
            Operation::LiveSessionHeartbeat => self.live_session_heartbeat(),
            Operation::Attach => self.attach(),
            Operation::Detach => self.detach(),
            Operation::Reconcile => self.reconcile(),
            Operation::Info => Ok(service::info()),
            Operation::Health => Ok(service::health(self.engine, self.now())),
            Operation::Status => Ok(service::status()),
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence
        .strip_prefix("application/")
        .is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// Percent-decodes as Python's `unquote` does.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match hex
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
