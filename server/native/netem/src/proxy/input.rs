//! Lines from standard input, as they come.

use std::io;

/// A longer line is a mistake.
const LONGEST: usize = 1 << 20;

/// See the module.
#[derive(Default)]
pub struct Input {
    partial: Vec<u8>,
    has_ended: bool,
}

impl Input {
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Takes what is there, once: called when there is something, it does not wait. Adds the lines that are
    /// whole. A line that is too long is an error.
    pub fn read(&mut self, lines: &mut Vec<String>) -> io::Result<()> {
        let mut chunk = [0_u8; 4096];
        // SAFETY: at most as many bytes are written as the chunk has.
        let length = unsafe { libc::read(libc::STDIN_FILENO, chunk.as_mut_ptr().cast(), chunk.len()) };
        match usize::try_from(length) {
            Ok(0) => self.has_ended = true,
            Ok(length) => self.partial.extend_from_slice(&chunk[..length]),
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            lines.push(String::from_utf8_lossy(&line).trim().to_owned());
        }
        if self.partial.len() > LONGEST {
            return Err(io::Error::other("a line is too long"));
        }
        Ok(())
    }
}
