//! The faults that are ordered, and those that have struck.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::{CallFault, DeliveryFault, Fault, FiredFault, Hitch, Target};
use crate::random::Random;

/// How many faults that have struck are remembered.
const MAX_FIRED: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Orders {
    open: Vec<Order>,
    fired: VecDeque<FiredFault>,
    random: Random,
}

/// A fault, and how far it has got.
#[derive(Debug)]
struct Order {
    fault: Fault,
    passed: u32,
    struck: u32,
}

impl Orders {
    pub(crate) fn new(seed: u64, faults: Vec<Fault>) -> Self {
        Self {
            open: faults.into_iter().map(Order::new).collect(),
            fired: VecDeque::new(),
            // Other numbers than those that ids are drawn from.
            random: Random::new(!seed),
        }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        self.open.push(Order::new(fault));
    }

    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(crate) fn fired(&self) -> impl Iterator<Item = &FiredFault> {
        self.fired.iter()
    }

    /// What goes wrong with a call, or with a connection.
    pub(crate) fn call(&mut self, at: Timestamp, target: Target) -> Option<CallFault> {
        match self.strike(at, target, |_| true)? {
            Hitch::Call { fault, .. } => Some(fault),
            Hitch::Delivery { .. } => None,
        }
    }

    /// What goes wrong with a delivery.
    pub(crate) fn delivery(
        &mut self,
        at: Timestamp,
        target: Target,
        possible: impl Fn(&DeliveryFault) -> bool,
    ) -> Option<DeliveryFault> {
        let possible = |hitch: &Hitch| matches!(hitch, Hitch::Delivery { fault, .. } if possible(fault));
        match self.strike(at, target, possible)? {
            Hitch::Delivery { fault, .. } => Some(fault),
            Hitch::Call { .. } => None,
        }
    }

    /// The first fault that strikes; those behind it do not count this target.
    fn strike(&mut self, at: Timestamp, target: Target, possible: impl Fn(&Hitch) -> bool) -> Option<Hitch> {
        let random = &mut self.random;
        let place = self.open.iter_mut().position(|order| {
            let hitch = &order.fault.hitch;
            hitch.concerns(&target) && possible(hitch) && order.strikes(random)
        })?;
        let order = self.open.get_mut(place)?;
        order.struck = order.struck.saturating_add(1);
        let fault = order.fault.clone();
        if fault.times == Some(order.struck) {
            self.open.remove(place);
        }
        let hitch = fault.hitch.clone();
        if self.fired.len() == MAX_FIRED {
            self.fired.pop_front();
        }
        self.fired.push_back(FiredFault { at, fault, target });
        Some(hitch)
    }
}

impl Order {
    fn new(fault: Fault) -> Self {
        Self {
            fault,
            passed: 0,
            struck: 0,
        }
    }

    fn strikes(&mut self, random: &mut Random) -> bool {
        if self.passed < self.fault.after {
            self.passed += 1;
            return false;
        }
        self.fault.times != Some(0) && (self.fault.chance >= 1.0 || random.chance(self.fault.chance))
    }
}
