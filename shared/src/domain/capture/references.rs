//! What a setup refers to: counted against the limits, and noted where planning needs it.

use std::collections::HashMap;

use super::failure::CaptureFailure;
use crate::domain::content::{CapturedItem, KnownAgent, MAX_REFERENCE_POINTER_BYTES, MAX_REFERENCES, SourceTerms};
use crate::domain::reference::{Lookup, RefType, TermUsage, each_earlier_site};
use crate::domain::{Agent, ItemKind, ObjectId, Organization, OverBudget, Work};

/// Goes through the references of a setup.
pub(super) struct ReferenceCounter<'a> {
    terms: &'a SourceTerms,
    lookup: Lookup<'a>,
    usage: TermUsage,
    agents: AgentIndex<'a>,
    count: usize,
    pointer_bytes: usize,
    work: &'a Work,
}

impl<'a> ReferenceCounter<'a> {
    /// For a setup of `organization`, of which `terms` are all.
    pub(super) fn new(
        organization: &'a Organization,
        terms: &'a SourceTerms,
        work: &'a Work,
    ) -> Result<Self, OverBudget> {
        Ok(Self {
            lookup: Lookup::of_terms(terms, work)?,
            usage: TermUsage::of(terms),
            terms,
            agents: AgentIndex::new(&organization.agents),
            count: 0,
            pointer_bytes: 0,
            work,
        })
    }

    pub(super) fn add_items(&mut self, kind: ItemKind, ids: impl Iterator<Item = ObjectId>) {
        self.lookup.add_items(kind, ids);
    }

    /// Looks through an item.
    pub(super) fn item(&mut self, kind: ItemKind, item: &CapturedItem) -> Result<(), CaptureFailure> {
        if kind == ItemKind::Automation {
            each_earlier_site(&item.document, |site| {
                self.work.spend(1)?;
                if site.ref_type == RefType::Agent {
                    self.agents.note(&site.value);
                }
                Ok::<(), OverBudget>(())
            })?;
        }
        let Self { lookup, usage, count, pointer_bytes, work, .. } = self;
        lookup.each_site(kind, item, work, |site| {
            *count += 1;
            *pointer_bytes += site.pointer.len();
            if *count > MAX_REFERENCES {
                return Err(CaptureFailure::TooLarge(format!("the setup has more than {MAX_REFERENCES} references")));
            }
            if *pointer_bytes > MAX_REFERENCE_POINTER_BYTES {
                return Err(CaptureFailure::TooLarge(format!(
                    "the JSON pointers to the references of the setup have more than {MAX_REFERENCE_POINTER_BYTES} bytes; use \
                     shorter names of fields"
                )));
            }
            work.spend(1 + site.value.len())?;
            usage.note(lookup, site.ref_type, &site.value);
            Ok(())
        })
    }

    /// The agents that automations named before 2026-12, which two captures are compared by, and whatever else is used.
    pub(super) fn used(self) -> (Vec<KnownAgent>, SourceTerms) {
        let agents = self.agents.used();
        let source = self.usage.used(self.terms, |id| agents.iter().any(|known| known.id == id));
        (agents, source)
    }
}

/// The agents of the source organization, by what a reference may call them.
struct AgentIndex<'a> {
    agents: &'a [Agent],
    by_id: HashMap<ObjectId, usize>,
    /// Emptied once somebody uses the name: then all of that name are used.
    by_name: HashMap<&'a str, Vec<usize>>,
    used: Vec<bool>,
}

impl<'a> AgentIndex<'a> {
    fn new(agents: &'a [Agent]) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, agent) in agents.iter().enumerate() {
            by_name.entry(&agent.name).or_default().push(index);
        }
        let by_id = agents.iter().enumerate().map(|(index, agent)| (agent.id, index)).collect();
        Self { agents, by_id, by_name, used: vec![false; agents.len()] }
    }

    fn note(&mut self, value: &str) {
        for index in self.by_name.get_mut(value).map(std::mem::take).unwrap_or_default() {
            self.used[index] = true;
        }
        if let Some(index) = ObjectId::of_stored(value).and_then(|id| self.by_id.get(&id)) {
            self.used[*index] = true;
        }
    }

    fn used(&self) -> Vec<KnownAgent> {
        let used = self.agents.iter().zip(&self.used).filter(|(_, used)| **used);
        used.map(|(agent, _)| KnownAgent { id: agent.id, name: agent.name.clone() }).collect()
    }
}
