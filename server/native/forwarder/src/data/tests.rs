use super::*;

const PEER_TAG: u32 = 0x0102_0304;
const OWN_TAG: u32 = 0x0506_0708;
const MASTER: [u8; 48] = [7; 48];
const CLIENT: [u8; 32] = [1; 32];
const SERVER: [u8; 32] = [2; 32];
const START: Micros = Micros(1_000_000);
const PATIENCE: Micros = Micros(500_000);

fn session(is_server: bool) -> Session {
    let secrets = Secrets { is_server, master: &MASTER, client_random: &CLIENT, server_random: &SERVER };
    Session::new(&secrets).expect("keys of the right lengths")
}

fn terms(next_tsn: u32) -> Terms {
    Terms {
        own_tag: OWN_TAG,
        peer_tag: PEER_TAG,
        next_tsn,
        window: 4 * LONGEST,
        patience: PATIENCE,
        channels: [
            Some(Channel { stream: 3, sequence: 0, ordered: false }),
            Some(Channel { stream: 1, sequence: u16::MAX, ordered: true }),
        ],
    }
}

fn on_lane(next_tsn: u32) -> Session {
    let mut session = session(true);
    session.take_over(terms(next_tsn));
    session
}

fn message(text: &[u8]) -> Arc<[u8]> {
    Arc::from(text)
}

/// What is left to do of a datagram; an empty packet is a goodbye.
fn left(session: &mut Session, datagram: &[u8], now: Micros) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    session.receive(&mut datagram.to_vec(), now, |received| {
        packets.push(match received {
            Received::Packet(packet) => packet.to_vec(),
            Received::Goodbye => Vec::new(),
        });
    });
    packets
}

fn summed(mut packet: Vec<u8>) -> Vec<u8> {
    packet[8..12].fill(0);
    let checksum = crc32c::crc32c(&packet).to_le_bytes();
    packet[8..12].copy_from_slice(&checksum);
    packet
}

#[test]
fn what_one_seals_the_other_reads_once() {
    for is_server in [true, false] {
        let (from, to) = (&mut session(is_server), &mut session(!is_server));
        let datagram = from.seal(b"a packet").expect("a number");
        assert_eq!(left(to, &datagram, START), [b"a packet"]);
        assert!(left(to, &datagram, START).is_empty(), "a replay");
        assert!(left(from, &datagram, START).is_empty(), "its own");
    }
}

#[test]
fn records_that_overtook_each_other_are_read() {
    let (mut server, mut client) = (session(true), session(false));
    let first = server.seal(b"first").expect("a number");
    let second = server.seal(b"second").expect("a number");
    assert_eq!(left(&mut client, &second, START), [b"second"]);
    assert_eq!(left(&mut client, &first, START), [b"first"]);
}

#[test]
fn several_records_in_a_datagram_are_read_and_others_passed_over() {
    let (mut server, mut client) = (session(true), session(false));
    let mut datagram = server.seal(b"first").expect("a number");
    datagram.extend_from_slice(&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 1]);
    datagram.extend(server.seal(b"second").expect("a number"));
    datagram.extend_from_slice(&[23, 0xfe, 0xfd]);
    assert_eq!(left(&mut client, &datagram, START), [&b"first"[..], b"second"]);
}

#[test]
fn nothing_that_was_touched_is_read() {
    let (mut server, mut client) = (session(true), session(false));
    let datagram = server.seal(b"a packet").expect("a number");
    for at in 0..datagram.len() {
        let mut touched = datagram.clone();
        touched[at] ^= 1;
        assert!(left(&mut client, &touched, START).is_empty(), "byte {at}");
    }
    for length in 0..datagram.len() {
        assert!(left(&mut client, &datagram[..length], START).is_empty(), "{length} bytes");
    }
    assert_eq!(
        left(&mut client, &datagram, START),
        [b"a packet"],
        "what was refused is not taken for received"
    );
}

#[test]
fn numbers_of_records_are_not_those_of_the_handshake_and_end() {
    let mut server = session(true);
    let first = server.seal(b"").expect("a number");
    assert_eq!(first[3..11], (1_u64 << 48 | 1 << 32).to_be_bytes());
    server.records.next = (1 << 48) - 1;
    assert!(server.seal(b"the last").is_some());
    assert!(server.seal(b"one too many").is_none());
}

#[test]
fn keys_of_other_lengths_are_refused() {
    for (master, random) in [(47, 32), (48, 31), (0, 0)] {
        let (master, random) = (vec![0; master], vec![0; random]);
        let secrets =
            Secrets { is_server: true, master: &master, client_random: &random, server_random: &random };
        assert!(Session::new(&secrets).is_none());
    }
}

#[test]
fn a_goodbye_is_told_and_nothing_after_it() {
    let (mut server, mut client) = (session(true), session(false));
    let mut datagram = server.goodbye().expect("a number");
    datagram.extend(server.seal(b"after it").expect("a number"));
    assert_eq!(left(&mut client, &datagram, START), [b""]);
}

#[test]
fn a_warning_is_no_goodbye_and_a_fatal_alert_is_one() {
    assert!(!record::is_last(&[1, 90]));
    assert!(record::is_last(&[2, 20]));
    assert!(!record::is_last(&[]));
}

