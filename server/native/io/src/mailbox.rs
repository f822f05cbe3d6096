//! Commands down to the packet thread and events up from it, each with an eventfd to wake the other.

use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use offrecord_forwarder::api::{Command, Event};

/// Commands that may wait; far above what signaling and handshakes produce between two wake-ups.
const MOST_COMMANDS: usize = 65_536;
/// DTLS bytes that may wait for Python; a flood beyond is dropped, as on any congested path.
const MOST_DTLS_BYTES: usize = 4 << 20;

/// The packet thread does not keep up: the command was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailboxFull;

#[derive(Default)]
struct Events {
    waiting: Vec<Event>,
    dtls_bytes: usize,
}

/// Shared by the packet thread and its owner.
pub struct Mailbox {
    commands: Mutex<VecDeque<Command>>,
    command_ready: OwnedFd,
    events: Mutex<Events>,
    event_ready: OwnedFd,
    stopping: AtomicBool,
}

impl Mailbox {
    /// Two eventfds, made before the lock forbids it to nobody's surprise.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            commands: Mutex::new(VecDeque::with_capacity(1024)),
            command_ready: eventfd()?,
            events: Mutex::new(Events::default()),
            event_ready: eventfd()?,
            stopping: AtomicBool::new(false),
        })
    }

    /// Readable while there are events; level-triggered until [`Self::take_events`].
    pub fn event_fd(&self) -> RawFd {
        self.event_ready.as_raw_fd()
    }

    pub(crate) fn command_fd(&self) -> RawFd {
        self.command_ready.as_raw_fd()
    }

    /// [`Self::push_all`] of one.
    pub fn push(&self, command: Command) -> Result<(), MailboxFull> {
        self.push_all([command])
    }

    /// Queues commands and wakes the packet thread once. Where there is no room for one, neither it nor those after it
    /// are queued.
    pub fn push_all(&self, more: impl IntoIterator<Item = Command>) -> Result<(), MailboxFull> {
        let mut commands = held(&self.commands);
        let was_empty = commands.is_empty();
        let mut result = Ok(());
        for command in more {
            if commands.len() >= MOST_COMMANDS {
                result = Err(MailboxFull);
                break;
            }
            commands.push_back(command);
        }
        let wake = was_empty && !commands.is_empty();
        drop(commands);
        if wake {
            signal(&self.command_ready);
        }
        result
    }

    /// Asks the thread to leave; it wipes what it held.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        signal(&self.command_ready);
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// The next command; resets the eventfd when there is none, so that nothing is missed.
    pub(crate) fn next_command(&self) -> Option<Command> {
        held(&self.commands).pop_front()
    }

    pub(crate) fn acknowledge_commands(&self) {
        reset(&self.command_ready);
    }

    /// Everything told since the last call, in order.
    pub fn take_events(&self) -> Vec<Event> {
        reset(&self.event_ready);
        let mut events = held(&self.events);
        events.dtls_bytes = 0;
        core::mem::take(&mut events.waiting)
    }

    /// Moves events up. DTLS beyond the bound is dropped; the number dropped is returned.
    pub(crate) fn tell(&self, told: &mut Vec<Event>) -> u64 {
        if told.is_empty() {
            return 0;
        }
        let mut dropped = 0;
        let mut events = held(&self.events);
        let was_empty = events.waiting.is_empty();
        for event in told.drain(..) {
            if let Event::Dtls { datagram, .. } = &event {
                if events.dtls_bytes + datagram.len() > MOST_DTLS_BYTES {
                    dropped += 1;
                    continue;
                }
                events.dtls_bytes += datagram.len();
            }
            events.waiting.push(event);
        }
        let wake = was_empty && !events.waiting.is_empty();
        drop(events);
        if wake {
            signal(&self.event_ready);
        }
        dropped
    }
}

/// A panic aborts the process, so a lock is never poisoned in a relay; tests unwind.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just created, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn signal(fd: &OwnedFd) {
    let one = 1_u64.to_ne_bytes();
    // SAFETY: eight valid bytes. A full counter (EAGAIN) is readable already, which is all we want.
    unsafe { libc::write(fd.as_raw_fd(), one.as_ptr().cast(), one.len()) };
}

fn reset(fd: &OwnedFd) {
    let mut count = [0_u8; 8];
    // SAFETY: eight writable bytes. EAGAIN means it was reset already.
    unsafe { libc::read(fd.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readable(fd: RawFd) -> bool {
        let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid pollfd.
        unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
    }

    #[test]
    fn events_wake_once_and_come_in_order() {
        let mailbox = Mailbox::new().expect("eventfds");
        assert!(!readable(mailbox.event_fd()));
        let mut told = vec![Event::Reachable { transport: 1 }, Event::ConsentExpired { transport: 2 }];
        assert_eq!(mailbox.tell(&mut told), 0);
        assert!(told.is_empty());
        assert!(readable(mailbox.event_fd()));
        let expected = vec![Event::Reachable { transport: 1 }, Event::ConsentExpired { transport: 2 }];
        assert_eq!(mailbox.take_events(), expected);
        assert!(!readable(mailbox.event_fd()));
    }

    #[test]
    fn a_flood_of_dtls_is_bounded_and_other_events_still_pass() {
        let mailbox = Mailbox::new().expect("eventfds");
        let datagram = || Event::Dtls { transport: 1, datagram: vec![22; 65_536] };
        let mut told: Vec<Event> = (0..65).map(|_| datagram()).collect();
        told.push(Event::ConsentExpired { transport: 1 });
        assert_eq!(mailbox.tell(&mut told), 1);
        assert_eq!(mailbox.take_events().len(), 65);
        assert_eq!(mailbox.tell(&mut vec![datagram()]), 0, "taking events makes room");
    }

    #[test]
    fn commands_are_bounded() {
        let mailbox = Mailbox::new().expect("eventfds");
        for _ in 0..MOST_COMMANDS {
            assert!(mailbox.push(Command::CloseTransport { id: 1 }).is_ok());
        }
        assert_eq!(mailbox.push(Command::CloseTransport { id: 1 }), Err(MailboxFull));
        assert!(readable(mailbox.command_fd()));
        mailbox.acknowledge_commands();
        assert!(mailbox.next_command().is_some());
    }
}
