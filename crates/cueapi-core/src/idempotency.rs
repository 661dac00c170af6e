//! Keys that tell a repeated request from a new one.

use std::hash::{BuildHasher, RandomState};

use cueapi_types::IdempotencyKey;

/// A key that nobody else has: 128 bits from the hashers that the standard library seeds from the system.
///
/// None where the standard library has no such source. A key that two programs share would make the server drop the
/// second one's message, so there the caller has to bring one.
pub(crate) fn key() -> Option<IdempotencyKey> {
    if cfg!(all(target_family = "wasm", target_os = "unknown")) {
        return None;
    }
    // The process goes in because a forked one starts with its parent's seed.
    let process = std::process::id();
    let half = || RandomState::new().hash_one(process);
    Some(IdempotencyKey::from(format!("{:016x}{:016x}", half(), half())))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_comes_twice() {
        let draw = || {
            (0..2_000)
                .map(|_| key().unwrap().as_str().to_owned())
                .collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(draw)).collect();
        let keys: Vec<String> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 8_000);
        assert!(keys.iter().all(|key| key.len() == 32));
    }
}
