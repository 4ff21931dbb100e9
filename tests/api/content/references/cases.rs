//! References of every kind, each with every way to answer it.

use serde_json::{Value, json};

pub(crate) const GONE: &str = "64ee9a8b1e7f2a00aabbccdd";
pub(crate) const GONE_UUID: &str = "0b9d1f0c-5a3e-4d2b-8c7f-6e5d4c3b2a19";
pub(crate) const HERE: &str = "64ee9a8b1e7f2a00aabbcc00";
pub(crate) const HERE_UUID: &str = "1c9d1f0c-5a3e-4d2b-8c7f-6e5d4c3b2a19";
/// The agents of the demo: Acme's and Globex's.
pub(crate) const WARM_UP: &str = "64eea1110000000000000061";
pub(crate) const DEFAULT: &str = "64eea1110000000000000060";
/// One agent of Acme and two of Globex have one name.
pub(crate) const TWIN: &str = "c5c5c5c5c5c5c5c5c5c5c5c5";
pub(crate) const TWIN_HERE: &str = "d5d5d5d5d5d5d5d5d5d5d5d5";
pub(crate) const OTHER_TWIN_HERE: &str = "d6d6d6d6d6d6d6d6d6d6d6d6";
/// Pipelines of Acme, and of Globex.
pub(crate) const RENEWALS: &str = "c2c2c2c2c2c2c2c2c2c2c2c2";
pub(crate) const RENEWALS_HERE: &str = "d2d2d2d2d2d2d2d2d2d2d2d2";
pub(crate) const ADMISSIONS: &str = "c3c3c3c3c3c3c3c3c3c3c3c3";
pub(crate) const ADMISSIONS_HERE: &str = "d3d3d3d3d3d3d3d3d3d3d3d3";
/// Ids that the CRM keeps on stages.
pub(crate) const DUE: &str = "2a0f6a5e-2c1d-4e8f-9a3b-5d6c7e8f9a0b";
pub(crate) const DUE_HERE: &str = "2b0f6a5e-2c1d-4e8f-9a3b-5d6c7e8f9a0b";
pub(crate) const OFFER: &str = "3a0f6a5e-2c1d-4e8f-9a3b-5d6c7e8f9a0b";

/// A reference in an automation of its own, and every way to answer it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    fields: Value,
    pub(crate) ref_type: &'static str,
    pub(crate) pointer: &'static str,
    pub(crate) value: &'static str,
    pub(crate) suspected: bool,
    /// The field of the request, its entry for the automation, and what stands at the pointer then.
    pub(crate) answers: Vec<(&'static str, Value, &'static str)>,
}

pub(crate) const STAGES: &str = "pipelineMapping";
pub(crate) const AGENTS: &str = "agentMapping";
pub(crate) const IDS: &str = "idMapping";
pub(crate) const KEEP: &str = "keepValues";

impl Case {
    fn of(
        name: &'static str,
        fields: Value,
        (ref_type, pointer, value): (&'static str, &'static str, &'static str),
    ) -> Self {
        Self { name, fields, ref_type, pointer, value, suspected: false, answers: Vec::new() }
    }

    /// It is an unknown id that becomes `target`.
    fn unknown(
        name: &'static str,
        fields: Value,
        pointer: &'static str,
        value: &'static str,
        target: &'static str,
    ) -> Self {
        Self::of(name, fields, ("unknown", pointer, value)).mapped(IDS, [value, pointer], (target, target)).kept()
    }

    /// It is a name at a place that may hold anything.
    fn suspected(name: &'static str, fields: Value, reference: (&'static str, &'static str, &'static str)) -> Self {
        let case = Self { suspected: true, ..Self::of(name, fields, reference) };
        match case.ref_type {
            "agent" => case.mapped(AGENTS, [reference.1], (DEFAULT, "Default Agent")),
            _ => case.mapped(STAGES, [reference.1], ("Reached Out", "Reached Out")),
        }
        .kept()
    }

