//! See `offrecord_forwarder::fuzzing::stun`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| offrecord_forwarder::fuzzing::stun(data));
