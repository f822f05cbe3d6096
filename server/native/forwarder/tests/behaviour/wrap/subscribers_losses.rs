//! What a subscriber loses around its own wrap, and asks for behind it, is sent again the same to the byte: under the
//! roll-over counter that it had.

use super::{Call, WRAP, frame, lossy};
use crate::world::{World, video};
use offrecord_forwarder::api::PacketCore;
use offrecord_netem::Profile;

const MEDIA: u32 = 20;

#[test]
fn all_of_it_arrives_under_the_number_it_had() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, MEDIA));
    let ssrc = world.consume(1, 1, 1);
    let mut call = Call::new(world, ssrc);
    call.send(frame(MEDIA, 0, true));
    let first = call.seen.keys().copied().next().unwrap();
    let lossy_from = WRAP - first - 300;
    call.send_fast((1..lossy_from).map(|index| frame(MEDIA, index, false)));
    call.world.set_paths(Profile::default(), lossy(15));
    (lossy_from..lossy_from + 600).for_each(|index| call.send(frame(MEDIA, index, false)));
    call.settle();
    let resent = call.world.forwarder.counters().resent_outgoing;
    assert!(resent > 60, "{resent} of 600 sent again");
    assert!(*call.seen.last_key_value().unwrap().0 > WRAP + 200);
    call.assert_whole(0..lossy_from + 600);
}
