//! The program as its user sees it: lines of JSON, and real datagrams of loopback.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod conditions;
mod mistakes;
mod moving;
mod passing;

use core::time::Duration;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Longer than any test waits for anything that comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running proxy; it ends with its input.
struct Proxy {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Proxy {
    fn start(seed: u64) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_offrecord-netem"))
            .arg(seed.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn say_line(&mut self, line: &str) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    fn say(&mut self, command: Value) -> Value {
        let answer = self.say_line(&command.to_string());
        assert_eq!(answer.get("error"), None, "{command}");
        answer
    }

    /// A client's socket, whose datagrams go through a new access to the relay.
    fn open(&mut self, name: &str, relay: &UdpSocket, more: Value) -> UdpSocket {
        let port = relay.local_addr().unwrap().port();
        let mut command = json!({ "do": "open", "name": name, "ports": [port] });
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let opened = &self.say(command)["ports"][port.to_string()];
        let client = socket();
        client.connect(("127.0.0.1", u16::try_from(opened.as_u64().unwrap()).unwrap())).unwrap();
        client
    }

    fn statistics(&mut self) -> Value {
        self.say(json!({ "do": "statistics" }))
    }

    /// What is counted once as many packets as that have been offered.
    fn counted(&mut self, name: &str, way: &str, offered: u64) -> Value {
        let began = std::time::Instant::now();
        loop {
            let counts = self.statistics()["accesses"][name][way].clone();
            if counts["offered"]["packets"] == offered {
                return counts;
            }
            assert!(began.elapsed() < PATIENCE, "{counts}");
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.input = None;
        assert!(self.child.wait().unwrap().success());
    }
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// A datagram's number; the rest of it is filling.
fn numbered(number: u32, size: usize) -> Vec<u8> {
    let mut datagram = vec![0; size];
    datagram[..4].copy_from_slice(&number.to_be_bytes());
    datagram
}

fn send(client: &UdpSocket, numbers: core::ops::Range<u32>, size: usize) {
    for number in numbers {
        client.send(&numbered(number, size)).unwrap();
    }
}

fn number(datagram: &[u8]) -> u32 {
    u32::from_be_bytes(datagram[..4].try_into().unwrap())
}

/// Numbers of the next datagrams, as many as that.
fn take(socket: &UdpSocket, count: u64) -> Vec<u32> {
    let mut buffer = [0; 2_048];
    (0..count)
        .map(|_| {
            let length = socket.recv(&mut buffer).unwrap();
            number(&buffer[..length])
        })
        .collect()
}
