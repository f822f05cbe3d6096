//! The sockets: one where the clients of an access send, for each port of a relay, and one towards the relay
//! for each address that a client sends from.

use core::time::Duration;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use super::readiness::Readiness;
use super::sockets;

/// Names a descriptor to epoll.
pub type Token = usize;

/// Addresses of clients that are served.
const MOST_FLOWS: usize = 1024;
/// Datagrams taken from one socket before others have their turn.
const BATCH: usize = 64;
/// The largest datagram of UDP.
const DATAGRAM: usize = 65_536;

/// A datagram with the way it goes.
#[derive(Clone, Debug)]
pub struct Content {
    pub access: usize,
    flow: usize,
    pub is_up: bool,
    pub bytes: Vec<u8>,
}

/// A datagram that came from a socket.
pub struct Datagram {
    pub at: Duration,
    pub content: Content,
}

enum Endpoint {
    Listener { access: usize, target: SocketAddr, socket: UdpSocket },
    Upstream { flow: usize, socket: UdpSocket },
}

struct Flow {
    access: usize,
    listener: Token,
    client: SocketAddr,
    upstream: Token,
}

/// See the module.
pub struct Flows {
    pub readiness: Readiness,
    /// Addresses beyond the most that are served; of those nothing passes.
    pub refused: u64,
    /// Datagrams that the kernel did not take.
    pub unsent: u64,
    endpoints: Vec<Endpoint>,
    flows: Vec<Flow>,
    by_client: HashMap<(Token, SocketAddr), usize>,
    buffer: Box<[u8]>,
}

impl Flows {
    pub fn new(readiness: Readiness) -> Self {
        Self {
            readiness,
            refused: 0,
            unsent: 0,
            endpoints: Vec::new(),
            flows: Vec::new(),
            by_client: HashMap::new(),
            buffer: vec![0; DATAGRAM].into_boxed_slice(),
        }
    }

    /// A port in front of this port of a relay, for an access.
    pub fn listen(&mut self, access: usize, target: u16) -> io::Result<u16> {
        let socket = sockets::open()?;
        let port = socket.local_addr()?.port();
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, target));
        self.readiness.add(socket.as_raw_fd(), self.endpoints.len())?;
        self.endpoints.push(Endpoint::Listener { access, target, socket });
        Ok(port)
    }

    /// Addresses that clients of the access have sent from.
    pub fn count(&self, access: usize) -> usize {
        self.flows.iter().filter(|flow| flow.access == access).count()
    }

    /// The clients of the access appear from new ports; what comes to the old ones is lost. How many.
    pub fn move_access(&mut self, access: usize) -> io::Result<usize> {
        let moved: Vec<usize> =
            (0..self.flows.len()).filter(|index| self.flows[*index].access == access).collect();
        for flow in &moved {
            let Flow { upstream, listener, .. } = self.flows[*flow];
            let Endpoint::Listener { target, .. } = self.endpoints[listener] else { continue };
            let socket = sockets::open()?;
            socket.connect(target)?;
            self.readiness.add(socket.as_raw_fd(), upstream)?;
            self.endpoints[upstream] = Endpoint::Upstream { flow: *flow, socket };
        }
        Ok(moved.len())
    }

    /// Takes what has come to a socket.
    pub fn receive(&mut self, token: Token, received: &mut Vec<Datagram>) {
        for _ in 0..BATCH {
            let Some(endpoint) = self.endpoints.get(token) else { return };
            let socket = match endpoint {
                Endpoint::Listener { socket, .. } | Endpoint::Upstream { socket, .. } => socket,
            };
            let Some((length, from, at)) = sockets::receive(socket, &mut self.buffer) else { return };
            let (flow, is_up) = match endpoint {
                Endpoint::Upstream { flow, .. } => (*flow, false),
                Endpoint::Listener { .. } => match self.flow_of(token, from) {
                    Some(flow) => (flow, true),
                    None => continue,
                },
            };
            let access = self.flows[flow].access;
            let content = Content { access, flow, is_up, bytes: self.buffer[..length].to_vec() };
            received.push(Datagram { at, content });
        }
    }

    /// Sends on what came through.
    pub fn send(&mut self, content: &Content) {
        let Flow { listener, client, upstream, .. } = self.flows[content.flow];
        let token = if content.is_up { upstream } else { listener };
        let sent = match &self.endpoints[token] {
            Endpoint::Upstream { socket, .. } => socket.send(&content.bytes),
            Endpoint::Listener { socket, .. } => socket.send_to(&content.bytes, client),
        };
        // A refusal is of something sent before: nobody listens there, as on any network.
        if sent.is_err_and(|error| error.kind() != io::ErrorKind::ConnectionRefused) {
            self.unsent += 1;
        }
    }

    fn flow_of(&mut self, listener: Token, client: SocketAddr) -> Option<usize> {
        if let Some(flow) = self.by_client.get(&(listener, client)) {
            return Some(*flow);
        }
        let Endpoint::Listener { access, target, .. } = self.endpoints[listener] else { return None };
        let opened = if self.flows.len() < MOST_FLOWS { self.connect(target) } else { None };
        let Some(upstream) = opened else {
            self.refused += 1;
            return None;
        };
        self.flows.push(Flow { access, listener, client, upstream });
        self.by_client.insert((listener, client), self.flows.len() - 1);
        Some(self.flows.len() - 1)
    }

    /// A socket towards a relay, for the flow that comes next.
    fn connect(&mut self, target: SocketAddr) -> Option<Token> {
        let socket = sockets::open().ok()?;
        socket.connect(target).ok()?;
        self.readiness.add(socket.as_raw_fd(), self.endpoints.len()).ok()?;
        self.endpoints.push(Endpoint::Upstream { flow: self.flows.len(), socket });
        Some(self.endpoints.len() - 1)
    }
}
