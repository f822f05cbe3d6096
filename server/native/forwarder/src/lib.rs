//! The sans-IO packet core of the relay: no socket, no clock, no file.
//!
//! `Forwarder` takes datagrams, commands and the time, and fills an [`Outbox`] with datagrams to send
//! and events to tell. Everything a peer sends is hostile input: nothing here panics on it.

pub mod api;

pub use api::{Command, Event, Micros, Outbox};
