//! DynamoDB refuses who asks: a right is missing, a key is closed, credentials are over. The program made no mistake then, so
//! the answer is 503, the log names the missing right, and the call is not repeated.

use std::collections::BTreeSet;

use shared::http::{OperationId, ROUTES};
use tests::{ACME, Denial, Logs, SAM, Subject, TestApp, apply_body, snapshot};

/// What the log says of each denial.
fn cause(denial: Denial) -> &'static str {
    match denial {
        Denial::Right => "is not authorized to perform: dynamodb:",
        Denial::Key => "is not authorized to perform: kms:Decrypt",
        Denial::ExpiredToken => "ExpiredTokenException: ",
        Denial::UnknownToken => "UnrecognizedClientException: ",
        Denial::Signature => "InvalidSignatureException: ",
    }
}

/// The operations that answer without the table.
const WITHOUT_TABLE: [OperationId; 6] = [
    OperationId::VerifyToken,
    OperationId::GetHealth,
    OperationId::GetOpenApi,
    OperationId::GetOpenApi30,
    OperationId::GetDocs,
    OperationId::GetIndex,
];

#[tokio::test]
async fn a_call_that_the_table_denies_answers_unavailable_and_logs_what_is_missing() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let id = snapshot(&app).await;
    let applied = app.apply(&sam, &id, &apply_body()).await;
    let apply = applied.expect(201)["result"]["applyId"].as_str().unwrap().to_owned();
    let user = app.member(tests::GIL).user.id.to_string();
    let subject = Subject { snapshot: &id, apply: &apply, user: &user, organization: ACME };
    let logs = Logs::new();
    for operation in ROUTES.iter().map(|route| route.id).filter(|id| !WITHOUT_TABLE.contains(id)) {
        for denial in Denial::ALL {
            app.faults().deny(denial).always();
            app.forget_calls();
            let request = app.good_request(operation, &subject).bearer_auth(&sam);
            let answer = app.send(request).await;
            app.faults().clear();
            answer.expect_problem(503, "unavailable");
            assert!(answer.header("retry-after").is_some(), "{operation:?}");
            let lines = logs.take();
            let causes: Vec<_> = lines.iter().filter_map(|line| line["cause"].as_str()).collect();
            let names_it = causes.iter().any(|logged| logged.contains(cause(denial)));
            assert!(names_it, "{operation:?} {denial:?}: {causes:?}");
            // Reads that go out at once are each denied once; the same call comes no second time.
            let calls = app.recorded().calls;
            let distinct: BTreeSet<_> =
                calls.iter().map(|call| format!("{} {}", call.operation, call.request)).collect();
            assert_eq!((distinct.len(), calls.is_empty()), (calls.len(), false), "{operation:?} {denial:?}: {calls:?}");
        }
    }
}

/// A write that is denied after good reads, in the middle of an apply: nothing of it is there, and the same request goes through once
/// the right is given.
#[tokio::test]
async fn an_apply_whose_transaction_is_denied_goes_through_once_the_right_is_there() {
    let app = TestApp::start().await;
    let (sam, id) = (app.token(SAM), snapshot(&app).await);
    let logs = Logs::new();
    let hits = app.faults().deny(Denial::Right).of("TransactWriteItems").always();
    app.apply_once(&sam, "k", &id, &apply_body()).await.expect_problem(503, "unavailable");
    app.faults().clear();
    assert_eq!(hits.count(), 1);
    let named = logs.take().iter().any(|line| line["cause"].as_str().is_some_and(|it| it.contains("dynamodb:PutItem")));
    assert!(named, "the log names the right");
    app.apply_once(&sam, "k", &id, &apply_body()).await.expect(201);
}
