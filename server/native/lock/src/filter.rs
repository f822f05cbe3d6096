//! From the policy to programs in the kernel, and the digest that says which programs they are.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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
        match rules.entry(rule.number) {
            Entry::Vacant(place) => {
                place.insert(alternatives);
            }
            // Without alternatives a rule matches always: more of them would take that away.
            Entry::Occupied(place) if rule.any.is_empty() || place.get().is_empty() => return Err(broken()),
            Entry::Occupied(mut place) => place.get_mut().append(&mut alternatives),
        }
    }
    let filter = SeccompFilter::new(rules, otherwise, matched, ARCHITECTURE).map_err(|_| broken())?;
    BpfProgram::try_from(filter).map_err(|_| broken())
}

/// The policy itself does not compile: two rules for one call of which one needs no check, or too many.
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

#[cfg(test)]
mod tests {
    use super::*;

    const PID: u32 = 4242;
    const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
    const EPERM: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    const ENOSYS: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
    #[cfg(target_arch = "x86_64")]
    const AUDIT_ARCHITECTURE: u32 = 0xC000_003E;
    #[cfg(target_arch = "aarch64")]
    const AUDIT_ARCHITECTURE: u32 = 0xC000_00B7;
    const AUDIT_I386: u32 = 0x4000_0003;

    /// Runs a program as the kernel does, over `seccomp_data`: number, architecture, address, arguments.
    fn answer(program: &[sock_filter], data: &[u32; 16]) -> u32 {
        let (mut accumulator, mut at) = (0_u32, 0_usize);
        loop {
            let sock_filter { code, jt, jf, k } = program[at].clone();
            at += 1;
            let mut jump = |condition: bool| at += usize::from(if condition { jt } else { jf });
            match code {
                0x20 => accumulator = data[k as usize / 4],
                0x54 => accumulator &= k,
                0x05 => at += k as usize,
                0x15 => jump(accumulator == k),
                0x25 => jump(accumulator > k),
                0x35 => jump(accumulator >= k),
                0x06 => return k,
                _ => unreachable!("the compiler does not use {code:#x}"),
            }
        }
    }

    /// What all filters together answer, the strictest first; between errors, the one set last.
    fn decide_as(architecture: u32, number: u32, arguments: &[u64]) -> u32 {
        let mut data = [0; 16];
        (data[0], data[1]) = (number, architecture);
        for (index, argument) in arguments.iter().enumerate() {
            data[4 + 2 * index] = *argument as u32;
            data[5 + 2 * index] = (argument >> 32) as u32;
        }
        let programs = std::iter::once(stage_0().expect("compiles")).chain(stack(PID).expect("compiles"));
        let answers: Vec<u32> = programs.map(|program| answer(&program, &data)).collect();
        let strictness = |answer: &u32| (answer & libc::SECCOMP_RET_ACTION_FULL) as i32;
        answers.into_iter().rev().min_by_key(strictness).expect("there are filters")
    }

    fn decide(number: i64, arguments: &[u64]) -> u32 {
        decide_as(AUDIT_ARCHITECTURE, number as u32, arguments)
    }

    #[test]
    fn packets_and_pipes_pass() {
        for number in
            [libc::SYS_recvmmsg, libc::SYS_sendmmsg, libc::SYS_read, libc::SYS_write, libc::SYS_futex]
        {
            assert_eq!(decide(number, &[]), ALLOW);
        }
    }

    #[test]
    fn opening_to_read_is_refused_and_to_write_kills() {
        let open = |flags: i32| decide(libc::SYS_openat, &[u64::MAX - 99, 1, flags as u64]);
        assert_eq!(open(libc::O_RDONLY | libc::O_CLOEXEC | libc::O_DIRECTORY), EPERM);
        for bits in [
            libc::O_WRONLY,
            libc::O_RDWR,
            libc::O_CREAT,
            libc::O_TRUNC,
            libc::O_APPEND,
            libc::O_TMPFILE | libc::O_RDWR,
        ] {
            assert_eq!(open(bits | libc::O_CLOEXEC), KILL, "{bits:#o}");
        }
    }

