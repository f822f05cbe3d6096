//! The packet thread as Python sees it: one method per command, events as tuples.

use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::thread::JoinHandle;

use offrecord_forwarder::api::{Command, Config, Event, MasterKey, Micros, SrtpProfile};
use offrecord_forwarder::{Arena, Forwarder, TransportEnding};
use offrecord_io::{Gauges, Mailbox, MailboxFull, PacketLoop};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};
use zeroize::Zeroizing;

use crate::requests::{CreateConsumer, CreateProducer, RemoteCandidate};

/// RFC 7675 section 5.1.
const CONSENT_TIMEOUT: Micros = Micros(30_000_000);
/// Transports of one relay; signaling places rooms far below this.
const MAX_TRANSPORTS: usize = 4096;
/// Producers of one transport, and consumers of one transport.
const MAX_STREAMS: usize = 2048;

/// Kinds of event tuples; the first member of each.
#[repr(u8)]
enum Told {
    Reachable = 0,
    Dtls = 1,
    ConsentExpired = 2,
    ProducerLayers = 3,
    ConsumerState = 4,
    Refused = 5,
    SpeakerLevel = 6,
    TransportQuality = 7,
    Receiver = 8,
    ReceiversEnd = 9,
    TransportEnded = 10,
    ProducerEnded = 11,
    TransportBandwidth = 12,
}

/// See `server/_native.pyi`.
#[pyclass(module = "server._native", frozen)]
pub struct PacketThread {
    idle: std::sync::Mutex<Option<PacketLoop<Forwarder>>>,
    running: std::sync::Mutex<Option<JoinHandle<()>>>,
    mailbox: Arc<Mailbox>,
    gauges: Arc<Gauges>,
    arena_bytes: usize,
    arena_locked: bool,
}

#[pymethods]
impl PacketThread {
    #[new]
    fn new(
        ipv4_fd: RawFd,
        ipv6_fd: RawFd,
        tcp_fd: RawFd,
        media_memory: usize,
        ring_packets: usize,
        ring_microseconds: u64,
        seed: [u8; 32],
    ) -> PyResult<Self> {
        let sockets = [owned(ipv4_fd), owned(ipv6_fd)];
        let config = Config {
            ring_packets,
            ring_duration: Micros(ring_microseconds),
            consent_timeout: CONSENT_TIMEOUT,
            max_transports: MAX_TRANSPORTS,
            max_streams_per_transport: MAX_STREAMS,
            seed,
        };
        let idle = PacketLoop::new(sockets, owned(tcp_fd), media_memory, |memory| {
            Forwarder::new(config, Arena::new(memory))
        })?;
        let (arena_bytes, arena_locked) = idle.media();
        Ok(Self {
            mailbox: idle.mailbox(),
            gauges: idle.gauges(),
            idle: Some(idle).into(),
            running: None.into(),
            arena_bytes,
            arena_locked,
        })
    }

    #[getter]
    fn event_fd(&self) -> RawFd {
        self.mailbox.event_fd()
    }

    #[getter]
    fn arena_bytes(&self) -> usize {
        self.arena_bytes
    }

    #[getter]
    fn arena_locked(&self) -> bool {
        self.arena_locked
    }

    fn start(&self) -> PyResult<()> {
        let idle = held(&self.idle)?.take();
        let idle = idle.ok_or_else(|| PyRuntimeError::new_err("the packet thread was started already"))?;
        let thread = idle.start().map_err(PyOSError::new_err)?;
        *held(&self.running)? = Some(thread);
        Ok(())
    }

    fn stop(&self, python: Python<'_>) -> PyResult<()> {
        self.mailbox.stop();
        if let Some(thread) = held(&self.running)?.take() {
            python.detach(|| thread.join()).map_err(|_| PyRuntimeError::new_err("the packet thread died"))?;
        }
        Ok(())
    }

    fn create_transport(&self, id: u32, local_ufrag: Vec<u8>, local_pwd: Vec<u8>) -> PyResult<()> {
        self.push(Command::CreateTransport { id, local_ufrag, local_pwd: Zeroizing::new(local_pwd) })
    }

