#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ultrawave_fuzz::checked(data));
