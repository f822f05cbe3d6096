//! What the machine allows: receive, decrypt, encrypt, send, and no RTP logic at all.
//!
//! The relay's figure is read as a share of this one, from the same run, over the same path.

use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::plan::BarePlan;

/// Datagrams taken at once, and at most waiting to be sent.
const RECEIVE_BATCH: usize = 32;
const SEND_BATCH: usize = 1024;
const SLOT: usize = 1500;
const HEADER_BYTES: usize = 20;
/// The sender has stopped.
const QUIET: Duration = Duration::from_secs(1);
/// Nobody ever sent.
const PATIENCE: Duration = Duration::from_secs(20);

struct Target {
    address: libc::sockaddr_in,
    key: LessSafeKey,
}

/// Datagrams of one flush, one slot each.
struct Flush {
    bytes: Vec<u8>,
    lengths: Vec<(usize, usize)>,
}

/// Packets sent on, and nanoseconds of CPU time of this process.
pub fn run(plan: &BarePlan) -> Result<(u64, u64), String> {
    let refused = |_| "a key is refused".to_owned();
    let key = |bytes: &[u8; 16]| UnboundKey::new(&AES_128_GCM, bytes).map(LessSafeKey::new);
    let opening = key(&plan.key).map_err(refused)?;
    let mut targets = Vec::new();
    for (index, port) in plan.targets.iter().enumerate() {
        let mut own = plan.key;
        let [high, low] = (index as u16 + 1).to_be_bytes();
        (own[0], own[1]) = (own[0] ^ low, own[1] ^ high);
        targets.push(Target { address: loopback(*port), key: key(&own).map_err(refused)? });
    }
    let mut inbound = vec![0_u8; RECEIVE_BATCH * SLOT];
    let mut flush = Flush { bytes: vec![0; SEND_BATCH * SLOT], lengths: Vec::with_capacity(SEND_BATCH) };
    let (mut forwarded, started) = (0, Instant::now());
    let mut last: Option<Instant> = None;
    while last.map_or(started.elapsed() < PATIENCE, |heard| heard.elapsed() < QUIET) {
        let lengths = receive(plan.socket, &mut inbound);
        if !lengths.is_empty() {
            last = Some(Instant::now());
        }
        for (slot, length) in inbound.chunks_mut(SLOT).zip(lengths) {
            let Some(datagram) = slot.get_mut(..length).filter(|d| d.len() > HEADER_BYTES) else {
                continue;
            };
            let (header, sealed) = datagram.split_at_mut(HEADER_BYTES);
            let nonce = nonce_of(header, &plan.salt);
            let Ok(payload) = opening.open_in_place(nonce, Aad::from(&*header), sealed) else {
                continue;
            };
            for (index, target) in targets.iter().enumerate() {
                if flush.lengths.len() == SEND_BATCH {
                    forwarded += send(plan.socket, &targets, &mut flush);
                }
                seal(target, index, header, payload, &plan.salt, &mut flush)?;
            }
        }
        forwarded += send(plan.socket, &targets, &mut flush);
    }
    Ok((forwarded, cpu_nanoseconds()))
}

/// RFC 7714 section 8.1, in the first round of sequence numbers: enough to cost the same.
fn nonce_of(header: &[u8], salt: &[u8; 12]) -> Nonce {
    let mut nonce = *salt;
    for (byte, part) in nonce[2..6].iter_mut().zip(&header[8..12]) {
        *byte ^= part;
    }
    for (byte, part) in nonce[10..].iter_mut().zip(&header[2..4]) {
        *byte ^= part;
    }
    Nonce::assume_unique_for_key(nonce)
}

fn seal(
    target: &Target,
    index: usize,
    header: &[u8],
    payload: &[u8],
    salt: &[u8; 12],
    flush: &mut Flush,
) -> Result<(), String> {
    let start = flush.lengths.len() * SLOT;
    let end = start + HEADER_BYTES + payload.len();
    flush.bytes[start..start + HEADER_BYTES].copy_from_slice(header);
    flush.bytes[start + HEADER_BYTES..end].copy_from_slice(payload);
    let (own_header, own_payload) = flush.bytes[start..end].split_at_mut(HEADER_BYTES);
    let tag = target
        .key
        .seal_in_place_separate_tag(nonce_of(own_header, salt), Aad::from(&*own_header), own_payload)
        .map_err(|_| "a packet could not be sealed".to_owned())?;
    flush.bytes[end..end + tag.as_ref().len()].copy_from_slice(tag.as_ref());
    flush.lengths.push((index, end - start + tag.as_ref().len()));
    Ok(())
}

fn loopback(port: u16) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_be_bytes([127, 0, 0, 1]).to_be() },
        sin_zero: [0; 8],
    }
}

/// Waits a little, then takes what is there; the lengths, slot by slot.
fn receive(socket: RawFd, inbound: &mut [u8]) -> Vec<usize> {
    let mut wait = libc::pollfd { fd: socket, events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid pollfd.
    unsafe { libc::poll(&raw mut wait, 1, 50) };
    let mut parts: Vec<libc::iovec> = inbound
        .chunks_mut(SLOT)
        .map(|slot| libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: slot.len() })
        .collect();
    let mut messages: Vec<libc::mmsghdr> = parts.iter_mut().map(|part| message(part, None)).collect();
    // SAFETY: every header points to a slot of `inbound`, which outlives the call.
    let count = unsafe {
        libc::recvmmsg(
            socket,
            messages.as_mut_ptr(),
            messages.len() as libc::c_uint,
            libc::MSG_DONTWAIT as _,
            std::ptr::null_mut(),
        )
    };
    messages[..usize::try_from(count).unwrap_or(0)].iter().map(|m| m.msg_len as usize).collect()
}

/// One flush; how many were taken by the kernel. What it does not take is dropped, as a relay would.
fn send(socket: RawFd, targets: &[Target], flush: &mut Flush) -> u64 {
    let mut parts: Vec<libc::iovec> = flush
        .bytes
        .chunks_mut(SLOT)
        .zip(&flush.lengths)
        .map(|(slot, (_, length))| libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: *length })
        .collect();
    let mut messages: Vec<libc::mmsghdr> = parts
        .iter_mut()
        .zip(&flush.lengths)
        .map(|(part, (index, _))| message(part, Some(&targets[*index].address)))
        .collect();
    let mut sent = 0;
    while sent < messages.len() {
        // SAFETY: headers point to slots and addresses that outlive the call.
        let count = unsafe {
            libc::sendmmsg(
                socket,
                messages[sent..].as_mut_ptr(),
                (messages.len() - sent) as libc::c_uint,
                libc::MSG_DONTWAIT as _,
            )
        };
        match usize::try_from(count) {
            Ok(taken) if taken > 0 => sent += taken,
            _ => break,
        }
    }
    flush.lengths.clear();
    sent as u64
}

fn message(part: &mut libc::iovec, to: Option<&libc::sockaddr_in>) -> libc::mmsghdr {
    // SAFETY: all zeroes is a valid header without address and control data.
    let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
    message.msg_hdr.msg_iov = part;
    message.msg_hdr.msg_iovlen = 1;
    if let Some(address) = to {
        message.msg_hdr.msg_name = std::ptr::from_ref(address).cast_mut().cast();
        message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    }
    message
}

fn cpu_nanoseconds() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
