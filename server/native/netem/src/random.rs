//! Numbers that look random and come again with the same seed.

/// Splitmix64, started anywhere.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// A generator of its own for each `purpose`, so that drawing for one does not shift another.
    #[must_use]
    pub fn split(seed: u64, purpose: u64) -> Self {
        let mut parent = Self(seed ^ purpose.wrapping_mul(0xd134_2543_de82_ef95));
        Self(parent.draw())
    }

    /// 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    /// Evenly from zero up to `limit`, which is left out and not zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.draw() % limit
    }

    /// Evenly from zero up to one, which is left out.
    pub fn fraction(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True for this share of draws: 0 is never, 1 always.
    pub fn happens(&mut self, share: f64) -> bool {
        self.fraction() < share
    }
}
