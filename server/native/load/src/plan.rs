//! What to send and for how long, read from standard input so that no key is in a command line.

use std::os::fd::RawFd;
use std::str::FromStr;
use std::time::Duration;

/// One run. Sockets are inherited, already connected to the relay and known to it.
#[derive(Debug)]
pub struct Plan {
    /// Who sends, in turn.
    pub publishers: Vec<Publisher>,
    /// The subscribers' sockets.
    pub subscribers: Vec<RawFd>,
    /// Synchronisation source of the first publisher's media; the others' follow.
    pub ssrc: u32,
    /// RTP payload type, VP8 by agreement.
    pub payload_type: u8,
    /// Identifier of the transport-wide sequence number extension; 1 to 14.
    pub extension: u8,
    /// RTP packet size before SRTP adds its tag.
    pub bytes: usize,
    /// Packets a second, of all publishers together.
    pub rate: u32,
    /// Packets sent back to back.
    pub burst: u32,
    /// Whether these go to the kernel as one message, which it cuts apart: so they can also come as one.
    pub is_cut: bool,
    /// How long to send.
    pub duration: Duration,
    /// Latencies are told of what is sent after this time.
    pub settle: Duration,
    /// Each packet is told beside the sums.
    pub each: bool,
}

/// One who sends.
#[derive(Clone, Debug)]
pub struct Publisher {
    /// Its socket.
    pub socket: RawFd,
    /// SRTP session key, AEAD_AES_128_GCM.
    pub key: [u8; 16],
    /// SRTP session salt.
    pub salt: [u8; 12],
}

/// The bare loop's run: no relay, only the path.
#[derive(Debug)]
pub struct BarePlan {
    /// Bound to loopback; packets come in and go out here.
    pub socket: RawFd,
    /// UDP ports of the receivers.
    pub targets: Vec<u16>,
    /// The sender's session key.
    pub key: [u8; 16],
    /// The sender's session salt.
    pub salt: [u8; 12],
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

/// `name value` lines; a name may come again.
struct Lines<'text>(Vec<(&'text str, &'text str)>);

impl<'text> Lines<'text> {
    fn read(text: &'text str) -> Result<Self, String> {
        let pair = |line: &'text str| line.split_once(' ').ok_or_else(|| format!("no value in {line:?}"));
        Ok(Self(text.lines().map(pair).collect::<Result<_, _>>()?))
    }

    fn all<T: FromStr>(&self, name: &str) -> Result<Vec<T>, String> {
        let values = self.0.iter().filter(|(own, _)| *own == name);
        values.map(|(_, value)| value.parse().map_err(|_| format!("{name} is wrong"))).collect()
    }

    fn one<T: FromStr>(&self, name: &str) -> Result<T, String> {
        self.all(name)?.pop().ok_or_else(|| format!("{name} is missing"))
    }

    fn all_bytes<const N: usize>(&self, name: &str) -> Result<Vec<[u8; N]>, String> {
        let whole = |text: &String| unhex(text).ok_or_else(|| format!("{name} is not {N} bytes"));
        self.all::<String>(name)?.iter().map(whole).collect()
    }

    fn bytes<const N: usize>(&self, name: &str) -> Result<[u8; N], String> {
        self.all_bytes(name)?.pop().ok_or_else(|| format!("{name} is missing"))
    }

    /// Sockets, keys and salts come in the same order.
    fn publishers(&self) -> Result<Vec<Publisher>, String> {
        let (sockets, keys, salts) =
            (self.all("publisher")?, self.all_bytes("key")?, self.all_bytes("salt")?);
        if sockets.is_empty() || sockets.len() != keys.len() || sockets.len() != salts.len() {
            return Err("publishers, keys and salts are not as many".to_owned());
        }
        let each = sockets.into_iter().zip(keys).zip(salts);
        Ok(each.map(|((socket, key), salt)| Publisher { socket, key, salt }).collect())
    }
}

/// Reads a run against a relay. The error names what is missing or wrong.
pub fn parse(text: &str) -> Result<Plan, String> {
    let lines = Lines::read(text)?;
    let plan = Plan {
        publishers: lines.publishers()?,
        subscribers: lines.all("subscriber")?,
        ssrc: lines.one("ssrc")?,
        payload_type: lines.one("payload_type")?,
        extension: lines.one("extension")?,
        bytes: lines.one("bytes")?,
        rate: lines.one("rate")?,
        burst: lines.one("burst")?,
        is_cut: lines.all("cut")?.pop().unwrap_or_default(),
        duration: Duration::from_millis(lines.one("milliseconds")?),
        settle: Duration::from_millis(lines.all("settle")?.pop().unwrap_or_default()),
        each: lines.all("each")?.pop().unwrap_or_default(),
    };
    if !(64..=1400).contains(&plan.bytes) || plan.rate == 0 || !(1..=40).contains(&plan.burst) {
        return Err("bytes, rate or burst is out of range".to_owned());
    }
    Ok(plan)
}

/// Reads a run of the bare loop.
pub fn parse_bare(text: &str) -> Result<BarePlan, String> {
    let lines = Lines::read(text)?;
    Ok(BarePlan {
        socket: lines.one("socket")?,
        targets: lines.all("target")?,
        key: lines.bytes("key")?,
        salt: lines.bytes("salt")?,
    })
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
        assert_eq!((plan.publishers[0].socket, plan.subscribers), (3, vec![4, 5]));
        assert_eq!(plan.publishers[0].key[15], 15);
        assert_eq!(plan.duration, Duration::from_millis(2500));
        assert!(!plan.each);
        assert!(parse(&format!("{WHOLE}\neach true")).expect("a plan").each);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = parse(&WHOLE.replace("rate 1000\n", "")).expect_err("no rate");
        assert!(error.contains("rate"), "{error}");
        assert!(parse(&format!("publisher 9\n{WHOLE}")).is_err(), "it has no key");
    }
}
