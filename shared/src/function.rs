//! The list of functions. Routes, logs and `local` use it, and tests compare template.yaml and the folders under
//! functions/ with it.

/// Declares functions with their packages. A test compares the packages with the folders under functions/.
macro_rules! functions {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $function:ident = $package:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $function,)*
        }

        impl $name {
            /// Every function of this kind.
            pub const ALL: &[Self] = &[$(Self::$function,)*];

            /// Returns the package, which is also the name of its folder under functions/.
            pub const fn package(self) -> &'static str {
                match self { $(Self::$function => $package,)* }
            }

            /// Returns the resource's logical name in template.yaml.
            pub const fn logical_name(self) -> &'static str {
                match self { $(Self::$function => concat!(stringify!($function), "Function"),)* }
            }
        }
    };
}

functions! {
    /// A function that answers requests.
    HttpFunction {
        /// Signs users in and checks tokens.
        SignIn = "sign-in",
        /// Captures a user's setup.
        CreateSnapshot = "create-snapshot",
        /// Plans, executes, lists and undoes applies.
        ApplySnapshot = "apply-snapshot",
        /// Everything else about snapshots, and unknown paths.
        ManageSnapshots = "manage-snapshots",
    }
}

functions! {
    /// A function that a schedule or a queue invokes.
    EventFunction {
        /// Deletes what interrupted requests left.
        SweepApplies = "sweep-applies",
        /// Finds the snapshots that are due for a refresh.
        ScheduleRefresh = "schedule-refresh",
        /// Refreshes the snapshot that a message names.
        RefreshSnapshot = "refresh-snapshot",
    }
}

impl HttpFunction {
    /// The function that answers unknown paths: `$default` in template.yaml.
    pub const DEFAULT: Self = Self::ManageSnapshots;
}

/// Any function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// One that answers requests.
    Http(HttpFunction),
    /// One that a schedule or a queue invokes.
    Event(EventFunction),
}

impl Function {
    /// Returns every function.
    pub fn all() -> impl Iterator<Item = Self> {
        let http = HttpFunction::ALL.iter().copied().map(Self::Http);
        http.chain(EventFunction::ALL.iter().copied().map(Self::Event))
    }

    /// Returns the function with this logical name in template.yaml.
    pub fn named(logical_name: &str) -> Option<Self> {
        Self::all().find(|function| function.logical_name() == logical_name)
    }

    /// Returns the package, which is also the name of its folder under functions/.
    pub const fn package(self) -> &'static str {
        match self {
            Self::Http(function) => function.package(),
            Self::Event(function) => function.package(),
        }
    }

    /// Returns the resource's logical name in template.yaml.
    pub const fn logical_name(self) -> &'static str {
        match self {
            Self::Http(function) => function.logical_name(),
            Self::Event(function) => function.logical_name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_folder_under_functions_is_in_the_list_and_nothing_else() {
        let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../functions")).unwrap();
        let folders: BTreeSet<String> =
            folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
        let listed: Vec<&str> = Function::all().map(Function::package).collect();
        assert_eq!(folders, listed.iter().map(|package| (*package).to_owned()).collect());
        assert_eq!(folders.len(), listed.len());
    }

    #[test]
    fn a_function_is_found_by_its_logical_name() {
        for function in Function::all() {
            assert_eq!(Function::named(function.logical_name()), Some(function));
        }
        assert_eq!(Function::named("sign-in"), None);
        assert_eq!(HttpFunction::SignIn.logical_name(), "SignInFunction");
    }
}
