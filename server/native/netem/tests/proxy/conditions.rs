//! What was asked for is what happens, and what is counted is what happened.

use crate::{PATIENCE, Proxy, numbered, send, socket, take};
use core::time::Duration;
use serde_json::{Value, json};
use std::time::Instant;

fn packets(counts: &Value, cause: &str) -> u64 {
    counts["dropped"][cause]["packets"].as_u64().unwrap()
}

#[test]
fn losses_are_counted_and_come_again_with_the_seed() {
    let arrived = |seed| {
        let (mut proxy, relay) = (Proxy::start(seed), socket());
        let client = proxy.open("ada", &relay, json!({ "up": { "loss": 0.2, "burst_packets": 3 } }));
        let mut arrived = Vec::new();
        for burst in 0..20 {
            send(&client, burst * 50..burst * 50 + 50, 40);
            let counts = proxy.counted("ada", "up", u64::from(burst + 1) * 50);
            let delivered = counts["delivered"]["packets"].as_u64().unwrap();
            arrived.extend(take(&relay, delivered - arrived.len() as u64));
        }
        let counts = proxy.counted("ada", "up", 1_000);
        let lost = packets(&counts, "loss");
        assert!((100..300).contains(&lost), "{lost} of 1000");
        assert_eq!(counts["delivered"]["packets"], 1_000 - lost);
        assert_eq!(counts["delivered"]["bytes"], (1_000 - lost) * (40 + 28));
        arrived
    };
    assert_eq!(arrived(7), arrived(7));
    assert_ne!(arrived(7), arrived(8));
}

#[test]
fn nothing_is_early() {
    let (mut proxy, relay) = (Proxy::start(1), socket());
    let client = proxy.open("ada", &relay, json!({ "up": { "delay_ms": 40 }, "down": { "delay_ms": 25 } }));
    for number in 0..20 {
        let began = Instant::now();
        client.send(&numbered(number, 10)).unwrap();
        let (_, from) = relay.recv_from(&mut [0; 100]).unwrap();
        assert!(began.elapsed() >= Duration::from_millis(40));
        relay.send_to(&numbered(number, 10), from).unwrap();
        assert_eq!(take(&client, 1), [number]);
        assert!(began.elapsed() >= Duration::from_millis(65));
    }
    let late = proxy.statistics()["late_ms"].clone();
    assert_eq!(late["count"], 40);
    assert!(late["p50"].as_f64() > Some(0.0) && late["longest"].as_f64() >= late["p99"].as_f64());
}

#[test]
fn a_rate_holds_up_and_its_queue_overflows() {
    let (mut proxy, relay) = (Proxy::start(1), socket());
    // 1,000 bytes with headers at 800 kbit/s: 10 ms each.
    let client = proxy.open("ada", &relay, json!({ "up": { "rate_kbps": 800, "queue_ms": 300 } }));
    let began = Instant::now();
    send(&client, 0..100, 972);
    let counts = proxy.counted("ada", "up", 100);
    let passes = 100 - packets(&counts, "queue");
    assert!((30..100).contains(&passes), "{passes}: the queue has 30, and more as it empties");
    assert_eq!(take(&relay, passes)[..30], (0..30).collect::<Vec<_>>());
    assert!(began.elapsed() >= Duration::from_millis(10 * passes));
    let longest = proxy.counted("ada", "up", 100)["waited_ms"]["longest"].as_f64().unwrap();
    assert!((250.0..=311.0).contains(&longest), "{longest} ms");
}

#[test]
fn accesses_behind_one_bottleneck_share_it() {
    let (mut proxy, relay) = (Proxy::start(1), socket());
    proxy.say(json!({ "do": "bottleneck", "name": "home", "up": { "rate_kbps": 800, "queue_ms": 300 } }));
    let clients = ["ada", "bo"].map(|name| proxy.open(name, &relay, json!({ "behind": "home" })));
    proxy.say(json!({ "do": "set", "name": "ada", "up": {} }));
    let began = Instant::now();
    for number in 0..15 {
        clients.iter().for_each(|client| send(client, number..number + 1, 972));
    }
    take(&relay, 30);
    assert!(began.elapsed() >= Duration::from_millis(300));
    proxy.say(json!({ "do": "set", "name": "home" }));
    proxy.say(json!({ "do": "set", "name": "home", "up": {} }));
    proxy.say(json!({ "do": "clear" }));
    send(&clients[0], 0..50, 972);
    take(&relay, 50);
    assert!(proxy.counted("ada", "up", 50)["waited_ms"]["longest"].as_f64() < Some(1.0), "no limit any more");
}

#[test]
fn a_blackout_begins_and_ends_as_planned() {
    let (mut proxy, relay) = (Proxy::start(1), socket());
    let client = proxy.open("ada", &relay, json!({}));
    let steps = json!([{ "after_ms": 100, "up": { "blackout": true } }, { "after_ms": 400, "up": {} }]);
    proxy.say(json!({ "do": "plan", "name": "ada", "steps": steps }));
    relay.set_nonblocking(true).unwrap();
    let began = Instant::now();
    let (mut sent, mut buffer) = (0, [0; 100]);
    let (mut latest, mut came_before_it) = (None, false);
    // Until what is sent arrives again after some of it did not.
    loop {
        client.send(&numbered(sent, 10)).unwrap();
        sent += 1;
        std::thread::sleep(Duration::from_millis(2));
        while let Ok(length) = relay.recv(&mut buffer) {
            latest = Some(crate::number(&buffer[..length]));
        }
        let is_dark = packets(&proxy.statistics()["accesses"]["ada"]["up"], "blackout") > 0;
        came_before_it |= latest.is_some() && !is_dark;
        if is_dark && latest.is_some_and(|latest| latest + 10 > sent) && began.elapsed().as_millis() > 400 {
            break;
        }
        assert!(began.elapsed() < PATIENCE);
    }
    let sent = u64::from(sent);
    let counts = proxy.counted("ada", "up", sent);
    assert_eq!(counts["delivered"]["packets"], sent - packets(&counts, "blackout"));
    assert!(came_before_it);
}
