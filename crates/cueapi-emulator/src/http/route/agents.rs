//! The routes of agents: their mailboxes, events and subscriptions, their live sessions and who has those at hand.

use http::Method;

use super::{Operation, Operations};

pub(super) fn lookup(segments: &[&str]) -> Option<(Operations, Vec<String>)> {
    const DELETE: Method = Method::DELETE;
    const GET: Method = Method::GET;
    const PATCH: Method = Method::PATCH;
    const POST: Method = Method::POST;

    let (operations, parameters): (Operations, &[&str]) = match *segments {
        ["v1", "messages"] => (&[(POST, Operation::SendMessage)], &[]),
        ["v1", "messages", id] => (&[(GET, Operation::GetMessage)], &[id]),
        ["v1", "messages", id, "read"] => (&[(POST, Operation::ReadMessage)], &[id]),
        ["v1", "messages", id, "ack"] => (&[(POST, Operation::AckMessage)], &[id]),
        ["v1", "agents"] => (&[(POST, Operation::CreateAgent), (GET, Operation::ListAgents)], &[]),
        ["v1", "agents", agent @ "roster"] => (
            &[
                (GET, Operation::Roster),
                (PATCH, Operation::PatchAgent),
                (DELETE, Operation::DeleteAgent),
            ],
            &[agent],
        ),
        ["v1", "agents", agent @ "reconcile-attachments"] => (
            &[
                (POST, Operation::Reconcile),
                (GET, Operation::GetAgent),
                (PATCH, Operation::PatchAgent),
                (DELETE, Operation::DeleteAgent),
            ],
            &[agent],
        ),
        ["v1", "agents", agent, "attachments"] => (&[(POST, Operation::Attach)], &[agent]),
        ["v1", "agents", agent, "attachments", token] => (&[(DELETE, Operation::Detach)], &[agent, token]),
        ["v1", "agents", agent, "live-sessions"] => (
            &[
                (POST, Operation::RegisterLiveSession),
                (GET, Operation::ListLiveSessions),
            ],
            &[agent],
        ),
        ["v1", "agents", agent, "live-sessions", label] => (
            &[
                (PATCH, Operation::PatchLiveSession),
                (DELETE, Operation::DetachLiveSession),
            ],
            &[agent, label],
        ),
        ["v1", "agents", agent, "live-sessions", label, "heartbeat"] => {
            (&[(POST, Operation::LiveSessionHeartbeat)], &[agent, label])
        }
        ["v1", "agents", agent] => (
            &[
                (GET, Operation::GetAgent),
                (PATCH, Operation::PatchAgent),
                (DELETE, Operation::DeleteAgent),
            ],
            &[agent],
        ),
        ["v1", "agents", agent, "webhook-secret"] => (&[(GET, Operation::GetAgentSecret)], &[agent]),
        ["v1", "agents", agent, "webhook-secret", "regenerate"] => {
            (&[(POST, Operation::RegenerateAgentSecret)], &[agent])
        }
        ["v1", "agents", agent, "inbox"] => (&[(GET, Operation::ReadInbox)], &[agent]),
        ["v1", "agents", agent, "sent"] => (&[(GET, Operation::ListSent)], &[agent]),
        ["v1", "agents", agent, "events"] => (&[(GET, Operation::PullEvents)], &[agent]),
        ["v1", "agents", agent, "subscriptions"] => (
            &[(POST, Operation::Subscribe), (GET, Operation::ListSubscriptions)],
            &[agent],
        ),
        ["v1", "agents", agent, "subscriptions", id] => (&[(DELETE, Operation::Unsubscribe)], &[agent, id]),
        ["v1", "agents", agent, "subscriptions", id, "ack"] => (&[(PATCH, Operation::AckSubscription)], &[agent, id]),
        _ => return None,
    };
    Some((operations, parameters.iter().map(|text| (*text).to_owned()).collect()))
}
