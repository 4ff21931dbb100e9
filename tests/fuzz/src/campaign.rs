//! Runs targets on inputs of our own making. A case is a seed and a number, and can be run again alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Target;
use crate::mutation::{Draw, input};
use crate::{PURE, targets};

/// The longest input that a message shows.
const SHOWN: usize = 4_000;

/// Every target.
pub fn all() -> impl Iterator<Item = &'static Target> {
    static SERVICE: Target = targets::SERVICE;
    PURE.iter().chain([&SERVICE])
}

/// The input of a case. The first cases are the good inputs themselves.
pub fn case(good: &[Vec<u8>], seed: u64, number: u64) -> Vec<u8> {
    match usize::try_from(number).ok().and_then(|number| good.get(number)) {
        Some(input) => input.clone(),
        None => input(&Draw::new(seed.rotate_left(32) ^ number), good),
    }
}

/// Runs cases until `number` of them are done or `goes_on` says no, and gives how many there were.
///
/// Panics at the first that finds something, with what it takes to run it again.
pub fn run(target: &Target, seed: u64, numbers: impl Iterator<Item = u64>, goes_on: impl Fn() -> bool) -> u64 {
    let good = (target.seeds)();
    let mut done = 0;
    for number in numbers {
        if !goes_on() {
            break;
        }
        let input = case(&good, seed, number);
        if catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_err() {
            let shown = input[..input.len().min(SHOWN)].escape_ascii();
            panic!(
                "{name} found something (see above). Again: cargo run -p fuzz -- --target {name} --seed {seed} --case {number}\n\
                 The input of {} bytes: {shown}",
                input.len(),
                name = target.name,
            );
        }
        done += 1;
    }
    done
}
