//! A subscriber is moved from one encoding to the other and back just where numbers wrap: those of both encodings, and
//! its own. Both paths lose packets and let them overtake.

use super::{Call, WRAP, frame, lossy, source};
use crate::peer::{MID, RID, Rtp};
use crate::world::{World, simulcast};
use offrecord_forwarder::Command;

const RIDS: [&str; 3] = ["q", "h", "f"];
/// Frames between two switches, and switches on either side of the wraps.
const STRETCH: u64 = 40;
const SWITCHES: u64 = 5;
/// Where a payload says which encoding it is of.
const LAYER: usize = 20;

/// Sends the two lower encodings.
struct Publisher {
    call: Call,
    next: [u64; 2],
    number: u32,
    on: usize,
}

impl Publisher {
    fn part(&mut self, layer: usize, is_key_frame: bool) -> Rtp {
        let mut packet = frame(70 + layer as u32, self.next[layer], is_key_frame);
        packet.extensions = vec![(MID, b"1".to_vec()), (RID, RIDS[layer].into())];
        packet.timestamp = self.number.wrapping_mul(3_000);
        packet.payload[LAYER] = layer as u8;
        self.next[layer] += 1;
        packet
    }

    fn send(&mut self, is_key_frame: bool) {
        for layer in 0..2 {
            let packet = self.part(layer, is_key_frame && layer == self.on);
            self.call.send(packet);
        }
        self.number += 1;
    }

    fn switch(&mut self) {
        self.on = 1 - self.on;
        let layer = self.on as u8;
        self.call.world.command(Command::SetPreferredLayer { id: 1, layer, frame_rate: 0 });
        self.send(true);
    }
}

fn is_key_frame(packet: &Rtp) -> bool {
    packet.payload[6] & 1 == 0
}

#[test]
fn each_stretch_is_whole_and_in_its_place() {
    let mut world = World::connected(2);
    world.produce(simulcast(1, 1));
    let ssrc = world.consume(1, 1, 1);
    world.command(Command::SetPreferredLayer { id: 1, layer: 0, frame_rate: 0 });
    let call = Call::new(world, ssrc);
    let begin = WRAP - STRETCH * SWITCHES;
    let mut publisher = Publisher { call, next: [0, begin - STRETCH], number: 0, on: 0 };
    publisher.send(true);
    let first = *publisher.call.seen.first_key_value().unwrap().0;
    // The subscriber's numbers come near their wrap; where the publisher's are is not known to it.
    let mut before = Vec::new();
    for _ in first + 1..begin {
        publisher.number += 1;
        before.push(publisher.part(0, false));
    }
    before.extend((1..STRETCH).map(|_| publisher.part(1, false)));
    publisher.call.send_fast(before.into_iter());
    publisher.switch();
    publisher.next[0] = publisher.next[1];
    let begin = *publisher.call.seen.last_key_value().unwrap().0;
    publisher.call.world.set_paths(lossy(10), lossy(10));
    for _ in 0..2 * SWITCHES {
        (1..STRETCH).for_each(|_| publisher.send(false));
        publisher.switch();
    }
    (1..STRETCH).for_each(|_| publisher.send(false));
    publisher.call.settle();
    assert!(publisher.next.iter().all(|&next| next > WRAP + STRETCH), "{:?}", publisher.next);

    let seen: Vec<(u64, &Rtp)> =
        publisher.call.seen.range(begin..).map(|(&at, packet)| (at, packet)).collect();
    let last = seen.last().unwrap().0;
    assert!(begin < WRAP && last > WRAP + STRETCH, "{begin} to {last}");
    let stretches: Vec<_> = seen.chunk_by(|_, next| !is_key_frame(next.1)).collect();
    assert_eq!(stretches.len() as u64, 1 + 2 * SWITCHES);
    for (at, stretch) in stretches.iter().enumerate() {
        let (begin, key_frame) = stretch[0];
        assert!(is_key_frame(key_frame));
        for (index, packet) in *stretch {
            assert_eq!(usize::from(packet.payload[LAYER]), (at + 1) % 2);
            assert_eq!(source(packet) - source(key_frame), index - begin);
        }
        // What was lost just before the next key frame is not asked for any more.
        let missing = stretch.last().unwrap().0 + 1 - begin - stretch.len() as u64;
        assert!(missing <= STRETCH / 4 && (missing == 0 || at + 1 < stretches.len()), "{missing} of {at}");
    }
    let is_later =
        |pair: &[(u64, &Rtp)]| pair[1].1.timestamp.wrapping_sub(pair[0].1.timestamp).cast_signed() > 0;
    assert!(seen.windows(2).all(is_later), "timestamps go on");
}
