//! The lock as Python sees it. Errors carry the step, so that a relay can say why it is unborn.

use offrecord_lock::policy::{Check, Rule, TABLES, Table, Test, Width};
use offrecord_lock::{self as native, Layers, Probe, Report};
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(_native, LockError, PyException, "A lock that is not whole: (step, errno).");

fn failed(error: native::LockError) -> PyErr {
    LockError::new_err((error.step as u8, error.errno))
}

/// What is held, by the kernel's account.
#[pyclass(frozen, module = "server._native")]
struct LockReport(Report);

#[pymethods]
impl LockReport {
    #[getter]
    fn landlock_abi(&self) -> u8 {
        self.0.landlock_abi
    }

    #[getter]
    fn seccomp_filters(&self) -> u32 {
        self.0.seccomp_filters
    }

    #[getter]
    fn seccomp(&self) -> bool {
        self.0.seccomp
    }

    #[getter]
    fn filter_digest(&self) -> [u8; 32] {
        self.0.filter_digest
    }

    #[getter]
    fn canary_refused(&self) -> bool {
        self.0.canary_refused
    }

    #[getter]
    fn limits_held(&self) -> bool {
        self.0.limits_held
    }

    #[getter]
    fn capabilities_empty(&self) -> bool {
        self.0.capabilities_empty
    }

    #[getter]
    fn no_new_privs(&self) -> bool {
        self.0.no_new_privs
    }

    #[getter]
    fn locked_bytes(&self) -> u64 {
        self.0.locked_bytes
    }

    #[getter]
    fn frozen_code(&self) -> usize {
        self.0.frozen_code
    }

    #[getter]
    fn microseconds(&self) -> u32 {
        self.0.microseconds
    }
}

/// A rule of the policy: which call, when it matches, and why.
#[pyclass(frozen, get_all, module = "server._native")]
struct PolicyRule {
    table: &'static str,
    answer: &'static str,
    name: &'static str,
    number: i64,
    any: Vec<Vec<PolicyCheck>>,
    reason: &'static str,
    unseen: &'static str,
}

/// A condition on one argument: which, how many bits of it count, what it is compared with, the mask and
/// the value.
type PolicyCheck = (u8, u8, &'static str, u64, u64);

fn check(one: &Check) -> PolicyCheck {
    let (bits, all) = match one.width {
        Width::Half => (32, u64::from(u32::MAX)),
        Width::Full => (64, u64::MAX),
    };
    let (test, mask, value) = match one.test {
        Test::Is(value) => ("is", all, value),
        Test::Not(value) => ("not", all, value),
        Test::Masked { mask, value } => ("is", mask, value),
        Test::OwnPid => ("own_pid", all, 0),
    };
    (one.argument, bits, test, mask, value)
}

/// The whole policy, in the order in which its filters are set.
#[pyfunction]
fn policy() -> Vec<PolicyRule> {
    let rule = |table: &Table, one: &Rule| PolicyRule {
        table: table.name,
        answer: table.answer,
        name: one.name.trim_start_matches("SYS_"),
        number: one.number,
        any: one.any.iter().map(|checks| checks.iter().map(check).collect()).collect(),
        reason: one.reason,
        unseen: one.unseen,
    };
    TABLES
        .iter()
        .flat_map(|table| table.rules.iter().copied().flatten().map(move |one| rule(table, one)))
        .collect()
}

/// Answers of the repeated probes.
#[pyclass(frozen, module = "server._native")]
struct LockProbe(Probe);

#[pymethods]
impl LockProbe {
    #[getter]
    fn open_refused(&self) -> bool {
        self.0.open_refused
    }

    #[getter]
    fn socket_refused(&self) -> bool {
        self.0.socket_refused
    }

    #[getter]
    fn code_refused(&self) -> bool {
        self.0.code_refused
    }

    #[getter]
    fn state_unchanged(&self) -> bool {
        self.0.state_unchanged
    }
}

#[pyfunction]
fn stage0() -> PyResult<()> {
    native::stage_0().map_err(failed)
}

#[pyfunction]
#[pyo3(signature = (user, accepts, *, limits=true, identity=true, landlock=true, seccomp=true))]
fn lock(
    user: u32,
    accepts: bool,
    limits: bool,
    identity: bool,
    landlock: bool,
    seccomp: bool,
) -> PyResult<LockReport> {
    let layers = Layers { limits, identity, landlock, seccomp };
    native::lock(user, accepts, layers).map(LockReport).map_err(failed)
}

#[pyfunction]
fn finish() -> PyResult<()> {
    native::finish().map_err(failed)
}

#[pyfunction]
fn probe() -> LockProbe {
    LockProbe(native::probe())
}

#[pyfunction]
fn landlock_abi() -> u8 {
    native::landlock_abi()
}

#[pyfunction]
fn filter_digest() -> PyResult<[u8; 32]> {
    native::digest().map_err(failed)
}

#[pyfunction]
fn filter_count() -> PyResult<u32> {
    native::filter_count().map_err(failed)
}

/// Number and name of every call that is death to make, by the policy.
#[pyfunction]
fn tripwires() -> Vec<(i64, &'static str)> {
    let rules = native::policy::TRIPWIRES.iter().chain(native::policy::LEGACY_TRIPWIRES);
    rules.map(|rule| (rule.number, rule.name.trim_start_matches("SYS_"))).collect()
}

/// Adds the lock to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("LockError", module.py().get_type::<LockError>())?;
    module.add("TCP_LISTENER", native::policy::LISTENER)?;
    module.add("DESCRIPTORS", native::DESCRIPTORS)?;
    module.add_class::<LockReport>()?;
    module.add_class::<LockProbe>()?;
    module.add_class::<PolicyRule>()?;
    module.add_function(wrap_pyfunction!(stage0, module)?)?;
    module.add_function(wrap_pyfunction!(lock, module)?)?;
    module.add_function(wrap_pyfunction!(finish, module)?)?;
    module.add_function(wrap_pyfunction!(probe, module)?)?;
    module.add_function(wrap_pyfunction!(landlock_abi, module)?)?;
    module.add_function(wrap_pyfunction!(filter_digest, module)?)?;
    module.add_function(wrap_pyfunction!(filter_count, module)?)?;
    module.add_function(wrap_pyfunction!(policy, module)?)?;
    module.add_function(wrap_pyfunction!(tripwires, module)?)?;
    Ok(())
}
