//! Numbers from a seed, for ids and for faults that strike by chance.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A counter, hashed: the same on every platform and in every version. From one number nobody can tell another, so that an id
/// which anybody may see says nothing about a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let digest = Sha256::digest(self.0.to_le_bytes());
        digest
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// `true` with this probability, to a part in 2³².
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        let draw = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        f64::from(draw) < probability * (f64::from(u32::MAX) + 1.0)
    }
}
