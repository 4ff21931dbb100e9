//! What a user has, as the API says, put into words.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use shared::domain::reference::{Lookup, RefType};
use shared::domain::{Document, ItemKind, ObjectId, Organization, Setup, SetupItem};

use super::DemoError;
use super::tree::Node;
use crate::workspace::{Member, Workspace};

/// A setup that an apply made, with what it was made of.
pub(super) struct AppliedSetup<'a> {
    setup: Setup,
    source: &'a Member,
    /// The organization where it arrived.
    target: &'a Organization,
    warnings: &'a [Value],
    /// The automations that say what is to be filled in.
    incomplete: BTreeSet<ObjectId>,
}

/// The answer to `GET /api/users/{userId}/setup`.
#[derive(Deserialize)]
struct SetupAnswer {
    items: Vec<AnsweredItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnsweredItem {
    #[serde(rename = "_id")]
    id: ObjectId,
    kind: String,
    enabled: Option<bool>,
    #[serde(default)]
    secrets_missing: Vec<String>,
    document: Document,
}

impl<'a> AppliedSetup<'a> {
    /// Reads the answer with the setup of a user of `target`, which an apply with these warnings made of the setup of `source`.
    pub(super) fn of(workspace: &'a Workspace, answer: &Value, warnings: &'a Value) -> Result<Self, DemoError> {
        let missing = |what: &str| DemoError::Missing(what.to_owned());
        let (_, source) = workspace.member("alex@acme.example").ok_or_else(|| missing("source user"))?;
        let (target, _) = workspace.member("sam@globex.example").ok_or_else(|| missing("target organization"))?;
        let answer = SetupAnswer::deserialize(answer).map_err(|error| missing(&format!("setup: {error}")))?;
        let (mut setup, mut incomplete) = (Setup::default(), BTreeSet::new());
        for AnsweredItem { id, kind, enabled, secrets_missing, document } in answer.items {
            let kind = ItemKind::named(&kind).ok_or_else(|| missing("kind of an item"))?;
            setup.preferences.extend(enabled.map(|is_on| (id, is_on)));
            if !secrets_missing.is_empty() {
                incomplete.insert(id);
            }
            setup.items.get_mut(kind).push(SetupItem { id, document });
        }
        let warnings = warnings.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Self { setup, source, target, warnings, incomplete })
    }

    /// The setup as a tree.
    pub(super) fn tree(&self) -> Node {
        let children = [self.automations(), self.prompts(), self.templates()].into_iter().chain(self.mapped());
        Node::new("What Casey has now, as GET /api/users/{userId}/setup says", children.collect())
    }

    fn automations(&self) -> Node {
        let automations = by_name(&self.setup.items.automations).into_iter().map(|item| {
            let name = item.document.name();
            if is_on(&self.setup, item) {
                return Node::leaf(format!("on   {name}"));
            }
            Node::new(format!("off  {name}"), self.reasons(name).into_iter().map(Node::leaf).collect())
        });
        Node::new(counted(&self.setup, ItemKind::Automation), automations.collect())
    }

    /// Why an automation is off: the apply's warnings without their advice, or the source user's own choice.
    fn reasons(&self, automation: &str) -> Vec<String> {
        let own = self.warnings.iter().filter(|warning| warning["automationName"] == automation);
        let details = own.filter_map(|warning| warning["detail"].as_str()?.split("; ").next());
        let reason = |detail: &str| detail.trim_start_matches("it arrives switched off, because ").to_owned();
        let mut details: Vec<String> = details.map(reason).collect();
        if details.is_empty() {
            details.push("Alex has it switched off, too".to_owned());
        }
        details
    }

    fn prompts(&self) -> Node {
        let names: Vec<&str> =
            by_name(&self.setup.items.prompts).into_iter().map(|item| item.document.name()).collect();
        Node::leaf(format!("{}: {}", counted(&self.setup, ItemKind::Prompt), names.join(", ")))
    }

    fn templates(&self) -> Node {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for template in &self.setup.items.templates {
            *kinds.entry(template.document.text("type").unwrap_or("of no type")).or_default() += 1;
        }
        let kinds: Vec<String> = kinds.into_iter().map(|(kind, number)| format!("{number} {kind}")).collect();
        Node::leaf(format!("{}: {}", counted(&self.setup, ItemKind::Template), kinds.join(", ")))
    }