    /// Each of `keys` maps it to `target`, as which `written` stands there.
    fn mapped<const N: usize>(
        mut self,
        field: &'static str,
        keys: [&str; N],
        (target, written): (&str, &'static str),
    ) -> Self {
        self.answers.extend(keys.map(|key| (field, json!({key: target}), written)));
        self
    }

    /// Its value and its pointer say that it is no reference.
    fn kept(mut self) -> Self {
        self.answers.extend([self.value, self.pointer].map(|kept| (KEEP, json!([kept]), self.value)));
        self
    }

    pub(crate) fn automation(&self) -> Value {
        let mut automation = self.fields.clone();
        automation["name"] = json!(self.name);
        automation
    }

    /// Whether this is the reference, as an answer shows it.
    pub(crate) fn is(&self, reference: &Value) -> bool {
        reference["automationName"] == self.name
            && reference["automationId"].as_str().is_some_and(|id| id.len() == 24)
            && reference["refType"] == self.ref_type
            && reference["pointer"] == self.pointer
            && reference["value"] == self.value
            && reference["suspected"] == self.suspected
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let condition =
        |field: &str, value: &str| json!({"conditions": [{"field": field, "op": "equals", "value": value}]});
    let stage = ("Reached Out", "Reached Out");
    let mut cases = vec![
        Case::unknown("id", json!({"actions": {"calendarId": GONE}}), "/actions/calendarId", GONE, HERE),
        Case::unknown(
            "uuid",
            json!({"actions": {"calendarId": GONE_UUID}}),
            "/actions/calendarId",
            GONE_UUID,
            HERE_UUID,
        ),
        Case::unknown("id for a uuid", json!({"trigger": {"form": GONE}}), "/trigger/form", GONE, HERE_UUID),
        Case::unknown("id of a list", json!({"exclude": [GONE]}), "/exclude/0", GONE, HERE),
        Case::unknown("id of a condition", condition("formId", GONE), "/conditions/0/value", GONE, HERE),
        Case::unknown("odd name", json!({"a/b": {"~": GONE}}), "/a~1b/~0", GONE, HERE),
    ];
    let suspected = [
        ("suspected stage", json!({"actions": {"onReply": {"moveTo": "Contacted"}}}), "/actions/onReply/moveTo"),
        ("suspected of a list", json!({"exclude": ["Contacted"]}), "/exclude/0"),
        ("suspected of a condition", condition("custom.deal_phase", "Contacted"), "/conditions/0/value"),
    ];
    let suspected =
        suspected.map(|(name, fields, at)| Case::suspected(name, fields, ("pipelineStage", at, "Contacted")));
    cases.extend(suspected);
    let owner = json!({"actions": {"fallback": {"owner": "Warm-up Agent"}}});
    cases.push(Case::suspected("suspected agent", owner, ("agent", "/actions/fallback/owner", "Warm-up Agent")));
    let stages = [
        ("stage", json!({"actions": {"targetStage": "Contacted"}}), "/actions/targetStage"),
        ("nested stage", json!({"steps": [{"then": {"changeToStatus": "Contacted"}}]}), "/steps/0/then/changeToStatus"),
        ("stage of a condition", condition("contact.status", "Contacted"), "/conditions/0/value"),
        ("source status", json!({"sourceStatuses": ["Contacted"]}), "/sourceStatuses/0"),
    ];
    cases.extend(stages.map(|(name, fields, at)| {
        Case::of(name, fields, ("pipelineStage", at, "Contacted")).mapped(STAGES, ["Contacted", at], stage)
    }));
    let at = "/actions/stageId";
    cases.extend([
        Case::of("stage by id", json!({"actions": {"stageId": OFFER}}), ("pipelineStage", at, OFFER)).mapped(
            STAGES,
            [OFFER, "Offer", at],
            ("Due", DUE_HERE),
        ),
        Case::of(
            "pipeline",
            json!({"actions": {"pipelineId": ADMISSIONS}}),
            ("pipeline", "/actions/pipelineId", ADMISSIONS),
        )
        .mapped(STAGES, [ADMISSIONS, "/actions/pipelineId"], (ADMISSIONS_HERE, ADMISSIONS_HERE)),
        Case::of("agent", json!({"actions": {"agent": "Warm-up Agent"}}), ("agent", "/actions/agent", "Warm-up Agent"))
            .mapped(AGENTS, ["Warm-up Agent", WARM_UP, "/actions/agent"], (DEFAULT, "Default Agent")),
        Case::of("agent by id", json!({"actions": {"agentId": WARM_UP}}), ("agent", "/actions/agentId", WARM_UP))
            .mapped(AGENTS, ["Warm-up Agent", WARM_UP, "/actions/agentId"], (DEFAULT, DEFAULT)),
        Case::of("agent anywhere", json!({"ai": {"persona": WARM_UP}}), ("agent", "/ai/persona", WARM_UP)).mapped(
            AGENTS,
            [WARM_UP],
            (DEFAULT, DEFAULT),
        ),
        Case::of("twin by name", json!({"actions": {"agent": "Twin"}}), ("agent", "/actions/agent", "Twin")).mapped(
            AGENTS,
            ["Twin"],
            (DEFAULT, "Default Agent"),
        ),
        Case::of("twin by id", json!({"actions": {"agentId": TWIN}}), ("agent", "/actions/agentId", TWIN)).mapped(
            AGENTS,
            [TWIN, "Twin"],
            (OTHER_TWIN_HERE, OTHER_TWIN_HERE),
        ),
    ]);
    cases
}