    #[test]
    fn a_thread_passes_and_a_process_kills() {
        let thread = 0x003d_0f00; // what libc gives pthread_create
        assert_eq!(decide(libc::SYS_clone, &[thread]), ALLOW);
        for more in [libc::CLONE_NEWUSER, libc::CLONE_NEWNET, libc::CLONE_PIDFD, libc::CLONE_PTRACE, 0x80] {
            assert_eq!(decide(libc::SYS_clone, &[thread | more as u64]), EPERM, "{more:#x}");
        }
        for less in [libc::CLONE_FILES, libc::CLONE_FS, libc::CLONE_SIGHAND] {
            assert_eq!(decide(libc::SYS_clone, &[thread & !(less as u64)]), EPERM, "{less:#x}");
        }
        assert_eq!(decide(libc::SYS_clone, &[libc::SIGCHLD as u64]), KILL);
        assert_eq!(decide(libc::SYS_clone, &[(libc::CLONE_VM | libc::CLONE_VFORK) as u64]), KILL);
        assert_eq!(decide(libc::SYS_clone3, &[]), ENOSYS);
    }

    #[test]
    fn memory_is_private_and_no_code() {
        let map = |rights: i32, flags: i32| decide(libc::SYS_mmap, &[0, 4096, rights as u64, flags as u64]);
        assert_eq!(map(libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS), ALLOW);
        assert_eq!(map(libc::PROT_EXEC, libc::MAP_PRIVATE), EPERM);
        assert_eq!(map(libc::PROT_WRITE, libc::MAP_SHARED), EPERM);
        assert_eq!(map(libc::PROT_WRITE, libc::MAP_SHARED_VALIDATE), EPERM);
        assert_eq!(map(libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS), EPERM);
        assert_eq!(map(libc::PROT_READ, libc::MAP_PRIVATE), EPERM); // a file
        assert_eq!(decide(libc::SYS_mprotect, &[0, 4096, libc::PROT_WRITE as u64]), ALLOW);
        assert_eq!(decide(libc::SYS_mprotect, &[0, 4096, libc::PROT_EXEC as u64]), EPERM);
    }

    #[test]
    fn only_becoming_undumpable_is_left_of_prctl() {
        let set = libc::PR_SET_DUMPABLE as u64;
        assert_eq!(decide(libc::SYS_prctl, &[set, 0]), ALLOW);
        assert_eq!(decide(libc::SYS_prctl, &[set, 1]), EPERM);
        assert_eq!(decide(libc::SYS_prctl, &[set, 1 << 32]), EPERM);
        for other in [libc::PR_SET_NAME, libc::PR_SET_MM, libc::PR_SET_SECCOMP, 0x5356_4d41] {
            assert_eq!(decide(libc::SYS_prctl, &[other as u64, 1]), EPERM, "{other:#x}");
        }
    }

    #[test]
    fn memory_is_given_back_and_never_made_readable_to_others() {
        let advise = |advice: i32| decide(libc::SYS_madvise, &[0, 4096, advice as u64]);
        assert_eq!(advise(libc::MADV_DONTNEED), ALLOW);
        assert_eq!(advise(102), ALLOW);
        for other in [libc::MADV_DODUMP, libc::MADV_MERGEABLE, libc::MADV_PAGEOUT, libc::MADV_DOFORK] {
            assert_eq!(advise(other), EPERM, "{other}");
        }
    }

    #[test]
    fn a_descriptor_can_become_non_blocking_and_nothing_else() {
        assert_eq!(decide(libc::SYS_ioctl, &[0, libc::FIONBIO]), ALLOW);
        for other in [libc::TIOCSTI, libc::FIOASYNC, libc::TIOCLINUX, libc::TCSETS] {
            assert_eq!(decide(libc::SYS_ioctl, &[0, other]), EPERM, "{other:#x}");
        }
        for command in [libc::F_DUPFD, libc::F_SETOWN, libc::F_SETLEASE, libc::F_ADD_SEALS, libc::F_NOTIFY] {
            assert_eq!(decide(libc::SYS_fcntl, &[0, command as u64]), EPERM, "{command}");
        }
        assert_eq!(decide(libc::SYS_setsockopt, &[0, libc::SOL_SOCKET as u64]), EPERM);
    }

    #[test]
    fn no_descriptor_is_made() {
        for number in
            [libc::SYS_dup, libc::SYS_dup3, libc::SYS_eventfd2, libc::SYS_epoll_create1, libc::SYS_pipe2]
        {
            assert_eq!(decide(number, &[]), EPERM, "{number}");
        }
    }

    #[test]
    fn limits_are_read_and_not_set() {
        assert_eq!(decide(libc::SYS_prlimit64, &[0, 1, 0, 9]), ALLOW);
        assert_eq!(decide(libc::SYS_prlimit64, &[0, 1, 9, 0]), EPERM);
        assert_eq!(decide(libc::SYS_prlimit64, &[0, 1, 9 << 32, 0]), EPERM);
        assert_eq!(decide(libc::SYS_prlimit64, &[1, 1, 0, 9]), EPERM);
    }

