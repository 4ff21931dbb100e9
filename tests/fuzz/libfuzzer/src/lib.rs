//! What makes a binary of a target, which libFuzzer then feeds. `src/bin` has one for each; `tests/fuzz/run` builds and runs them.

use std::path::PathBuf;

use fuzz::Target;

/// The entry points that libFuzzer calls, for one target.
#[macro_export]
macro_rules! feed {
    ($target:path) => {
        libfuzzer_sys::fuzz_target!(init: $crate::plant(&$target), |input: &[u8]| ($target.run)(input));
    };
}

/// Runs a target's first good input, and writes all of them to the directory on the command line, where libFuzzer is about to look
/// for some to begin with. The first run compiles the target's expressions, which is not to count against the time of an input.
///
/// Writes nothing where the command line names only files, to be run again.
///
/// # Panics
///
/// If they cannot be written.
pub fn plant(target: &Target) {
    let seeds = (target.seeds)();
    if let Some(first) = seeds.first() {
        (target.run)(first);
    }
    let mut named = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let Some(corpus) = named.find(|path| path.is_dir()) else { return };
    for (number, input) in seeds.iter().enumerate() {
        std::fs::write(corpus.join(format!("good-{number}")), input).expect("the corpus can be written to");
    }
}
