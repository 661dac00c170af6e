//! Events and subscriptions. Few messages are sent: some servers allow ten a minute.

use cueapi_core::types::{EventTarget, EventType, Payload, SubscriptionId};

use super::{
    Row, Suite,
    check::{fail, holds, refused, same},
    subject::Made,
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn events(&mut self) {
        let area = "events";
        self.check(
            area,
            "each message is an event, and pulling it acknowledges it",
            async |s| {
                let (from, to) = s.agents().await?;
                let subscriptions = s.client.subscriptions();
                let subscription = subscriptions
                    .create(&to, EventType::MessageDelivered, EventTarget::Pull)
                    .await?;
                s.made(Made::Subscription(to.clone(), subscription.id.clone()));
                let message = s.client.messages().send(&from, &to, "x").await?;
                let page = s
                    .client
                    .events()
                    .pull(&to)
                    .event_type(EventType::MessageDelivered)
                    .await?;
                let [event] = &page.events[..] else {
                    return Err(fail("one event", format!("{}", page.events.len())));
                };
                let payload: serde_json::Value =
                    serde_json::from_str(event.payload.as_ref().map_or("null", Payload::as_str))?;
                same(
                    "message",
                    message.id.as_str(),
                    payload["message_id"].as_str().unwrap_or_default(),
                )?;
                let after = s
                    .client
                    .events()
                    .pull(&to)
                    .since(page.next_cursor.known().unwrap_or_default())
                    .await?;
                holds(
                    after.events.is_empty() && after.next_cursor.is_missing(),
                    "nothing after it",
                    &after,
                )?;
                let listed = subscriptions.list(&to).await?.subscriptions;
                same(
                    "acknowledged",
                    event.id.known(),
                    listed.first().and_then(|row| row.last_acked_event_id.known()),
                )?;
                same(
                    "active",
                    vec![&subscription.id],
                    listed.iter().map(|row| &row.id).collect::<Vec<_>>(),
                )?;
                Ok(format!("event {}", event.id))
            },
        )
        .await;
        self.check(area, "whoever waits gets the event when it comes", async |s| {
            let (from, to) = s.agents().await?;
            let wait = async { s.client.events().pull(&to).wait().await };
            let send = async { s.client.messages().send(&from, &to, "x").await };
            let (page, sent) = tokio::join!(wait, send);
            sent?;
            same("events", 1, page?.events.len())?;
            Ok("one event".to_owned())
        })
        .await;
        self.check(area, "a subscription ends once, and says so twice", async |s| {
            let agent = s.agent().await?.id;
            let subscriptions = s.client.subscriptions();
            let made = subscriptions
                .create(&agent, EventType::MessageDigest, EventTarget::Pull)
                .await?;
            s.made(Made::Subscription(agent.clone(), made.id.clone()));
            for _ in 0..2 {
                same(
                    "detached",
                    Some(true),
                    subscriptions.delete(&agent, &made.id).await?.detached,
                )?;
            }
            same("active", 0, subscriptions.list(&agent).await?.subscriptions.len())?;
            let unknown = SubscriptionId::from("00000000-0000-4000-8000-000000000000");
            same("acked", Some(true), subscriptions.ack(&agent, unknown, 1).await?.acked)?;
            Ok("detached, twice".to_owned())
        })
        .await;
        self.check(area, "a type of events that is none is refused", async |s| {
            let agent = s.agent().await?.id;
            let unknown = EventType::from("message.received");
            refused(
                s.client
                    .subscriptions()
                    .create(&agent, unknown, EventTarget::Pull)
                    .await,
                400,
                "unknown_event_type",
            )
        })
        .await;
    }
}
