//! See `offrecord_fuzz::call`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| offrecord_fuzz::call::run(data));
