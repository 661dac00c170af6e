//! Doing what is due: deliveries are taken from the engine, sent, and their results given back.

use std::{mem, sync::Arc};

use jiff::Timestamp;

use crate::{
    engine::Delivery,
    faults::{DeliveryFault, Target},
    shared::{Shared, lock},
};

impl Shared {
    pub(crate) fn poll(&self, now: Timestamp) -> Option<Delivery> {
        // A delivery that is not noted anywhere does not go out: its execution counts as stale, and is tried again.
        let delivery = self.change(|engine| engine.poll(now)).ok().flatten();
        self.tell();
        delivery
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.engine().next_due()
    }

    /// Sends a delivery and tells the engine how it went; or keeps it until the next one has gone, as a fault may want.
    pub(crate) async fn deliver(&self, delivery: Delivery) {
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

    /// Under the system's clock: does what is due, when it is due, forever.
    pub(crate) async fn run_schedule(self: Arc<Self>) {
        loop {
            while let Some(delivery) = self.poll(self.clock.now()) {
                let shared = self.clone();
                tokio::spawn(async move { shared.deliver(delivery).await });
            }
            let next = self.next_due();
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
}