#[test]
fn whose_datagram_it_is_is_told() {
    let (mut server, mut client) = (session(true), session(false));
    let datagram = client.seal(b"a packet").expect("a number");
    assert!(server.receive(&mut datagram.clone(), START, |_| ()));
    assert!(!server.receive(&mut datagram.clone(), START, |_| ()), "a replay may be anybody's");
}

#[test]
fn a_message_is_one_whole_chunk() {
    let (mut server, mut client) = (on_lane(u32::MAX), session(false));
    let datagram = server.send(true, &message(b"hello"), START).expect("room");
    let packets = left(&mut client, &datagram, START);
    let packet = &packets[0];
    assert_eq!(packet[..8], [0x13, 0x88, 0x13, 0x88, 1, 2, 3, 4]);
    assert_eq!(summed(packet.clone()), *packet);
    assert_eq!(packet[12..28], [0, 3, 0, 21, 255, 255, 255, 255, 0, 1, 255, 255, 0, 0, 0, 53]);
    assert_eq!(&packet[28..], b"hello\0\0\0");
    let lossy = server.send(false, &message(b"hi"), START).expect("room");
    let packets = left(&mut client, &lossy, START);
    assert_eq!(packets[0][12..28], [0, 7, 0, 18, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 53]);
}

#[test]
fn an_acknowledgement_takes_what_it_names_and_says_how_long_it_took() {
    let (mut server, mut client) = (on_lane(u32::MAX), session(false));
    for text in [b"one", b"two", b"six"] {
        server.send(true, &message(text), START).expect("room");
    }
    let later = Micros(START.0 + 40_000);
    let datagram = client.seal(&write_plain_sack(OWN_TAG, 0)).expect("a number");
    assert!(left(&mut server, &datagram, later).is_empty());
    let given = server.give_back().expect("a lane");
    assert_eq!(given.round_trip, Some(Micros(40_000)));
    assert_eq!(given.next_tsn, 2);
    assert_eq!(given.channels[1], Some(Channel { stream: 1, sequence: 2, ordered: true }));
    let sent = Sent { tsn: 1, reliable: true, sequence: 1, message: message(b"six"), at: START };
    assert_eq!(Vec::from(given.sent), [sent]);
    assert!(server.give_back().is_none());
}

#[test]
fn a_late_acknowledgement_changes_nothing() {
    let (mut server, mut client) = (on_lane(10), session(false));
    server.send(true, &message(b"one"), START).expect("room");
    for cumulative in [10, 9, 9] {
        let datagram = client.seal(&write_plain_sack(OWN_TAG, cumulative)).expect("a number");
        assert!(left(&mut server, &datagram, START).is_empty());
        assert!(!server.is_waiting());
    }
}

#[test]
fn what_is_not_a_plain_acknowledgement_is_left() {
    let mut server = on_lane(10);
    server.send(true, &message(b"one"), START).expect("room");
    let plain = write_plain_sack(OWN_TAG, 10);
    let changed = |at: usize, value: u8| {
        let mut packet = plain.clone();
        packet[at] = value;
        summed(packet)
    };
    let mut damaged = plain.clone();
    damaged[23] ^= 1;
    let others = [
        write_plain_sack(OWN_TAG + 1, 10),
        write_plain_sack(OWN_TAG, 11),
        changed(12, 4),
        changed(25, 1),
        changed(27, 1),
        changed(15, 15),
        [plain.clone(), vec![0; 4]].concat(),
        plain[..24].to_vec(),
        damaged,
    ];
    let mut client = session(false);
    for packet in others {
        let datagram = client.seal(&packet).expect("a number");
        assert_eq!(left(&mut server, &datagram, START), [packet]);
        assert!(server.is_waiting());
    }
}

#[test]
fn without_a_lane_everything_is_left() {
    let (mut server, mut client) = (session(true), session(false));
    assert!(server.send(true, &message(b"one"), START).is_none());
    let packet = write_plain_sack(OWN_TAG, 10);
    let datagram = client.seal(&packet).expect("a number");
    assert_eq!(left(&mut server, &datagram, START), [packet]);
    assert!(!server.is_waiting() && !server.is_overdue(Micros(u64::MAX)));
}

#[test]
fn no_more_is_under_way_than_may_be() {
    let mut server = on_lane(0);
    let sent = (0..100).filter(|_| server.send(true, &message(b"small"), START).is_some()).count();
    assert_eq!(sent, MOST_UNDER_WAY);
    let mut server = on_lane(0);
    let sent = (0..100).filter(|_| server.send(true, &message(&[0; LONGEST]), START).is_some()).count();
    assert_eq!(sent, 4);
}

#[test]
fn what_does_not_fit_a_packet_or_has_no_channel_goes_another_way() {
    let mut server = on_lane(0);
    assert!(server.send(true, &message(&[]), START).is_none());
    assert!(server.send(true, &message(&[0; LONGEST + 1]), START).is_none());
    let mut terms = terms(0);
    terms.channels[0] = None;
    server.take_over(terms);
    assert!(server.send(false, &message(b"one"), START).is_none());
    assert!(server.send(true, &message(b"one"), START).is_some());
}

#[test]
fn what_is_not_acknowledged_in_time_is_overdue() {
    let mut server = on_lane(0);
    assert!(!server.is_overdue(Micros(u64::MAX)));
    server.send(true, &message(b"one"), START).expect("room");
    assert!(!server.is_overdue(Micros(START.0 + PATIENCE.0 - 1)));
    assert!(server.is_overdue(Micros(START.0 + PATIENCE.0)));
}
