//! What references can be mapped to in the organization that a snapshot is applied in.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::words;
use crate::domain::{Agent, ObjectId, Organization};

/// The stages and agents of an organization, to be looked up.
pub(super) struct Targets<'a> {
    organization: &'a Organization,
    stages: HashSet<&'a str>,
    agents: HashMap<ObjectId, &'a Agent>,
    /// How many agents have a name.
    names: HashMap<&'a str, usize>,
    /// For messages, of which a plan may have many.
    some_stages: OnceCell<String>,
    some_agents: OnceCell<String>,
}

impl<'a> Targets<'a> {
    pub(super) fn new(organization: &'a Organization) -> Self {
        let mut names: HashMap<&str, usize> = HashMap::new();
        for agent in &organization.agents {
            *names.entry(&agent.name).or_default() += 1;
        }
        Self {
            organization,
            stages: organization.stage_names().collect(),
            agents: organization.agents.iter().map(|agent| (agent.id, agent)).collect(),
            names,
            some_stages: OnceCell::new(),
            some_agents: OnceCell::new(),
        }
    }

    pub(super) fn has_stage(&self, name: &str) -> bool {
        self.stages.contains(name)
    }

    pub(super) fn agent(&self, id: &ObjectId) -> Option<&'a Agent> {
        self.agents.get(id).copied()
    }

    /// Whether one agent has this name, and one only.
    pub(super) fn has_only_agent(&self, name: &str) -> bool {
        self.names.get(name) == Some(&1)
    }

    /// The first few stages, for a message.
    pub(super) fn some_stages(&self) -> &str {
        self.some_stages.get_or_init(|| words::quoted(self.organization.stage_names()))
    }

    /// The first few agents, for a message.
    pub(super) fn some_agents(&self) -> &str {
        let names = || self.organization.agents.iter().map(|agent| agent.name.as_str());
        self.some_agents.get_or_init(|| words::quoted(names()))
    }
}
