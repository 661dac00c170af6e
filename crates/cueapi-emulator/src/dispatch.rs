//! Doing what is due: deliveries are taken from the engine, sent, and their results given back.

use std::{mem, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::{
    advance::SLICE,
    engine::{Delivery, Engine, Polled, Skipped},
    faults::{DeliveryFault, Target},
    shared::{NotSaved, Shared, lock, notice},
};

/// How many deliveries are on their way at a time, so that a receiver can answer those that it has accepted.
const MAX_SENDING: usize = 16;

/// How many cues are named of which runs are skipped.
const MAX_TOLD: usize = 10;

impl Shared {
    /// Does some of what is due.
    ///
    /// A delivery that is not noted anywhere does not go out: its execution counts as stale, and is tried again.
    pub(crate) fn poll(&self, now: Timestamp, most: usize, send: bool) -> Result<Polled, NotSaved> {
        let polled = self.change(|engine| engine.poll_some(now, most, send));
        self.tell();
        polled
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.engine().next_due()
    }

    /// Sends a delivery and tells the engine how it went; or keeps it until the next one has gone, as a fault may want.
    pub(crate) async fn deliver(self: Arc<Self>, delivery: Delivery) {
        let fault = self.delivery_fault(&delivery);
        if fault == Some(DeliveryFault::HeldBack) {
            lock(&self.held_back).push(delivery);
            return;
        }
        self.send(delivery, fault).await;
        let held_back = mem::take(&mut *lock(&self.held_back));
        for delivery in held_back {
            self.send(delivery, None).await;
        }
    }

    fn delivery_fault(&self, delivery: &Delivery) -> Option<DeliveryFault> {
        if self.orders().is_empty() {
            return None;
        }
        let (signed, has_old_secret) = (delivery.secret.is_some(), self.old_secret(delivery).is_some());
        let possible = |fault: &DeliveryFault| match fault {
            DeliveryFault::OldSecret => has_old_secret,
            DeliveryFault::WrongSignature | DeliveryFault::ClockSkew(_) => signed,
            _ => true,
        };
        let target = Target::Delivery(delivery.kind.clone());
        self.orders().delivery(self.clock.now(), target, possible)
    }

    fn old_secret(&self, delivery: &Delivery) -> Option<Box<str>> {
        self.engine()
            .replaced_secret(delivery.secret.as_deref()?)
            .map(Into::into)
    }

    async fn send(&self, mut delivery: Delivery, fault: Option<DeliveryFault>) {
        match fault {
            Some(DeliveryFault::WrongSignature) => delivery.secret = Some("whsec_of_nobody".into()),
            Some(DeliveryFault::OldSecret) => delivery.secret = self.old_secret(&delivery),
            Some(DeliveryFault::Stalled) if !self.clock.is_held() => {
                tokio::time::sleep(self.sender.timeout(&delivery)).await;
            }
            Some(DeliveryFault::Duplicated) => {
                let sent = self.sender.send(&delivery, self.clock.now(), None).await;
                self.sent().push(sent);
            }
            _ => {}
        }
        let sent = self.sender.send(&delivery, self.clock.now(), fault.as_ref()).await;
        let result = sent.result.clone();
        self.sent().push(sent);
        // When it cannot be saved, the execution is found in delivery after a crash, and delivered again.
        drop(self.change(|engine| engine.delivered(self.clock.now(), delivery.id, result)));
        self.has_happened();
    }

    /// Under the system's clock: does what is due, when it is due, forever; a slice at a time, since much may be due at
    /// once after the machine was off.
    pub(crate) async fn run_schedule(self: Arc<Self>) {
        let places = Arc::new(Semaphore::new(MAX_SENDING));
        let mut skipped = Vec::new();
        loop {
            let place = places.clone().try_acquire_owned().ok();
            let send = place.is_some();
            match self.poll(self.clock.now(), SLICE, send) {
                // There may be room again in a moment.
                Err(NotSaved) => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
                Ok(Polled::Send(delivery)) => {
                    let shared = self.clone();
                    tokio::spawn(async move {
                        shared.clone().deliver(*delivery).await;
                        drop(place);
                        shared.changed.notify_one();
                    });
                    continue;
                }
                Ok(Polled::More) => {
                    skipped.extend(self.take_skipped());
                    self.give_way().await;
                    continue;
                }
                Ok(Polled::Done) => {}
            }
            drop(place);
            skipped.extend(self.take_skipped());
            tell_skipped(&mem::take(&mut skipped));
            let next = self.engine().next_step(send);
            let wait = async {
                match next {
                    Some(due) => {
                        let left = due.duration_since(self.clock.now());
                        tokio::time::sleep(left.try_into().unwrap_or_default()).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wait => {}
                () = self.changed.notified() => {}
            }
        }
    }

    fn take_skipped(&self) -> Vec<Skipped> {
        // They are not saved with anything.
        self.change(Engine::take_skipped).unwrap_or_default()
    }
}

fn tell_skipped(skipped: &[Skipped]) {
    for Skipped {
        cue_id,
        name,
        from,
        until,
        ..
    } in skipped.iter().take(MAX_TOLD)
    {
        notice(format_args!(
            "{name:?} ({cue_id}) missed its runs from {from} on; those before {until} are skipped"
        ));
    }
    if let Some(more @ 1..) = skipped.len().checked_sub(MAX_TOLD) {
        notice(format_args!("missed runs of {more} more cues are skipped"));
    }
}
