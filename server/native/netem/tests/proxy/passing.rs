//! Datagrams go through unchanged, and each address of a client has one of its own towards the relay.

use crate::{Proxy, numbered, socket, take};
use serde_json::json;

#[test]
fn datagrams_go_both_ways_unchanged() {
    let (mut proxy, relay) = (Proxy::start(1), socket());
    let client = proxy.open("ada", &relay, json!({}));
    for size in [1, 100, 1_400, 9_000] {
        let sent: Vec<u8> = (0..size).map(|at| at as u8).collect();
        client.send(&sent).unwrap();
        let mut buffer = [0; 10_000];
        let (length, from) = relay.recv_from(&mut buffer).unwrap();
        assert_eq!(buffer[..length], sent);
        relay.send_to(&sent, from).unwrap();
        let length = client.recv(&mut buffer).unwrap();
        assert_eq!(buffer[..length], sent);
    }
}

#[test]
fn each_address_of_a_client_is_one_to_the_relay() {
    let (mut proxy, relay) = (Proxy::start(1), socket());
    let first = proxy.open("ada", &relay, json!({}));
    let second = socket();
    second.connect(first.peer_addr().unwrap()).unwrap();
    let mut seen = Vec::new();
    for (index, client) in [&first, &second, &first].into_iter().enumerate() {
        client.send(&numbered(index as u32, 10)).unwrap();
        let (_, from) = relay.recv_from(&mut [0; 100]).unwrap();
        relay.send_to(&numbered(10 + index as u32, 10), from).unwrap();
        assert_eq!(take(client, 1), [10 + index as u32]);
        seen.push(from);
    }
    assert_eq!(seen[0], seen[2]);
    assert_ne!(seen[0], seen[1]);
    assert_eq!(proxy.statistics()["accesses"]["ada"]["flows"], 2);
}

#[test]
fn several_relays_have_a_port_each() {
    let mut proxy = Proxy::start(1);
    let relays = [socket(), socket()];
    let ports = relays.each_ref().map(|relay| relay.local_addr().unwrap().port());
    let answer = proxy.say(json!({ "do": "open", "name": "ada", "ports": ports }));
    for (index, (relay, port)) in relays.iter().zip(ports).enumerate() {
        let client = socket();
        let opened = answer["ports"][port.to_string()].as_u64().unwrap();
        client.send_to(&numbered(index as u32, 4), ("127.0.0.1", opened as u16)).unwrap();
        assert_eq!(take(relay, 1), [index as u32]);
    }
}

#[test]
fn what_nobody_takes_does_not_end_it() {
    let mut proxy = Proxy::start(1);
    let (gone, relay) = (socket(), socket());
    let to_nobody = proxy.open("bo", &gone, json!({}));
    drop(gone);
    let client = proxy.open("ada", &relay, json!({}));
    for number in 0..20 {
        to_nobody.send(&numbered(number, 10)).unwrap();
        client.send(&numbered(number, 10)).unwrap();
    }
    assert_eq!(take(&relay, 20), (0..20).collect::<Vec<_>>());
}
