//! What may be said to the proxy, and what it answers: an object of JSON a line, each way.
//!
//! ```text
//! {"do": "open", "name": "ada", "ports": [7882], "down": {"loss": 0.05, "delay_ms": 20}}
//! {"ports": {"7882": 40123}}
//! {"do": "plan", "name": "ada", "steps": [{"after_ms": 10000, "down": {"rate_kbps": 500}}]}
//! {}
//! ```
//!
//! A direction is told whole: what it does not name is as on a perfect network. A mistake is answered by
//! `{"error": "…"}`, and changes nothing.

use std::collections::BTreeMap;

use offrecord_netem::{Change, Histogram, Limit, Loss, Profile};
use serde::Deserialize;
use serde_json::{Value, json};

use super::flows::Flows;
use super::topology::{Conditions, Topology, milliseconds};
use super::{clock, report};

/// Ports of relays that one access is opened for.
const MOST_PORTS: usize = 64;
/// Steps of one plan.
const MOST_STEPS: usize = 1_000;

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
enum Command {
    /// Something for several accesses to be behind. It has a rate and a queue.
    Bottleneck {
        name: String,
        #[serde(default)]
        up: Direction,
        #[serde(default)]
        down: Direction,
    },
    /// An access for one client: ports in front of these ports of relays.
    Open {
        name: String,
        ports: Vec<u16>,
        behind: Option<String>,
        #[serde(default)]
        up: Direction,
        #[serde(default)]
        down: Direction,
    },
    /// An access or a bottleneck is otherwise from now on.
    Set { name: String, up: Option<Direction>, down: Option<Direction> },
    /// It will be, counted from now.
    Plan { name: String, steps: Vec<Step> },
    /// The clients of an access appear from new ports.
    Move { name: String },
    /// What became of packets since the start, or since counts were cleared.
    Statistics,
    /// Counts begin anew.
    Clear,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    after_ms: f64,
    up: Option<Direction>,
    down: Option<Direction>,
}

/// Up is from the client. Shares are from 0 to 1, of all packets.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Direction {
    blackout: bool,
    loss: f64,
    /// Mean packets of a burst; without it, packets are lost each by itself.
    burst_packets: Option<f64>,
    /// Share lost inside a burst, all unless told.
    burst_loss: Option<f64>,
    duplicates: f64,
    delay_ms: f64,
    jitter_ms: f64,
    jitter_reorders: bool,
    reordering: f64,
    held_back_ms: f64,
    rate_kbps: Option<f64>,
    /// Without a bound, a queue is 200 ms long.
    queue_ms: Option<f64>,
    queue_bytes: Option<usize>,
}

const USUAL_QUEUE_MS: f64 = 200.0;

impl Direction {
    fn conditions(&self) -> Result<Conditions, String> {
        let loss = match self.burst_packets {
            Some(packets) => {
                Loss::Bursts { share: self.loss, packets, inside: self.burst_loss.unwrap_or(1.0) }
            }
            None if self.burst_loss.is_some() => return Err("burst_loss needs burst_packets".to_owned()),
            None => Loss::Random { share: self.loss },
        };
        let queue_ms = match (self.rate_kbps, self.queue_ms, self.queue_bytes) {
            (Some(_), None, None) => Some(USUAL_QUEUE_MS),
            (_, told, _) => told,
        };
        let conditions = Conditions {
            profile: Profile {
                blackout: self.blackout,
                loss: if self.loss == 0.0 { Loss::None } else { loss },
                duplicates: self.duplicates,
                delay: milliseconds(self.delay_ms),
                jitter: milliseconds(self.jitter_ms),
                jitter_reorders: self.jitter_reorders,
                reordering: self.reordering,
                held_back: milliseconds(self.held_back_ms),
            },
            limit: Limit {
                rate: self.rate_kbps.map(|rate| (rate * 1e3) as u64),
                queue_bytes: self.queue_bytes,
                queue_time: queue_ms.map(milliseconds),
            },
        };
        Ok(conditions)
    }
}

fn told(direction: Option<&Direction>) -> Result<Option<Conditions>, String> {
    direction.map(Direction::conditions).transpose()
}

/// Does what a line says; the line to answer with.
pub fn answer(line: &str, topology: &mut Topology, flows: &mut Flows, late: &mut Histogram) -> Value {
    serde_json::from_str(line)
        .map_err(|error| error.to_string())
        .and_then(|command| obey(command, topology, flows, late))
        .unwrap_or_else(|error| json!({ "error": error }))
}

fn obey(
    command: Command,
    topology: &mut Topology,
    flows: &mut Flows,
    late: &mut Histogram,
) -> Result<Value, String> {
    let now = clock::monotonic();
    match command {
        Command::Bottleneck { name, up, down } => {
            let (up, down) = (up.conditions()?, down.conditions()?);
            if [up, down].iter().any(|conditions| conditions.profile != Profile::default()) {
                return Err("a bottleneck has a rate and a queue only".to_owned());
            }
            topology.add_bottleneck(name, up.limit, down.limit)?;
        }
        Command::Open { name, ports, behind, up, down } => {
            if ports.is_empty() || ports.len() > MOST_PORTS {
                return Err(format!("1 to {MOST_PORTS} ports of relays"));
            }
            let access = topology.open(name, behind.as_deref(), &up.conditions()?, &down.conditions()?)?;
            let mut opened = BTreeMap::new();
            for port in ports {
                opened.insert(port, flows.listen(access, port).map_err(|error| error.to_string())?);
            }
            return Ok(json!({ "ports": opened }));
        }
        Command::Set { name, up, down } => {
            let (up, down) = (told(up.as_ref())?, told(down.as_ref())?);
            for change in topology.changes(&name, up.as_ref(), down.as_ref())? {
                topology.network.change(now, change);
            }
        }
        Command::Plan { name, steps } => {
            if steps.len() > MOST_STEPS {
                return Err(format!("at most {MOST_STEPS} steps"));
            }
            for (after, change) in planned(&name, &steps, topology)? {
                topology.network.plan(now + milliseconds(after), change);
            }
        }
        Command::Move { name } => {
            let access = topology.find(&name)?;
            let moved = flows.move_access(access).map_err(|error| error.to_string())?;
            return Ok(json!({ "flows": moved }));
        }
        Command::Statistics => return Ok(report::statistics(topology, flows, late)),
        Command::Clear => {
            topology.network.clear_counts();
            *late = Histogram::default();
        }
    }
    Ok(json!({}))
}

/// All of a plan, or the mistake in it.
fn planned(name: &str, steps: &[Step], topology: &Topology) -> Result<Vec<(f64, Change)>, String> {
    let mut planned = Vec::new();
    for step in steps {
        if !(0.0..=86_400_000.0).contains(&step.after_ms) {
            return Err("a step comes within a day".to_owned());
        }
        let (up, down) = (told(step.up.as_ref())?, told(step.down.as_ref())?);
        let changes = topology.changes(name, up.as_ref(), down.as_ref())?;
        planned.extend(changes.into_iter().map(|change| (step.after_ms, change)));
    }
    Ok(planned)
}
