use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::{Value, json};

use super::*;
use crate::domain::usage::Trace;
use crate::domain::{Fault, OverBudget};
use crate::http::problem;
use crate::password_hash::HashingError;

const WAIT: Duration = Duration::from_millis(1500);

/// Every variant once, with its status and code.
fn every_variant() -> Vec<(ApiError, u16, &'static str)> {
    let errors = || vec![FieldError::new("/name", "is wrong"), FieldError::new("/id", "is wrong too")];
    vec![
        (ApiError::InvalidJson("why".into()), 400, "invalid_json"),
        (ApiError::InvalidBody(errors()), 400, "invalid_body"),
        (ApiError::InvalidId("why".into()), 400, "invalid_id"),
        (ApiError::InvalidQuery(errors()), 400, "invalid_query"),
        (ApiError::InvalidHeader("why".into()), 400, "invalid_header"),
        (ApiError::Unauthenticated("INSIDE"), 401, "unauthenticated"),
        (ApiError::InvalidCredentials, 401, "invalid_credentials"),
        (ApiError::InvalidInvitation, 401, "invalid_invitation"),
        (ApiError::Forbidden("why".into()), 403, "forbidden"),
        (ApiError::NotFound, 404, "not_found"),
        (ApiError::SnapshotNotFound, 404, "snapshot_not_found"),
        (ApiError::RevisionNotFound, 404, "revision_not_found"),
        (ApiError::UserNotFound, 404, "user_not_found"),
        (ApiError::ApplyNotFound, 404, "apply_not_found"),
        (ApiError::OrganizationNotFound, 404, "organization_not_found"),
        (ApiError::MethodNotAllowed { allow: "GET, POST".into() }, 405, "method_not_allowed"),
        (ApiError::EmailTaken, 409, "email_taken"),
        (ApiError::LastAdministrator, 409, "last_admin"),
        (ApiError::SourceBusy { retry_after: WAIT }, 409, "source_busy"),
        (ApiError::SourceUnreadable, 422, "source_unreadable"),
        (ApiError::InProgress { retry_after: WAIT }, 409, "in_progress"),
        (ApiError::KeyReused, 422, "idempotency_key_reused"),
        (ApiError::SnapshotDeleted, 409, "snapshot_deleted"),
        (ApiError::ApplyAborted, 409, "apply_aborted"),
        (ApiError::ApplyUndone, 409, "apply_undone"),
        (ApiError::UserRemoved, 409, "user_removed"),
        (ApiError::SetupInUse(vec![Trace::Switched]), 409, "setup_in_use"),
        (ApiError::WorldMoved, 409, "world_moved"),
        (ApiError::Stale, 412, "precondition_failed"),
        (ApiError::BodyTooLarge, 413, "body_too_large"),
        (ApiError::SetupTooLarge { detail: "101 items".into() }, 413, "setup_too_large"),
        (ApiError::UnsupportedMediaType, 415, "unsupported_media_type"),
        (ApiError::Refused(errors()), 422, "refused"),
        (ApiError::TooManyAttempts { retry_after: WAIT }, 429, "too_many_attempts"),
        (ApiError::Unavailable { retry_after: WAIT, cause: "INSIDE".into() }, 503, "unavailable"),
        (ApiError::Internal { cause: "INSIDE".into() }, 500, "internal"),
    ]
}

#[test]
fn a_field_error_repeats_at_most_1000_characters() {
    for (length, kept) in [(999, 999), (1_000, 1_000), (1_001, 1_000), (5_000, 1_000)] {
        let error = FieldError::new("é".repeat(length), "é".repeat(length));
        assert_eq!((error.pointer.chars().count(), error.detail.chars().count()), (kept, kept), "{length}");
        assert_eq!(error.pointer.ends_with('…'), length > 1_000);
    }
}

