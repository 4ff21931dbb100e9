//! How a release reaches the callers: by an alias, a tenth of the calls first, and back when an alarm goes off.

use std::collections::BTreeSet;

use shared::function::Function;

use crate::deployment::grants::{one_or_many, template};

#[test]
fn every_function_is_called_by_its_alias_and_goes_back_when_an_alarm_of_its_own_goes_off() {
    let template = template();
    assert_eq!(template["Globals"]["Function"]["AutoPublishAlias"], "live");
    let resources = &template["Resources"];
    for function in Function::all() {
        let name = function.logical_name();
        let properties = &resources[name]["Properties"];
        assert_eq!(properties["AutoPublishAliasAllProperties"], true, "{name}: a changed setting reaches the alias");
        let preference = &properties["DeploymentPreference"];
        assert_eq!(
            (&preference["Enabled"], &preference["Role"]),
            (&"GradualDeployment".into(), &"DeploymentRole.Arn".into())
        );
        assert_eq!(preference["Type"], "Canary10Percent10Minutes", "an alarm looks at five minutes");
        let alarms: Vec<&str> =
            preference["Alarms"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        let short = name.strip_suffix("Function").unwrap();
        for kind in ["Errors", "Duration"] {
            assert!(alarms.contains(&format!("{short}{kind}Alarm").as_str()), "{name}: {alarms:?}");
        }
        assert!(alarms.len() <= 10, "CodeDeploy looks at ten");
        let requests = ["InternalAlarm", "UnavailableAlarm"];
        assert_eq!(
            requests.iter().all(|alarm| alarms.contains(alarm)),
            matches!(function, Function::Http(_)),
            "{name}"
        );
        for alarm in alarms {
            // The API calls the alias; an alias that waits for an alarm of the API would make a circle.
            let text = resources[alarm].to_string();
            assert!(resources.get(alarm).is_some() && !text.contains("SnapshotApi"), "{alarm}");
        }
    }
    let role = &resources["DeploymentRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]["Resource"];
    let own = Function::all()
        .flat_map(|it| [format!("{}.Arn", it.logical_name()), format!("${{{}.Arn}}:live", it.logical_name())]);
    assert_eq!(one_or_many(role).into_iter().collect::<BTreeSet<_>>(), own.collect::<BTreeSet<_>>());
}
