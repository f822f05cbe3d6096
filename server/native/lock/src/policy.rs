//! The system call policy as data: each rule names one call, when it matches, and why.
//!
//! Four tables make five filters, since a compiled filter has one action on a match:
//!
//! | filter | on a match | otherwise |
//! |---|---|---|
//! | stage 0, before any event loop | ENOSYS | allow |
//! | foreign ABI (x32; i386 dies in every filter) | kill the process | allow |
//! | [`ALLOWED`] | allow | EPERM |
//! | [`ABSENT`] | ENOSYS | allow |
//! | [`TRIPWIRES`] | kill the process | allow |
//!
//! All of them are asked and the strictest answer wins; between two error numbers the filter set last
//! wins, so [`ABSENT`] comes after [`ALLOWED`].

mod absent;
mod allowed;
mod tripwires;

pub use absent::{ABSENT, STAGE_0};
pub use allowed::ALLOWED;
pub use tripwires::{LEGACY_TRIPWIRES, TRIPWIRES};

/// What an argument is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// The argument is this value.
    Is(u64),
    /// The argument is anything but this value.
    Not(u64),
    /// The argument's bits under `mask` are `value`.
    Masked {
        /// Bits that are looked at.
        mask: u64,
        /// What they must be.
        value: u64,
    },
    /// The argument is the process's own id.
    OwnPid,
}

/// Whether the kernel takes 32 or 64 bits of the argument; looking at fewer would be a hole, at more
/// would refuse what the kernel accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// An `int`, a flag word, a file descriptor.
    Half,
    /// A pointer or an `unsigned long`.
    Full,
}

/// A condition on one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// 0 to 5.
    pub argument: u8,
    /// How much of it counts.
    pub width: Width,
    /// What it is compared with.
    pub test: Test,
}

/// One call, the alternatives under which the rule matches, and who needs it or what it would give.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The kernel's name, as libc spells the constant.
    pub name: &'static str,
    /// The kernel's number on this architecture.
    pub number: i64,
    /// Matches when all checks of any one alternative hold; without alternatives, always.
    pub any: &'static [&'static [Check]],
    /// Why the rule exists.
    pub reason: &'static str,
    /// Of what is allowed: why it is, although no ordinary call needs it; empty where one does.
    pub unseen: &'static str,
}

/// A table by the name that people are shown, and what its filter answers on a match.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// A word.
    pub name: &'static str,
    /// What a match means.
    pub answer: &'static str,
    /// The rules, one list after the other.
    pub rules: &'static [&'static [Rule]],
}

/// All tables, in the order in which their filters are set.
pub const TABLES: [Table; 4] = [
    Table { name: "stage_0", answer: "ENOSYS", rules: &[STAGE_0] },
    Table { name: "allowed", answer: "allowed", rules: &[ALLOWED] },
    Table { name: "absent", answer: "ENOSYS", rules: &[ABSENT] },
    Table { name: "tripwires", answer: "killed", rules: &[TRIPWIRES, LEGACY_TRIPWIRES] },
];

/// The descriptor of the listening socket of a relay that serves ICE over TCP: always the same, so that a
/// filter can name it. In a relay without, nothing is there.
pub const LISTENER: u64 = 63;
/// `sendto` and its kind connect a stream socket with it, tcp(7).
const CONNECTING: u64 = libc::MSG_FASTOPEN as u64;

const fn half(argument: u8, test: Test) -> Check {
    Check { argument, width: Width::Half, test }
}

const fn full(argument: u8, test: Test) -> Check {
    Check { argument, width: Width::Full, test }
}

/// The 32-bit argument is `value`.
const fn is(argument: u8, value: u64) -> Check {
    half(argument, Test::Is(value))
}

/// None of `bits` is set in the 32-bit argument.
const fn lacks(argument: u8, bits: u64) -> Check {
    masked(argument, bits, 0)
}

/// The 32-bit argument's bits under `mask` are `value`.
const fn masked(argument: u8, mask: u64, value: u64) -> Check {
    half(argument, Test::Masked { mask, value })
}

/// All of `bits` are set in the 32-bit argument.
const fn has(argument: u8, bits: u64) -> Check {
    masked(argument, bits, bits)
}

/// `rule!(SYS_name, "reason")` matches always; `rule!(SYS_name, [[check, …], …], "reason")` when all
/// checks of any alternative hold. `SYS_name = number` where libc has no constant (from 424 on the
/// numbers are the same on every architecture). `unseen: "reason"` at the end for what is allowed although
/// no ordinary call needs it.
macro_rules! rule {
    ($name:ident $(= $number:literal)?, $reason:literal $(, unseen: $unseen:literal)?) => {
        $crate::policy::Rule {
            name: stringify!($name),
            number: rule!(@number $name $($number)?),
            any: &[],
            reason: $reason,
            unseen: concat!($($unseen)?),
        }
    };
    ($name:ident, [$([$($check:expr),+]),+], $reason:literal $(, unseen: $unseen:literal)?) => {
        $crate::policy::Rule {
            name: stringify!($name),
            number: libc::$name,
            any: &[$(&[$($check),+]),+],
            reason: $reason,
            unseen: concat!($($unseen)?),
        }
    };
    (@number $name:ident) => { libc::$name };
    (@number $name:ident $number:literal) => { $number };
}

use rule;
