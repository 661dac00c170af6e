//! Live sessions of agents, and the daemons that have them at hand, through the SDK.

use std::time::Duration;

use cueapi_core::types::{AgentId, AttachedSession, CueId, ExecutionId};
use cueapi_emulator::Emulator;
use cueapi_hyper::Client;

use super::{account::client, emulator, fire, worker_cue};
use crate::wire::{Connection, call};

const DAILY: &str = r#"{"type":"recurring","cron":"0 9 * * *"}"#;
const DAEMON: &str = "7d444840-9dc0-4c3d-9b5e-0f6f0f3a2b1c";
const OTHER_DAEMON: &str = "7d444840-9dc0-4c3d-9b5e-0f6f0f3a2b1d";
const TOKEN: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const OTHER_TOKEN: &str = "v2_01ARZ3NDEKTSV4RRFFQ69G5FAW";

async fn agent(emulator: &Emulator) -> (Client, AgentId) {
    let client = client(emulator, emulator.api_key());
    let id = client.agents().create("Writer").await.unwrap().id;
    (client, id)
}

fn code(error: &cueapi_core::Error) -> (u16, &str) {
    (error.status().unwrap().as_u16(), error.api().unwrap().code.as_str())
}

#[tokio::test]
async fn a_live_session_is_registered_beats_and_ends() {
    let emulator = emulator().await;
    let (client, agent) = agent(&emulator).await;
    let sessions = client.live_sessions();
    let main = sessions
        .register(agent.as_str(), "main", "cue_a", "review")
        .is_default(true)
        .await
        .unwrap();
    assert!(main.attached == Some(true) && main.is_default);
    let second = sessions
        .register("writer@dev", "second", "cue_b", "review")
        .await
        .unwrap();
    assert!(!second.is_default);

    emulator.advance(Duration::from_secs(40)).await;
    let beat = sessions
        .heartbeat(agent.as_str(), "second")
        .monitor_version("1.4.0")
        .await
        .unwrap();
    assert_eq!(
        (beat.heartbeat_age_sec.known(), beat.monitor_version.as_deref()),
        (Some(0), Some("1.4.0"))
    );
    let now_default = sessions
        .update(agent.as_str(), "second")
        .is_default(true)
        .await
        .unwrap();
    assert!(now_default.is_default);
    let listed = sessions.list(agent.as_str()).await.unwrap();
    let told: Vec<_> = listed
        .iter()
        .map(|s| (&*s.label, s.is_default, s.heartbeat_age_sec.known()))
        .collect();
    assert_eq!(
        told,
        [("second", true, Some(0)), ("main", false, Some(40))],
        "newest first, one default"
    );

    let ended = sessions.detach(agent.as_str(), "main").await.unwrap();
    assert_eq!(ended.unwrap().attached, Some(false));
    assert_eq!(sessions.list(agent.as_str()).await.unwrap().len(), 1);
    assert_eq!(
        sessions
            .list(agent.as_str())
            .include_detached(true)
            .await
            .unwrap()
            .len(),
        2
    );
    for gone in [
        sessions.detach(agent.as_str(), "main").await.map(Option::unwrap),
        sessions.heartbeat(agent.as_str(), "main").await,
        sessions.update(agent.as_str(), "main").is_default(true).await,
    ] {
        assert_eq!(code(&gone.unwrap_err()), (404, "live_session_not_found"));
    }
}

#[tokio::test]
async fn a_cue_is_one_sessions_forever_and_a_label_as_long_as_the_session_lives() {
    let emulator = emulator().await;
    let (client, agent) = agent(&emulator).await;
    let sessions = client.live_sessions();
    sessions
        .register(agent.as_str(), "main", "cue_a", "review")
        .await
        .unwrap();
    let label = sessions
        .register(agent.as_str(), "main", "cue_b", "review")
        .await
        .unwrap_err();
    assert_eq!(code(&label), (409, "live_session_conflict"));
    sessions.detach(agent.as_str(), "main").await.unwrap();
    let cue = sessions
        .register(agent.as_str(), "main", "cue_a", "review")
        .await
        .unwrap_err();
    assert_eq!(code(&cue), (409, "live_session_conflict"));
    sessions
        .register(agent.as_str(), "main", "cue_b", "review")
        .await
        .unwrap();

    let stranger = client_of_another(&emulator);
    let foreign = stranger.live_sessions().list(agent.as_str()).await.unwrap_err();
    assert_eq!(code(&foreign), (404, "agent_not_found"));
}

