//! Tracks come and go for as long as a call lasts, and nothing of those that went is taken again.

use crate::peer::{MID, REPAIRED_RID, RID, Rtp, picture_loss, sender_report};
use crate::world::{AUDIO, MILLISECOND, RTX, VIDEO, World, audio, repaired_simulcast, video, vp8};
use offrecord_forwarder::Command;
use offrecord_forwarder::api::PacketCore;

const TRACKS: u32 = 500;
const LAYERS: [&[u8]; 3] = [b"q", b"h", b"f"];

fn media(ssrc: u32, index: u64) -> Rtp {
    let payload = vp8(true, index as u16, index as u8);
    Rtp { ssrc, index, timestamp: 3_000 * index as u32, payload_type: VIDEO, payload, ..Rtp::default() }
}

#[test]
fn the_last_of_many_tracks_gets_through_like_the_first() {
    let mut world = World::connected(2);
    for id in 1..=TRACKS {
        world.produce(repaired_simulcast(id, 1));
        world.consume(1, id, id);
        for (layer, rid) in (0..).zip(LAYERS) {
            let ssrc = 10_000 + 6 * id + 2 * layer;
            let named = |kind: u8| vec![(MID, b"1".to_vec()), (kind, rid.to_vec())];
            world.send_rtp(0, &Rtp { extensions: named(RID), ..media(ssrc, 1) });
            world.send_rtcp(0, sender_report(ssrc, u64::from(id) << 32, 3_000));
            // Padding that probes the path, as browsers send it.
            let extensions = named(REPAIRED_RID);
            let padding = Rtp { ssrc: ssrc + 1, index: 1, payload_type: RTX, payload: vec![], ..media(0, 1) };
            world.send_rtp(0, &Rtp { extensions, ..padding });
        }
        world.advance(120 * MILLISECOND);
        world.keep_consent();
        // Each layer was switched to as it began, and the publisher's clock came along.
        assert_eq!(world.peers[1].rtp().len(), 3 * id as usize);
        assert_eq!(world.peers[1].rtcp(200).len(), id as usize);
        world.command(Command::CloseProducer { id });
    }
    let counters = world.forwarder.counters();
    assert_eq!((counters.transports, counters.producers, counters.consumers), (2, 0, 0));
}

#[test]
fn a_track_that_is_gone_is_not_played_again_in_the_place_of_the_next() {
    let mut world = World::connected(2);
    let extensions = vec![(MID, b"1".to_vec())];
    let old: Vec<_> = (0..200)
        .map(|index| world.peers[0].seal(&Rtp { extensions: extensions.clone(), ..media(20, index) }))
        .collect();
    for (id, signalled) in [(1, 0), (2, 0), (3, 20), (4, 30)] {
        world.produce(video(id, 1, signalled));
        world.consume(1, id, id);
        let before = world.peers[1].rtp().len();
        for datagram in &old[..if id == 1 { 100 } else { 200 }] {
            world.send(0, datagram.clone());
        }
        // Half of them were sent to the first track, the newer half came to the second.
        assert_eq!(world.peers[1].rtp().len() - before, if id < 3 { 100 } else { 0 }, "track {id}");
        world.command(Command::CloseProducer { id });
    }
}

#[test]
fn an_ssrc_goes_on_in_the_next_track_where_it_was() {
    let mut world = World::connected(2);
    for id in 1..=4_u32 {
        world.produce(video(id, 1, 20));
        world.consume(1, id, id);
        // Over the wrap, which the count goes on from.
        for step in 0..50 {
            world.send_rtp(0, &media(20, u64::from(id) * 30_000 + step));
        }
        assert_eq!(world.peers[1].rtp().len(), 50 * id as usize);
        world.command(Command::CloseProducer { id });
        // Late ones are dropped, and count.
        world.send_rtp(0, &media(20, u64::from(id) * 30_000 + 50));
        assert_eq!(world.peers[1].rtp().len(), 50 * id as usize);
    }
}

#[test]
fn packets_that_overtake_each_other_at_the_start_of_a_track_all_arrive() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 0));
    world.consume(1, 1, 1);
    for index in [503, 501, 500, 502, 504] {
        let extensions = vec![(MID, b"0".to_vec())];
        world.send_rtp(0, &Rtp { ssrc: 9, index, payload_type: AUDIO, extensions, ..Rtp::default() });
    }
    let taken = world.forwarder.counters().packets_dropped;
    assert_eq!(taken, 0);
}

/// What the protocol's documentation says is the most.
const MOST_SSRCS: u32 = 7_168;

#[test]
fn so_many_ssrcs_are_taken_and_no_more() {
    for (others, is_taken) in [(MOST_SSRCS - 1, true), (MOST_SSRCS, false)] {
        let mut world = World::connected(2);
        world.produce(audio(1, 1, 0));
        world.consume(1, 1, 1);
        for at in 0..others {
            world.send_rtp(0, &media(1_000 + at, 1));
            world.advance(MILLISECOND / 5);
        }
        let extensions = vec![(MID, b"0".to_vec())];
        world.send_rtp(0, &Rtp { ssrc: 9, index: 1, payload_type: AUDIO, extensions, ..Rtp::default() });
        assert_eq!(world.peers[1].rtp().len(), usize::from(is_taken));
    }
}

#[test]
fn ssrcs_without_end_leave_those_in_use_as_they_are() {
    let mut world = World::connected(2);
    world.produce(video(1, 1, 20));
    world.consume(1, 1, 1);
    for ssrc in 1_000..21_000 {
        world.send_rtp(0, &media(ssrc, 1));
        world.advance(MILLISECOND / 5);
    }
    let before = world.forwarder.counters().packets_dropped;
    // What was remembered is refused as before, what was not is not even opened: neither is forwarded.
    world.send_rtp(0, &media(1_000, 1));
    world.send_rtp(0, &media(20_999, 1));
    assert_eq!(world.forwarder.counters().packets_dropped, before + 2);
    (1..=10).for_each(|index| world.send_rtp(0, &media(20, index)));
    assert_eq!(world.peers[1].rtp().len(), 10);
    world.send_rtcp(1, picture_loss(1_001));
    assert_eq!(world.peers[0].picture_losses().last().map(|loss| loss.1), Some(20));
}

#[test]
fn a_reader_is_sent_the_last_of_more_tracks_than_there_is_room_for_like_the_first() {
    let mut world = World::connected(2);
    world.produce(audio(1, 1, 9));
    for id in 1..=20_000 {
        world.consume(1, id, 1);
        if id % 1_000 == 1 {
            let before = world.peers[1].rtp().len();
            world.send_rtp(0, &Rtp { ssrc: 9, index: id.into(), payload_type: AUDIO, ..Rtp::default() });
            assert_eq!(world.peers[1].rtp().len(), before + 1, "track {id}");
        }
        world.command(Command::CloseConsumer { id });
    }
}
