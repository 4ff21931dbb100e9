//! How much the campaigns of the tests do: storms, kills, drawn orders.

/// `short` as a rule, which keeps `cargo test --workspace` within minutes; `long` where `LONG_TESTS` is set, as `.ci/run --full`
/// sets it.
pub fn rounds<T>(short: T, long: T) -> T {
    if std::env::var_os("LONG_TESTS").is_some() { long } else { short }
}
