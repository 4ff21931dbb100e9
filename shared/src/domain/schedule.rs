//! When a snapshot is captured again, and what a change of that comes to.

use super::{RefreshPeriod, Timestamp};

/// A snapshot's schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// How often.
    pub every: RefreshPeriod,
    /// When next.
    pub due_at: Timestamp,
}

/// A change of a snapshot's schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ScheduleChange {
    /// It stays as it is, which may be none.
    #[default]
    Keep,
    /// It is the same period, perhaps written otherwise: what is due stays due when it was.
    Rewrite {
        /// As it was written.
        was: RefreshPeriod,
        /// As it is written now.
        every: RefreshPeriod,
    },
    /// It is a new one.
    Set(Schedule),
    /// It ends.
    End,
}

impl ScheduleChange {
    /// How the schedule `now` comes to be what is wanted, where it is `current`. A new period is due one period from now.
    pub fn between(current: Option<&Schedule>, wanted: Option<&RefreshPeriod>, now: Timestamp) -> Self {
        match (current, wanted) {
            (None, None) => Self::Keep,
            (Some(_), None) => Self::End,
            (Some(current), Some(every)) if current.every.length() == every.length() => {
                Self::Rewrite { was: current.every.clone(), every: every.clone() }
            }
            (_, Some(every)) => Self::Set(Schedule { every: every.clone(), due_at: now.plus(every.length()) }),
        }
    }

    /// The schedule after the change, where it was `current` before.
    #[must_use]
    pub fn applied_to(&self, current: Option<Schedule>) -> Option<Schedule> {
        match self {
            Self::Keep => current,
            Self::Rewrite { every, .. } => current.map(|current| Schedule { every: every.clone(), ..current }),
            Self::Set(schedule) => Some(schedule.clone()),
            Self::End => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_778_835_600_000);

    fn every(text: &str) -> RefreshPeriod {
        RefreshPeriod::parse(text).unwrap()
    }

    #[test]
    fn the_same_period_keeps_what_is_due_and_another_one_is_due_a_period_from_now() {
        let current = Schedule { every: every("P1D"), due_at: NOW.plus(Duration::from_secs(7)) };
        let change = |wanted: Option<&str>| {
            let change = ScheduleChange::between(Some(&current), wanted.map(every).as_ref(), NOW);
            (change.clone(), change.applied_to(Some(current.clone())))
        };
        let rewritten = Schedule { every: every("PT24H"), ..current.clone() };
        let (rewrite, after) = change(Some("PT24H"));
        assert_eq!(rewrite, ScheduleChange::Rewrite { was: every("P1D"), every: every("PT24H") });
        assert_eq!(after, Some(rewritten));
        let new = Schedule { every: every("PT6H"), due_at: NOW.plus(Duration::from_secs(6 * 3600)) };
        assert_eq!(change(Some("PT6H")), (ScheduleChange::Set(new.clone()), Some(new.clone())));
        assert_eq!(change(None), (ScheduleChange::End, None));
        assert_eq!(ScheduleChange::between(None, Some(&every("PT6H")), NOW), ScheduleChange::Set(new));
        assert_eq!(ScheduleChange::between(None, None, NOW), ScheduleChange::Keep);
    }
}
