//! The two clocks: a monotonic one that drives the core, and the kernel's for receive timestamps.

use offrecord_forwarder::api::Micros;

fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec for the duration of the call.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    micros(&time)
}

/// A kernel timestamp in microseconds; zero for nonsense.
pub fn micros(time: &libc::timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000).saturating_add(nanos / 1000)
}

/// Monotonic time: what the core calls `now`.
pub fn now() -> Micros {
    Micros(read(libc::CLOCK_MONOTONIC))
}

/// Microseconds since the epoch, on the clock that `SO_TIMESTAMPNS` uses.
pub fn realtime() -> u64 {
    read(libc::CLOCK_REALTIME)
}
