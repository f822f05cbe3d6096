//! A publisher's retransmissions have numbers of their own: both wrap, and not together.

use super::{Call, WRAP, frame, lossy};
use crate::world::{World, repaired_video};
use offrecord_netem::Profile;

const MEDIA: u32 = 20;
const REPAIR: u32 = 21;

#[test]
fn what_is_repaired_across_either_wrap_takes_its_place() {
    let mut world = World::connected(2);
    world.produce(repaired_video(1, 1, MEDIA, REPAIR));
    let ssrc = world.consume(1, 1, 1);
    let mut call = Call::new(world, ssrc);
    call.repairs = Some((REPAIR, WRAP - 20));
    let indices = WRAP - 300..WRAP + 300;
    call.send(frame(MEDIA, indices.start, true));
    call.world.set_paths(lossy(15), Profile::default());
    (indices.start + 1..indices.end).for_each(|index| call.send(frame(MEDIA, index, false)));
    call.settle();
    assert!(call.repairs.unwrap().1 > WRAP + 20, "retransmissions wrapped too: {:?}", call.repairs);
    call.assert_whole(indices);
}
