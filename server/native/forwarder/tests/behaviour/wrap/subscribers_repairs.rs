//! Retransmissions to a subscriber have numbers of their own: both wrap, and not together.

use super::{Call, WRAP, frame, lossy};
use crate::layered::subscriber;
use crate::peer::{Rtp, nack};
use crate::world::{MILLISECOND, World, repaired_video};
use offrecord_forwarder::Command;
use offrecord_netem::Profile;

const MEDIA: u32 = 20;
/// Packets that are asked for each time.
const ASKED: u64 = 30;
/// So often at most until retransmissions are near their wrap.
const ROUNDS: u64 = 1_000;

fn large(mut packet: Rtp) -> Rtp {
    let end = packet.payload.split_off(20);
    packet.payload.resize(1_100, 0);
    packet.payload.extend(end);
    packet
}

#[test]
fn what_is_repaired_across_either_wrap_is_what_was_lost() {
    let mut world = World::connected(2);
    world.produce(repaired_video(1, 1, MEDIA, 21));
    let options = subscriber(1, 1, 2);
    let ssrc = options.ssrc;
    world.command(Command::CreateConsumer(options));
    let mut call = Call::new(world, ssrc);
    call.send(frame(MEDIA, 0, true));
    let first = call.seen.keys().copied().next().unwrap();
    let mut next = 1;
    // Packets that nobody lost are asked for until their numbers are used up. What pays for that is large.
    for _ in 0..ROUNDS {
        if call.newest_repair >= WRAP - 100 {
            break;
        }
        call.send_fast((next..next + ASKED).map(|index| large(frame(MEDIA, index, false))));
        call.send_fast((next + ASKED..next + 2 * ASKED).map(|index| frame(MEDIA, index, false)));
        next += 2 * ASKED;
        for _ in 0..10 {
            let newest = (first + next - 1) as u16;
            let asked: Vec<u16> = (0..ASKED as u16).map(|back| newest.wrapping_sub(back)).collect();
            call.world.send_rtcp(1, nack(ssrc, &asked));
            call.pass(20 * MILLISECOND);
        }
    }
    assert!(call.newest_repair >= WRAP - 100, "{}", call.newest_repair);
    // The media's own numbers come near theirs too.
    let wrapping_from = WRAP - 1_000 - first;
    call.send_fast((next..wrapping_from).map(|index| frame(MEDIA, index, false)));
    next = wrapping_from;
    call.world.set_paths(Profile::default(), lossy(15));
    let resent = call.resent;
    (next..next + 2_000).for_each(|index| call.send(frame(MEDIA, index, false)));
    call.settle();
    assert!(call.resent > resent + 200, "{} more", call.resent - resent);
    assert!(call.newest_repair > WRAP + 100, "{}", call.newest_repair);
    call.assert_whole(0..next + 2_000);
}
