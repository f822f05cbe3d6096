//! Session keys from a master key (RFC 3711 section 4.3, RFC 7714 section 11).

use super::cipher::Cipher;
use crate::api::{MasterKey, SrtpProfile};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

/// Salts are XORed with the label as 112-bit numbers.
const SALT: usize = 14;
const HMAC_SHA1_KEY: usize = 20;

/// Key derivation labels of RTP; those of RTCP are [`RTCP`] higher.
const CIPHER_KEY: u8 = 0;
const AUTHENTICATION_KEY: u8 = 1;
const CIPHER_SALT: u8 = 2;
const RTCP: u8 = 3;

/// Makes the ciphers of RTP and of RTCP, in this order. `None` if the master key has not the
/// profile's lengths.
pub(super) fn session(profile: SrtpProfile, master: &MasterKey) -> Option<(Cipher, Cipher)> {
    let (key_length, salt_length) = match profile {
        SrtpProfile::AesCm128HmacSha1_80 => (16, 14),
        SrtpProfile::AeadAes128Gcm => (16, 12),
        SrtpProfile::AeadAes256Gcm => (32, 12),
    };
    if master.key.len() != key_length || master.salt.len() != salt_length {
        return None;
    }
    let cipher = |offset: u8| {
        let key = expand(master, offset + CIPHER_KEY, key_length)?;
        let salt = expand(master, offset + CIPHER_SALT, salt_length)?;
        match profile {
            SrtpProfile::AesCm128HmacSha1_80 => {
                let authentication = expand(master, offset + AUTHENTICATION_KEY, HMAC_SHA1_KEY)?;
                Cipher::counter_mode(&key, &authentication, &salt)
            }
            SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => Cipher::galois(&key, &salt),
        }
    };
    Some((cipher(0)?, cipher(RTCP)?))
}

/// `length` bytes of the AES-CM pseudo-random function, with a key derivation rate of zero.
fn expand(master: &MasterKey, label: u8, length: usize) -> Option<Zeroizing<Vec<u8>>> {
    let algorithm = if master.key.len() == 32 { &AES_256 } else { &AES_128 };
    let prf = EncryptingKey::ctr(UnboundCipherKey::new(algorithm, &master.key).ok()?).ok()?;
    let mut start = Zeroizing::new([0; 16]);
    start[..master.salt.len().min(SALT)].copy_from_slice(&master.salt);
    start[7] ^= label;
    let mut output = Zeroizing::new(vec![0; length]);
    prf.less_safe_encrypt(&mut output, EncryptionContext::Iv128(FixedLength::from(*start))).ok()?;
    Some(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn rfc_3711_appendix_b3() {
        let master = MasterKey {
            key: Zeroizing::new(hex("e1f97a0d3e018be0d64fa32c06de4139")),
            salt: Zeroizing::new(hex("0ec675ad498afeebb6960b3aabe6")),
        };
        assert_eq!(*expand(&master, 0, 16).unwrap(), hex("c61e7a93744f39ee10734afe3ff7a087"));
        assert_eq!(*expand(&master, 2, 14).unwrap(), hex("30cbbc08863d8c85d49db34a9ae1"));
        let authentication = expand(&master, 1, 94).unwrap();
        assert!(authentication.starts_with(&hex("cebe321f6ff7716b6fd4ab49af256a156d38baa4")));
    }

    #[test]
    fn wrong_lengths_make_no_session() {
        let master = MasterKey { key: Zeroizing::new(vec![0; 16]), salt: Zeroizing::new(vec![0; 12]) };
        assert!(session(SrtpProfile::AeadAes128Gcm, &master).is_some());
        assert!(session(SrtpProfile::AeadAes256Gcm, &master).is_none());
        assert!(session(SrtpProfile::AesCm128HmacSha1_80, &master).is_none());
    }
}
