//! Which operation a method and a path mean.

mod agents;

use http::Method;

/// What the emulator can be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateCue,
    ListCues,
    GetCue,
    PatchCue,
    DeleteCue,
    FireCue,
    ListExecutions,
    GetExecution,
    ListClaimable,
    ClaimNext,
    Claim,
    ExecutionHeartbeat,
    ReportOutcome,
    Replay,
    Verify,
    VerificationPending,
    AppendEvidence,
    LiveClaim,
    WorkerHeartbeat,
    ListWorkers,
    DeleteWorker,
    GetUsage,
    GetMe,
    PatchMe,
    GetKey,
    RegenerateKey,
    GetWebhookSecret,
    RegenerateWebhookSecret,
    RefreshSession,
    Register,
    StartLogin,
    SubmitEmail,
    PollLogin,
    VerifyLogin,
    ShowLogin,
    ExchangeSession,
    ListAlerts,
    CreateAgent,
    ListAgents,
    Roster,
    GetAgent,
    PatchAgent,
    DeleteAgent,
    GetAgentSecret,
    RegenerateAgentSecret,
    SendMessage,
    GetMessage,
    ReadMessage,
    AckMessage,
    ReadInbox,
    ListSent,
    PullEvents,
    Subscribe,
    ListSubscriptions,
    AckSubscription,
    Unsubscribe,
    GetAlertWebhookSecret,
    RegenerateAlertWebhookSecret,
    StoreEcho,
    GetEcho,
    RegisterLiveSession,
    ListLiveSessions,
    PatchLiveSession,
    DetachLiveSession,
    LiveSessionHeartbeat,
    Attach,
    Detach,
    Reconcile,
    Info,
    Health,
    Status,
}

/// What the API description, and with it the SDK, calls each operation; the two pages of a login are called by browsers.
macro_rules! ids {
    ($($operation:ident = $id:literal,)*) => {
        impl Operation {
            pub(crate) const IDS: &[&str] = &[$($id),*];

            pub(crate) const fn id(self) -> &'static str {
                match self {
                    $(Self::$operation => $id,)*
                }
            }
        }
    };
}

ids! {
    CreateCue = "cues.create",
    ListCues = "cues.list",
    GetCue = "cues.get",
    PatchCue = "cues.update",
    DeleteCue = "cues.delete",
    FireCue = "cues.fire",
    ListExecutions = "executions.list",
    GetExecution = "executions.get",
    ListClaimable = "executions.list_claimable",
    ClaimNext = "executions.claim_oldest",
    Claim = "executions.claim",
    ExecutionHeartbeat = "executions.heartbeat",
    ReportOutcome = "executions.report_outcome",
    Replay = "executions.replay",
    Verify = "executions.mark_verified",
    VerificationPending = "executions.mark_verification_pending",
    AppendEvidence = "executions.append_evidence",
    LiveClaim = "executions.live_claim",
    WorkerHeartbeat = "workers.heartbeat",
    ListWorkers = "workers.list",
    DeleteWorker = "workers.delete",
    GetUsage = "usage.get",
    GetMe = "account.get",
    PatchMe = "account.update",
    RefreshSession = "account.refresh_session",
    GetKey = "account.key",
    RegenerateKey = "account.regenerate_key",
    GetWebhookSecret = "webhook_secret.get",
    RegenerateWebhookSecret = "webhook_secret.regenerate",
    ListAlerts = "alerts.list",
    GetAlertWebhookSecret = "alerts.webhook_secret",
    RegenerateAlertWebhookSecret = "alerts.regenerate_webhook_secret",
    Register = "login.register",
    StartLogin = "login.start",
    SubmitEmail = "login.submit_email",
    PollLogin = "login.poll",
    ExchangeSession = "login.session",
    ShowLogin = "login.page",
    VerifyLogin = "login.link",
    StoreEcho = "echo.store",
    GetEcho = "echo.get",
    RegisterLiveSession = "live_sessions.register",
    ListLiveSessions = "live_sessions.list",
    PatchLiveSession = "live_sessions.update",
    DetachLiveSession = "live_sessions.detach",
    LiveSessionHeartbeat = "live_sessions.heartbeat",
    Attach = "attachments.attach",
    Detach = "attachments.detach",
    Reconcile = "attachments.reconcile",
    CreateAgent = "agents.create",
    ListAgents = "agents.list",
    Roster = "agents.roster",
    GetAgent = "agents.get",
    PatchAgent = "agents.update",
    DeleteAgent = "agents.delete",
    GetAgentSecret = "agents.webhook_secret",
    RegenerateAgentSecret = "agents.regenerate_webhook_secret",
    SendMessage = "messages.send",
    GetMessage = "messages.get",
    ReadMessage = "messages.mark_read",
    AckMessage = "messages.ack",
    ReadInbox = "agents.inbox",
    ListSent = "agents.sent",
    PullEvents = "events.pull",
    Subscribe = "subscriptions.create",
    ListSubscriptions = "subscriptions.list",
    AckSubscription = "subscriptions.ack",
    Unsubscribe = "subscriptions.delete",
    Info = "service.info",
    Health = "service.health",
    Status = "service.status",
}

pub(super) enum Route {
    /// An operation, and the path's parameters.
    Found(Operation, Vec<String>),
    WrongMethod,
    /// There is such a route without the slash at the end.
    Redirect,
    Unknown,
}

