//! Header extensions are renumbered for the subscriber; those of the publisher's own path stay behind.

use crate::peer::{AUDIO_LEVEL, MID, Rtp, TRANSPORT_CC};
use crate::world::{AUDIO, World, audio, consumer};
use offrecord_forwarder::Command;
use offrecord_forwarder::api::ExtensionKind;

#[test]
fn only_safe_extensions_cross_and_under_the_subscribers_identifiers() {
    let mut world = World::connected(2);
    world.produce(audio(7, 1, 10));
    let mut options = consumer(1, 7, 2);
    options.extensions.push((ExtensionKind::TransportCc, 11));
    world.command(Command::CreateConsumer(options));
    let extensions =
        vec![(MID, b"0".to_vec()), (TRANSPORT_CC, vec![0, 1]), (AUDIO_LEVEL, vec![0x85]), (13, vec![1, 2])];
    world.send_rtp(
        0,
        &Rtp { ssrc: 10, index: 1, payload_type: AUDIO, marker: true, extensions, ..Rtp::default() },
    );
    let packets = world.peers[1].rtp();
    assert_eq!(packets[0].extensions, [(9, vec![0x85])]);
    assert!(packets[0].marker);
}
