//! Which automations a key of a mapping names, and which of them use what.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use super::words::{SHOWN, first_few, shortened};
use crate::domain::content::{CapturedAutomation, Content};
use crate::domain::reference::{self, RefType};
use crate::domain::{ObjectId, OverBudget, Work};

/// A name or an id of automations. Ids in either case are one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(usize);

/// The automations of a content by what a mapping calls them: a name names every automation that has it.
pub(super) struct Automations<'a> {
    automations: &'a [CapturedAutomation],
    keys: HashMap<Cow<'a, str>, Key>,
    named: Vec<Vec<usize>>,
    uses: Vec<Option<Rc<Uses<'a>>>>,
    agent_names: HashMap<String, &'a str>,
    work: &'a Work,
}

/// An automation that uses a stage or an agent, and at how many places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    pub(super) automation: usize,
    pub(super) places: usize,
}

/// What the automations of one key use.
#[derive(Default)]
pub(super) struct Uses<'a> {
    pub(super) stages: Values<'a>,
    pub(super) agents: Values<'a>,
    /// Ids of agents that are used, by the agent's name.
    ids_by_name: HashMap<&'a str, Vec<Cow<'a, str>>>,
}

/// Who uses each of some values.
#[derive(Default)]
pub(super) struct Values<'a> {
    by_value: HashMap<Cow<'a, str>, Vec<Use>>,
    first: Vec<String>,
}

impl<'a> Automations<'a> {
    pub(super) fn new(content: &'a Content, work: &'a Work) -> Result<Self, OverBudget> {
        let mut all = Self {
            automations: &content.automations,
            keys: HashMap::new(),
            named: Vec::new(),
            uses: Vec::new(),
            agent_names: content.agents.iter().map(|agent| (agent.id.to_string(), agent.name.as_str())).collect(),
            work,
        };
        for (position, automation) in content.automations.iter().enumerate() {
            let name = automation.item.document.name();
            work.spend(1 + name.len())?;
            all.add(automation.item.id.to_string().into(), position);
            all.add(name.into(), position);
        }
        Ok(all)
    }

    fn add(&mut self, key: Cow<'a, str>, position: usize) {
        let next = Key(self.named.len());
        let key = *self.keys.entry(key).or_insert(next);
        if key == next {
            self.named.push(Vec::new());
            self.uses.push(None);
        }
        if self.named[key.0].last() != Some(&position) {
            self.named[key.0].push(position);
        }
    }

    /// The key that `text` is; `None` where it names no automation.
    pub(super) fn key(&self, text: &str) -> Option<Key> {
        let as_id = || self.keys.get(text.parse::<ObjectId>().ok()?.to_string().as_str());
        self.keys.get(text).or_else(as_id).copied()
    }

    /// The positions of the automations that a key names.
    pub(super) fn named(&self, key: Key) -> &[usize] {
        &self.named[key.0]
    }

    /// What the automations of a key use. They are looked at once, however many entries have the key.
    pub(super) fn uses(&mut self, key: Key) -> Result<Rc<Uses<'a>>, OverBudget> {
        if let Some(uses) = &self.uses[key.0] {
            return Ok(Rc::clone(uses));
        }
        let mut uses = Uses::default();
        for position in &self.named[key.0] {
            reference::each_site(&self.automations[*position].item.document, |site| {
                self.work.spend(1 + site.value.len())?;
                match site.ref_type {
                    RefType::PipelineStage => drop(uses.stages.add(site.value, *position)),
                    RefType::Agent => {
                        let name = self.agent_names.get(site.value.as_ref());
                        if uses.agents.add(site.value.clone(), *position)
                            && let Some(name) = name
                        {
                            uses.ids_by_name.entry(name).or_default().push(site.value);
                        }
                    }
                    RefType::Template | RefType::Prompt => {}
                }
                Ok(())
            })?;
        }
        let uses = Rc::new(uses);
        self.uses[key.0] = Some(Rc::clone(&uses));
        Ok(uses)
    }

    /// The name of an agent of the source organization.
    pub(super) fn agent_name(&self, id: &str) -> Option<&'a str> {
        self.agent_names.get(id).copied()
    }
}

impl<'a> Uses<'a> {
    /// The agents that are used and that `source` means: literally, or because the source organization has an agent with the
    /// one as its id and the other as its name, which is `name` where `source` is an id.
    pub(super) fn agents_meant(
        &self,
        source: &str,
        name: Option<&str>,
    ) -> impl Iterator<Item = (&Cow<'a, str>, &[Use])> {
        let ids = self.ids_by_name.get(source).into_iter().flatten().filter(move |id| *id != source);
        let other_name = name.filter(|name| *name != source);
        let literal = self.agents.by_value.get_key_value(source);
        let named = other_name.and_then(|name| self.agents.by_value.get_key_value(name));
        let by_id = ids.filter_map(|id| self.agents.by_value.get_key_value(id));
        literal.into_iter().chain(named).chain(by_id).map(|(value, uses)| (value, uses.as_slice()))
    }
}

impl<'a> Values<'a> {
    /// Notes that the automation at `automation` uses `value`; gives whether it is the first to do so.
    fn add(&mut self, value: Cow<'a, str>, automation: usize) -> bool {
        let is_new = !self.by_value.contains_key(&value);
        if is_new && self.first.len() < SHOWN {
            self.first.push(shortened(&value));
        }
        let uses = self.by_value.entry(value).or_default();
        match uses.last_mut() {
            Some(last) if last.automation == automation => last.places += 1,
            _ => uses.push(Use { automation, places: 1 }),
        }
        is_new
    }

    /// The value as the content has it, and who uses it.
    pub(super) fn get(&self, value: &str) -> Option<(&Cow<'a, str>, &[Use])> {
        self.by_value.get_key_value(value).map(|(value, uses)| (value, uses.as_slice()))
    }

    /// The first few, for a message.
    pub(super) fn some(&self) -> String {
        first_few(&self.first, self.by_value.len())
    }
}
