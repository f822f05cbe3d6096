//! What a publisher's path loses around its wrap is asked for under the right numbers, and takes its place when it comes
//! again on the same SSRC.

use super::{Call, WRAP, frame, lossy};
use crate::world::{World, video};
use offrecord_netem::Profile;

const MEDIA: u32 = 20;

#[test]
fn all_of_it_arrives_in_its_place() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, MEDIA));
    let ssrc = world.consume(1, 1, 1);
    let mut call = Call::new(world, ssrc);
    let indices = WRAP - 300..WRAP + 300;
    call.send(frame(MEDIA, indices.start, true));
    call.world.set_paths(lossy(15), Profile::default());
    (indices.start + 1..indices.end).for_each(|index| call.send(frame(MEDIA, index, false)));
    call.settle();
    assert!(call.repaired > 60, "{} of 600 asked for", call.repaired);
    call.assert_whole(indices);
}
