//! From the policy to programs in the kernel, and the digest that says which programs they are.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, sock_filter,
};

use crate::policy::{self, Rule, Test, Width};
use crate::{LockError, Step};

/// Stands for the process's own id in the digest, so that all relays of a release have the same one.
const NEUTRAL_PID: u32 = 0;
/// Set in the numbers of x32 calls, which share the audit architecture of x86_64.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: TargetArch = TargetArch::aarch64;

/// Classic BPF, as `linux/bpf_common.h` has it.
#[cfg(target_arch = "x86_64")]
const LOAD_WORD: u16 = 0x20;
#[cfg(target_arch = "x86_64")]
const JUMP_IF_AT_LEAST: u16 = 0x35;
#[cfg(target_arch = "x86_64")]
const RETURN: u16 = 0x06;

fn condition(check: &policy::Check, pid: u32) -> Result<SeccompCondition, LockError> {
    let width = match check.width {
        Width::Half => SeccompCmpArgLen::Dword,
        Width::Full => SeccompCmpArgLen::Qword,
    };
    let (operator, value) = match check.test {
        Test::Is(value) => (SeccompCmpOp::Eq, value),
        Test::Not(value) => (SeccompCmpOp::Ne, value),
        Test::Masked { mask, value } => (SeccompCmpOp::MaskedEq(mask), value),
        Test::OwnPid => (SeccompCmpOp::Eq, u64::from(pid)),
    };
    SeccompCondition::new(check.argument, width, operator, value).map_err(|_| broken())
}

fn compile(
    tables: &[&[Rule]],
    matched: SeccompAction,
    otherwise: SeccompAction,
    pid: u32,
) -> Result<BpfProgram, LockError> {
    let mut rules = BTreeMap::new();
    for rule in tables.iter().copied().flatten() {
        let mut alternatives = Vec::with_capacity(rule.any.len());
        for checks in rule.any {
            let conditions = checks.iter().map(|check| condition(check, pid)).collect::<Result<_, _>>()?;
            alternatives.push(SeccompRule::new(conditions).map_err(|_| broken())?);
        }
        if rules.insert(rule.number, alternatives).is_some() {
            return Err(broken());
        }
    }
    let filter = SeccompFilter::new(rules, otherwise, matched, ARCHITECTURE).map_err(|_| broken())?;
    BpfProgram::try_from(filter).map_err(|_| broken())
}

/// The policy itself does not compile: two rules for one call in one table, or too many.
fn broken() -> LockError {
    LockError { step: Step::Seccomp, errno: libc::EINVAL }
}

/// The filter before the event loop.
pub fn stage_0() -> Result<BpfProgram, LockError> {
    compile(&[policy::STAGE_0], SeccompAction::Errno(libc::ENOSYS as u32), SeccompAction::Allow, NEUTRAL_PID)
}

/// Kills calls of the x32 ABI, which the other filters would only refuse.
#[cfg(target_arch = "x86_64")]
fn foreign() -> Option<BpfProgram> {
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    Some(vec![
        step(LOAD_WORD, 0, 0, 0), // offsetof(seccomp_data, nr)
        step(JUMP_IF_AT_LEAST, 0, 1, X32),
        step(RETURN, 0, 0, SeccompAction::KillProcess.into()),
        step(RETURN, 0, 0, SeccompAction::Allow.into()),
    ])
}

#[cfg(not(target_arch = "x86_64"))]
fn foreign() -> Option<BpfProgram> {
    None
}

/// The final filters in the order in which they are set; the last one closes `seccomp` itself.
pub fn stack(pid: u32) -> Result<Vec<BpfProgram>, LockError> {
    let mut programs = Vec::from_iter(foreign());
    programs.push(compile(
        &[policy::ALLOWED],
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
        pid,
    )?);
    programs.push(compile(
        &[policy::ABSENT],
        SeccompAction::Errno(libc::ENOSYS as u32),
        SeccompAction::Allow,
        pid,
    )?);
    programs.push(compile(
        &[policy::TRIPWIRES, policy::LEGACY_TRIPWIRES],
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        pid,
    )?);
    Ok(programs)
}

/// How many filters a locked relay has set, stage 0 included; there may be inherited ones on top.
pub fn count() -> Result<u32, LockError> {
    Ok(1 + stack(NEUTRAL_PID)?.len() as u32)
}

/// SHA-256 over stage 0 and the final filters as the kernel gets them, with a neutral process id: each
/// program as its length (u32) and its instructions (code u16, jt u8, jf u8, k u32), little-endian.
pub fn digest() -> Result<[u8; 32], LockError> {
    let mut context = digest::Context::new(&digest::SHA256);
    for program in std::iter::once(stage_0()?).chain(stack(NEUTRAL_PID)?) {
        context.update(&(program.len() as u32).to_le_bytes());
        for instruction in &program {
            context.update(&instruction.code.to_le_bytes());
            context.update(&[instruction.jt, instruction.jf]);
            context.update(&instruction.k.to_le_bytes());
        }
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    Ok(out)
}

/// Sets a filter for every thread of the process. Not logged: what the kernel writes of a refused call
/// into the system log would be a way to write.
pub fn install(program: &BpfProgram) -> Result<(), LockError> {
    let length = u16::try_from(program.len()).map_err(|_| broken())?;
    let header = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut().cast() };
    // SAFETY: `header` points at `length` instructions that live until the call returns; seccompiler's
    // sock_filter has the kernel's layout.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_TSYNC,
            std::ptr::from_ref(&header),
        )
    };
    match answer {
        0 => Ok(()),
        -1 => Err(LockError::last(Step::Seccomp)),
        _ => Err(LockError { step: Step::Seccomp, errno: libc::ESRCH }), // a thread could not be synchronised
    }
}