impl Route {
    /// Looks up a decoded path.
    pub(super) fn find(method: &Method, path: &str) -> Self {
        let Some((operations, parameters)) = lookup(path) else {
            let shorter = path.strip_suffix('/').map(|path| path.trim_end_matches('/'));
            return if shorter.and_then(lookup).is_some() {
                Self::Redirect
            } else {
                Self::Unknown
            };
        };
        match operations.iter().find(|(name, _)| *name == method) {
            Some((_, operation)) => Self::Found(*operation, parameters),
            None => Self::WrongMethod,
        }
    }
}

type Operations = &'static [(Method, Operation)];

fn lookup(path: &str) -> Option<(Operations, Vec<String>)> {
    const DELETE: Method = Method::DELETE;
    const GET: Method = Method::GET;
    const PATCH: Method = Method::PATCH;
    const POST: Method = Method::POST;

    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    if segments.iter().any(|segment| segment.is_empty()) {
        return None;
    }
    let (operations, parameter): (Operations, &str) = match *segments {
        ["health"] => (&[(GET, Operation::Health)], ""),
        ["status"] => (&[(GET, Operation::Status)], ""),
        ["v1", "info"] => (&[(GET, Operation::Info)], ""),
        ["v1", "usage"] => (&[(GET, Operation::GetUsage)], ""),
        ["v1", "alerts"] => (&[(GET, Operation::ListAlerts)], ""),
        ["auth", "device"] => (&[(GET, Operation::ShowLogin)], ""),
        ["v1", "echo", token] => (&[(POST, Operation::StoreEcho), (GET, Operation::GetEcho)], token),
        ["v1", "auth", "register"] => (&[(POST, Operation::Register)], ""),
        ["v1", "auth", "device-code"] => (&[(POST, Operation::StartLogin)], ""),
        ["v1", "auth", "device-code", "submit-email"] => (&[(POST, Operation::SubmitEmail)], ""),
        ["v1", "auth", "device-code", "poll"] => (&[(POST, Operation::PollLogin)], ""),
        ["v1", "auth", "verify"] => (&[(GET, Operation::VerifyLogin)], ""),
        ["v1", "auth", "session"] => (&[(POST, Operation::ExchangeSession)], ""),
        ["v1", "auth", "session", "refresh"] => (&[(POST, Operation::RefreshSession)], ""),
        ["v1", "auth", "alert-webhook-secret"] => (&[(GET, Operation::GetAlertWebhookSecret)], ""),
        ["v1", "auth", "alert-webhook-secret", "regenerate"] => {
            (&[(POST, Operation::RegenerateAlertWebhookSecret)], "")
        }
        ["v1", "auth", "me"] => (&[(GET, Operation::GetMe), (PATCH, Operation::PatchMe)], ""),
        ["v1", "auth", "key"] => (&[(GET, Operation::GetKey)], ""),
        ["v1", "auth", "key", "regenerate"] => (&[(POST, Operation::RegenerateKey)], ""),
        ["v1", "auth", "webhook-secret"] => (&[(GET, Operation::GetWebhookSecret)], ""),
        ["v1", "auth", "webhook-secret", "regenerate"] => (&[(POST, Operation::RegenerateWebhookSecret)], ""),
        ["v1", "cues"] => (&[(POST, Operation::CreateCue), (GET, Operation::ListCues)], ""),
        ["v1", "cues", id] => (
            &[
                (GET, Operation::GetCue),
                (PATCH, Operation::PatchCue),
                (DELETE, Operation::DeleteCue),
            ],
            id,
        ),
        ["v1", "cues", id, "fire"] => (&[(POST, Operation::FireCue)], id),
        ["v1", "executions"] => (&[(GET, Operation::ListExecutions)], ""),
        ["v1", "executions", "claimable"] => (&[(GET, Operation::ListClaimable)], ""),
        ["v1", "executions", id @ "claim"] => (&[(POST, Operation::ClaimNext), (GET, Operation::GetExecution)], id),
        ["v1", "executions", id] => (&[(GET, Operation::GetExecution)], id),
        ["v1", "executions", id, "claim"] => (&[(POST, Operation::Claim)], id),
        ["v1", "executions", id, "heartbeat"] => (&[(POST, Operation::ExecutionHeartbeat)], id),
        ["v1", "executions", id, "outcome"] => (&[(POST, Operation::ReportOutcome)], id),
        ["v1", "executions", id, "replay"] => (&[(POST, Operation::Replay)], id),
        ["v1", "executions", id, "verify"] => (&[(POST, Operation::Verify)], id),
        ["v1", "executions", id, "verification-pending"] => (&[(POST, Operation::VerificationPending)], id),
        ["v1", "executions", id, "evidence"] => (&[(PATCH, Operation::AppendEvidence)], id),
        ["v1", "executions", id, "live-claim"] => (&[(POST, Operation::LiveClaim)], id),
        ["v1", "worker", "heartbeat"] => (&[(POST, Operation::WorkerHeartbeat)], ""),
        ["v1", "workers"] => (&[(GET, Operation::ListWorkers)], ""),
        ["v1", "workers", id] => (&[(DELETE, Operation::DeleteWorker)], id),
        _ => return agents::lookup(&segments),
    };
    let parameters = if parameter.is_empty() {
        Vec::new()
    } else {
        vec![parameter.to_owned()]
    };
    Some((operations, parameters))
}
