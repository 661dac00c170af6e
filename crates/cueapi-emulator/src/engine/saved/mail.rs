//! Indices and timers of agents, messages, events and subscriptions, made anew from their rows.

use super::super::{DeliveryState, Engine, executions::STALE, timers::Timer};

impl Engine {
    pub(super) fn index_mail(&mut self) {
        self.index_agents();
        self.index_messages();
        self.index_events();
        self.index_subscriptions();
    }

    fn index_agents(&mut self) {
        for (key, agent) in self.agents.iter() {
            self.agent_ids.insert(agent.id.clone(), *key);
            self.agent_slugs.insert((agent.account, agent.slug.clone()), *key);
        }
    }

    fn index_messages(&mut self) {
        for (key, message) in self.messages.iter() {
            self.mail.insert(*key, message);
            let Some(push) = &message.push else { continue };
            let timer = match message.state {
                DeliveryState::Queued | DeliveryState::RetryReady => push.next.map(|at| (at, Timer::Push(*key))),
                DeliveryState::Delivering => push
                    .since
                    .and_then(|since| Some((since.saturating_add(STALE).ok()?, Timer::StalePush(*key)))),
                _ => None,
            };
            if let Some((at, timer)) = timer {
                self.under_way.insert(*key);
                self.timers.set(at, timer);
            }
        }
    }

    fn index_events(&mut self) {
        for (key, event) in self.events.iter() {
            self.agent_events.insert((event.agent, *key));
            self.timers.set(event.forgotten_at(), Timer::Forget(*key));
            let digested = self.agents.get(&event.agent).map_or(0, |agent| agent.digested_event);
            if let Some(at) = event.digest_due().filter(|_| event.id > digested) {
                self.timers.set(at, Timer::Digest(event.agent));
            }
        }
    }

    fn index_subscriptions(&mut self) {
        for (key, row) in self.subscriptions.iter() {
            self.agent_subscriptions.insert((row.agent, *key));
            let after = row.last_dispatched_event_id.unwrap_or(0);
            let waiting = self
                .events_after(row.agent, after)
                .find(|event| event.event_type == row.event_type);
            let emitted_at = waiting.map(|event| event.emitted_at);
            let Some(at) = emitted_at.filter(|_| row.detached_at.is_none() && row.webhook.is_some()) else {
                continue;
            };
            let ready = at.max(row.created_at).max(row.last_dispatched_at.unwrap_or(at));
            let due = row.paused_until.max(row.retry_at).unwrap_or(ready);
            self.timers.set(due, Timer::Publish(*key));
        }
    }
}
