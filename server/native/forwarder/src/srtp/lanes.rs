//! HMAC-SHA1 of eight messages at once (RFC 2104, FIPS 180-4): each lane of a vector is a message.
//!
//! What one packet becomes for several receivers is as long for each, so that the lanes end together. Without AVX2
//! there is none of this, and each packet is signed by itself.

use super::signing::{LANES, Message};
use core::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_loadu_si256, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_set_epi64x, _mm256_set1_epi32, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srli_epi32, _mm256_storeu_si256, _mm256_unpackhi_epi32,
    _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
};
use zeroize::Zeroizing;

/// Bytes of a block.
const BLOCK: usize = 64;
/// Bytes of a word of every lane.
const VECTOR: usize = 4 * LANES;
/// What follows a message: a bit, and the length in bits (FIPS 180-4 section 5.1.1).
const PADDING: usize = 1 + 8;
const DIGEST: usize = 20;
const START: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

type State = [__m256i; 5];
type Blocks<'a> = [&'a [u8; BLOCK]; LANES];

/// A key of HMAC: the states behind the padded key, of the inner hash and of the outer.
pub struct Key {
    inner: Zeroizing<[u32; 5]>,
    outer: Zeroizing<[u32; 5]>,
}

impl Key {
    /// `None` where the processor has no AVX2, or the key is longer than a block.
    pub fn new(key: &[u8]) -> Option<Self> {
        if !is_x86_feature_detected!("avx2") || key.len() > BLOCK {
            return None;
        }
        let behind = |pad: u8| {
            let mut block = Zeroizing::new([pad; BLOCK]);
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            // SAFETY: AVX2 was found.
            Zeroizing::new(unsafe { behind(&block) })
        };
        Some(Self { inner: behind(0x36), outer: behind(0x5c) })
    }
}

/// Fewer messages are signed faster one by one, as measured; sooner with instructions for SHA-1.
pub fn fewest() -> usize {
    if is_x86_feature_detected!("sha") { 5 } else { 3 }
}

/// Their digests, in their order.
pub fn sign(messages: &[Message<'_>; LANES]) -> [[u8; DIGEST]; LANES] {
    // SAFETY: there are keys, so AVX2 was found when they were made.
    unsafe { digests(messages) }
}

#[target_feature(enable = "avx2")]
fn digests(messages: &[Message<'_>; LANES]) -> [[u8; DIGEST]; LANES] {
    let ends = messages.map(|message| End::of(&message));
    let whole = messages.map(|message| message.text.len() / BLOCK);
    let most = (0..LANES).map(|lane| whole[lane] + ends[lane].blocks).max().unwrap_or(0);
    let mut state = state(|lane| &messages[lane].key.inner);
    let mut found = [[0; 5]; LANES];
    for number in 0..most {
        compress(
            &mut state,
            &core::array::from_fn(|lane| match number.checked_sub(whole[lane]) {
                None => block(messages[lane].text, number),
                Some(at) => block(&ends[lane].bytes, at.min(1)),
            }),
        );
        let is_last = |lane: usize| number + 1 == whole[lane] + ends[lane].blocks;
        if (0..LANES).any(is_last) {
            let lanes = lanes(&state);
            (0..LANES).filter(|&lane| is_last(lane)).for_each(|lane| found[lane] = lanes[lane]);
        }
    }
    let ends = found.map(|words| padded(&bytes(words), BLOCK));
    let mut state = self::state(|lane| &messages[lane].key.outer);
    compress(&mut state, &core::array::from_fn(|lane| block(&ends[lane], 0)));
    lanes(&state).map(bytes)
}

/// The last block of a message or the last two, in which it is padded.
struct End {
    bytes: [u8; 2 * BLOCK],
    blocks: usize,
}

impl End {
    fn of(message: &Message<'_>) -> Self {
        let rest = &message.text[message.text.len() / BLOCK * BLOCK..];
        let length = rest.len() + message.end.len();
        let mut text = [0; BLOCK + 4];
        text[..rest.len()].copy_from_slice(rest);
        text[rest.len()..length].copy_from_slice(&message.end);
        Self {
            bytes: padded(&text[..length], BLOCK + message.text.len() - rest.len()),
            blocks: (length + PADDING).div_ceil(BLOCK),
        }
    }
}

/// What is left of a message, padded to the end of a block; so many bytes of it came before.
fn padded(rest: &[u8], before: usize) -> [u8; 2 * BLOCK] {
    let mut blocks = [0; 2 * BLOCK];
    blocks[..rest.len()].copy_from_slice(rest);
    blocks[rest.len()] = 0x80;
    let end = (rest.len() + PADDING).next_multiple_of(BLOCK);
    let bits = (before + rest.len()) as u64 * 8;
    blocks[end - 8..end].copy_from_slice(&bits.to_be_bytes());
    blocks
}

fn bytes(words: [u32; 5]) -> [u8; DIGEST] {
    let mut bytes = [0; DIGEST];
    bytes.chunks_exact_mut(4).zip(words).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_be_bytes()));
    bytes
}

