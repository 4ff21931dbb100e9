//! Resolves the references of one automation: mapped, existing under the same name, cloned beside it, or dangling.

use super::choices::{AGENT_MAPPING, Choices, ID_MAPPING, PIPELINE_MAPPING};
use super::clone_index::CloneIndex;
use super::counted_list::{CountedList, Room};
use super::mapping::{AutomationMapping, Target};
use super::targets::Targets;
use super::words::{SHOWN, first_few, shortened};
use super::{MappedReference, Refusal, Rewire};
use crate::domain::content::CapturedItem;
use crate::domain::id_shape::is_id;
use crate::domain::reference::{
    KnownId, Lookup, MAX_REFERENCE_NAME, RefType, Reference, SOURCE_STATUSES, Site, key_pointer, rewrite,
};
use crate::domain::{Document, ItemKind, ObjectId, OverBudget, PerKind, Work, cut};

/// An automation with every reference resolved or listed.
pub(super) struct ResolvedAutomation {
    pub(super) document: Document,
    pub(super) rewires: Vec<Rewire>,
    pub(super) mapped: CountedList<MappedReference>,
    /// References that lead nowhere, with the value they have in the snapshot.
    pub(super) dangling: CountedList<Reference>,
    /// References to stages that exist here in pipelines of another type alone.
    pub(super) of_another_kind: CountedList<Reference>,
    /// Whether it refers to a prompt or template that lost a secret: it would send the placeholder.
    pub(super) uses_incomplete: bool,
    /// The prompts and templates with an id of the source organization that it refers to, in words; the first few are listed.
    pub(super) uses_unmapped: CountedList<String>,
}

/// What references can lead to in the target organization and among the clones.
pub(super) struct Resolver<'a> {
    pub(super) lookup: &'a Lookup<'a>,
    pub(super) targets: &'a Targets<'a>,
    pub(super) arriving: PerKind<CloneIndex<'a>>,
    pub(super) work: &'a Work,
}

