//! Live sessions of agents, and which daemon has them at hand.

use cueapi_core::types::{AgentId, AttachedSession, DaemonId, LiveSession};

use super::{
    Row, ServerKind, Suite,
    check::{Stop, fail, holds, refused, same},
    subject::Subject,
};

/// Made up for this suite.
const DAEMON: &str = "c0274ac7-0000-4000-8000-000000000001";
const OTHER_DAEMON: &str = "c0274ac7-0000-4000-8000-000000000002";
const TOKEN: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

impl<P: FnMut(&Row)> Suite<P> {
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
            let agent = attached(s).await?;
            let other = s
                .client
                .attachments()
                .attach(&agent, OTHER_DAEMON, "main", "check", TOKEN)
                .await;
            refused(other, 409, "attachment_exists")
        })
        .await;
        self.check(area, "a session is detached once", async |s| {
            let agent = attached(s).await?;
            let first = s.client.attachments().detach(&agent, TOKEN, DAEMON).await?;
            holds(first.is_none(), "no answer body", &first)?;
            let second = s.client.attachments().detach(&agent, TOKEN, DAEMON).await?;
            same("deleted", Some(false), second.and_then(|gone| gone.deleted))?;
            Ok("and then it was gone".to_owned())
        })
        .await;
        self.check(area, "what a daemon does not name is gone", async |s| {
            if s.kind == ServerKind::Hosted {
                return Err(Stop::Skip("known of self-hosted servers only".to_owned()));
            }
            let agent = attached(s).await?;
            let daemon = DaemonId::from(DAEMON);
            let none: [AttachedSession; 0] = [];
            let gone = s.client.attachments().reconcile(daemon, s.later(), none).await?;
            holds(
                gone.downgraded_count.known() >= Some(1),
                "at least one that is gone",
                &gone,
            )?;
            let again = s.client.attachments().detach(&agent, TOKEN, DAEMON).await?;
            same("deleted", Some(false), again.and_then(|gone| gone.deleted))?;
            Ok("gone".to_owned())
        })
        .await;
    }
}

/// An agent with a live session for a cue.
async fn session(s: &Subject) -> Result<(AgentId, LiveSession), Stop> {
    let agent = s.agent().await?.id;
    let cue = s.worker_cue().await?;
    let session = s
        .client
        .live_sessions()
        .register(agent.as_str(), "main", &cue.id, "check")
        .await;
    match session {
        Err(error)
            if error
                .status()
                .is_some_and(|status| matches!(status.as_u16(), 404 | 405)) =>
        {
            Err(Stop::Skip("it has no live sessions".to_owned()))
        }
        session => Ok((agent, session?)),
    }
}

/// An agent with a session that a daemon has attached.
async fn attached(s: &Subject) -> Result<AgentId, Stop> {
    let agent = s.agent().await?.id;
    match s
        .client
        .attachments()
        .attach(&agent, DAEMON, "main", "check", TOKEN)
        .await
    {
        Err(error)
            if error
                .status()
                .is_some_and(|status| matches!(status.as_u16(), 404 | 405)) =>
        {
            Err(Stop::Skip("it has no attachments".to_owned()))
        }
        Ok(attachment) if attachment.agent_id.as_ref() != Some(&agent) => {
            Err(fail("the agent", format!("{:?}", attachment.agent_id)))
        }
        attachment => attachment.map(|_| agent).map_err(Into::into),
    }
}
