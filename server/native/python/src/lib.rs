//! `server._native`: the face of the extension. Types and docstrings are in `server/_native.pyi`.

use pyo3::prelude::*;

mod forwarder;
mod lock;
mod requests;

/// Builds the module: a class per native object, registered by the file that defines it.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    forwarder::register(module)?;
    lock::register(module)?;
    Ok(())
}
