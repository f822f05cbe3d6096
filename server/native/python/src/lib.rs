//! `server._native`: the face of the extension. Types and docstrings are in `server/_native.pyi`.

use pyo3::prelude::*;

mod data;
mod forwarder;
mod lock;
mod requests;

/// Builds the module: a class per native object, registered by the file that defines it.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    data::register(module)?;
    forwarder::register(module)?;
    lock::register(module)?;
    Ok(())
}
