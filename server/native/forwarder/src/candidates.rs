//! Which of the peer's own candidates it is reached at (RFC 8445 section 5.1.1), by its own account.

use core::net::{IpAddr, SocketAddr};

/// Candidates remembered of a peer: its interfaces, families and mappings, and some to spare.
pub const MAX_CANDIDATES: usize = 32;

/// What kind of candidate an address is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum CandidateKind {
    /// Nothing is known, or a candidate that was hidden may be it.
    #[default]
    Unknown = 0,
    /// An interface of the peer.
    Host = 1,
    /// Where a STUN server saw the peer.
    ServerReflexive = 2,
    /// Where we saw the peer, and nobody before.
    PeerReflexive = 3,
    /// A relay of the peer's.
    Relayed = 4,
}

/// A candidate as the peer described it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// `None` where the peer hides it behind a name (mDNS).
    pub address: Option<IpAddr>,
    /// UDP.
    pub port: u16,
    /// As described.
    pub kind: CandidateKind,
}

/// Those of one transport.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    known: Vec<(IpAddr, u16, CandidateKind)>,
    has_hidden: bool,
}

impl Candidates {
    /// Beyond the bound they are as good as hidden.
    pub fn add(&mut self, candidates: &[Candidate]) {
        for candidate in candidates {
            match candidate.address {
                Some(address) if self.known.len() < MAX_CANDIDATES => {
                    self.known.push((address.to_canonical(), candidate.port, candidate.kind));
                }
                _ => self.has_hidden = true,
            }
        }
    }

    /// What kind of candidate an address that the peer proved is.
    pub fn kind_of(&self, address: SocketAddr) -> CandidateKind {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        match self.known.iter().find(|known| (known.0, known.1) == (ip, port)) {
            Some(&(_, _, kind)) => kind,
            None => self.not_described(),
        }
    }

    /// What kind of candidate a connection came from. Its port says nothing: a candidate that connects has
    /// none to tell (RFC 6544 section 4.5). Where addresses are translated on the way, nobody described it.
    pub fn kind_of_connection(&self, address: IpAddr) -> CandidateKind {
        let is_host = |known: &&(IpAddr, u16, CandidateKind)| {
            known.0 == address.to_canonical() && known.2 == CandidateKind::Host
        };
        self.known.iter().find(is_host).map_or_else(|| self.not_described(), |&(_, _, kind)| kind)
    }

    fn not_described(&self) -> CandidateKind {
        if self.has_hidden || self.known.is_empty() {
            CandidateKind::Unknown
        } else {
            CandidateKind::PeerReflexive
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(address: Option<&str>, port: u16, kind: CandidateKind) -> Candidate {
        Candidate { address: address.map(|text| text.parse().unwrap()), port, kind }
    }

    fn kind_of(candidates: &Candidates, address: &str) -> CandidateKind {
        candidates.kind_of(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_known_by_its_port_too_and_in_either_form() {
        let mut candidates = Candidates::default();
        candidates.add(&[
            candidate(Some("10.0.0.7"), 5000, CandidateKind::Host),
            candidate(Some("2001:db8::7"), 5001, CandidateKind::Relayed),
            candidate(Some("198.51.100.7"), 6000, CandidateKind::ServerReflexive),
        ]);
        assert_eq!(kind_of(&candidates, "10.0.0.7:5000"), CandidateKind::Host);
        assert_eq!(kind_of(&candidates, "[::ffff:10.0.0.7]:5000"), CandidateKind::Host);
        assert_eq!(kind_of(&candidates, "[2001:db8::7]:5001"), CandidateKind::Relayed);
        assert_eq!(kind_of(&candidates, "198.51.100.7:6000"), CandidateKind::ServerReflexive);
        assert_eq!(kind_of(&candidates, "198.51.100.7:6001"), CandidateKind::PeerReflexive);
    }

    #[test]
    fn a_connection_is_known_by_its_host_alone() {
        let mut candidates = Candidates::default();
        let kind = |candidates: &Candidates, text: &str| candidates.kind_of_connection(text.parse().unwrap());
        assert_eq!(kind(&candidates, "10.0.0.7"), CandidateKind::Unknown);
        candidates.add(&[
            candidate(Some("10.0.0.7"), 5000, CandidateKind::Host),
            candidate(Some("198.51.100.7"), 6000, CandidateKind::ServerReflexive),
        ]);
        assert_eq!(kind(&candidates, "::ffff:10.0.0.7"), CandidateKind::Host);
        assert_eq!(kind(&candidates, "198.51.100.7"), CandidateKind::PeerReflexive);
        candidates.add(&[candidate(None, 9, CandidateKind::Host)]);
        assert_eq!(kind(&candidates, "198.51.100.7"), CandidateKind::Unknown);
    }

    #[test]
    fn what_may_be_hidden_is_not_guessed() {
        let mut candidates = Candidates::default();
        assert_eq!(kind_of(&candidates, "10.0.0.7:5000"), CandidateKind::Unknown);
        candidates.add(&[candidate(None, 5000, CandidateKind::Host)]);
        assert_eq!(kind_of(&candidates, "10.0.0.7:5000"), CandidateKind::Unknown);
        candidates.add(&[candidate(Some("10.0.0.7"), 5000, CandidateKind::Relayed)]);
        assert_eq!(kind_of(&candidates, "10.0.0.7:5000"), CandidateKind::Relayed);
    }

    #[test]
    fn candidates_are_bounded_and_what_is_left_out_is_not_guessed_either() {
        let mut candidates = Candidates::default();
        for port in 1..=1_000 {
            candidates.add(&[candidate(Some("10.0.0.7"), port, CandidateKind::Host)]);
        }
        assert_eq!(candidates.known.len(), MAX_CANDIDATES);
        assert_eq!(kind_of(&candidates, "10.0.0.7:1000"), CandidateKind::Unknown);
    }
}
