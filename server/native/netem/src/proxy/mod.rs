//! The model in real time: sockets on one side, lines of JSON on the other, one thread.

mod clock;
mod flows;
mod input;
mod readiness;
mod report;
mod sockets;
mod topology;
mod words;

use std::io::{self, Write};
use std::os::fd::AsRawFd;

use flows::{Flows, Token};
use input::Input;
use offrecord_netem::Histogram;
use readiness::{Readiness, Timer};
use topology::Topology;

/// Bytes on the way, in all; more is dropped and counted.
const MOST_BYTES: usize = 64 << 20;
/// Tokens of what is no socket.
const INPUT: Token = Token::MAX;
const TIMER: Token = Token::MAX - 1;

/// Serves until standard input ends.
pub fn run(seed: u64) -> io::Result<()> {
    clock::ask_for_priority();
    let readiness = Readiness::new()?;
    let timer = Timer::new()?;
    readiness.add(timer.descriptor(), TIMER)?;
    let mut input = Input::default();
    readiness.add(io::stdin().as_raw_fd(), INPUT)?;
    let mut topology = Topology::new(seed, MOST_BYTES);
    let mut flows = Flows::new(readiness);
    let mut late = Histogram::default();
    let mut ready = Vec::new();
    while !input.has_ended() {
        timer.set(topology.network.next_timeout());
        flows.readiness.wait(&mut ready)?;
        let mut lines = Vec::new();
        let mut received = Vec::new();
        for token in &ready {
            match *token {
                TIMER => timer.clear(),
                INPUT => input.read(&mut lines)?,
                socket => flows.receive(socket, &mut received),
            }
        }
        // In the order of arrival, by the kernel's clock: how late this thread ran does not count.
        received.sort_by_key(|datagram| datagram.at);
        for datagram in received {
            topology.enter(datagram);
        }
        topology.network.advance(clock::monotonic());
        while let Some(arrival) = topology.network.poll() {
            flows.send(&arrival.content);
            late.record(clock::monotonic().saturating_sub(arrival.at));
        }
        for line in lines {
            let answer = words::answer(&line, &mut topology, &mut flows, &mut late);
            let mut output = io::stdout().lock();
            writeln!(output, "{answer}")?;
            output.flush()?;
        }
    }
    Ok(())
}
