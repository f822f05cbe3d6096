//! Pages that are writable and executable, and how many threads look at them.

use std::fs;

use crate::{LockError, Step};

/// The one thread that may exist while the lock is set.
pub fn single_threaded() -> Result<bool, LockError> {
    let tasks = fs::read_dir("/proc/self/task").map_err(|error| LockError::io(Step::Threads, &error))?;
    Ok(tasks.count() == 1)
}

/// Start and end of every mapping that can be written and executed.
fn writable_code(maps: &str) -> Vec<(usize, usize)> {
    let range = |line: &str| {
        let mut words = line.split_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let permissions = words.next()?;
        if !permissions.starts_with("rwx") {
            return None;
        }
        Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
    };
    maps.lines().filter_map(range).collect()
}

/// Takes the right to write from code: libffi keeps its callbacks in pages that have both. The callbacks
/// still work; to make or to free one afterwards is a crash, so the caller keeps them for ever.
pub fn freeze_code() -> Result<usize, LockError> {
    let maps = fs::read_to_string("/proc/self/maps").map_err(|error| LockError::io(Step::Other, &error))?;
    let pages = writable_code(&maps);
    for &(start, end) in &pages {
        let length = end - start;
        // SAFETY: the range is a mapping of this process, by the kernel's own list, and there is one
        // thread, so it is still there. Data in it stays readable and code executable.
        let answer = unsafe {
            libc::mprotect(std::ptr::without_provenance_mut(start), length, libc::PROT_READ | libc::PROT_EXEC)
        };
        if answer != 0 {
            return Err(LockError::last(Step::Other));
        }
    }
    Ok(pages.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_with_both_rights_count() {
        let maps = "1000-2000 rwxp 0 00:00 0\n2000-3000 r-xp 0 00:00 0 /lib/a\n3000-5000 rw-p 0 00:00 0\n\
                    7000-9000 rwxs 0 00:00 0\nnonsense\n";
        assert_eq!(writable_code(maps), [(0x1000, 0x2000), (0x7000, 0x9000)]);
    }
}
