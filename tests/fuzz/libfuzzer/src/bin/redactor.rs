#![no_main]

fuzz_libfuzzer::feed!(fuzz::targets::REDACTOR);
