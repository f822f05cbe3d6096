//! What one packet becomes for many is authentic for each, whatever the cipher of who receives: every other peer has
//! AES-CM, whose tags are made many at once.

use crate::peer::{AUDIO_LEVEL, Rtp};
use crate::world::{AUDIO, MILLISECOND, VIDEO, World, audio, consumer, video};
use offrecord_forwarder::Command;

/// To so many, of whom half have AES-CM: one by one, a group that is not full, a full one, and what is left of several.
const SUBSCRIBERS: [u32; 8] = [2, 3, 6, 9, 10, 16, 17, 60];

#[test]
fn each_of_many_receives_what_was_sent() {
    for count in SUBSCRIBERS {
        let mut world = World::connected(count + 1);
        world.produce(audio(1, 1, 10));
        world.produce(video(2, 1, 20));
        for number in 0..count {
            world.command(Command::CreateConsumer(consumer(2 * number, 1, number + 2)));
            let mut options = consumer(2 * number + 1, 2, number + 2);
            // Every third has no extensions, so that lengths differ.
            options.extensions.truncate(if number % 3 == 0 { 0 } else { usize::MAX });
            world.command(Command::CreateConsumer(options));
        }
        let mut payloads = Vec::new();
        for index in 0..40_u64 {
            let payload: Vec<u8> = (0..index * 30).map(|at| (at + index) as u8).collect();
            let extensions = vec![(AUDIO_LEVEL, vec![0x85])];
            let packet = Rtp { ssrc: 10, index, payload_type: AUDIO, extensions, ..Rtp::default() };
            world.send_rtp(0, &Rtp { payload: payload.clone(), ..packet });
            world.advance(MILLISECOND);
            payloads.push(payload);
        }
        let key_frame = [&[0x10, 0, 0, 0, 0x9d, 0x01, 0x2a][..], &[7; 900]].concat();
        let packet = Rtp { ssrc: 20, index: 1, payload_type: VIDEO, marker: true, ..Rtp::default() };
        world.send_rtp(0, &Rtp { payload: key_frame.clone(), ..packet });
        for number in 0..count {
            let received = world.peers[number as usize + 1].rtp();
            let of = |ssrc: u32| -> Vec<_> {
                let own = received.iter().filter(|packet| packet.ssrc == ssrc);
                own.map(|packet| packet.payload.clone()).collect()
            };
            assert_eq!(of(1_000 + 2 * number), payloads, "{number} of {count}");
            assert_eq!(of(1_001 + 2 * number), [&key_frame[..]], "{number} of {count}");
        }
    }
}
