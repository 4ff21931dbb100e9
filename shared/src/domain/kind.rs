//! The kinds of setup items, and what has one value for each of them.

use std::array;
use std::convert::Infallible;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Defines [`ItemKind`] and [`PerKind`] from one table. A line has the kind, its name, and the field of what there is of it.
macro_rules! kinds {
    ($($(#[$about:meta])+ $kind:ident: $name:literal, $(#[$all:meta])+ $field:ident;)+) => {
        /// The kind of a setup item.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub enum ItemKind {
            $($(#[$about])+ $kind,)+
        }

        impl ItemKind {
            /// All of them, in the order in which answers name them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$kind),+];

            /// The singular, in lower case.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// The plural, which is also the name of the field in JSON.
            pub fn plural(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($field),)+
                }
            }
        }

        /// One value for each kind. A kind that JSON lacks has the default, because earlier versions wrote fewer kinds.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        // The description has it for counts alone.
        #[schema(as = Counts, description = "How many items of each kind.")]
        pub struct PerKind<T> {
            $(
                $(#[$all])+
                #[serde(default)]
                #[schema(value_type = usize, required)]
                pub $field: T,
            )+
        }

        impl<T> PerKind<T> {
            /// The value of one kind.
            pub fn get(&self, kind: ItemKind) -> &T {
                match kind {
                    $(ItemKind::$kind => &self.$field,)+
                }
            }

            /// The value of one kind, to be changed.
            pub fn get_mut(&mut self, kind: ItemKind) -> &mut T {
                match kind {
                    $(ItemKind::$kind => &mut self.$field,)+
                }
            }

            /// References to the values.
            pub fn as_ref(&self) -> PerKind<&T> {
                PerKind { $($field: &self.$field),+ }
            }

            /// References to the values, to change them.
            pub fn as_mut(&mut self) -> PerKind<&mut T> {
                PerKind { $($field: &mut self.$field),+ }
            }

            /// Changes each value in the order of the kinds, until `change` fails.
            pub fn try_map<U, E>(self, mut change: impl FnMut(ItemKind, T) -> Result<U, E>) -> Result<PerKind<U>, E> {
                Ok(PerKind { $($field: change(ItemKind::$kind, self.$field)?),+ })
            }
        }

        impl<T> IntoIterator for PerKind<T> {
            type Item = (ItemKind, T);
            type IntoIter = array::IntoIter<Self::Item, { ItemKind::ALL.len() }>;

            fn into_iter(self) -> Self::IntoIter {
                [$((ItemKind::$kind, self.$field)),+].into_iter()
            }
        }
    };
}

kinds! {
    /// Reacts to an event or a timer.
    Automation: "automation",
    /// Automations.
    automations;
    /// A text for a language model.
    Prompt: "prompt",
    /// Prompts.
    prompts;
    /// A message with placeholders.
    Template: "template",
    /// Templates.
    templates;
}

impl ItemKind {
    /// The kind of this name; `None` where no kind has it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether its items have a switch. They act by themselves and use the items of the other kinds.
    pub fn has_switch(self) -> bool {
        match self {
            Self::Automation => true,
            Self::Prompt | Self::Template => false,
        }
    }
}

impl fmt::Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<T> PerKind<T> {
    /// One value for each kind, made in the order of the kinds.
    pub fn from_fn(mut make: impl FnMut(ItemKind) -> T) -> Self {
        PerKind::<()>::default().map(|kind, ()| make(kind))
    }

    /// Changes each value in the order of the kinds.
    pub fn map<U>(self, mut change: impl FnMut(ItemKind, T) -> U) -> PerKind<U> {
        let Ok(changed) = self.try_map(|kind, value| Ok::<U, Infallible>(change(kind, value)));
        changed
    }

    /// The kinds and their values.
    pub fn iter(&self) -> impl Iterator<Item = (ItemKind, &T)> {
        self.as_ref().into_iter()
    }
}

impl<T> PerKind<Vec<T>> {
    /// Every item with its kind, in the order of the kinds.
    pub fn each(&self) -> impl Iterator<Item = (ItemKind, &T)> {
        self.iter().flat_map(|(kind, items)| items.iter().map(move |item| (kind, item)))
    }

    /// How many items of each kind.
    pub fn counts(&self) -> Counts {
        self.as_ref().map(|_, items| items.len())
    }
}

/// How many items of each kind.
pub type Counts = PerKind<usize>;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_has_the_kinds_in_their_order_and_a_kind_that_it_lacks_has_the_default() {
        let counts = Counts { automations: 1, prompts: 2, templates: 3 };
        assert_eq!(serde_json::to_string(&counts).unwrap(), r#"{"automations":1,"prompts":2,"templates":3}"#);
        let earlier: Counts = serde_json::from_value(json!({"templates": 3, "prompts": 2})).unwrap();
        assert_eq!(earlier, Counts { automations: 0, ..counts });
    }

    #[test]
    fn every_kind_has_its_own_value() {
        let mut names = PerKind::from_fn(ItemKind::plural);
        assert!(names.iter().map(|(kind, _)| kind).eq(ItemKind::ALL));
        for (kind, name) in names {
            assert_eq!((*names.get(kind), name), (kind.plural(), kind.plural()));
            *names.get_mut(kind) = kind.as_str();
        }
        assert_eq!(names, PerKind::from_fn(ItemKind::as_str));
        assert_eq!(json!(ItemKind::ALL), json!(ItemKind::ALL.map(ItemKind::as_str)));
    }

    #[test]
    fn a_change_that_fails_ends_at_the_first_kind_in_order() {
        let mut seen = Vec::new();
        let failed = PerKind::from_fn(|kind| kind).try_map(|kind, _| {
            seen.push(kind);
            if kind == ItemKind::Prompt { Err(kind) } else { Ok(()) }
        });
        assert_eq!((failed, seen), (Err(ItemKind::Prompt), vec![ItemKind::Automation, ItemKind::Prompt]));
    }
}
