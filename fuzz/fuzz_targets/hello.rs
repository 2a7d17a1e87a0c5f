#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| pixelgate::fuzzing::hello(data));
