//! Which automations a key of a mapping names, and which of them use what.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use super::words::{SHOWN, first_few, shortened};
use crate::domain::content::{CapturedItem, Content};
use crate::domain::reference::{KnownId, Lookup, RefType, Site, key_pointer};
use crate::domain::{ItemKind, ObjectId, OverBudget, Work};

/// A name or an id of automations. Ids in either case are one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(usize);

/// The automations of a content by what a mapping calls them: a name names every automation that has it.
pub(super) struct Automations<'a> {
    automations: &'a [CapturedItem],
    lookup: &'a Lookup<'a>,
    keys: HashMap<Cow<'a, str>, Key>,
    named: Vec<Vec<usize>>,
    uses: Vec<Option<Rc<Uses<'a>>>>,
    /// Whether the request names places by their pointers.
    by_pointer: bool,
    work: &'a Work,
}

/// An automation that uses something, and at how many places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    pub(super) automation: usize,
    pub(super) places: usize,
}

/// A reference at one place of an automation.
#[derive(Debug, Clone)]
pub(super) struct PlaceUse<'a> {
    pub(super) automation: usize,
    pub(super) ref_type: RefType,
    pub(super) suspected: bool,
    pub(super) value: Cow<'a, str>,
}

/// What the automations of one key use.
#[derive(Default)]
pub(super) struct Uses<'a> {
    /// References that are certain or unknown.
    certain: HashMap<RefType, Values<'a>>,
    pub(super) suspected: Values<'a>,
    /// By pointer; a list of ids has several at one.
    places: HashMap<String, Vec<PlaceUse<'a>>>,
    /// Ids of agents and of stages that are used, by their names.
    ids_by_name: HashMap<(RefType, &'a str), Vec<Cow<'a, str>>>,
}

/// Who uses each of some values.
#[derive(Default)]
pub(super) struct Values<'a> {
    by_value: HashMap<Cow<'a, str>, Vec<Use>>,
    first: Vec<String>,
}

impl<'a> Automations<'a> {
    pub(super) fn new(
        content: &'a Content,
        lookup: &'a Lookup<'a>,
        by_pointer: bool,
        work: &'a Work,
    ) -> Result<Self, OverBudget> {
        let mut all = Self {
            automations: &content.items.automations,
            lookup,
            keys: HashMap::new(),
            named: Vec::new(),
            uses: Vec::new(),
            by_pointer,
            work,
        };
        for (position, automation) in content.items.automations.iter().enumerate() {
            let name = automation.document.name();
            work.spend(1 + name.len())?;
            all.add(automation.id.to_string().into(), position);
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
            let item = &self.automations[*position];
            self.lookup.each_site::<OverBudget>(ItemKind::Automation, item, self.work, |site| {
                self.work.spend(1 + site.value.len())?;
                uses.note(self.lookup, site, *position, self.by_pointer);
                Ok(())
            })?;
        }
        let uses = Rc::new(uses);
        self.uses[key.0] = Some(Rc::clone(&uses));
        Ok(uses)
    }
}

impl<'a> Uses<'a> {
    fn note(&mut self, lookup: &Lookup<'a>, site: Site<'a>, automation: usize, by_pointer: bool) {
        if by_pointer && site.is_readable && !site.is_key() {
            let pointer = site.key_pointer().into_owned();
            let Site { ref_type, suspected, value, .. } = site.clone();
            self.places.entry(pointer).or_default().push(PlaceUse { automation, ref_type, suspected, value });
        }
        if site.suspected {
            self.suspected.add(site.value, automation);
            return;
        }
        let values = self.certain.entry(site.ref_type).or_default();
        if !values.add(site.value.clone(), automation) {
            return;
        }
        let name = match lookup.known(&site.value) {
            Some(KnownId::Agent(name)) => (RefType::Agent, name),
            Some(KnownId::Stage { name, .. }) => (RefType::PipelineStage, name),
            _ => return,
        };
        self.ids_by_name.entry(name).or_default().push(site.value);
    }

    /// The values of one type that are used and that `source` means: literally, or because the source organization has something
    /// with the one as its id and the other as its name, which is `name` where `source` is an id.
    pub(super) fn meant(
        &self,
        ref_type: RefType,
        source: &str,
        name: Option<&str>,
    ) -> Vec<(RefType, &Cow<'a, str>, &[Use])> {
        let values = self.certain.get(&ref_type).map(|values| &values.by_value);
        let get = move |value: &str| values.and_then(|values| values.get_key_value(value));
        let ids = self.ids_by_name.get(&(ref_type, source)).into_iter().flatten().filter(move |id| *id != source);
        let other_name = name.filter(|name| *name != source);
        let found = get(source).into_iter().chain(other_name.and_then(get)).chain(ids.filter_map(move |id| get(id)));
        found.map(move |(value, uses)| (ref_type, value, uses.as_slice())).collect()
    }

    /// The references at a place.
    pub(super) fn at(&self, pointer: &str) -> &[PlaceUse<'a>] {
        self.places.get(&*key_pointer(pointer)).map_or(&[], Vec::as_slice)
    }

    /// The automations that hold a value, or something at a place, that may be no reference: what is suspected or unknown.
    pub(super) fn may_keep(&self, value: &str) -> Vec<usize> {
        let unknown = self.certain.get(&RefType::Unknown);
        let values = [Some(&self.suspected), unknown].into_iter().flatten();
        let by_value = values.filter_map(|values| values.by_value.get(value)).flatten().map(|user| user.automation);
        let may_be_kept = |used: &&PlaceUse<'_>| used.suspected || used.ref_type == RefType::Unknown;
        by_value.chain(self.at(value).iter().filter(may_be_kept).map(|used| used.automation)).collect()
    }

    /// The first few values of these types, for a message.
    pub(super) fn some(&self, ref_types: &[RefType]) -> String {
        let values = ref_types.iter().filter_map(|ref_type| self.certain.get(ref_type));
        let (mut first, mut total) = (Vec::new(), 0);
        for values in values {
            first.extend(values.first.iter().take(SHOWN - first.len().min(SHOWN)).cloned());
            total += values.by_value.len();
        }
        first_few(&first, total)
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

    /// Whether anybody uses the value.
    pub(super) fn has(&self, value: &str) -> bool {
        self.by_value.contains_key(value)
    }
}
