//! A link that drops, duplicates and reorders by a seed.

/// Splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// What a link does to datagrams.
#[derive(Clone, Copy, Default)]
pub struct Link {
    /// One way, in microseconds.
    pub delay: u64,
    /// Added at random, up to this.
    pub jitter: u64,
    /// Of 1000.
    pub loss: u64,
    /// Of 1000.
    pub duplicates: u64,
}

impl Link {
    /// When the copies of a datagram arrive that is sent at `now`: none, one or two.
    pub fn arrivals(&self, now: u64, random: &mut Random) -> Vec<u64> {
        let copies = match random.below(1000) {
            draw if draw < self.loss => 0,
            draw if draw < self.loss + self.duplicates => 2,
            _ => 1,
        };
        (0..copies).map(|_| now + self.delay + random.below(self.jitter + 1)).collect()
    }
}
