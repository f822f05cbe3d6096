//! What stands for `lanes` on processors that it is not written for: there, none of its keys exists.

use core::convert::Infallible;

pub const LANES: usize = 8;

pub struct Key(Infallible);

#[derive(Clone, Copy)]
pub struct Message<'a> {
    pub key: &'a Key,
    pub text: &'a [u8],
    pub end: [u8; 4],
}

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