impl Resolver<'_> {
    /// Resolves the references of `automation`; what is listed of them is taken from `room`.
    pub(super) fn resolve(
        &self,
        automation: &CapturedItem,
        mapping: &AutomationMapping<'_>,
        room: &mut Room,
    ) -> Result<ResolvedAutomation, OverBudget> {
        let (id, name) = (automation.id, automation.document.name());
        let mut resolved = ResolvedAutomation {
            document: automation.document.clone(),
            rewires: Vec::new(),
            mapped: CountedList::default(),
            dangling: CountedList::default(),
            of_another_kind: CountedList::default(),
            uses_incomplete: false,
            uses_unmapped: CountedList::default(),
        };
        let (mut replacements, mut shown) = (Vec::new(), SHOWN);
        self.lookup.each_site::<OverBudget>(ItemKind::Automation, automation, self.work, |site| {
            self.work.spend(1 + site.value.len())?;
            // The replacement array was judged with the request: it has target stages already.
            if site.is_source_status() && mapping.source_statuses.is_some() {
                return Ok(());
            }
            if let Some(kind) = site.ref_type.item_kind() {
                let used = self.arriving.get(kind);
                resolved.uses_incomplete |= used.lost_secret(&site.value);
                if let Some(name) = used.keeping_unmapped(&site.value) {
                    let noun = site.ref_type.noun();
                    resolved.uses_unmapped.add(&mut shown, || format!("the {noun} {}", shortened(name)));
                }
            }
            match self.resolution(&site, mapping) {
                Resolution::Kept => {}
                Resolution::OfAnotherKind => {
                    resolved.of_another_kind.add(&mut room.dangling, || site.describe(id, name));
                }
                Resolution::Replaced(target) => {
                    let reference = || MappedReference { reference: site.describe(id, name), target: target.clone() };
                    resolved.mapped.add(&mut room.mapped, reference);
                    replacements.push(site.replaced_by(target));
                }
                Resolution::Rewired(kind, source_id) => {
                    resolved.rewires.push(Rewire { pointer: site.pointer, kind, source_id });
                }
                Resolution::Dangling => resolved.dangling.add(&mut room.dangling, || site.describe(id, name)),
            }
            Ok(())
        })?;
        rewrite(&mut resolved.document, replacements);
        if let (Some(statuses), Some(fields)) = (mapping.source_statuses, resolved.document.fields_mut())
            && fields.contains_key(SOURCE_STATUSES)
        {
            fields.insert(SOURCE_STATUSES.to_owned(), statuses.into());
        }
        Ok(resolved)
    }

    fn resolution(&self, site: &Site<'_>, mapping: &AutomationMapping<'_>) -> Resolution {
        let (value, pointer) = (site.value.as_ref(), site.key_pointer());
        let may_be_kept = site.suspected || site.ref_type == RefType::Unknown;
        if may_be_kept && (mapping.kept.contains(&*key_pointer(value)) || mapping.kept.contains(&*pointer)) {
            return Resolution::Kept;
        }
        if !site.is_readable {
            return Resolution::Dangling;
        }
        let is_rewritten = !site.is_key();
        if let Some(target) = mapping.places.get(&(site.ref_type, pointer)).filter(|_| is_rewritten) {
            return self.mapped_to(*target, value);
        }
        if site.suspected {
            return if self.targets.speaks_of(value) { Resolution::Kept } else { Resolution::Dangling };
        }
        let by_value = mapping.values.get(&(site.ref_type, value.into())).filter(|_| is_rewritten);
        match (by_value, site.ref_type) {
            (Some(target), _) => self.mapped_to(*target, value),
            _ if site.is_key() => Resolution::Dangling,
            (None, RefType::PipelineStage) => self.stage(value),
            (None, RefType::Agent) if !is_id(value) && self.targets.has_only_agent(value) => Resolution::Kept,
            (None, RefType::Pipeline) => self.pipeline(value),
            (None, RefType::Template | RefType::Prompt | RefType::Automation) => self.clone_of(site),
            (None, RefType::Agent | RefType::Unknown) => Resolution::Dangling,
        }
    }

    /// A place that held a name gets the target's name, a place that held an id its id.
    fn mapped_to(&self, target: Target<'_>, value: &str) -> Resolution {
        match target {
            Target::Stage(stage) => match self.lookup.known(value) {
                Some(KnownId::Stage { pipeline, .. }) => self.stage_id(stage, pipeline),
                _ => Resolution::Replaced(stage.to_owned()),
            },
            Target::Agent(agent) if is_id(value) => Resolution::Replaced(agent.id.to_string()),
            Target::Agent(agent) => Resolution::Replaced(agent.name.clone()),
            Target::Pipeline(pipeline) => Resolution::Replaced(pipeline.id.to_string()),
            Target::Id(id) => Resolution::Replaced(id.to_owned()),
        }
    }

    fn stage(&self, value: &str) -> Resolution {
        match self.lookup.known(value) {
            Some(KnownId::Stage { name, pipeline }) => self.stage_id(name, pipeline),
            _ if !self.targets.has_stage(value) => Resolution::Dangling,
            _ => match self.targets.is_of_another_kind(value, self.lookup.stage_kinds(value)) {
                true => Resolution::OfAnotherKind,
                false => Resolution::Kept,
            },
        }
    }

    fn stage_id(&self, stage: &str, pipeline: &str) -> Resolution {
        let id = self.targets.stage_id(stage, pipeline);
        id.map_or(Resolution::Dangling, |id| Resolution::Replaced(id.to_owned()))
    }

    /// A pipeline of the same name and type needs no mapping.
    pub(super) fn pipeline(&self, value: &str) -> Resolution {
        let Some(KnownId::Pipeline { name, kind }) = self.lookup.known(value) else { return Resolution::Dangling };
        let here = self.targets.only_pipeline(name, kind);
        here.map_or(Resolution::Dangling, |pipeline| Resolution::Replaced(pipeline.id.to_string()))
    }

    fn clone_of(&self, site: &Site<'_>) -> Resolution {
        let Some(kind) = site.ref_type.item_kind() else { return Resolution::Dangling };
        let arriving = self.arriving.get(kind);
        match site.value.parse() {
            Ok(id) if arriving.has_id(&id) => Resolution::Rewired(kind, id),
            _ if arriving.has_name(&site.value) => Resolution::Kept,
            _ => Resolution::Dangling,
        }
    }

    /// Resolves an id in a prompt or a template. No mapping names it.
    pub(super) fn in_item(&self, site: &Site<'_>) -> Resolution {
        match site.ref_type {
            _ if site.is_key() => Resolution::Dangling,
            RefType::PipelineStage => self.stage(&site.value),
            RefType::Pipeline => self.pipeline(&site.value),
            RefType::Template | RefType::Prompt | RefType::Automation => self.clone_of(site),
            RefType::Agent | RefType::Unknown => Resolution::Dangling,
        }
    }
}