fn block(text: &[u8], number: usize) -> &[u8; BLOCK] {
    text[number * BLOCK..].first_chunk().unwrap_or(&[0; BLOCK])
}

/// Behind one block, from the beginning.
#[target_feature(enable = "avx2")]
fn behind(block: &[u8; BLOCK]) -> [u32; 5] {
    let mut state = state(|_| &START);
    compress(&mut state, &[block; LANES]);
    lanes(&state)[0]
}

/// The state whose lanes are these.
#[target_feature(enable = "avx2")]
fn state<'a>(of: impl Fn(usize) -> &'a [u32; 5]) -> State {
    core::array::from_fn(|word| {
        let words: [u32; LANES] = core::array::from_fn(|lane| of(lane)[word]);
        // SAFETY: as many words as a vector has; the load needs no alignment.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    })
}

#[target_feature(enable = "avx2")]
fn lanes(state: &State) -> [[u32; 5]; LANES] {
    let words = state.map(|vector| {
        let mut words = [0_u32; LANES];
        // SAFETY: as many words as a vector has; the store needs no alignment.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) };
        words
    });
    core::array::from_fn(|lane| words.map(|words| words[lane]))
}

#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; VECTOR]) -> __m256i {
    // SAFETY: as many bytes as a vector has; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// The sixteen words of each lane's block, word by word.
#[target_feature(enable = "avx2")]
fn words(blocks: &Blocks<'_>) -> [__m256i; 16] {
    let swap = _mm256_set_epi64x(
        0x0c0d_0e0f_0809_0a0b,
        0x0405_0607_0001_0203,
        0x0c0d_0e0f_0809_0a0b,
        0x0405_0607_0001_0203,
    );
    let mut words = [_mm256_setzero_si256(); 16];
    for half in 0..2 {
        let row = |lane: usize| {
            let bytes = blocks[lane][half * VECTOR..].first_chunk().unwrap_or(&[0; VECTOR]);
            _mm256_shuffle_epi8(load(bytes), swap)
        };
        let rows: [__m256i; LANES] = core::array::from_fn(row);
        // Pairs of lanes, then four, then eight.
        let pairs = |first: usize, high: bool| {
            let (a, b) = (rows[first], rows[first + 1]);
            if high { _mm256_unpackhi_epi32(a, b) } else { _mm256_unpacklo_epi32(a, b) }
        };
        for high in [false, true] {
            let [a, b, c, d] = [pairs(0, high), pairs(2, high), pairs(4, high), pairs(6, high)];
            let lows = (_mm256_unpacklo_epi64(a, b), _mm256_unpacklo_epi64(c, d));
            let highs = (_mm256_unpackhi_epi64(a, b), _mm256_unpackhi_epi64(c, d));
            for (odd, (front, back)) in [lows, highs].into_iter().enumerate() {
                let word = half * 8 + usize::from(high) * 2 + odd;
                words[word] = _mm256_permute2x128_si256::<0x20>(front, back);
                words[word + 4] = _mm256_permute2x128_si256::<0x31>(front, back);
            }
        }
    }
    words
}

#[target_feature(enable = "avx2")]
fn rotate<const LEFT: i32, const RIGHT: i32>(x: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_slli_epi32::<LEFT>(x), _mm256_srli_epi32::<RIGHT>(x))
}

#[target_feature(enable = "avx2")]
fn mix(phase: usize, b: __m256i, c: __m256i, d: __m256i) -> __m256i {
    match phase {
        0 => _mm256_xor_si256(d, _mm256_and_si256(b, _mm256_xor_si256(c, d))),
        2 => _mm256_or_si256(_mm256_and_si256(b, c), _mm256_and_si256(d, _mm256_or_si256(b, c))),
        _ => _mm256_xor_si256(b, _mm256_xor_si256(c, d)),
    }
}

/// Takes one block into each lane's state.
#[target_feature(enable = "avx2")]
fn compress(state: &mut State, blocks: &Blocks<'_>) {
    let mut w = words(blocks);
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (phase, constant) in [0x5a82_7999_u32, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6].into_iter().enumerate()
    {
        let constant = _mm256_set1_epi32(constant.cast_signed());
        for round in phase * 20..phase * 20 + 20 {
            let at = round % 16;
            if round >= 16 {
                let early = _mm256_xor_si256(w[(at + 13) % 16], w[(at + 8) % 16]);
                let late = _mm256_xor_si256(w[(at + 2) % 16], w[at]);
                w[at] = rotate::<1, 31>(_mm256_xor_si256(early, late));
            }
            let sum = _mm256_add_epi32(_mm256_add_epi32(e, constant), w[at]);
            let sum = _mm256_add_epi32(sum, mix(phase, b, c, d));
            let next = _mm256_add_epi32(sum, rotate::<5, 27>(a));
            (e, d, c, b, a) = (d, c, rotate::<30, 2>(b), a, next);
        }
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d, e]) {
        *word = _mm256_add_epi32(*word, add);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;
    use aws_lc_rs::hmac;

    fn signed(key: &[u8], texts: &[Vec<u8>]) -> Option<Vec<[u8; DIGEST]>> {
        let key = Key::new(key)?;
        let (text, end) = (|text: &Vec<u8>| text.len() - 4, |text: &[u8]| *text.last_chunk().unwrap());
        let messages: Vec<_> = texts
            .iter()
            .map(|whole| Message { key: &key, text: &whole[..text(whole)], end: end(whole) })
            .collect();
        Some(sign(&filled(&messages))[..texts.len()].to_vec())
    }

    /// The first stands for those that are missing.
    fn filled<'a>(messages: &[Message<'a>]) -> [Message<'a>; LANES] {
        core::array::from_fn(|lane| *messages.get(lane).unwrap_or(&messages[0]))
    }

    fn reference(key: &[u8], text: &[u8]) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
        hmac::sign(&key, text).as_ref().to_vec()
    }

    /// RFC 2202 section 3, but for those whose key is longer than a block.
    #[test]
    fn rfc_2202() {
        let cases = [
            (vec![0x0b; 20], b"Hi There".to_vec(), "b617318655057264e28bc0b6fb378c8ef146be00"),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            ),
            (vec![0xaa; 20], vec![0xdd; 50], "125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
            ((1..=25).collect(), vec![0xcd; 50], "4c9007f4026250c6bc8414f9bf50c86c2d7235da"),
            (vec![0x0c; 20], b"Test With Truncation".to_vec(), "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"),
        ];
        for (key, text, digest) in cases {
            let Some(signed) = signed(&key, &vec![text; LANES]) else { return };
            assert!(signed.iter().all(|own| own[..] == hex(digest)));
        }
        assert!(Key::new(&[0; BLOCK + 1]).is_none());
    }

    #[test]
    fn every_length_is_signed_as_by_the_library_in_every_lane() {
        let key = [7; 20];
        for length in 4..400 {
            let texts: Vec<Vec<u8>> =
                (0..LANES).map(|lane| (0..length).map(|at| (at * 7 + lane * 31) as u8).collect()).collect();
            let Some(signed) = signed(&key, &texts) else { return };
            for (own, text) in signed.iter().zip(&texts) {
                assert_eq!(own[..], reference(&key, text), "{length}");
            }
        }
    }

    #[test]
    fn messages_of_different_lengths_and_keys_do_not_disturb_each_other() {
        let mut random = 1_u64;
        let mut below = |limit: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % limit
        };
        for _ in 0..500 {
            let count = 1 + below(LANES as u64);
            let drawn: Vec<(Vec<u8>, Vec<u8>)> = (0..count)
                .map(|_| {
                    let (key, text) = (below(65), 4 + below(1500));
                    let mut bytes = |count| (0..count).map(|_| below(256) as u8).collect::<Vec<u8>>();
                    (bytes(key), bytes(text))
                })
                .collect();
            let Some(keys) = drawn.iter().map(|(key, _)| Key::new(key)).collect::<Option<Vec<_>>>() else {
                return;
            };
            let messages: Vec<_> = (drawn.iter().zip(&keys))
                .map(|((_, text), key)| {
                    let (text, end) = text.split_last_chunk().unwrap();
                    Message { key, text, end: *end }
                })
                .collect();
            for ((key, text), own) in drawn.iter().zip(sign(&filled(&messages))) {
                assert_eq!(own[..], reference(key, text), "{} of {count}", text.len());
            }
        }
    }
}
