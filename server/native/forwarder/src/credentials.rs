//! What a peer's connectivity checks are known by: a user name fragment and a password of ours, and those from
//! before while ICE begins anew (RFC 8445 section 9).

use aws_lc_rs::hmac;

struct Secret {
    ufrag: Vec<u8>,
    key: hmac::Key,
}

impl Secret {
    fn new(ufrag: Vec<u8>, password: &[u8]) -> Self {
        Self { ufrag, key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password) }
    }
}

/// Of one transport. Those from before are good until a check comes that knows the new ones.
pub(crate) struct Credentials {
    current: Secret,
    before: Option<Secret>,
}

impl Credentials {
    pub fn new(ufrag: Vec<u8>, password: &[u8]) -> Self {
        Self { current: Secret::new(ufrag, password), before: None }
    }

    /// ICE begins anew. Returns the fragment that is good for nothing any more: of two in a row, the first was
    /// never used.
    pub fn renew(&mut self, ufrag: Vec<u8>, password: &[u8]) -> Option<Vec<u8>> {
        let replaced = core::mem::replace(&mut self.current, Secret::new(ufrag, password));
        if self.before.is_some() {
            return Some(replaced.ufrag);
        }
        self.before = Some(replaced);
        None
    }

    /// The key to the password that goes with a fragment.
    pub fn key(&self, ufrag: &[u8]) -> Option<&hmac::Key> {
        self.all().find(|secret| secret.ufrag == ufrag).map(|secret| &secret.key)
    }

    /// An authentic check has come with this fragment. Returns the one from before, if it is good for nothing
    /// any more.
    pub fn prove(&mut self, ufrag: &[u8]) -> Option<Vec<u8>> {
        if ufrag == self.current.ufrag { self.before.take().map(|secret| secret.ufrag) } else { None }
    }

    /// Every fragment that is good.
    pub fn ufrags(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.all().map(|secret| &secret.ufrag)
    }

    fn all(&self) -> impl Iterator<Item = &Secret> {
        core::iter::once(&self.current).chain(&self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(credentials: &Credentials) -> Vec<&[u8]> {
        credentials.ufrags().map(Vec::as_slice).collect()
    }

    #[test]
    fn those_from_before_are_good_until_the_new_ones_are_used() {
        let mut credentials = Credentials::new(b"one".to_vec(), b"1");
        assert_eq!(credentials.renew(b"two".to_vec(), b"2"), None);
        assert_eq!(credentials.prove(b"one"), None);
        assert_eq!(good(&credentials), [b"two", b"one"]);
        assert_eq!(credentials.prove(b"two"), Some(b"one".to_vec()));
        assert_eq!(good(&credentials), [b"two"]);
        assert!(credentials.key(b"two").is_some() && credentials.key(b"one").is_none());
    }

    #[test]
    fn there_are_never_more_than_two() {
        let mut credentials = Credentials::new(b"one".to_vec(), b"1");
        credentials.renew(b"two".to_vec(), b"2");
        assert_eq!(credentials.renew(b"three".to_vec(), b"3"), Some(b"two".to_vec()));
        assert_eq!(good(&credentials), [b"three".as_slice(), b"one"]);
    }
}
