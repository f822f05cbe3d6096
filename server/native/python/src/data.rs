//! Data channels' sessions as Python sees them: datagrams and packets of SCTP as bytes.

use std::sync::Arc;

use offrecord_forwarder::api::Micros;
use offrecord_forwarder::data::{Channel, Given, Received, Secrets, Session, Terms};
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Stream, sequence number of the next message, and whether they are told in order.
type PyChannel = (u16, u16, bool);
/// TSN, whether its channel is the reliable one, sequence number, message, and for how many seconds it is under way.
type PySent<'py> = (u32, bool, u16, Bound<'py, PyBytes>, f64);
/// What a lane has come to, in the order of `GivenBack` in `_native.pyi`.
type PyGiven<'py> = (u32, Option<PyChannel>, Option<PyChannel>, Option<f64>, Vec<PySent<'py>>);

/// See `server/_native.pyi`.
#[pyclass(module = "server._native")]
pub struct DataSession {
    session: Session,
}

#[pymethods]
impl DataSession {
    #[new]
    #[pyo3(signature = (*, is_server, master, client_random, server_random))]
    fn new(is_server: bool, master: &[u8], client_random: &[u8], server_random: &[u8]) -> PyResult<Self> {
        let secrets = Secrets { is_server, master, client_random, server_random };
        let session =
            Session::new(&secrets).ok_or_else(|| PyValueError::new_err("not the secrets of a handshake"))?;
        Ok(Self { session })
    }

    fn seal<'py>(&mut self, python: Python<'py>, packet: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let datagram = self.session.seal(packet).ok_or_else(spent)?;
        Ok(PyBytes::new(python, &datagram))
    }

    fn goodbye<'py>(&mut self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let datagram = self.session.goodbye().ok_or_else(spent)?;
        Ok(PyBytes::new(python, &datagram))
    }

    fn receive<'py>(
        &mut self,
        python: Python<'py>,
        datagram: &[u8],
        now: f64,
    ) -> PyResult<Option<Vec<Option<Bound<'py, PyBytes>>>>> {
        let mut left = Vec::new();
        let is_from_peer =
            self.session.receive(&mut datagram.to_vec(), micros(now)?, |received| match received {
                Received::Packet(packet) => left.push(Some(PyBytes::new(python, packet))),
                Received::Goodbye => left.push(None),
            });
        Ok(is_from_peer.then_some(left))
    }

    #[pyo3(signature = (*, own_tag, peer_tag, next_tsn, window, patience, lossy, reliable))]
    #[allow(clippy::too_many_arguments)]
    fn take_over(
        &mut self,
        own_tag: u32,
        peer_tag: u32,
        next_tsn: u32,
        window: usize,
        patience: f64,
        lossy: Option<PyChannel>,
        reliable: Option<PyChannel>,
    ) -> PyResult<()> {
        let channels = [lossy, reliable]
            .map(|given| given.map(|(stream, sequence, ordered)| Channel { stream, sequence, ordered }));
        let patience = micros(patience)?;
        self.session.take_over(Terms { own_tag, peer_tag, next_tsn, window, patience, channels });
        Ok(())
    }

    fn give_back<'py>(&mut self, python: Python<'py>, now: f64) -> PyResult<Option<PyGiven<'py>>> {
        let now = micros(now)?;
        let Some(Given { next_tsn, channels, round_trip, sent }) = self.session.give_back() else {
            return Ok(None);
        };
        let [lossy, reliable] =
            channels.map(|channel| channel.map(|each| (each.stream, each.sequence, each.ordered)));
        let sent = sent
            .iter()
            .map(|each| {
                let age = seconds(Micros(now.0.saturating_sub(each.at.0)));
                (each.tsn, each.reliable, each.sequence, PyBytes::new(python, &each.message), age)
            })
            .collect();
        Ok(Some((next_tsn, lossy, reliable, round_trip.map(seconds), sent)))
    }

    #[getter]
    fn is_waiting(&self) -> bool {
        self.session.is_waiting()
    }

    fn is_overdue(&self, now: f64) -> PyResult<bool> {
        Ok(self.session.is_overdue(micros(now)?))
    }
}

/// See `server/_native.pyi`.
#[pyfunction]
#[allow(clippy::type_complexity)]
fn fan_out<'py>(
    python: Python<'py>,
    sessions: Vec<(u32, Bound<'py, DataSession>)>,
    reliable: bool,
    message: &[u8],
    now: f64,
) -> PyResult<(Vec<(u32, Bound<'py, PyBytes>)>, Vec<u32>)> {
    let (message, now) = (Arc::<[u8]>::from(message), micros(now)?);
    let (mut datagrams, mut others) = (Vec::with_capacity(sessions.len()), Vec::new());
    for (id, session) in sessions {
        match session.try_borrow_mut()?.session.send(reliable, &message, now) {
            Some(datagram) => datagrams.push((id, PyBytes::new(python, &datagram))),
            None => others.push(id),
        }
    }
    Ok((datagrams, others))
}

fn spent() -> PyErr {
    PyOverflowError::new_err("the connection has no more numbers for records, or the packet is too long")
}

/// Of seconds on a clock that does not go back.
fn micros(seconds: f64) -> PyResult<Micros> {
    if !(0.0..1e12).contains(&seconds) {
        return Err(PyValueError::new_err("not a number of seconds"));
    }
    Ok(Micros((seconds * 1e6) as u64))
}

fn seconds(micros: Micros) -> f64 {
    micros.0 as f64 / 1e6
}

/// Adds the class and the function to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<DataSession>()?;
    module.add_function(wrap_pyfunction!(fan_out, module)?)
}
