//! What each route costs in AWS: the table of docs/OPERATIONS.md, from the units that the lines say.

use serde_json::Value;
use shared::http::ROUTES;

/// Dollars for a million in us-east-1: <https://aws.amazon.com/dynamodb/pricing/on-demand/>.
const READ_UNIT: f64 = 0.125;
const WRITE_UNIT: f64 = 0.625;
/// Dollars for a million requests of API Gateway's HTTP APIs and for a million calls of Lambda.
const REQUEST: f64 = 1.0 + 0.2;

/// Checks that the document has the costs of each route: those of its dearest good answer.
pub(super) fn check(lines: &[Value]) {
    let cells = |route: String| {
        let is_good = |line: &&Value| line["route"] == route.as_str() && line["status"].as_u64() < Some(300);
        let units = |line: &Value| ["read_units", "write_units"].map(|name| line[name].as_f64().unwrap());
        let price = |[reads, writes]: [f64; 2]| reads * READ_UNIT + writes * WRITE_UNIT;
        let dearest = |one: &[f64; 2], other: &[f64; 2]| price(*one).total_cmp(&price(*other));
        let [reads, writes] = lines.iter().filter(is_good).map(units).max_by(dearest).unwrap();
        let all = price([reads, writes]) + REQUEST;
        vec![format!("`{route}`"), reads.to_string(), writes.to_string(), format!("{all:.2}")]
    };
    let expected: Vec<Vec<String>> = ROUTES.iter().map(|route| cells(route.name())).collect();
    let written = crate::deployment::template::rows("Costs");
    let table: Vec<String> = expected.iter().map(|row| format!("| {} |", row.join(" | "))).collect();
    assert!(written == expected, "docs/OPERATIONS.md, Costs: its rows should be\n{}", table.join("\n"));
}
