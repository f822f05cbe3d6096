//! What a path carries, as far as anybody but the forwarder is told.

/// Coarse on purpose: what a relay tells could carry a hidden message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Bandwidth {
    /// The peer tells nothing of its path.
    #[default]
    Unknown = 0,
    /// Not even the smallest video.
    Below100Kbps = 1,
    /// A small video.
    Below300Kbps = 2,
    /// Two or three of them.
    Below1Mbps = 3,
    /// A large video.
    Below3Mbps = 4,
    /// A few of them.
    Below10Mbps = 5,
    /// Nothing that a conference would fill.
    Above10Mbps = 6,
}

impl Bandwidth {
    /// The step of an estimate in bits a second.
    pub(crate) fn of(estimate: Option<u64>) -> Self {
        match estimate {
            None => Self::Unknown,
            Some(..100_000) => Self::Below100Kbps,
            Some(..300_000) => Self::Below300Kbps,
            Some(..1_000_000) => Self::Below1Mbps,
            Some(..3_000_000) => Self::Below3Mbps,
            Some(..10_000_000) => Self::Below10Mbps,
            Some(_) => Self::Above10Mbps,
        }
    }
}
