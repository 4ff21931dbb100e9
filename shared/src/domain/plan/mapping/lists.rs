//! The mappings that hold lists: `keepValues` and `sourceStatusesMapping`.

use std::collections::hash_map::Entry;

use super::{AMBIGUOUS, Judge};
use crate::domain::OverBudget;
use crate::domain::content::MAX_RAW_BYTES;
use crate::domain::plan::choices::{KEEP_VALUES, SOURCE_STATUSES_MAPPING};
use crate::domain::plan::words::shortened;
use crate::domain::reference::{SOURCE_STATUSES, key_pointer};

/// The most elements that replaced `sourceStatuses` have over all automations: one name may name thousands of them.
const MAX_REPLACED: usize = 100_000;

impl<'a> Judge<'a> {
    /// Notes values and places that are not references. A certain reference cannot be among them.
    pub(super) fn keep(&mut self, automation: &str, values: &'a [String]) -> Result<(), OverBudget> {
        let Some(key) = self.named.key(automation) else { return Ok(()) };
        let uses = self.named.uses(key)?;
        for (index, value) in values.iter().enumerate() {
            self.work.spend(1 + value.len())?;
            if self.judged.kept.contains(&(key, value.as_str())) {
                continue;
            }
            let users = uses.may_keep(value);
            self.work.spend(users.len())?;
            if !users.is_empty() {
                self.judged.kept.insert((key, value));
                for user in users {
                    self.automations[user].kept.insert(key_pointer(value));
                }
                continue;
            }
            self.refuse_value(&[KEEP_VALUES, automation, &index.to_string()], value, || {
                format!(
                    "the automation holds no unknown id and no suspected name {}, and none at such a place; a certain \
                     reference has to be mapped",
                    shortened(value)
                )
            });
        }
        Ok(())
    }

    /// Replaces the `sourceStatuses` of the automations that an entry names.
    pub(super) fn source_statuses(&mut self, automation: &str, statuses: &'a [String]) -> Result<(), OverBudget> {
        let bytes = statuses.iter().map(String::len).sum::<usize>();
        self.work.spend(1 + automation.len() + statuses.len() + bytes)?;
        let place = [SOURCE_STATUSES_MAPPING, automation];
        let Some(key) = self.named.key(automation) else { return Ok(()) };
        match self.judged.source_statuses.entry(key) {
            Entry::Occupied(before) if *before.get() == statuses => return Ok(()),
            Entry::Occupied(_) => return self.refused(&place, || AMBIGUOUS.to_owned()),
            Entry::Vacant(first) => {
                first.insert(statuses);
            }
        }
        let content = self.content;
        let has_statuses =
            |at: &usize| content.items.automations[*at].document.as_value().get(SOURCE_STATUSES).is_some();
        let named = self.named.named(key);
        self.work.spend(named.len())?;
        let having: Vec<usize> = named.iter().copied().filter(has_statuses).collect();
        if having.is_empty() {
            return self.refused(&place, || "the automation has no sourceStatuses to replace".to_owned());
        }
        self.replaced = self.replaced.saturating_add(having.len().saturating_mul(statuses.len()));
        self.written = self.written.saturating_add(having.len().saturating_mul(bytes));
        if self.replaced > MAX_REPLACED || self.written > MAX_RAW_BYTES {
            return self.refused(&place, || {
                format!(
                    "this would write more than {MAX_REPLACED} source statuses, or {MAX_RAW_BYTES} bytes of them; name \
                     fewer automations or stages"
                )
            });
        }
        for (index, stage) in statuses.iter().enumerate() {
            if !self.targets.has_stage(stage) {
                self.refuse_stage(&[SOURCE_STATUSES_MAPPING, automation, &index.to_string()], stage);
            }
        }
        let clashes = having.iter().filter(|at| {
            let before = self.automations[**at].source_statuses.replace(statuses);
            before.is_some_and(|before| before != statuses)
        });
        if clashes.count() > 0 { self.refused(&place, || AMBIGUOUS.to_owned()) } else { Ok(()) }
    }
}
