//! Which packets a link loses.

use crate::random::Random;

/// A law of losses. Shares are of all packets, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Loss {
    /// Nothing is lost.
    #[default]
    None,
    /// Each packet by itself.
    Random {
        /// Lost, of all.
        share: f64,
    },
    /// Gilbert and Elliott: a state without losses, and bursts in which packets are lost.
    Bursts {
        /// Lost, of all.
        share: f64,
        /// Mean length of a burst, in packets; 1 or more.
        packets: f64,
        /// Lost inside a burst; 1 is Gilbert's model.
        inside: f64,
    },
}

impl Loss {
    /// Mean share of packets that are lost.
    #[must_use]
    pub fn share(&self) -> f64 {
        match *self {
            Self::None => 0.0,
            Self::Random { share } | Self::Bursts { share, .. } => share,
        }
    }

    /// What is wrong with it.
    pub fn check(&self) -> Result<(), &'static str> {
        let is_share = |share: f64| (0.0..=1.0).contains(&share);
        match *self {
            Self::Bursts { share, packets, inside } => {
                if !is_share(share) || !is_share(inside) || !(1.0..=1e6).contains(&packets) {
                    return Err("a burst has 1 to 1,000,000 packets, and shares are from 0 to 1");
                }
                match entering(share, packets, inside) {
                    entering if is_share(entering) => Ok(()),
                    _ => Err("bursts of this length and loss cannot lose so much of all"),
                }
            }
            _ if is_share(self.share()) => Ok(()),
            _ => Err("a share of losses is from 0 to 1"),
        }
    }
}

/// Chance per packet that a burst begins, so that bursts last `packets` and `share` of all is lost.
fn entering(share: f64, packets: f64, inside: f64) -> f64 {
    if share == 0.0 {
        return 0.0;
    }
    let in_bursts = share / inside;
    in_bursts / (1.0 - in_bursts) / packets
}

/// Where a link is in its law of losses.
#[derive(Debug)]
pub(crate) struct Losing {
    random: Random,
    is_in_burst: bool,
}

impl Losing {
    pub(crate) fn new(random: Random) -> Self {
        Self { random, is_in_burst: false }
    }

    pub(crate) fn loses(&mut self, loss: &Loss) -> bool {
        match *loss {
            Loss::None => false,
            Loss::Random { share } => self.random.happens(share),
            Loss::Bursts { share, packets, inside } => {
                let turning = if self.is_in_burst { 1.0 / packets } else { entering(share, packets, inside) };
                self.is_in_burst ^= self.random.happens(turning);
                self.random.happens(inside) && self.is_in_burst
            }
        }
    }
}
