//! Two clocks: a monotonic one for the model, and the kernel's for when datagrams arrived.

use core::time::Duration;

fn read(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec for the duration of the call.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    duration(&time)
}

/// Zero for nonsense.
pub fn duration(time: &libc::timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// What the model calls now.
pub fn monotonic() -> Duration {
    read(libc::CLOCK_MONOTONIC)
}

/// Both clocks at one moment: read again where the thread was put aside between the readings.
fn both() -> (Duration, Duration) {
    let mut now = monotonic();
    for _ in 0..3 {
        let (real, after) = (read(libc::CLOCK_REALTIME), monotonic());
        if after.saturating_sub(now) < Duration::from_micros(20) {
            return (now, real);
        }
        now = after;
    }
    (now, read(libc::CLOCK_REALTIME))
}

/// The monotonic time of a kernel timestamp, which is on the clock that people set; not after now.
pub fn of_arrival(stamp: Option<Duration>) -> Duration {
    let (now, real) = both();
    let ago = stamp.map_or(Duration::ZERO, |stamp| real.saturating_sub(stamp));
    now.saturating_sub(ago.min(Duration::from_secs(1)))
}

/// A proxy that waits for a processor is a worse network than it was told to be, so it asks to run when it has
/// something to do, before everybody else: niceness does not reach beyond a session's own group. Where the right
/// is not given, it runs like others do; how late it was is told in any case.
pub fn ask_for_priority() {
    let lowest_of_these = libc::sched_param { sched_priority: 1 };
    // SAFETY: the parameter lives through the call.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_RR, &raw const lowest_of_these) };
}
