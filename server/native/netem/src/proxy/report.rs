//! What became of packets, as JSON.

use core::time::Duration;

use offrecord_netem::{Amount, Counts, Histogram};
use serde_json::{Map, Value, json};

use super::flows::Flows;
use super::topology::Topology;

/// Of everything. `late` is how long after their time packets left: the proxy's own jitter.
pub fn statistics(topology: &Topology, flows: &Flows, late: &Histogram) -> Value {
    let accesses: Map<String, Value> = topology
        .counts()
        .map(|(name, number, up, down)| {
            let value = json!({ "flows": flows.count(number), "up": direction(up), "down": direction(down) });
            (name.to_owned(), value)
        })
        .collect();
    json!({
        "accesses": accesses,
        "late_ms": times(late),
        "refused_flows": flows.refused,
        "unsent": flows.unsent,
    })
}

fn direction(counts: &Counts) -> Value {
    json!({
        "offered": amount(counts.offered),
        "delivered": amount(counts.delivered),
        "duplicated": amount(counts.duplicated),
        "held_back": amount(counts.held_back),
        "dropped": {
            "loss": amount(counts.lost),
            "blackout": amount(counts.blacked_out),
            "queue": amount(counts.overflowed),
            "memory": amount(counts.refused),
        },
        "waited_ms": times(&counts.waited),
    })
}

fn amount(amount: Amount) -> Value {
    json!({ "packets": amount.packets, "bytes": amount.bytes })
}

fn times(histogram: &Histogram) -> Value {
    let milliseconds = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    json!({
        "count": histogram.count(),
        "p50": milliseconds(histogram.percentile(50.0)),
        "p95": milliseconds(histogram.percentile(95.0)),
        "p99": milliseconds(histogram.percentile(99.0)),
        "longest": milliseconds(histogram.longest()),
    })
}