/// How a reference is resolved.
pub(super) enum Resolution {
    Kept,
    /// It is kept, although it may mean something else here.
    OfAnotherKind,
    Replaced(String),
    Rewired(ItemKind, ObjectId),
    Dangling,
}

/// Says of dangling references what is missing and what to do.
pub(super) fn explain(dangling: &CountedList<Reference>, targets: &Targets<'_>) -> String {
    let missing: Vec<String> = dangling
        .listed
        .iter()
        .take(SHOWN)
        .map(|reference| format!("the {} {}", reference.ref_type.noun(), shortened(&reference.value)))
        .collect();
    let what = first_few(&missing, dangling.total);
    let twins = dangling.listed.iter().find_map(|reference| twins(reference, targets)).unwrap_or_default();
    let suspected = match dangling.listed.iter().any(|reference| reference.suspected) {
        true => "; what is only suspected is mapped by its pointer, or named in keepValues where it is no reference",
        false => "",
    };
    format!(
        "it arrives switched off, because {what} is missing here; map or mend it and switch it on{twins}{suspected}"
    )
}

/// Says that a name means more than one agent here.
fn twins(reference: &Reference, targets: &Targets<'_>) -> Option<String> {
    let count = targets.agents_named(&reference.value);
    (reference.ref_type == RefType::Agent && count > 1).then(|| {
        let name = shortened(&reference.value);
        format!("; your organization has {count} agents named {name}, and only an id tells them apart")
    })
}

/// The longest value that is named as a key, in bytes.
const MAX_KEY: usize = 300;

/// The refusal of a dangling reference, at the place of the request where it can be mapped.
pub(super) fn refusal(reference: &Reference, targets: &Targets<'_>, choices: &Choices) -> Refusal {
    let Reference { automation_name, automation_name_cut, automation_id, value, ref_type, pointer, suspected, .. } =
        reference;
    let noun = ref_type.noun();
    let id = automation_id.to_string();
    // A name that is cut is no key.
    let key = if *automation_name_cut { &id } else { automation_name };
    // A value that the answer's pointers have no room for cannot be a key, either.
    let source = if *suspected || value.len() > MAX_KEY { pointer } else { value };
    let mapped_at = |mapping: &'static str| vec![mapping, key, source];
    let (place, advice) = match ref_type {
        RefType::PipelineStage => (mapped_at(PIPELINE_MAPPING), "map it to a stage of your organization"),
        RefType::Pipeline => (mapped_at(PIPELINE_MAPPING), "map it to the id of a pipeline of your organization"),
        RefType::Agent => (mapped_at(AGENT_MAPPING), "map it to the id of an agent of your organization"),
        RefType::Unknown => {
            (mapped_at(ID_MAPPING), "map it to the id that it has in your organization, or name it in keepValues")
        }
        RefType::Template if !choices.apply.templates => (vec!["applyTemplates"], "clone the templates too"),
        RefType::Prompt if !choices.apply.prompts => (vec!["applyPrompts"], "clone the prompts too"),
        RefType::Template | RefType::Prompt | RefType::Automation => {
            (vec!["onUnmapped"], "the snapshot does not hold it; use switchOff")
        }
    };
    let (automation, named) = (shortened(automation_name), shortened(value));
    let twins = twins(reference, targets).unwrap_or_default();
    let detail = match suspected {
        true => format!(
            "the automation {automation} has the name of a {noun} of the source organization, {named}, at {}: {advice} by this \
             pointer, or name it in keepValues where it is no reference",
            shortened(pointer)
        ),
        false => format!("the automation {automation} refers to the {noun} {named}: {advice}{twins}"),
    };
    let refusal = Refusal {
        automation_name: Some(automation_name.clone()),
        reference: Some(cut(value, MAX_REFERENCE_NAME).into_owned()),
        ..Refusal::at(&place, detail)
    };
    match refusal.pointer.ends_with('…') {
        true => Refusal { detail: refusal.detail + CUT, ..refusal },
        false => refusal,
    }
}

/// What to use as a key where the pointer of a refusal has no room for it.
const CUT: &str =
    "; the pointer of this error is cut, and the answer of apply-refs has the pointer of the reference, which is a key";
