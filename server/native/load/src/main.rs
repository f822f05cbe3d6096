//! Sends streams to a relay at a steady rate, counts what their subscribers receive, and tells of one publisher how
//! long that was under way.
//!
//! Sockets and keys come from whoever did the DTLS handshakes. One thread sends, one receives: the
//! receivers are live, since a socket that nobody reads flatters the sender. With the argument `bare`
//! it is not the load but what stands in for a relay: see [`bare`].

mod bare;
mod latency;
mod packet;
mod plan;

use std::io::Read;
use std::os::fd::RawFd;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use latency::{SendTimes, Shift};
use plan::Plan;

/// Datagrams taken from a socket at once.
const BATCH: usize = 32;
/// Enough of a datagram to know what it is.
const GLANCE: usize = 16;
const SOL_UDP: libc::c_int = 17;
const UDP_SEGMENT: libc::c_int = 103;
/// What is still under way after the last packet is waited for.
const DRAIN: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    let mut text = String::new();
    let bare = std::env::args().nth(1).is_some_and(|word| word == "bare");
    let result = std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())
        .and_then(|_| if bare { run_bare(&text) } else { run_load(&text) });
    match result {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("offrecord-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_bare(text: &str) -> Result<String, String> {
    let (forwarded, nanoseconds) = bare::run(&plan::parse_bare(text)?)?;
    Ok(format!("forwarded {forwarded} nanoseconds {nanoseconds}"))
}

fn run_load(text: &str) -> Result<String, String> {
    let plan = plan::parse(text)?;
    let (sent, Received { packets, courses }) = run(&plan)?;
    let [half, most, longest] = latency::summary(courses.iter().map(|course| course.latency).collect());
    let mut told = format!("sent {sent} received {packets} p50 {half} p99 {most} longest {longest}");
    for Course { subscriber, sent, latency } in courses.iter().filter(|_| plan.each) {
        told.push_str(&format!("\n{subscriber} {sent} {latency}"));
    }
    Ok(told)
}

/// What all subscribers together received: packets, and how they came where there is one publisher.
#[derive(Default)]
struct Received {
    packets: u64,
    courses: Vec<Course>,
}

/// One packet at one subscriber: when it was sent, in microseconds since the epoch, and how long it was under way.
struct Course {
    subscriber: usize,
    sent: u64,
    latency: u64,
}

/// Packets sent, and what became of them.
fn run(plan: &Plan) -> Result<(u64, Received), String> {
    let done = AtomicBool::new(false);
    let times = SendTimes::new();
    std::thread::scope(|scope| {
        let receiver = scope.spawn(|| receive(plan, &times, &done));
        let sent = send(plan, &times);
        std::thread::sleep(DRAIN);
        done.store(true, Ordering::Relaxed);
        let received = receiver.join().map_err(|_| "the receiver ended".to_owned())??;
        Ok((sent?, received))
    })
}

fn send(plan: &Plan, times: &SendTimes) -> Result<u64, String> {
    let stream = |(publisher, ssrc)| packet::Stream::new(plan, publisher, ssrc);
    let mut streams = (plan.publishers.iter().zip(plan.ssrc..).map(stream).collect::<Result<Vec<_>, _>>())
        .map_err(|_| "a key is refused".to_owned())?;
    let started = Instant::now();
    let pause = Duration::from_secs_f64(f64::from(plan.burst) / f64::from(plan.rate));
    let mut next = started;
    let mut burst = Vec::new();
    if plan.is_cut {
        plan.publishers
            .iter()
            .try_for_each(|publisher| cut(publisher.socket, plan.bytes + packet::TAG_BYTES))?;
    }
    for turn in (0..streams.len()).cycle() {
        if started.elapsed() >= plan.duration {
            break;
        }
        let (stream, socket) = (&mut streams[turn], plan.publishers[turn].socket);
        burst.clear();
        for _ in 0..plan.burst {
            times.note(stream.sent() as u16);
            let datagram = stream.next().map_err(|_| "a packet could not be sealed".to_owned())?;
            if plan.is_cut {
                burst.extend_from_slice(datagram);
            } else {
                push(socket, datagram)?;
            }
        }
        if plan.is_cut {
            push(socket, &burst)?;
        }
        next += pause;
        if let Some(wait) = next.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
    }
    Ok(streams.iter().map(packet::Stream::sent).sum())
}

fn push(socket: RawFd, bytes: &[u8]) -> Result<(), String> {
    // SAFETY: the range is a live slice; the descriptor is inherited and stays open.
    let status = unsafe { libc::send(socket, bytes.as_ptr().cast(), bytes.len(), 0) };
    if status < 0 { Err(format!("sending: {}", std::io::Error::last_os_error())) } else { Ok(()) }
}

/// Has the kernel cut all that is sent by a socket into datagrams of a length.
fn cut(socket: RawFd, length: usize) -> Result<(), String> {
    let length = libc::c_int::try_from(length).map_err(|error| error.to_string())?;
    let size = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: a valid integer that lives through the call.
    let status = unsafe { libc::setsockopt(socket, SOL_UDP, UDP_SEGMENT, (&raw const length).cast(), size) };
    if status < 0 { Err(format!("cutting: {}", std::io::Error::last_os_error())) } else { Ok(()) }
}

fn receive(plan: &Plan, times: &SendTimes, done: &AtomicBool) -> Result<Received, String> {
    let failed = |what: &str| format!("{what}: {}", std::io::Error::last_os_error());
    // SAFETY: no pointer is passed.
    let poll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
    if poll < 0 {
        return Err(failed("epoll"));
    }
    for (index, socket) in plan.subscribers.iter().enumerate() {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: index as u64 };
        // SAFETY: `event` lives through the call.
        if unsafe { libc::epoll_ctl(poll, libc::EPOLL_CTL_ADD, *socket, &raw mut event) } < 0 {
            return Err(failed("epoll_ctl"));
        }
    }
    let settled = latency::now() + plan.settle.as_micros() as u64;
    let mut shifts = vec![Shift::default(); plan.subscribers.len()];
    let mut received = Received::default();
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; plan.subscribers.len().max(1)];
    while !done.load(Ordering::Relaxed) {
        let room = libc::c_int::try_from(events.len()).unwrap_or(libc::c_int::MAX);
        // SAFETY: the kernel writes at most `room` events into a vector of that length.
        let count = unsafe { libc::epoll_wait(poll, events.as_mut_ptr(), room, 50) };
        for event in &events[..usize::try_from(count).unwrap_or(0)] {
            let subscriber = event.u64 as usize;
            take(plan.subscribers[subscriber], |sequence| {
                received.packets += 1;
                if plan.publishers.len() == 1
                    && let Some((latency, sent)) = shifts[subscriber].latency(times, sequence, latency::now())
                    && sent >= settled
                {
                    received.courses.push(Course { subscriber, sent, latency });
                }
            });
        }
    }
    // SAFETY: opened above, not used afterwards.
    unsafe { libc::close(poll) };
    Ok(received)
}

