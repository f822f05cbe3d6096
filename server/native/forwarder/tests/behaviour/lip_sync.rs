//! What a subscriber is told of clocks puts sound and pictures where they were captured, through switches and
//! pauses, on a path that delays packets unevenly.

use crate::peer::{MID, RID, Received, Rtp, sender_report};
use crate::world::{AUDIO, MILLISECOND, SECOND, VIDEO, World, audio, simulcast, vp8};
use core::time::Duration;
use offrecord_forwarder::Command;
use offrecord_netem::Profile;
use std::collections::HashMap;

const RIDS: [&str; 3] = ["q", "h", "f"];
/// Of sound and of the three encodings; their clocks have nothing in common.
const SSRCS: [u32; 4] = [10, 20, 21, 22];
const BEGINNINGS: [u32; 4] = [77, 1_000, u32::MAX - 100_000, 77_000_000];
const STEP: u64 = 10 * MILLISECOND;

/// A publisher whose every stream says when it was captured: sound each 20 ms, pictures each 30 ms.
struct Publisher {
    start: u64,
    indices: [u64; 4],
    wanted: [bool; 4],
}

impl Publisher {
    fn timestamp(&self, stream: usize, at: u64) -> u32 {
        let rate = if stream == 0 { 48 } else { 90 };
        BEGINNINGS[stream].wrapping_add(((at - self.start) * rate / MILLISECOND) as u32)
    }

    fn step(&mut self, world: &mut World) {
        for (at, ssrc) in world.peers[0].picture_losses() {
            if at + STEP > world.now {
                self.wanted[SSRCS.iter().position(|known| *known == ssrc).unwrap()] = true;
            }
        }
        let elapsed = world.now - self.start;
        for (stream, ssrc) in SSRCS.into_iter().enumerate() {
            // Reports come each second, those of the streams one after the other.
            if elapsed % SECOND == stream as u64 * 70 * MILLISECOND {
                let timestamp = self.timestamp(stream, world.now);
                world.send_rtcp(0, sender_report(ssrc, ntp(world.now), timestamp));
            }
            let spacing = if stream == 0 { 20 } else { 30 };
            if elapsed.is_multiple_of(spacing * MILLISECOND) {
                self.send(world, stream);
            }
        }
    }

    fn send(&mut self, world: &mut World, stream: usize) {
        let index = self.indices[stream];
        self.indices[stream] += 1;
        let captured = world.now.to_be_bytes();
        let mut packet = Rtp {
            ssrc: SSRCS[stream],
            index,
            timestamp: self.timestamp(stream, world.now),
            payload_type: AUDIO,
            payload: captured.to_vec(),
            ..Rtp::default()
        };
        if let Some(encoding) = stream.checked_sub(1) {
            let is_key_frame = core::mem::take(&mut self.wanted[stream]) || index == 0;
            packet.payload = vp8(is_key_frame, index as u16 & 0x7fff, index as u8);
            packet.payload.extend(captured);
            packet.payload_type = VIDEO;
            packet.marker = true;
            packet.extensions = vec![(MID, b"1".to_vec()), (RID, RIDS[encoding].into())];
        }
        world.send_rtp(0, &packet);
    }
}

fn ntp(at: u64) -> u64 {
    (((u128::from(at) << 32) / 1_000_000) as u64).wrapping_add(3 << 60)
}

/// How far, in microseconds, every packet is from where it was captured by the newest report before it: of sound,
/// and of pictures.
fn errors(world: &World) -> [Vec<i64>; 2] {
    let mut clocks: HashMap<u32, (u64, u32)> = HashMap::new();
    let mut errors = [Vec::new(), Vec::new()];
    let mut newest: HashMap<u32, u32> = HashMap::new();
    for (_, what) in &world.peers[1].received {
        match what {
            Received::Rtcp(compound) if compound[1] == 200 => {
                let word = |at: usize| u32::from_be_bytes(compound[at..at + 4].try_into().unwrap());
                clocks.insert(word(4), (u64::from(word(8)) << 32 | u64::from(word(12)), word(16)));
            }
            Received::Rtp { packet, .. } => {
                let before = newest.insert(packet.ssrc, packet.timestamp);
                let passed = before.map_or(1, |before| packet.timestamp.wrapping_sub(before) as i32);
                assert!(passed > 0, "time does not go back: {passed}");
                let Some((reported, timestamp)) = clocks.get(&packet.ssrc) else { continue };
                let kind = usize::from(packet.ssrc == 1_002);
                let ticks = i64::from(packet.timestamp.wrapping_sub(*timestamp) as i32);
                let since = ticks * 1_000 / if kind == 0 { 48 } else { 90 };
                let (_, captured) = packet.payload.split_at(packet.payload.len() - 8);
                let truth = ntp(u64::from_be_bytes(captured.try_into().unwrap()));
                let report = ((i128::from(reported.wrapping_sub(truth) as i64) * 1_000_000) >> 32) as i64;
                errors[kind].push(report + since);
            }
            _ => {}
        }
    }
    errors
}

#[test]
fn lips_stay_in_sync_through_switches_and_pauses() {
    let mut world = World::connected(2);
    let uneven =
        Profile { delay: Duration::from_millis(30), jitter: Duration::from_millis(60), ..Profile::default() };
    world.set_paths(uneven, Profile::default());
    world.produce(audio(1, 1, SSRCS[0]));
    world.produce(simulcast(2, 1));
    world.consume(1, 1, 1);
    world.consume(1, 2, 2);
    let mut publisher = Publisher { start: world.now, indices: [0; 4], wanted: [false; 4] };
    for round in 0..40 {
        for peer in 0..2 {
            let check = world.peers[peer].check(true);
            world.deliver(world.peers[peer].address, check);
        }
        let until = world.now + SECOND + world.random.below(1_000) * MILLISECOND / 10 * 10;
        match world.random.below(4) {
            0 => world.command(Command::PauseConsumer { id: 2, paused: round % 4 == 0 }),
            1 if round > 4 => world.command(Command::PauseProducer { id: 2, paused: round % 4 == 0 }),
            _ => {
                let layer = world.random.below(3) as u8;
                world.command(Command::SetPreferredLayer { id: 2, layer, frame_rate: 0 });
            }
        }
        while world.now < until {
            publisher.step(&mut world);
            world.advance(STEP - world.now % STEP);
        }
    }
    let [sound, pictures] = errors(&world);
    assert!(sound.len() > 1_500 && pictures.len() > 500, "{} {}", sound.len(), pictures.len());
    let worst = |errors: &[i64]| errors.iter().map(|error| error.abs()).max().unwrap();
    assert!(worst(&sound) < 1_000, "sound: {} µs", worst(&sound));
    assert!(worst(&pictures) < 1_000, "pictures: {} µs", worst(&pictures));
}
