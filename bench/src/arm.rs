//! The arms of the benchmark: Rust, Node.js and Python functions for the same three operations.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use tokio::process::Command;

/// A function under measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(crate) enum Operation {
    /// Captures a setup.
    Create,
    /// Creates a user with a captured setup.
    Apply,
    /// Signs a user in.
    Login,
}

shared::every! {
    /// All of them.
    pub(crate) Operation: Create, Apply, Login
}

impl Operation {
    /// Returns the function that serves it.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Create => "create-snapshot",
            Self::Apply => "apply-snapshot",
            Self::Login => "sign-in",
        }
    }

    /// Returns the recorded event of it.
    pub(crate) fn event(self) -> &'static str {
        match self {
            Self::Create => "create-snapshot",
            Self::Apply => "apply-snapshot",
            Self::Login => "sign-in-login",
        }
    }

    /// Returns the status of a success.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Create | Self::Apply => 201,
            Self::Login => 200,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Create => "create",
            Self::Apply => "apply",
            Self::Login => "login",
        })
    }
}

/// One of the implementations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Arm {
    /// The functions of this repository.
    Service,
    /// `rivals/node`.
    Node,
    /// `rivals/python`.
    Python,
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Service => "this service",
            Self::Node => "Node.js",
            Self::Python => "Python",
        })
    }
}

/// Where the arms are, as `bench/run` lays them out.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// The folder of the functions' binaries.
    pub(crate) functions: PathBuf,
    /// The folder with the rivals and the packages.
    pub(crate) built: PathBuf,
}

impl Programs {
    /// Returns the arms that are there.
    pub(crate) fn arms(&self) -> Vec<Arm> {
        let rivals = [(Arm::Node, self.built.join("node/rival.cjs")), (Arm::Python, self.python())];
        let rivals = rivals.into_iter().filter(|(_, program)| program.exists()).map(|(arm, _)| arm);
        std::iter::once(Arm::Service).chain(rivals).collect()
    }

    /// Returns the command that starts an arm, without variables.
    pub(crate) fn command(&self, arm: Arm, operation: Operation) -> Command {
        match arm {
            Arm::Service => self.function(operation.function()),
            Arm::Node => command("node", &self.built.join("node/rival.cjs")),
            Arm::Python => command(self.python(), &self.built.join("python/rival.py")),
        }
    }

    /// Returns the bytes of the package of an arm; `None` if it was not packed.
    pub(crate) fn package_bytes(&self, arm: Arm, operation: Operation) -> Option<u64> {
        let package = match arm {
            Arm::Service => format!("{}.zip", operation.function()),
            Arm::Node => "node.zip".to_owned(),
            Arm::Python => "python.zip".to_owned(),
        };
        std::fs::metadata(self.built.join(package)).ok().map(|metadata| metadata.len())
    }

    /// Returns the command that starts a function of this repository, without variables. `cargo lambda build` makes a folder for each.
    pub(crate) fn function(&self, name: &str) -> Command {
        let path = self.functions.join(name);
        Command::new(if path.is_dir() { path.join("bootstrap") } else { path })
    }

    fn python(&self) -> PathBuf {
        self.built.join("venv/bin/python")
    }
}

fn command(program: impl AsRef<std::ffi::OsStr>, script: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg(script);
    command
}
