//! What to send and for how long, read from standard input so that no key is in a command line.

use std::collections::HashMap;
use std::os::fd::RawFd;
use std::time::Duration;

/// One run. Sockets are inherited, already connected to the relay and known to it.
#[derive(Debug)]
pub struct Plan {
    /// The publisher's socket.
    pub publisher: RawFd,
    /// The subscribers' sockets.
    pub subscribers: Vec<RawFd>,
    /// Synchronisation source of the media.
    pub ssrc: u32,
    /// RTP payload type, VP8 by agreement.
    pub payload_type: u8,
    /// Identifier of the transport-wide sequence number extension; 1 to 14.
    pub extension: u8,
    /// SRTP session key, AEAD_AES_128_GCM.
    pub key: [u8; 16],
    /// SRTP session salt.
    pub salt: [u8; 12],
    /// RTP packet size before SRTP adds its tag.
    pub bytes: usize,
    /// Packets a second.
    pub rate: u32,
    /// Packets sent back to back.
    pub burst: u32,
    /// How long to send.
    pub duration: Duration,
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

/// Reads `name value` lines. The error names what is missing or wrong.
pub fn parse(text: &str) -> Result<Plan, String> {
    let mut subscribers = Vec::new();
    let mut values = HashMap::new();
    for line in text.lines() {
        let (name, value) = line.split_once(' ').ok_or_else(|| format!("no value in {line:?}"))?;
        if name == "subscriber" {
            subscribers.push(value.parse().map_err(|_| "subscriber is no descriptor".to_owned())?);
        } else {
            values.insert(name, value);
        }
    }
    let text_of = |name: &str| values.get(name).copied().ok_or_else(|| format!("{name} is missing"));
    let number = |name: &str| text_of(name)?.parse::<u32>().map_err(|_| format!("{name} is no number"));
    let small = |name: &str| u8::try_from(number(name)?).map_err(|_| format!("{name} is too large"));
    let plan = Plan {
        publisher: text_of("publisher")?.parse().map_err(|_| "publisher is no descriptor".to_owned())?,
        subscribers,
        ssrc: number("ssrc")?,
        payload_type: small("payload_type")?,
        extension: small("extension")?,
        key: unhex(text_of("key")?).ok_or("key is not 16 bytes")?,
        salt: unhex(text_of("salt")?).ok_or("salt is not 12 bytes")?,
        bytes: number("bytes")? as usize,
        rate: number("rate")?,
        burst: number("burst")?,
        duration: Duration::from_millis(u64::from(number("milliseconds")?)),
    };
    if !(64..=1400).contains(&plan.bytes) || plan.rate == 0 || plan.burst == 0 {
        return Err("bytes, rate or burst is out of range".to_owned());
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "publisher 3\nsubscriber 4\nsubscriber 5\nssrc 7\npayload_type 96\nextension 5\n\
        key 000102030405060708090a0b0c0d0e0f\nsalt 000102030405060708090a0b\nbytes 1200\nrate 1000\n\
        burst 4\nmilliseconds 2500";

    #[test]
    fn a_whole_plan_is_read() {
        let plan = parse(WHOLE).expect("a plan");
        assert_eq!((plan.publisher, plan.subscribers), (3, vec![4, 5]));
        assert_eq!(plan.key[15], 15);
        assert_eq!(plan.duration, Duration::from_millis(2500));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = parse(&WHOLE.replace("rate 1000\n", "")).expect_err("no rate");
        assert!(error.contains("rate"), "{error}");
    }
}
