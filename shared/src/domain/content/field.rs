//! The fields of the JSON of a content.

use crate::domain::ItemKind;

/// A field of the JSON of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The agents that the automations refer to.
    Agents,
    /// The number of the rules that made the findings. Absent without findings.
    Findings,
    /// The items of a kind.
    Items(ItemKind),
    /// What could not be read. Absent where everything could.
    LeftOut,
    /// The names and ids of the organization that the setup uses. Absent where it uses nothing.
    Source,
}

impl Field {
    fn all() -> impl Iterator<Item = Self> {
        [Self::Agents, Self::Findings, Self::LeftOut, Self::Source].into_iter().chain(ItemKind::ALL.map(Self::Items))
    }

    /// All fields in the order of their names, which is that of canonical JSON.
    pub fn in_order() -> Vec<Self> {
        let mut fields: Vec<_> = Self::all().collect();
        fields.sort_unstable_by_key(|field| field.name());
        fields
    }

    /// The field of this name; `None` where content has no such field.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|field| field.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Findings => "findings",
            Self::Items(kind) => kind.plural(),
            Self::LeftOut => "leftOut",
            Self::Source => "source",
        }
    }
}