/// Empties a socket once; tells the sequence number of each datagram that is media.
fn take(socket: RawFd, mut tell: impl FnMut(u16)) {
    let mut glances = [[0_u8; GLANCE]; BATCH];
    let mut parts: [libc::iovec; BATCH] = std::array::from_fn(|index| libc::iovec {
        iov_base: glances[index].as_mut_ptr().cast(),
        iov_len: GLANCE,
    });
    let mut messages: [libc::mmsghdr; BATCH] = std::array::from_fn(|index| {
        // SAFETY: all zeroes is a valid header without address and control data.
        let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
        message.msg_hdr.msg_iov = &raw mut parts[index];
        message.msg_hdr.msg_iovlen = 1;
        message
    });
    // SAFETY: headers point to buffers that outlive the call; a longer datagram is truncated.
    let count = unsafe {
        libc::recvmmsg(
            socket,
            messages.as_mut_ptr(),
            BATCH as libc::c_uint,
            libc::MSG_DONTWAIT as _,
            std::ptr::null_mut(),
        )
    };
    let count = usize::try_from(count).unwrap_or(0);
    let media = glances[..count].iter().filter(|glance| is_media(glance));
    media.for_each(|glance| tell(u16::from_be_bytes([glance[2], glance[3]])));
}

/// RTP and not RTCP (RFC 5761 section 4), nor STUN or DTLS (RFC 7983).
fn is_media(glance: &[u8; GLANCE]) -> bool {
    (128..192).contains(&glance[0]) && !(64..96).contains(&(glance[1] & 0x7F))
}
