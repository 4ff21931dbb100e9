//! Which terms of the source organization a setup uses.

use std::collections::HashSet;

use super::lookup::Positions;
use super::{Lookup, RefType};
use crate::domain::ObjectId;
use crate::domain::content::{KnownPipeline, SourceTerms};

/// Notes which terms a setup uses.
pub(in crate::domain) struct TermUsage {
    /// The names noted so far. Each is looked up once.
    seen: HashSet<(RefType, String)>,
    agents: Vec<bool>,
    /// For each pipeline whether it is used itself, and which of its stages are.
    pipelines: Vec<(bool, Vec<bool>)>,
}

impl TermUsage {
    pub(in crate::domain) fn of(terms: &SourceTerms) -> Self {
        let pipelines = terms.pipelines.iter().map(|pipeline| (false, vec![false; pipeline.stages.len()]));
        Self { seen: HashSet::new(), agents: vec![false; terms.agents.len()], pipelines: pipelines.collect() }
    }

    /// Notes what a reference names.
    pub(in crate::domain) fn note(&mut self, lookup: &Lookup<'_>, ref_type: RefType, value: &str) {
        if !self.seen.insert((ref_type, value.to_owned())) {
            return;
        }
        let Positions { agents, pipelines, stages } = lookup.positions(ref_type, value);
        agents.into_iter().for_each(|at| self.agents[at] = true);
        pipelines.into_iter().for_each(|at| self.pipelines[at].0 = true);
        stages.into_iter().for_each(|(at, stage)| self.pipelines[at].1[stage] = true);
    }

    /// Returns the terms that are used, without the agents for which `is_known` returns true.
    pub(in crate::domain) fn used(self, terms: &SourceTerms, is_known: impl Fn(ObjectId) -> bool) -> SourceTerms {
        let agents =
            terms.agents.iter().zip(self.agents).filter(|(agent, used)| *used && !agent.id.is_some_and(&is_known));
        let pipelines = terms.pipelines.iter().zip(self.pipelines).filter_map(|(pipeline, (used, stages))| {
            let stages: Vec<_> =
                pipeline.stages.iter().zip(stages).filter(|(_, used)| *used).map(|(stage, _)| stage.clone()).collect();
            (used || !stages.is_empty()).then(|| KnownPipeline { stages, ..pipeline.clone() })
        });
        SourceTerms { agents: agents.map(|(agent, _)| agent.clone()).collect(), pipelines: pipelines.collect() }
    }
}
