//! Schedules that are changed, run, served and hastened at the same time.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use tests::{PAT, TestApp, json as to_json, snapshot};

const PERIOD: Duration = Duration::from_secs(6 * 60 * 60);

async fn state(app: &TestApp, id: &str) -> Value {
    let item = app.item(&format!("SNAPSHOT#{id}"), "REFRESH").await.unwrap_or_default();
    item.iter().map(|(name, value)| (name.clone(), to_json(value))).collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test]
async fn changes_runs_and_refreshes_at_once_leave_a_whole_schedule_or_none() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for round in 0..30 {
        let pat = app.token(PAT);
        let set = async |refresh: Value| app.rename(&pat, &id, &json!({"refresh": refresh})).await;
        set(json!({"every": "PT6H"})).await.expect(200);
        app.clock().advance(PERIOD);
        let pat = app.token(PAT);
        let set = async |refresh: Value| app.rename(&pat, &id, &json!({"refresh": refresh})).await;
        let (off, other, _, _, _) = tokio::join!(
            set(Value::Null),
            set(json!({"every": "P1D"})),
            app.run_schedule(),
            async {
                app.run_schedule().await;
                app.drain_queue().await
            },
            app.drain_queue(),
        );
        assert!([200, 409].contains(&off.status) && [200, 409].contains(&other.status), "{} {}", off.text, other.text);
        app.drain_queue().await;
        let state = state(&app, &id).await;
        let has = |name: &str| state.get(name).is_some();
        let of_schedule = ["every", "dueAt", "ALLPK", "ALLSK"].map(has);
        let is_whole = of_schedule.iter().all(|has| *has) || !of_schedule.iter().any(|has| *has);
        assert!(is_whole, "round {round}: {state}");
        let shown = app.snapshot(&pat, &id).await.expect(200)["snapshot"].get("refresh").cloned();
        let stored = has("every").then(|| json!({"every": state["every"], "nextAt": state["dueAt"]}));
        assert_eq!(shown, stored, "round {round}");
        if has("every") {
            let due = state["dueAt"].as_str().unwrap();
            assert_eq!(state["ALLSK"], format!("{due}#{id}#{}", tests::ACME), "round {round}");
            assert!(due > app.clock().now().to_string().as_str(), "round {round}: {state}");
        }
    }
}

#[tokio::test]
async fn who_is_impatient_does_not_wait_for_the_period() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.rename(&app.token(PAT), &id, &json!({"refresh": {"every": "P30D"}})).await.expect(200);
    for minute in 1..=3 {
        app.clock().advance(Duration::from_secs(60));
        assert_eq!(app.scheduler().hasten().await.unwrap(), 1);
        assert_eq!(app.run_schedule().await["sent"], 1);
        app.drain_queue().await;
        let (state, now) = (state(&app, &id).await, app.clock().now());
        assert_eq!(state["lastRefreshedAt"], now.to_string(), "minute {minute}");
        assert_eq!(state["dueAt"], now.plus(PERIOD * 4 * 30).to_string(), "minute {minute}");
    }
}