fn client_of_another(emulator: &Emulator) -> Client {
    let key = emulator.open_account("other@example.com", cueapi_emulator::engine::Limits::unlimited());
    client(emulator, key)
}

#[tokio::test]
async fn a_change_that_changes_nothing_or_takes_the_default_away_is_refused() {
    let emulator = emulator().await;
    let (client, agent) = agent(&emulator).await;
    let sessions = client.live_sessions();
    sessions
        .register(agent.as_str(), "main", "cue_a", "review")
        .await
        .unwrap();
    let nothing = sessions.update(agent.as_str(), "main").await.unwrap_err();
    assert_eq!(code(&nothing), (400, "no_mutable_fields"));
    let flip = sessions
        .update(agent.as_str(), "main")
        .is_default(false)
        .await
        .unwrap_err();
    assert_eq!(code(&flip), (400, "invalid_default_flip"));
    let token = sessions
        .update(agent.as_str(), "main")
        .session_token(TOKEN)
        .await
        .unwrap();
    assert_eq!(token.session_token.unwrap().expose(), TOKEN);
}

#[tokio::test]
async fn attesting_an_execution_is_noted_with_the_session_whose_token_it_is() {
    let emulator = emulator().await;
    let (client, agent) = agent(&emulator).await;
    let cue = worker_cue(&emulator, DAILY, "").await;
    let sessions = client.live_sessions();
    let register = sessions.register(agent.as_str(), "main", CueId::from(cue.as_str()), "review");
    register.session_token(TOKEN).await.unwrap();
    let execution = ExecutionId::from(fire(&emulator, &cue).await);
    client.executions().live_claim(&execution, TOKEN).await.unwrap();
    emulator.advance(Duration::from_secs(5)).await;
    let session = &sessions.list(agent.as_str()).await.unwrap()[0];
    assert_eq!(session.last_claim_age_sec, Some(5));
}

#[tokio::test]
async fn a_daemon_replaces_its_own_attachment_and_not_that_of_another() {
    let emulator = emulator().await;
    let (client, agent) = agent(&emulator).await;
    let attachments = client.attachments();
    let first = attachments
        .attach(&agent, DAEMON, "main", "review", TOKEN)
        .await
        .unwrap();
    assert_eq!(
        (first.transport.as_deref(), first.supersedes_token.is_none()),
        (Some("ipc"), true)
    );
    let second = attachments
        .attach(&agent, DAEMON, "main", "review", OTHER_TOKEN)
        .await
        .unwrap();
    assert_eq!(second.supersedes_token.unwrap().expose(), TOKEN);
    assert_ne!(second.id, first.id);

    let body = format!(r#"{{"label":"main","task_name":"review","ipc_session_token":"{TOKEN}"}}"#);
    let authorization = format!("Bearer {}", emulator.api_key());
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("x-cueapi-daemon-id", OTHER_DAEMON),
    ];
    let target = format!("/v1/agents/{agent}/attachments");
    let mut connection = Connection::open(emulator.address()).await;
    let refused = connection.exchange("POST", &target, &headers, body.as_bytes()).await;
    let moment = "2026-03-02T08:00:00Z";
    let expected = format!(
        r#"{{"error":{{"code":"attachment_exists","existing_token":"{OTHER_TOKEN}","existing_daemon_id":"{DAEMON}","existing_attached_at":"{moment}","existing_last_reconciled_at":"{moment}","hint":"#
    );
    assert_eq!(refused.status, 409);
    assert!(refused.body.starts_with(&expected), "{}", refused.body);

    attachments.detach(&agent, OTHER_TOKEN, DAEMON).await.unwrap();
    let answer = attachments.detach(&agent, OTHER_TOKEN, DAEMON).await.unwrap();
    assert_eq!(
        answer.map(|gone| (gone.deleted, gone.reason)),
        Some((Some(false), Some("already_deleted".to_owned())))
    );
    let fresh = "01ARZ3NDEKTSV4RRFFQ69G5FAX";
    attachments
        .attach(&agent, OTHER_DAEMON, "main", "review", fresh)
        .await
        .unwrap();
    let again = attachments.attach(&agent, DAEMON, "another", "review", TOKEN).await;
    assert_eq!(
        again.unwrap_err().status().unwrap(),
        500,
        "a token that was ever used is not taken again"
    );
}

