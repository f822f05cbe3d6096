//! Options of sockets that are on or off.

use std::os::fd::RawFd;

/// Switches an option on; false where the kernel does not know it, or refuses.
pub fn switch_on(socket: RawFd, level: libc::c_int, name: libc::c_int) -> bool {
    let on: libc::c_int = 1;
    let size = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: a valid integer that lives through the call.
    unsafe { libc::setsockopt(socket, level, name, (&raw const on).cast(), size) == 0 }
}
