//! Medians of many measurements.

use std::time::Duration;

use crate::measurement::Measurement;

/// The medians of one arm for one operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// The start, in milliseconds.
    pub(crate) init: f64,
    /// The first call, in milliseconds.
    pub(crate) first: f64,
    /// Start and first call together, in milliseconds.
    pub(crate) cold: f64,
    /// A further call, in milliseconds.
    pub(crate) warm: f64,
    /// The processor time of a further call, in milliseconds.
    pub(crate) processor: f64,
    /// The most memory, in MB.
    pub(crate) memory: f64,
}

impl Figures {
    /// Returns the medians; `None` without a measurement.
    pub(crate) fn of(measurements: &[Measurement]) -> Option<Self> {
        let each = |value: fn(&Measurement) -> f64| median(measurements.iter().map(value).collect());
        Some(Self {
            init: each(|one| milliseconds(one.init))?,
            first: each(|one| milliseconds(one.first))?,
            cold: each(|one| milliseconds(one.init + one.first))?,
            warm: median(measurements.iter().flat_map(|one| one.warm.iter().copied().map(milliseconds)).collect())?,
            processor: each(|one| milliseconds(one.processor))?,
            memory: each(|one| one.memory as f64 / 1e6)?,
        })
    }
}

/// Returns the median; `None` of nothing.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get(values.len().checked_sub(1)? / 2)?;
    Some((lower + upper) / 2.0)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn a_cold_call_is_the_median_of_sums_and_not_the_sum_of_medians() {
        let one = |init, first| Measurement {
            init: Duration::from_millis(init),
            first: Duration::from_millis(first),
            warm: vec![Duration::from_millis(1)],
            processor: Duration::ZERO,
            memory: 2_000_000,
        };
        let figures = Figures::of(&[one(1, 9), one(2, 2), one(9, 1)]).unwrap();
        assert_eq!((figures.init, figures.first, figures.cold, figures.memory), (2.0, 2.0, 10.0, 2.0));
    }
}