#[tokio::test]
async fn what_a_daemon_does_not_name_is_downgraded_until_it_names_it_again_and_what_is_not_known_is_not_added() {
    let emulator = emulator().await;
    let (client, agent) = agent(&emulator).await;
    let attachments = client.attachments();
    attachments
        .attach(&agent, DAEMON, "kept", "review", TOKEN)
        .await
        .unwrap();
    attachments
        .attach(&agent, DAEMON, "dropped", "review", OTHER_TOKEN)
        .await
        .unwrap();
    let since = cueapi_core::types::Timestamp::parse("2026-03-02T08:00:00Z").unwrap();
    let named = ["kept", "unknown"].map(|label| {
        let token = if label == "kept" {
            TOKEN
        } else {
            "01ARZ3NDEKTSV4RRFFQ69G5FAX"
        };
        AttachedSession::new(label, "review", token, since)
    });
    let answer = attachments.reconcile(DAEMON, since, named.clone()).await.unwrap();
    assert_eq!(answer.upserted_count, 1);
    assert_eq!(answer.downgraded_count, 1);
    let answer = attachments.reconcile(DAEMON, since, named.clone()).await.unwrap();
    assert_eq!(answer.upserted_count, 1);
    assert_eq!(answer.downgraded_count, 0);
    let answer = attachments
        .reconcile(DAEMON, since, Vec::<AttachedSession>::new())
        .await
        .unwrap();
    assert_eq!(answer.upserted_count, 0);
    assert_eq!(answer.downgraded_count, 1);
    let listed = client.live_sessions().list(agent.as_str()).await.unwrap();
    let labels: Vec<_> = listed
        .iter()
        .map(|session| (&*session.label, session.attached))
        .collect();
    assert_eq!(
        labels,
        [("dropped", Some(true)), ("kept", Some(true))],
        "attachments are live sessions"
    );
    let answer = attachments.reconcile(DAEMON, since, named).await.unwrap();
    assert_eq!(answer.upserted_count, 1);
    assert_eq!(answer.downgraded_count, 0);
    let gone = attachments.detach(&agent, OTHER_TOKEN, DAEMON).await.unwrap();
    assert!(gone.is_none(), "one that is downgraded can still be detached");
    let listed = client.live_sessions().list(agent.as_str()).await.unwrap();
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn a_second_default_is_a_conflict_and_an_older_session_cannot_take_over_from_a_younger_one() {
    let emulator = emulator().await;
    let (client, agent) = agent(&emulator).await;
    let sessions = client.live_sessions();
    let register = |label, cue| sessions.register(agent.as_str(), label, cue, "review");
    register("older", "cue_a").await.unwrap();
    register("younger", "cue_b").is_default(true).await.unwrap();
    let second = register("third", "cue_c").is_default(true).await.unwrap_err();
    assert_eq!(code(&second), (409, "live_session_conflict"));
    register("youngest", "cue_d").await.unwrap();
    let youngest = sessions
        .update(agent.as_str(), "youngest")
        .is_default(true)
        .await
        .unwrap();
    assert!(youngest.is_default);
    let older = sessions.update(agent.as_str(), "older").is_default(true).await;
    assert_eq!(older.unwrap_err().status().unwrap(), 500);
}

#[tokio::test]
async fn a_fire_is_marked_when_a_daemon_has_the_cues_session_at_hand() {
    let emulator = emulator().await;
    let (client, agent) = agent(&emulator).await;
    let cue = worker_cue(&emulator, DAILY, "").await;
    fire(&emulator, &cue).await;
    client
        .live_sessions()
        .register(agent.as_str(), "main", CueId::from(cue.as_str()), "review")
        .await
        .unwrap();
    fire(&emulator, &cue).await;
    client
        .attachments()
        .attach(&agent, DAEMON, "main", "review", TOKEN)
        .await
        .unwrap();
    fire(&emulator, &cue).await;
    client.live_sessions().detach(agent.as_str(), "main").await.unwrap();
    fire(&emulator, &cue).await;
    let marked: Vec<_> = emulator
        .executions()
        .iter()
        .map(|execution| execution.is_live)
        .collect();
    assert_eq!(marked, [false, false, true, false]);
}

#[tokio::test]
async fn every_wrong_call_of_a_daemon_has_its_code() {
    let emulator = emulator().await;
    let (_, agent) = agent(&emulator).await;
    let session = |token: &str| format!(r#"{{"label":"main","task_name":"review","ipc_session_token":"{token}"}}"#);
    let reconcile = |more: &str| format!(r#"{{"daemon_id":"{DAEMON}","reconciled_at":"2026-03-02T08:00:00Z"{more}}}"#);
    let authorization = format!("Bearer {}", emulator.api_key());
    let own = format!("/v1/agents/{agent}/attachments");
    for (target, daemon, body, status, error) in [
        (&*own, "", session(TOKEN), 400, "missing_daemon_id"),
        (&own, "daemon", session(TOKEN), 400, "invalid_daemon_id"),
        (
            "/v1/agents/writer@dev/attachments",
            DAEMON,
            session(TOKEN),
            400,
            "invalid_agent_ref",
        ),
        (
            "/v1/agents/agt_000000000000/attachments",
            DAEMON,
            session(TOKEN),
            404,
            "agent_not_found",
        ),
        (&own, DAEMON, session(&TOKEN.replace('V', "U")), 422, "validation_error"),
        (
            &own,
            DAEMON,
            session("v_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            422,
            "validation_error",
        ),
        (&own, DAEMON, session(&TOKEN[1..]), 422, "validation_error"),
        (
            "/v1/agents/reconcile-attachments",
            OTHER_DAEMON,
            reconcile(""),
            400,
            "daemon_id_mismatch",
        ),
        (
            "/v1/agents/reconcile-attachments",
            DAEMON,
            reconcile(r#","more":1"#),
            422,
            "validation_error",
        ),
        (
            "/v1/agents/reconcile-attachments",
            DAEMON,
            reconcile(r#","attachments":[{}]"#),
            422,
            "validation_error",
        ),
    ] {
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("x-cueapi-daemon-id", daemon),
        ];
        let mut connection = Connection::open(emulator.address()).await;
        let answer = connection.exchange("POST", target, &headers, body.as_bytes()).await;
        assert_eq!(
            (answer.status, &*answer.text("error.code")),
            (status, error),
            "{target} {daemon} {body}"
        );
    }
    let nested =
        r#"{"daemon_id":"x","attachments":[{"label":"","task_name":"t","ipc_session_token":1,"attached_at":1,"x":1}]}"#;
    let answer = call(&emulator, "POST", "/v1/agents/reconcile-attachments", nested).await;
    let fields: Vec<_> = answer
        .body
        .split("\"field\":\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(
        fields,
        [
            "body.daemon_id",
            "body.reconciled_at",
            "body.attachments.0.label",
            "body.attachments.0.ipc_session_token",
            "body.attachments.0.x"
        ]
    );
}
