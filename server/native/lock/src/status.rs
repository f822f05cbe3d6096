//! The kernel's own account of this process, `/proc/self/status`.

use std::fs::File;
use std::io::{Read, Seek};

use crate::{LockError, Step};

/// Longest text that is read; the kernel's is about 1.5 KiB.
const LONGEST: u64 = 64 * 1024;

/// The parts of the status that the lock is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Real, effective, saved and file system user.
    pub users: [u32; 4],
    /// Real, effective, saved and file system group.
    pub groups: [u32; 4],
    /// Supplementary groups.
    pub supplementary: usize,
    /// Inheritable, permitted, effective and ambient capabilities, united.
    pub capabilities: u64,
    /// What a set-uid program could still gain, were it not for no_new_privs.
    pub bounding: u64,
    /// No program started from here gains rights.
    pub no_new_privs: bool,
    /// 0 none, 2 filters.
    pub seccomp_mode: u8,
    /// How many filters.
    pub seccomp_filters: u32,
    /// Memory that the kernel keeps out of swap, in KiB.
    pub locked_kib: u64,
}

/// A handle on the status that stays readable after files cannot be opened any more.
#[derive(Debug)]
pub struct StatusFile(File);

impl StatusFile {
    /// Opens it; close it before the relay serves, since it is a file.
    pub fn open() -> Result<Self, LockError> {
        File::open("/proc/self/status").map(Self).map_err(|error| LockError::io(Step::SelfCheck, &error))
    }

    /// Reads it again.
    pub fn read(&mut self) -> Result<Status, LockError> {
        let mut text = String::new();
        self.0
            .rewind()
            .and_then(|()| (&self.0).take(LONGEST).read_to_string(&mut text))
            .map_err(|error| LockError::io(Step::SelfCheck, &error))?;
        parse(&text).ok_or(LockError { step: Step::SelfCheck, errno: libc::EBADMSG })
    }
}

fn four(value: &str) -> Option<[u32; 4]> {
    let mut numbers = value.split_whitespace().map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some([next()?, next()?, next()?, next()?])
}

fn hexadecimal(value: &str) -> Option<u64> {
    u64::from_str_radix(value.trim(), 16).ok()
}

/// None when a field is missing or not a number.
fn parse(text: &str) -> Option<Status> {
    let field =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let mut capabilities = 0;
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        capabilities |= hexadecimal(field(set)?)?;
    }
    Some(Status {
        users: four(field("Uid")?)?,
        groups: four(field("Gid")?)?,
        supplementary: field("Groups")?.split_whitespace().count(),
        capabilities,
        bounding: hexadecimal(field("CapBnd")?)?,
        no_new_privs: field("NoNewPrivs")? == "1",
        seccomp_mode: field("Seccomp")?.parse().ok()?,
        seccomp_filters: field("Seccomp_filters")?.parse().ok()?,
        locked_kib: field("VmLck")?.split_whitespace().next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \nCapInh:\t0\nCapPrm:\t1\nCapEff:\t2\n\
        CapBnd:\tff\nCapAmb:\t0\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t5\nVmLck:\t    64 kB\n";

    #[test]
    fn every_field_is_read() {
        let status = parse(TEXT).expect("complete");
        assert_eq!(status.users, [1, 2, 3, 4]);
        assert_eq!(status.groups, [5, 6, 7, 8]);
        assert_eq!(status.supplementary, 2);
        assert_eq!((status.capabilities, status.bounding), (3, 255));
        assert!(status.no_new_privs);
        assert_eq!((status.seccomp_mode, status.seccomp_filters), (2, 5));
        assert_eq!(status.locked_kib, 64);
    }

    #[test]
    fn a_missing_field_is_no_status() {
        for line in TEXT.lines() {
            let without: String = TEXT.lines().filter(|other| *other != line).collect::<Vec<_>>().join("\n");
            assert_eq!(parse(&without), None, "without {line}");
        }
    }
}
