//! Messages: how they reach an inbox, and what a repetition does. Few are sent: some servers allow ten a minute.

use cueapi_core::types::DeliveryState;
use http::Method;

use super::{
    Row, Suite,
    check::{Stop, fail, holds, refused, same},
    subject::Subject,
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn messages(&mut self) {
        let area = "messages";
        self.check(
            area,
            "a message waits until its inbox is read, then is read and acknowledged",
            async |s| {
                let (from, to) = s.agents().await?;
                let sent = s.client.messages().send(&from, &to, "héllo").subject("s").await?;
                same("state", Some(DeliveryState::Queued), sent.delivery_state)?;
                let queued = s.client.agents().inbox_count(&to).state([DeliveryState::Queued]);
                same("queued", 1, queued.await?.count)?;
                let inbox = s.client.agents().inbox(&to).await?.messages;
                let [message] = &inbox[..] else {
                    return Err(fail("one message", format!("{}", inbox.len())));
                };
                same("body", Some("héllo"), message.body.as_deref())?;
                same(
                    "state",
                    Some(&DeliveryState::Delivered),
                    message.delivery_state.as_ref(),
                )?;
                let read = s.client.messages().mark_read(&sent.id).await?;
                let again = s.client.messages().mark_read(&sent.id).await?;
                same("read at", read.read_at, again.read_at)?;
                s.client.messages().ack(&sent.id).await?;
                same("open", 0, s.client.agents().inbox_count(&to).await?.count)?;
                refused(
                    s.client.messages().mark_read(&sent.id).await,
                    409,
                    "invalid_state_transition",
                )
            },
        )
        .await;
        self.check(area, "an answer belongs to the thread of its question", async |s| {
            let (from, to) = s.agents().await?;
            let question = s.client.messages().send(&from, &to, "?").await?;
            let answer = s.client.messages().send(&to, &from, "!").reply_to(&question.id).await?;
            same("thread", question.thread_id, answer.thread_id)?;
            let sent = s.client.agents().sent(&to).counterpart(&from).await?;
            same("sent", 1, sent.total)?;
            Ok("one thread".to_owned())
        })
        .await;
        self.check(area, "a message for later is not in the inbox yet", async |s| {
            let (from, to) = s.agents().await?;
            let later = s.later();
            let sent = s.client.messages().send(&from, &to, "later").send_at(later).await?;
            same("send_at", Some(later), sent.send_at)?;
            same("in the inbox", 0, s.client.agents().inbox_count(&to).await?.count)?;
            same("sent", 1, s.client.agents().sent_count(&from).await?.count)?;
            Ok(later.to_string())
        })
        .await;
        let area = "idempotency";
        self.check(
            area,
            "a key finds the message that was sent with it, and refuses another",
            async |s| {
                let (from, to) = s.agents().await?;
                let key = s.name();
                let send = |body: &str| s.client.messages().send(&from, &to, body).idempotency_key(key.as_str());
                let first = send("x").send_with_meta().await?;
                let again = send("x").send_with_meta().await?;
                let statuses = (first.meta.status().as_u16(), again.meta.status().as_u16());
                same("statuses", (201, 200), statuses)?;
                same("id", first.value.id, again.value.id)?;
                refused(send("y").await, 409, "idempotency_key_conflict")
            },
        )
        .await;
        let area = "messages";
        self.check(area, "a message to nobody is refused", async |s| {
            let from = s.agent().await?.id;
            refused(
                s.client.messages().send(&from, "agt_000000000000", "x").await,
                404,
                "agent_not_found",
            )
        })
        .await;
        self.check(area, "a message from nobody is refused", async |s| {
            refused_raw(s, r#"{"to":"agt_000000000000","body":"x"}"#, 400, "missing_from_agent").await
        })
        .await;
        self.check(area, "a message without a text is refused", async |s| {
            refused_raw(s, r#"{"to":"agt_000000000000","body":""}"#, 422, "validation_error").await
        })
        .await;
        self.check(area, "a state that is none is refused as a filter", async |s| {
            let agent = s.agent().await?.id;
            let inbox = s
                .client
                .agents()
                .inbox_count(&agent)
                .state([DeliveryState::from("nope")]);
            refused(inbox.await, 400, "invalid_state_filter")
        })
        .await;
        self.check(area, "the text comes back to whoever asks for it", async |s| {
            let (from, to) = s.agents().await?;
            // The SDK asks, and fails when it is another one.
            let sent = s
                .client
                .messages()
                .send(&from, &to, "é\u{1f600}\n")
                .verify_body(true)
                .await?;
            holds(
                sent.body.as_deref() == Some("é\u{1f600}\n"),
                "the text",
                sent.body.map(|text| text.len()),
            )?;
            Ok("the same".to_owned())
        })
        .await;
    }
}

/// A message that the SDK would not send.
async fn refused_raw(s: &Subject, body: &'static str, status: u16, code: &str) -> Result<String, Stop> {
    let response = s.request(Method::POST, "/v1/messages", &[], body).await?;
    same("status", status, response.status().as_u16())?;
    same("code", code, super::wire::error(&response)?.code.as_str())?;
    Ok(format!("{status} {code}"))
}
