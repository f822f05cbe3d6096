//! Between the kernel's `sockaddr` and the standard library's addresses.

use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Reads what `recvmmsg` stored; `None` for a family that is neither IPv4 nor IPv6.
pub fn read(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let pointer: *const libc::sockaddr_storage = storage;
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the kernel wrote a sockaddr_in, and sockaddr_storage is larger and as aligned.
            let address = unsafe { &*pointer.cast::<libc::sockaddr_in>() };
            let host = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
            Some(SocketAddrV4::new(host, u16::from_be(address.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above, for sockaddr_in6.
            let address = unsafe { &*pointer.cast::<libc::sockaddr_in6>() };
            let host = Ipv6Addr::from(address.sin6_addr.s6_addr);
            let port = u16::from_be(address.sin6_port);
            Some(SocketAddrV6::new(host, port, 0, address.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// Writes an address for `sendmmsg`; returns its length.
pub fn write(address: SocketAddr, storage: &mut libc::sockaddr_storage) -> libc::socklen_t {
    let pointer: *mut libc::sockaddr_storage = storage;
    match address {
        SocketAddr::V4(v4) => {
            // SAFETY: sockaddr_storage is larger than sockaddr_in and as aligned; all-zero is valid.
            let raw = unsafe { &mut *pointer.cast::<libc::sockaddr_in>() };
            raw.sin_family = libc::AF_INET as libc::sa_family_t;
            raw.sin_port = v4.port().to_be();
            raw.sin_addr.s_addr = u32::from(*v4.ip()).to_be();
            size_of::<libc::sockaddr_in>() as libc::socklen_t
        }
        SocketAddr::V6(v6) => {
            // SAFETY: as above, for sockaddr_in6.
            let raw = unsafe { &mut *pointer.cast::<libc::sockaddr_in6>() };
            raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            raw.sin6_port = v6.port().to_be();
            raw.sin6_addr.s6_addr = v6.ip().octets();
            raw.sin6_scope_id = v6.scope_id();
            raw.sin6_flowinfo = 0;
            size_of::<libc::sockaddr_in6>() as libc::socklen_t
        }
    }
}

/// An all-zero address, which is a valid value of the C type.
pub fn empty() -> libc::sockaddr_storage {
    // SAFETY: sockaddr_storage is plain integers; zero is valid for each.
    unsafe { core::mem::zeroed() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_round_trip() {
        for text in ["127.0.0.1:7882", "[::1]:7882", "[fe80::1%3]:9", "255.255.255.255:65535"] {
            let address: SocketAddr = text.parse().expect("a literal address");
            let mut storage = empty();
            let length = write(address, &mut storage);
            assert_eq!(read(&storage), Some(address));
            assert_eq!(length as usize, if address.is_ipv4() { 16 } else { 28 });
        }
    }

    #[test]
    fn an_unknown_family_is_none() {
        assert_eq!(read(&empty()), None);
    }
}
