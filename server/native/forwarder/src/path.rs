//! Where a peer is: the addresses it proved, the one it nominated, and its consent (RFC 8445, RFC 7675).

use crate::api::{Micros, SocketIndex};
use crate::stun::TransactionId;
use core::net::SocketAddr;

/// A peer's end of a path through one of our sockets.
pub(crate) type Address = (SocketIndex, SocketAddr);

/// Addresses a peer may have at a time: its interfaces, families and mappings.
const MAX_ADDRESSES: usize = 8;
/// Transactions remembered. A request that comes again from elsewhere is somebody's copy of it.
const MAX_TRANSACTIONS: usize = 32;

/// The proven addresses of one transport.
#[derive(Debug, Default)]
pub(crate) struct Path {
    addresses: Vec<(Address, Micros)>,
    selected: Option<Address>,
    /// The one selected, or the last that was.
    last_selected: Option<Address>,
    is_nominated: bool,
    /// When the last of the addresses was proven, once it has been forgotten: consent lasts from there.
    forgotten: Option<Micros>,
    transactions: Vec<(TransactionId, Address)>,
    next_transaction: usize,
}

/// What an authentic request changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// The address was not known to the transport.
    pub is_new: bool,
    /// An address that had to make room.
    pub evicted: Option<Address>,
    /// The transport had no address before.
    pub became_reachable: bool,
}

impl Path {
    /// Where datagrams go.
    pub fn selected(&self) -> Option<Address> {
        self.selected
    }

    /// Where datagrams went last.
    pub fn last_selected(&self) -> Option<Address> {
        self.last_selected
    }

