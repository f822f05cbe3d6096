//! Memory that may hold media: anonymous, private, locked, and left out of dumps.

use std::io;

use zeroize::Zeroize;

/// What is left for media when the limit on locked memory is small must at least hold this.
const SMALLEST: usize = 1 << 20;

/// One mapping that lives as long as the process.
pub struct MediaMemory {
    start: *mut u8,
    bytes: usize,
    locked: bool,
}

// SAFETY: the mapping belongs to this value alone and is never unmapped.
unsafe impl Send for MediaMemory {}

impl MediaMemory {
    /// Maps `asked` bytes (whole pages), or as much as RLIMIT_MEMLOCK lets us lock beside `already`
    /// locked bytes. Where nothing can be locked, `asked` bytes are mapped and `locked` says so.
    pub fn map(asked: usize, already: usize) -> io::Result<Self> {
        let asked = whole_pages(asked.max(SMALLEST));
        let mut memory = Self::map_unlocked(asked)?;
        if lock(memory.start, memory.bytes) {
            memory.locked = true;
            return Ok(memory);
        }
        let room = lockable().saturating_sub(already);
        let smaller = (room / page_size()).saturating_sub(1) * page_size();
        if (SMALLEST..asked).contains(&smaller) {
            let mut fitting = Self::map_unlocked(smaller)?;
            if lock(fitting.start, fitting.bytes) {
                memory.unmap();
                fitting.locked = true;
                return Ok(fitting);
            }
            fitting.unmap();
        }
        Ok(memory)
    }

    fn map_unlocked(bytes: usize) -> io::Result<Self> {
        // SAFETY: a fresh anonymous private mapping; no address is asked for.
        let start = unsafe {
            libc::mmap(
                core::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        hide(start.cast(), bytes);
        Ok(Self { start: start.cast(), bytes, locked: false })
    }

    fn unmap(self) {
        // SAFETY: the mapping is ours and no slice of it has been handed out: `take` consumes `self`.
        unsafe { libc::munmap(self.start.cast(), self.bytes) };
    }

    /// Bytes mapped.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the kernel keeps it out of swap.
    pub fn locked(&self) -> bool {
        self.locked
    }

    /// Hands the memory out, with a guard that wipes it when the thread ends.
    pub fn take(self) -> (&'static mut [u8], Wipe) {
        // SAFETY: mapped, zeroed, never unmapped after this point, and handed out exactly once.
        let slice = unsafe { core::slice::from_raw_parts_mut(self.start, self.bytes) };
        (slice, Wipe { start: self.start, bytes: self.bytes })
    }
}

/// Wipes the whole mapping on request; holds no reference to it meanwhile.
pub struct Wipe {
    start: *mut u8,
    bytes: usize,
}

// SAFETY: only an address until `run`, whose contract covers its use.
unsafe impl Send for Wipe {}

impl Wipe {
    /// # Safety
    /// Every slice of the mapping must have been dropped.
    pub unsafe fn run(self) {
        // SAFETY: the mapping outlives the process's use of it; exclusivity is the caller's promise.
        let slice = unsafe { core::slice::from_raw_parts_mut(self.start, self.bytes) };
        slice.zeroize();
    }
}

/// Locks and hides the whole pages inside a heap buffer. Returns the bytes locked.
pub fn lock_buffer(start: *const u8, bytes: usize) -> usize {
    let page = page_size();
    let first = (start as usize).next_multiple_of(page);
    let end = ((start as usize) + bytes) / page * page;
    if end <= first {
        return 0;
    }
    let inner = first as *mut u8;
    hide(inner, end - first);
    if lock(inner, end - first) { end - first } else { 0 }
}

fn lock(start: *mut u8, bytes: usize) -> bool {
    // SAFETY: the range is mapped memory of this process.
    unsafe { libc::mlock(start.cast(), bytes) == 0 }
}

fn hide(start: *mut u8, bytes: usize) {
    // SAFETY: whole mapped pages; a refusal changes nothing we rely on (dumps are forbidden as well).
    unsafe { libc::madvise(start.cast(), bytes, libc::MADV_DONTDUMP) };
}

/// Bytes that may be locked: the soft limit, raised to the hard one first; any for who has CAP_IPC_LOCK.
pub fn lockable() -> usize {
    if may_lock_anything() {
        return usize::MAX;
    }
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for both calls.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) != 0 {
            return 0;
        }
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit);
        libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit);
    }
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}

/// Whether the limit is none for this process (capabilities(7)).
fn may_lock_anything() -> bool {
    const VERSION_3: u32 = 0x2008_0522;
    const CAP_IPC_LOCK: u32 = 14;
    /// `struct __user_cap_data_struct`.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    struct Capabilities {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }
    let mut header = [VERSION_3, 0]; // of this thread
    let mut sets = [Capabilities::default(); 2];
    // SAFETY: version 3 reads two words and writes two sets.
    let status = unsafe { libc::syscall(libc::SYS_capget, header.as_mut_ptr(), sets.as_mut_ptr()) };
    status == 0 && sets[0].effective >> CAP_IPC_LOCK & 1 == 1
}

fn whole_pages(bytes: usize) -> usize {
    bytes.next_multiple_of(page_size())
}

fn page_size() -> usize {
    // SAFETY: no arguments with a contract.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_mapped_in_whole_pages_and_writable() {
        let memory = MediaMemory::map(SMALLEST + 1, 0).expect("a megabyte");
        assert_eq!(memory.bytes() % page_size(), 0);
        let (slice, wipe) = memory.take();
        slice[0] = 7;
        // SAFETY: `slice` is not used again.
        unsafe { wipe.run() };
    }

    #[test]
    fn as_much_as_is_said_can_be_locked_and_no_more() {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: `limit` is valid for the call.
        assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) }, 0);
        let limit = usize::try_from(limit.rlim_max).expect("64 bits");
        if limit > 1 << 28 {
            return; // untested: more than such a limit is more than a test should lock
        }
        let more = MediaMemory::map_unlocked(whole_pages(limit + SMALLEST)).expect("address space");
        assert_eq!(lock(more.start, more.bytes), lockable() > limit);
        more.unmap();
    }
}
