//! How long the campaigns of the tests are: storms, kills, random orders.

/// Returns `short`, which keeps `cargo test --workspace` within minutes, or `long` if `LONG_TESTS` is set, as `.ci/run --full` sets
/// it.
pub fn rounds<T>(short: T, long: T) -> T {
    if std::env::var_os("LONG_TESTS").is_some() { long } else { short }
}
