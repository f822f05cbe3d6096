//! What stands for `lanes` on processors that it is not written for: there, none of its keys exists.

use super::signing::{LANES, Message};
use core::convert::Infallible;

pub struct Key(Infallible);

impl Key {
    pub fn new(_: &[u8]) -> Option<Self> {
        None
    }
}

pub fn fewest() -> usize {
    LANES
}

pub fn sign(messages: &[Message<'_>; LANES]) -> [[u8; 20]; LANES] {
    match messages[0].key.0 {}
}
