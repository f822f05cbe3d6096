//! Mistakes are answered in words and change nothing.

use crate::{Proxy, send, socket, take};
use serde_json::json;

#[test]
fn a_mistake_is_answered_and_nothing_changes() {
    let (mut proxy, relay) = (Proxy::start(1), socket());
    let client = proxy.open("ada", &relay, json!({}));
    proxy.say(json!({ "do": "bottleneck", "name": "home", "down": { "rate_kbps": 800 } }));
    for (line, words) in [
        ("", "EOF"),
        ("nonsense", "expected"),
        (r#"{"do": "dance"}"#, "unknown variant"),
        (r#"{"do": "set", "name": "ada", "up": {"los": 1}}"#, "unknown field"),
        (r#"{"do": "set", "name": "ada", "sideways": {}}"#, "unknown field"),
        (r#"{"do": "set", "name": "eve", "up": {"loss": 1}}"#, "nothing is named"),
        (r#"{"do": "set", "name": "ada", "up": {"loss": 1.5}}"#, "from 0 to 1"),
        (r#"{"do": "set", "name": "ada", "up": {"loss": 1, "delay_ms": -5}}"#, "at most a minute"),
        (r#"{"do": "set", "name": "ada", "up": {"loss": 1, "queue_ms": 5}}"#, "without a rate"),
        (r#"{"do": "set", "name": "ada", "up": {"loss": 0.5, "burst_loss": 0.5}}"#, "burst_packets"),
        (r#"{"do": "set", "name": "ada", "up": {"rate_kbps": 0.1}}"#, "a rate is from"),
        (r#"{"do": "set", "name": "ada", "up": {"blackout": true}, "down": {"loss": 2}}"#, "from 0 to 1"),
        (r#"{"do": "set", "name": "home", "down": {"loss": 0.5}}"#, "a rate and a queue only"),
        (r#"{"do": "bottleneck", "name": "work", "up": {"delay_ms": 5}}"#, "a rate and a queue only"),
        (r#"{"do": "bottleneck", "name": "ada"}"#, "there already"),
        (r#"{"do": "open", "name": "home", "ports": [1]}"#, "there already"),
        (r#"{"do": "open", "name": "bo", "ports": []}"#, "ports of relays"),
        (r#"{"do": "open", "name": "bo", "ports": [70000]}"#, "70000"),
        (r#"{"do": "open", "name": "bo", "ports": [1], "behind": "work"}"#, "no bottleneck"),
        (
            r#"{"do": "open", "name": "bo", "ports": [1], "behind": "home", "up": {"rate_kbps": 9}}"#,
            "set it there",
        ),
        (
            r#"{"do": "plan", "name": "ada", "steps": [{"after_ms": 0, "up": {"loss": 1}}, {"after_ms": -1}]}"#,
            "within a day",
        ),
        (r#"{"do": "move", "name": "eve"}"#, "nothing is named"),
    ] {
        let answer = proxy.say_line(line);
        let error = answer["error"].as_str().unwrap_or_else(|| panic!("{line}: {answer}"));
        assert!(error.contains(words), "{line}: {error}");
    }
    send(&client, 0..50, 10);
    assert_eq!(take(&relay, 50), (0..50).collect::<Vec<_>>());
    assert_eq!(proxy.statistics()["accesses"].as_object().unwrap().len(), 1);
}