    fn restart_ice(&self, id: u32, local_ufrag: Vec<u8>, local_pwd: Vec<u8>) -> PyResult<()> {
        self.push(Command::RestartIce { id, local_ufrag, local_pwd: Zeroizing::new(local_pwd) })
    }

    fn close_transport(&self, id: u32) -> PyResult<()> {
        self.push(Command::CloseTransport { id })
    }

    #[pyo3(signature = (id, profile, *, rx_key, rx_salt, tx_key, tx_salt))]
    fn set_keys(
        &self,
        id: u32,
        profile: u16,
        rx_key: Vec<u8>,
        rx_salt: Vec<u8>,
        tx_key: Vec<u8>,
        tx_salt: Vec<u8>,
    ) -> PyResult<()> {
        let rx = MasterKey { key: Zeroizing::new(rx_key), salt: Zeroizing::new(rx_salt) };
        let tx = MasterKey { key: Zeroizing::new(tx_key), salt: Zeroizing::new(tx_salt) };
        let (profile, key, salt) = match profile {
            1 => (SrtpProfile::AesCm128HmacSha1_80, 16, 14),
            7 => (SrtpProfile::AeadAes128Gcm, 16, 12),
            8 => (SrtpProfile::AeadAes256Gcm, 32, 12),
            _ => return Err(PyValueError::new_err("not an SRTP profile we have")),
        };
        if [&rx, &tx].iter().any(|master| master.key.len() != key || master.salt.len() != salt) {
            return Err(PyValueError::new_err("the key or salt does not have the profile's length"));
        }
        self.push(Command::SetKeys { id, profile, rx, tx })
    }

    fn send_dtls(&self, datagrams: Vec<(u32, PyBackedBytes)>) -> PyResult<()> {
        self.mailbox
            .push_all(
                datagrams
                    .iter()
                    .map(|(id, datagram)| Command::SendDtls { id: *id, datagram: datagram.to_vec() }),
            )
            .map_err(refused)
    }

    fn create_producer(&self, request: CreateProducer) -> PyResult<()> {
        self.push(Command::CreateProducer(request.try_into()?))
    }

    fn pause_producer(&self, id: u32, paused: bool) -> PyResult<()> {
        self.push(Command::PauseProducer { id, paused })
    }

    fn close_producer(&self, id: u32) -> PyResult<()> {
        self.push(Command::CloseProducer { id })
    }

    fn create_consumer(&self, request: CreateConsumer) -> PyResult<()> {
        self.push(Command::CreateConsumer(request.try_into()?))
    }

    fn pause_consumer(&self, id: u32, paused: bool) -> PyResult<()> {
        self.push(Command::PauseConsumer { id, paused })
    }

    fn set_preferred_layer(&self, id: u32, layer: u8, frame_rate: u8) -> PyResult<()> {
        self.push(Command::SetPreferredLayer { id, layer, frame_rate })
    }

    fn set_priority(&self, id: u32, priority: u8) -> PyResult<()> {
        self.push(Command::SetPriority { id, priority })
    }

    fn close_consumer(&self, id: u32) -> PyResult<()> {
        self.push(Command::CloseConsumer { id })
    }

    fn request_key_frame(&self, id: u32) -> PyResult<()> {
        self.push(Command::RequestKeyFrame { id })
    }

    fn end_streams(&self, id: u32) -> PyResult<()> {
        self.push(Command::EndStreams { id })
    }

    fn add_candidates(&self, id: u32, candidates: Vec<RemoteCandidate>) -> PyResult<()> {
        let candidates = candidates.iter().map(TryInto::try_into).collect::<PyResult<_>>()?;
        self.push(Command::AddCandidates { id, candidates })
    }

    fn list_receivers(&self, id: u32, sequence: u32) -> PyResult<()> {
        self.push(Command::ListReceivers { id, sequence })
    }

