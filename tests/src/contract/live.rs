//! Live sessions of agents, and which daemon has them at hand.

use cueapi_core::types::{AgentId, AttachedSession, LiveSession};

use super::{
    Row, ServerKind, Suite,
    check::{Stop, fail, holds, refused, same},
    subject::{Attached, Made, Subject},
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn live(&mut self) {
        let area = "live";
        self.check(area, "a live session is attached until it is detached", async |s| {
            let (agent, session) = session(s).await?;
            same("attached", Some(true), session.attached)?;
            let sessions = s.client.live_sessions();
            let beat = sessions.heartbeat(agent.as_str(), &session.label).await?;
            holds(
                beat.heartbeat_age_sec.known().is_some_and(|age| age < 60),
                "a young heartbeat",
                &beat,
            )?;
            same(
                "attached",
                Some(false),
                sessions
                    .detach(agent.as_str(), &session.label)
                    .await?
                    .and_then(|ended| ended.attached),
            )?;
            same("listed", 0, sessions.list(agent.as_str()).await?.len())?;
            let all = sessions.list(agent.as_str()).include_detached(true).await?;
            same("listed with those that have ended", 1, all.len())?;
            refused(
                sessions.detach(agent.as_str(), &session.label).await,
                404,
                "live_session_not_found",
            )
        })
        .await;
        self.check(area, "a cue is one session's forever", async |s| {
            let (agent, session) = session(s).await?;
            s.client.live_sessions().detach(agent.as_str(), &session.label).await?;
            let again = s.client.live_sessions().register(
                agent.as_str(),
                "other",
                session.cue_id.unwrap_or_else(|| "".into()),
                "check",
            );
            refused(again.await, 409, "live_session_conflict")
        })
        .await;
        self.check(area, "a change must change something", async |s| {
            let (agent, session) = session(s).await?;
            let nothing = s.client.live_sessions().update(agent.as_str(), &session.label).await;
            refused(nothing, 400, "no_mutable_fields")
        })
        .await;
        self.check(area, "a daemon attaches a session, and another cannot", async |s| {
            let (agent, _) = attached(s).await?;
            let Attached { token, daemon } = s.attached();
            let other = s
                .client
                .attachments()
                .attach(&agent, daemon, "main", "check", token)
                .await;
            refused(other, 409, "attachment_exists")
        })
        .await;
        self.check(area, "a session is detached once", async |s| {
            let (agent, Attached { token, daemon }) = attached(s).await?;
            let first = s.client.attachments().detach(&agent, token.as_str(), &daemon).await?;
            holds(first.is_none(), "no answer body", &first)?;
            let second = s.client.attachments().detach(&agent, token.as_str(), &daemon).await?;
            same("deleted", Some(false), second.and_then(|gone| gone.deleted))?;
            Ok("and then it was gone".to_owned())
        })
        .await;
        self.check(area, "what a daemon does not name it can still detach", async |s| {
            if s.kind == ServerKind::Hosted {
                return Err(Stop::Skip("known of self-hosted servers only".to_owned()));
            }
            let (agent, Attached { token, daemon }) = attached(s).await?;
            let none: [AttachedSession; 0] = [];
            let reconciled = s.client.attachments().reconcile(&daemon, s.later(), none).await?;
            same("downgraded", Some(1), reconciled.downgraded_count.known())?;
            // It is kept, as one that nothing is handed to: were it gone, `deleted: false` would be the answer.
            let first = s.client.attachments().detach(&agent, token.as_str(), &daemon).await?;
            holds(first.is_none(), "no answer body", &first)?;
            Ok("downgraded, then detached".to_owned())
        })
        .await;
    }
}

/// An agent with a live session for a cue.
async fn session(s: &Subject) -> Result<(AgentId, LiveSession), Stop> {
    let agent = s.agent().await?.id;
    let cue = s.worker_cue().await?;
    s.made(Made::LiveSession(agent.clone(), "main".to_owned()));
    let session = s
        .client
        .live_sessions()
        .register(agent.as_str(), "main", &cue.id, "check")
        .await;
    match session {
        Err(error) if unknown_route(&error) => Err(Stop::Skip("it has no live sessions".to_owned())),
        session => Ok((agent, session?)),
    }
}

/// An agent with a session that a daemon has attached.
async fn attached(s: &Subject) -> Result<(AgentId, Attached), Stop> {
    let agent = s.agent().await?.id;
    let attached = s.attached();
    s.made(Made::Attachment(agent.clone(), attached.clone()));
    let attachments = s.client.attachments();
    let attachment = attachments
        .attach(&agent, &attached.daemon, "main", "check", attached.token.as_str())
        .await;
    match attachment {
        Err(error) if unknown_route(&error) => Err(Stop::Skip("it has no attachments".to_owned())),
        Ok(attachment) if attachment.agent_id.as_ref() != Some(&agent) => {
            Err(fail("the agent", format!("{:?}", attachment.agent_id)))
        }
        attachment => attachment.map(|_| (agent, attached)).map_err(Into::into),
    }
}

fn unknown_route(error: &cueapi_core::Error) -> bool {
    error
        .status()
        .is_some_and(|status| matches!(status.as_u16(), 404 | 405))
}