    /// Every proven address.
    #[cfg(test)]
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        self.addresses.iter().map(|&(address, _)| address)
    }

    /// When the address was last proven.
    pub fn last_proof(&self, address: Address) -> Option<Micros> {
        self.addresses.iter().find(|&&(known, _)| known == address).map(|&(_, at)| at)
    }

    /// True if the same request came from another address before: a copy, which proves nothing.
    pub fn is_copy(&self, from: Address, transaction: TransactionId) -> bool {
        self.transactions.iter().any(|&(known, address)| known == transaction && address != from)
    }

    /// Takes an authentic request that is no copy.
    ///
    /// The peer's nomination is followed at once; before the first nomination, the latest address.
    pub fn prove(
        &mut self,
        now: Micros,
        from: Address,
        transaction: TransactionId,
        nominates: bool,
    ) -> Change {
        self.remember(from, transaction);
        self.forgotten = None;
        let mut change = Change { became_reachable: self.selected.is_none(), ..Change::default() };
        match self.addresses.iter_mut().find(|(known, _)| *known == from) {
            Some((_, at)) => *at = now,
            None => {
                change.is_new = true;
                if self.addresses.len() == MAX_ADDRESSES {
                    change.evicted = self.evict_stalest();
                }
                self.addresses.push((from, now));
            }
        }
        if nominates || !self.is_nominated {
            self.select(Some(from));
        }
        self.is_nominated |= nominates;
        change
    }

    /// Forgets an address that another transport proved to be its own since, or whose connection is over.
    pub fn forget(&mut self, address: Address) {
        let proof = self.last_proof(address);
        self.addresses.retain(|&(known, _)| known != address);
        if self.addresses.is_empty() {
            self.forgotten = proof.or(self.forgotten);
        }
        if self.selected == Some(address) {
            self.select_freshest();
        }
    }

    /// Follows the peer to an address it still proves, if the selected one has gone silent. True if
    /// all have: consent has expired, and no address is left.
    pub fn expire(&mut self, now: Micros, timeout: Micros) -> bool {
        let is_fresh = |at: Micros| at.0 + timeout.0 > now.0;
        let Some(selected) = self.selected else {
            return self.forgotten.take_if(|at| !is_fresh(*at)).is_some();
        };
        if self.last_proof(selected).is_some_and(is_fresh) {
            return false;
        }
        self.select_freshest();
        if self.selected.and_then(|address| self.last_proof(address)).is_some_and(is_fresh) {
            return false;
        }
        self.selected = None;
        self.is_nominated = false;
        true
    }

    /// Removes and returns every address.
    pub fn clear(&mut self) -> impl Iterator<Item = Address> + use<> {
        self.selected = None;
        self.is_nominated = false;
        self.forgotten = None;
        core::mem::take(&mut self.addresses).into_iter().map(|(address, _)| address)
    }

    fn remember(&mut self, from: Address, transaction: TransactionId) {
        if self.transactions.contains(&(transaction, from)) {
            return;
        }
        if self.transactions.len() < MAX_TRANSACTIONS {
            self.transactions.push((transaction, from));
        } else {
            self.transactions[self.next_transaction] = (transaction, from);
            self.next_transaction = (self.next_transaction + 1) % MAX_TRANSACTIONS;
        }
    }

    fn evict_stalest(&mut self) -> Option<Address> {
        let selected = self.selected;
        let candidates =
            self.addresses.iter().enumerate().filter(|(_, (address, _))| Some(*address) != selected);
        let (at, _) = candidates.min_by_key(|(_, (_, proven))| *proven)?;
        Some(self.addresses.swap_remove(at).0)
    }

    fn select_freshest(&mut self) {
        self.select(self.addresses.iter().max_by_key(|(_, at)| *at).map(|&(address, _)| address));
        self.is_nominated = false;
    }

    fn select(&mut self, address: Option<Address>) {
        self.selected = address;
        self.last_selected = address.or(self.last_selected);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> Address {
        (0, SocketAddr::from(([192, 0, 2, 1], port)))
    }

    fn id(number: u8) -> TransactionId {
        [number; 12]
    }

    #[test]
    fn nomination_wins_over_later_checks() {
        let mut path = Path::default();
        assert!(path.prove(Micros(0), address(1), id(1), false).became_reachable);
        path.prove(Micros(1), address(2), id(2), false);
        assert_eq!(path.selected(), Some(address(2)));
        path.prove(Micros(2), address(1), id(3), true);
        path.prove(Micros(3), address(2), id(4), false);
        assert_eq!(path.selected(), Some(address(1)));
        path.prove(Micros(4), address(2), id(5), true);
        assert_eq!(path.selected(), Some(address(2)));
    }

    #[test]
    fn a_request_replayed_from_elsewhere_is_a_copy() {
        let mut path = Path::default();
        path.prove(Micros(0), address(1), id(1), true);
        assert!(path.is_copy(address(2), id(1)));
        assert!(!path.is_copy(address(1), id(1)));
        assert!(!path.is_copy(address(2), id(2)));
    }

    #[test]
    fn addresses_are_capped_and_the_selected_one_stays() {
        let mut path = Path::default();
        path.prove(Micros(0), address(0), id(0), true);
        for port in 1..20_u8 {
            path.prove(Micros(port.into()), address(port.into()), id(port), false);
        }
        assert_eq!(path.addresses().count(), MAX_ADDRESSES);
        assert_eq!(path.selected(), Some(address(0)));
        assert!(path.last_proof(address(0)).is_some());
    }

    #[test]
    fn where_the_peer_was_last_is_known_when_it_is_nowhere() {
        let mut path = Path::default();
        assert_eq!(path.last_selected(), None);
        path.prove(Micros(0), address(1), id(1), true);
        path.forget(address(1));
        assert_eq!((path.selected(), path.last_selected()), (None, Some(address(1))));
        path.prove(Micros(1), address(2), id(2), true);
        assert_eq!(path.clear().count(), 1);
        assert_eq!((path.selected(), path.last_selected()), (None, Some(address(2))));
    }

    #[test]
    fn consent_lasts_from_the_last_proof_when_the_connection_is_over() {
        let mut path = Path::default();
        path.prove(Micros(0), address(1), id(1), true);
        path.prove(Micros(50), address(2), id(2), true);
        path.forget(address(1));
        path.forget(address(2));
        assert!(!path.expire(Micros(149), Micros(100)));
        assert!(path.expire(Micros(150), Micros(100)));
        assert!(!path.expire(Micros(151), Micros(100)));
        path.prove(Micros(160), address(3), id(3), true);
        path.forget(address(3));
        assert!(path.prove(Micros(170), address(3), id(4), true).became_reachable);
        path.forget(address(4));
        assert!(!path.expire(Micros(269), Micros(100)));
        assert!(path.expire(Micros(270), Micros(100)));
    }

    #[test]
    fn consent_moves_to_a_live_address_before_it_expires() {
        let mut path = Path::default();
        path.prove(Micros(0), address(1), id(1), true);
        path.prove(Micros(50), address(2), id(2), false);
        assert!(!path.expire(Micros(99), Micros(100)));
        assert_eq!(path.selected(), Some(address(1)));
        assert!(!path.expire(Micros(100), Micros(100)));
        assert_eq!(path.selected(), Some(address(2)));
        assert!(path.expire(Micros(150), Micros(100)));
        assert_eq!(path.selected(), None);
        assert!(!path.expire(Micros(151), Micros(100)));
    }
}
