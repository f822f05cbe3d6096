//! A fast seeded hash for small keys: identifiers, SSRCs and addresses.
//!
//! Peers choose SSRCs and addresses, so the seed keeps collisions from being computed beforehand, and
//! every map that uses this is bounded in size besides.

use core::hash::{BuildHasher, Hasher};
use std::collections::HashMap;

/// A map hashed by [`Seeded`].
pub(crate) type Map<K, V> = HashMap<K, V, Seeded>;

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Builds hashers that share one secret.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seeded(pub u64);

impl BuildHasher for Seeded {
    type Hasher = Folding;

    fn build_hasher(&self) -> Folding {
        Folding { state: self.0, secret: self.0 | 1 }
    }
}

/// Multiplies to 128 bits and folds the halves, a word at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Folding {
    state: u64,
    secret: u64,
}

impl Folding {
    fn fold(&mut self, word: u64) {
        let product =
            u128::from(self.state ^ word ^ MULTIPLIER) * u128::from(self.secret.rotate_left(29) | 1);
        self.state = (product as u64) ^ ((product >> 64) as u64) ^ word.rotate_left(17);
    }
}

impl Hasher for Folding {
    fn finish(&self) -> u64 {
        let product = u128::from(self.state) * u128::from(MULTIPLIER);
        (product as u64) ^ ((product >> 64) as u64)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.fold(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.fold(word.into());
    }

    fn write_u16(&mut self, word: u16) {
        self.fold(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.fold(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.fold(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.fold(word as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequential_keys_spread_over_buckets() {
        let seeded = Seeded(0x1234_5678_9abc_def0);
        let mut buckets = [0_u32; 64];
        for ssrc in 0_u32..6_400 {
            buckets[(seeded.hash_one(ssrc) >> 58) as usize] += 1;
        }
        assert!(buckets.iter().all(|&count| (40..200).contains(&count)), "{buckets:?}");
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(Seeded(1).hash_one(7_u32), Seeded(3).hash_one(7_u32));
    }
}
