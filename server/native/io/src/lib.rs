//! The packet thread: the only crate that touches sockets and time.
