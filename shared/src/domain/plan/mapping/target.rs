//! What an entry of a mapping asks for, and what a reference is mapped to.

use std::borrow::Cow;

use crate::domain::plan::choices::{AGENT_MAPPING, ID_MAPPING, PIPELINE_MAPPING};
use crate::domain::reference::RefType;
use crate::domain::{Agent, ObjectId, Pipeline};

/// What a reference is mapped to.
#[derive(Debug, Clone, Copy)]
pub(in crate::domain::plan) enum Target<'a> {
    Stage(&'a str),
    Agent(&'a Agent),
    Pipeline(&'a Pipeline),
    Id(&'a str),
}

impl<'a> Target<'a> {
    pub(super) fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Stage(a), Self::Stage(b)) | (Self::Id(a), Self::Id(b)) => a == b,
            (Self::Agent(a), Self::Agent(b)) => a.id == b.id,
            (Self::Pipeline(a), Self::Pipeline(b)) => a.id == b.id,
            _ => false,
        }
    }

    /// The longest text that it is written as.
    pub(super) fn text(self) -> &'a str {
        match self {
            Self::Stage(text) | Self::Id(text) => text,
            Self::Agent(agent) => &agent.name,
            Self::Pipeline(_) => "",
        }
    }
}

/// What an entry of a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestedTarget<'a> {
    /// A stage by name, or a pipeline by id.
    Stage(&'a str),
    Agent(&'a ObjectId),
    Id(&'a str),
}

impl<'a> RequestedTarget<'a> {
    pub(super) fn mapping(self) -> &'static str {
        match self {
            Self::Stage(_) => PIPELINE_MAPPING,
            Self::Agent(_) => AGENT_MAPPING,
            Self::Id(_) => ID_MAPPING,
        }
    }

    /// The target as it was sent.
    pub(super) fn text(self) -> Cow<'a, str> {
        match self {
            Self::Stage(text) | Self::Id(text) => Cow::Borrowed(text),
            Self::Agent(id) => Cow::Owned(id.to_string()),
        }
    }

    /// The types of references that it can answer.
    pub(super) fn ref_types(self) -> &'static [RefType] {
        match self {
            Self::Stage(_) => &[RefType::PipelineStage, RefType::Pipeline],
            Self::Agent(_) => &[RefType::Agent],
            Self::Id(_) => &[RefType::Unknown],
        }
    }
}