    /// Lists the stages and agents that the source's automations name, each with its replacement in the clone.
    fn mapped(&self) -> Vec<Node> {
        let mut stages = BTreeSet::new();
        let mut agents = BTreeSet::new();
        for clone in &self.setup.items.automations {
            let name = clone.document.name();
            let Some(source) = self.source.setup.items.automations.iter().find(|item| item.document.name() == name)
            else {
                continue;
            };
            let (before, after) = (references(source), references(clone));
            for ((ref_type, from), (_, to)) in before.into_iter().zip(after) {
                match ref_type {
                    RefType::PipelineStage => stages.insert(self.pair(&from, &to, self.has_stage(&to))),
                    RefType::Agent => agents.insert(self.pair(&from, &to, self.has_agent(&to))),
                    _ => continue,
                };
            }
        }
        [("stages", stages), ("agents", agents)]
            .into_iter()
            .map(|(what, pairs)| Node::leaf(format!("{what}: {}", Vec::from_iter(pairs).join(", "))))
            .collect()
    }

    fn pair(&self, from: &str, to: &str, is_there: bool) -> String {
        match (is_there, from == to) {
            (false, _) => format!("{from} (missing at {})", self.target.name),
            (true, true) => format!("{from} (same name)"),
            (true, false) => format!("{from} → {to}"),
        }
    }

    fn has_stage(&self, name: &str) -> bool {
        let pipelines = &self.target.pipelines;
        pipelines.iter().flat_map(|pipeline| &pipeline.stages).any(|stage| stage.name == name)
    }

    fn has_agent(&self, name: &str) -> bool {
        self.target.agents.iter().any(|agent| agent.name == name)
    }

    /// What the contract says of Casey's automations and what the API says otherwise, in words.
    pub(super) fn differences(&self) -> Vec<String> {
        const INCOMPLETE: &str = "Tell billing about a closed deal";
        const EXPECTED: [(&str, bool); 5] = [
            ("Move to Contacted on first reply", true),
            ("Hand warm leads to the warm-up agent", false),
            ("Nudge after two quiet days", false),
            ("Greet a new lead", true),
            (INCOMPLETE, false),
        ];
        let mut differences = Vec::new();
        for (name, expected) in EXPECTED {
            match self.setup.items.automations.iter().find(|item| item.document.name() == name) {
                None => differences.push(format!("Casey has no automation \"{name}\"")),
                Some(item) if is_on(&self.setup, item) != expected => {
                    let is = if expected { "off, not on" } else { "on, not off" };
                    differences.push(format!("Casey's automation \"{name}\" is {is}"));
                }
                Some(item) if self.incomplete.contains(&item.id) != (name == INCOMPLETE) => {
                    differences.push(format!("Casey's automation \"{name}\" does not say what is to be filled in"));
                }
                Some(item) => {
                    let stage = item.document.as_value().pointer("/actions/targetStage");
                    if stage.is_some_and(|stage| stage != "Reached Out") {
                        differences.push(format!(
                            "Casey's automation \"{name}\" moves contacts to a stage that Globex does not have"
                        ));
                    }
                }
            }
        }
        differences
    }
}

/// What the references of an automation name, in the order of their places.
fn references(item: &SetupItem) -> Vec<(RefType, String)> {
    let sites = Lookup::default().sites(ItemKind::Automation, &item.document);
    sites.into_iter().map(|site| (site.ref_type, site.value.into_owned())).collect()
}

fn counted(setup: &Setup, kind: ItemKind) -> String {
    format!("{} {kind}s", setup.items.get(kind).len())
}

fn by_name(items: &[SetupItem]) -> Vec<&SetupItem> {
    let mut sorted: Vec<_> = items.iter().collect();
    sorted.sort_by_key(|item| item.document.name());
    sorted
}

/// An automation that the preferences do not name is on.
fn is_on(setup: &Setup, item: &SetupItem) -> bool {
    setup.preferences.get(&item.id).copied().unwrap_or(true)
}
