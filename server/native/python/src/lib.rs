//! `server._native`: the face of the extension. Types and docstrings are in `server/_native.pyi`.

use pyo3::prelude::*;

mod lock;

/// Builds the module: a class per native object, registered by the file that defines it.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    lock::register(module)?;
    Ok(())
}