    fn events<'py>(&self, python: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        self.mailbox.take_events().into_iter().map(|event| told(python, event)).collect()
    }

    #[allow(clippy::type_complexity)]
    fn counters(&self) -> (u32, u32, u32, u64, u64, u64, u32, u32, u64, u64) {
        let reading = self.gauges.read();
        let counters = reading.counters;
        (
            counters.transports,
            counters.producers,
            counters.consumers,
            counters.packets_received,
            counters.packets_sent,
            counters.packets_dropped,
            reading.residence_p50_micros,
            reading.residence_p99_micros,
            reading.residence_longest_micros,
            reading.oldest_media_micros,
        )
    }

    fn traffic(&self) -> (u64, u64, u64, u64, u64, u64, u64, u32) {
        let counters = self.gauges.counters();
        (
            counters.bytes_received,
            counters.bytes_sent,
            counters.lost_incoming,
            counters.lost_outgoing,
            counters.resent_incoming,
            counters.resent_outgoing,
            counters.shed,
            self.gauges.connections(),
        )
    }

    fn residences(&self) -> [u64; 6] {
        self.gauges.residences()
    }
}

impl PacketThread {
    fn push(&self, command: Command) -> PyResult<()> {
        self.mailbox.push(command).map_err(refused)
    }
}

fn refused(_: MailboxFull) -> PyErr {
    PyRuntimeError::new_err("the packet thread does not keep up with its commands")
}

/// One event as a tuple that starts with its kind.
fn told(python: Python<'_>, event: Event) -> PyResult<Bound<'_, PyTuple>> {
    match event {
        Event::Reachable { transport } => (Told::Reachable as u8, transport).into_pyobject(python),
        Event::Dtls { transport, datagram } => {
            (Told::Dtls as u8, transport, PyBytes::new(python, &datagram)).into_pyobject(python)
        }
        Event::ConsentExpired { transport } => (Told::ConsentExpired as u8, transport).into_pyobject(python),
        Event::ProducerLayers { producer, payload_type, layers } => {
            (Told::ProducerLayers as u8, producer, payload_type, layers).into_pyobject(python)
        }
        Event::ConsumerState { consumer, layer, paused, congested } => {
            (Told::ConsumerState as u8, consumer, layer, paused, congested).into_pyobject(python)
        }
        Event::SpeakerLevel { producer, level } => {
            (Told::SpeakerLevel as u8, producer, level).into_pyobject(python)
        }
        Event::TransportQuality { transport, quality } => {
            (Told::TransportQuality as u8, transport, quality as u8).into_pyobject(python)
        }
        Event::TransportBandwidth { transport, bandwidth } => {
            (Told::TransportBandwidth as u8, transport, bandwidth as u8).into_pyobject(python)
        }
        Event::TransportEnded { transport, numbers } => {
            let TransportEnding { path, candidate, .. } = numbers;
            let counts = (
                numbers.packets_received,
                numbers.bytes_received,
                numbers.packets_sent,
                numbers.bytes_sent,
                numbers.packets_lost,
                numbers.packets_resent,
                numbers.round_trip_last,
                numbers.round_trip_worst,
            );
            (Told::TransportEnded as u8, transport, path as u8, candidate as u8, counts).into_pyobject(python)
        }
        Event::ProducerEnded { producer, numbers } => {
            let counts = (
                numbers.packets,
                numbers.bytes,
                numbers.packets_lost,
                numbers.packets_resent,
                numbers.jitter,
                numbers.key_frames_asked,
                numbers.key_frames,
            );
            (Told::ProducerEnded as u8, producer, numbers.layers, counts).into_pyobject(python)
        }
        Event::Refused { id, reason } => (Told::Refused as u8, id, reason as u8).into_pyobject(python),
        Event::Receiver { sequence, consumer, producer, transport, paused } => {
            (Told::Receiver as u8, sequence, consumer, producer, transport, paused).into_pyobject(python)
        }
        Event::ReceiversEnd { sequence, count } => {
            (Told::ReceiversEnd as u8, sequence, count).into_pyobject(python)
        }
    }
}

/// Takes over a descriptor that Python detached; negative means that there is none.
fn owned(fd: RawFd) -> Option<OwnedFd> {
    // SAFETY: the caller detached the socket and gives it away, as `_native.pyi` says.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}

fn held<T>(mutex: &std::sync::Mutex<T>) -> PyResult<std::sync::MutexGuard<'_, T>> {
    mutex.lock().map_err(|_| PyRuntimeError::new_err("a call into the packet thread failed before"))
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PacketThread>()
}
