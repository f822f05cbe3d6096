//! See `offrecord_forwarder::fuzzing::lane`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| offrecord_forwarder::fuzzing::lane(data));