#[test]
fn every_variant_has_a_status_a_code_and_words_of_its_own() {
    let mut codes = std::collections::HashSet::new();
    for (error, status, code) in every_variant() {
        let (answered, headers, body) = problem::render(&error, "req-1");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((answered.as_u16(), error.code()), (status, code));
        assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(body["type"], format!("urn:problem:{code}"));
        assert_eq!(
            (&body["status"], &body["code"], &body["requestId"]),
            (&json!(status), &json!(code), &json!("req-1"))
        );
        assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()), "{code}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{code}");
        assert_eq!(body["error"], body["detail"], "{code}");
        assert!(!body.to_string().contains("INSIDE"), "{code} tells the inside");
        assert!(codes.insert(code), "{code} twice");
    }
    // Fails to compile when a variant is added; then add it above, and count it here.
    match ApiError::NotFound {
        ApiError::InvalidJson(_) | ApiError::InvalidBody(_) | ApiError::InvalidId(_) => {}
        ApiError::InvalidQuery(_) | ApiError::InvalidHeader(_) => {}
        ApiError::OrganizationNotFound | ApiError::RevisionNotFound | ApiError::Stale => {}
        ApiError::KeyReused | ApiError::SnapshotDeleted | ApiError::WorldMoved => {}
        ApiError::ApplyAborted | ApiError::ApplyUndone | ApiError::UserRemoved => {}
        ApiError::ApplyNotFound | ApiError::SetupInUse(_) => {}
        ApiError::UserNotFound | ApiError::InvalidInvitation | ApiError::LastAdministrator => {}
        ApiError::Unauthenticated(_) | ApiError::InvalidCredentials | ApiError::Forbidden(_) => {}
        ApiError::NotFound | ApiError::SnapshotNotFound | ApiError::MethodNotAllowed { .. } => {}
        ApiError::EmailTaken
        | ApiError::SourceBusy { .. }
        | ApiError::SourceUnreadable
        | ApiError::InProgress { .. } => {}
        ApiError::BodyTooLarge | ApiError::SetupTooLarge { .. } | ApiError::UnsupportedMediaType => {}
        ApiError::Refused(_) | ApiError::TooManyAttempts { .. } => {}
        ApiError::Unavailable { .. } | ApiError::Internal { .. } => {}
    }
    assert_eq!(codes.len(), 36);
}

#[test]
fn retry_after_has_whole_seconds_and_is_never_too_short() {
    for (error, ..) in every_variant() {
        let (status, headers, _) = problem::render(&error, "req-1");
        let waits = matches!(error.code(), "source_busy" | "in_progress" | "too_many_attempts" | "unavailable");
        assert_eq!(headers.get(RETRY_AFTER).is_some_and(|wait| wait == "2"), waits, "{}", error.code());
        assert!(waits || status != StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(whole_seconds(Duration::ZERO), 1);
    assert_eq!(whole_seconds(Duration::from_secs(900)), 900);
}

#[test]
fn what_takes_too_long_is_413_where_it_came_in_and_503_where_another_try_may_do() {
    let answered = |error: ApiError| (error.status().as_u16(), error.code());
    assert_eq!(answered(ApiError::from_compute(ComputeError::TooMuch, "too long")), (413, "setup_too_large"));
    assert_eq!(answered(ApiError::from_compute(ComputeError::TooLate, "too long")), (503, "unavailable"));
    assert_eq!(answered(ComputeError::TooMuch.into()), (503, "unavailable"));
    assert_eq!(answered(ComputeError::TooLate.into()), (503, "unavailable"));
    assert_eq!(answered(OverBudget.into()), (503, "unavailable"));
    assert_eq!(answered(HashingError::Busy.into()), (503, "unavailable"));
    assert_eq!(answered(HashingError::Impossible("no memory".into()).into()), (500, "internal"));
}

#[test]
fn a_fault_of_the_store_is_503_or_500() {
    let busy = ApiError::from(Fault::Unavailable("throttled".to_owned()));
    assert_eq!((busy.status().as_u16(), busy.code()), (503, "unavailable"));
    assert!(busy.cause().is_some_and(|cause| cause.contains("throttled")));
    assert_eq!(ApiError::from(Fault::Corrupt("no such attribute".to_owned())).status(), 500);
}