    #[test]
    fn a_socket_kills_and_the_probe_is_refused() {
        assert_eq!(decide(libc::SYS_socket, &[libc::AF_INET as u64]), KILL);
        assert_eq!(decide(libc::SYS_socket, &[libc::AF_UNIX as u64]), KILL);
        assert_eq!(decide(libc::SYS_socket, &[libc::AF_UNSPEC as u64]), EPERM);
    }

    #[test]
    fn connections_are_accepted_on_one_descriptor_and_made_on_none() {
        let flags = (libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) as u64;
        let accept = |fd: u64, flags: u64| decide(libc::SYS_accept4, &[fd, 1, 1, flags]);
        assert_eq!(accept(policy::LISTENER, flags), ALLOW);
        for other in [0, policy::LISTENER - 1, policy::LISTENER + 1, u64::from(u32::MAX)] {
            assert_eq!(accept(other, flags), KILL, "{other}");
        }
        for less in [0, libc::SOCK_NONBLOCK as u64, flags | 1] {
            assert_eq!(accept(policy::LISTENER, less), EPERM, "{less:#x}");
        }
        assert_eq!(decide(libc::SYS_accept, &[policy::LISTENER]), KILL);
        let connecting = (libc::MSG_FASTOPEN | libc::MSG_DONTWAIT) as u64;
        for (number, at) in [(libc::SYS_sendto, 3), (libc::SYS_sendmmsg, 3), (libc::SYS_sendmsg, 2)] {
            let mut arguments = [0; 4];
            arguments[at] = connecting;
            assert_eq!(decide(number, &arguments), KILL, "{number}");
        }
        assert_eq!(decide(libc::SYS_sendmmsg, &[0, 0, 0, libc::MSG_NOSIGNAL as u64]), ALLOW);
    }

    #[test]
    fn only_the_own_process_can_be_signalled() {
        assert_eq!(decide(libc::SYS_tgkill, &[u64::from(PID)]), ALLOW);
        assert_eq!(decide(libc::SYS_tgkill, &[1]), EPERM);
        assert_eq!(decide(libc::SYS_kill, &[u64::from(PID)]), KILL);
    }

    #[test]
    fn another_abi_kills() {
        assert_eq!(decide_as(AUDIT_I386, 4, &[]), KILL);
        #[cfg(target_arch = "x86_64")]
        assert_eq!(decide_as(AUDIT_ARCHITECTURE, X32 | libc::SYS_read as u32, &[]), KILL);
    }

    #[test]
    fn what_nobody_thought_of_is_refused() {
        assert_eq!(decide(0x1FFF, &[]), EPERM);
    }

    #[test]
    fn every_rule_has_a_reason_and_one_answer() {
        for table in policy::TABLES {
            for rule in table.rules.iter().copied().flatten() {
                assert!(!rule.reason.is_empty(), "{}", rule.name);
                assert!(rule.any.iter().all(|checks| !checks.is_empty()), "{}", rule.name);
                assert!(rule.unseen.is_empty() || table.name == "allowed", "{}", rule.name);
            }
        }
        // An unconditional tripwire on what is allowed without a condition would be a mistake.
        let kills =
            policy::TRIPWIRES.iter().chain(policy::LEGACY_TRIPWIRES).filter(|rule| rule.any.is_empty());
        for rule in kills {
            let allowed = policy::ALLOWED.iter().find(|other| other.number == rule.number);
            assert!(allowed.is_none_or(|other| other.name == "SYS_seccomp"), "{}", rule.name);
        }
    }

    #[test]
    fn a_rule_without_checks_stands_alone() {
        const ALWAYS: &[Rule] =
            &[Rule { name: "SYS_brk", number: libc::SYS_brk, any: &[], reason: "heap", unseen: "" }];
        let compiled = |tables: &[&[Rule]]| compile(tables, SeccompAction::Allow, SeccompAction::Trap, PID);
        assert!(compiled(&[ALWAYS]).is_ok());
        assert!(compiled(&[ALWAYS, ALWAYS]).is_err());
    }

    #[test]
    fn the_digest_does_not_depend_on_the_process() {
        assert_eq!(digest(), digest());
        assert_ne!(stack(1), stack(2));
        assert_eq!(count().expect("compiles") as usize, 1 + stack(1).expect("compiles").len());
    }
}
