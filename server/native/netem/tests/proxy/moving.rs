//! A network change: the relay sees the same client at another address.

use crate::{Proxy, numbered, socket, take};
use serde_json::json;

#[test]
fn a_client_that_moves_appears_from_another_port_and_is_answered_there() {
    let (mut proxy, relay) = (Proxy::start(1), socket());
    let client = proxy.open("ada", &relay, json!({}));
    let other = proxy.open("bo", &relay, json!({}));
    let from = |client: &std::net::UdpSocket| {
        client.send(&numbered(1, 10)).unwrap();
        relay.recv_from(&mut [0; 100]).unwrap().1
    };
    let (before, of_other) = (from(&client), from(&other));
    assert_eq!(proxy.say(json!({ "do": "move", "name": "ada" })), json!({ "flows": 1 }));
    let after = from(&client);
    assert_ne!(before, after);
    assert_eq!(of_other, from(&other), "others stay where they are");
    relay.send_to(&numbered(2, 10), before).unwrap();
    relay.send_to(&numbered(3, 10), after).unwrap();
    assert_eq!(take(&client, 1), [3], "what comes to the old port is lost");
}
