//! Numbers from a seed, for ids and for faults that strike by chance.

use serde::{Deserialize, Serialize};

/// SplitMix64: a few lines, the same on every platform and in every version. Nothing here has to be unguessable.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `true` with this probability, to a part in 2³².
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        let draw = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        f64::from(draw) < probability * (f64::from(u32::MAX) + 1.0)
    }
}
