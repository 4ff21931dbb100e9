//! An [`ApiError`] as an HTTP answer: `application/problem+json` (RFC 9457).

use std::borrow::Cow;

use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ApiError, whole_seconds};
use super::field_error::{FieldError, in_words};
use super::limits::MAX_LISTED;
use super::use_reason::UseReason;

/// Why a request was not answered with what it asked for (RFC 9457).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem<'a> {
    /// `urn:problem:` and the code.
    r#type: String,
    /// What the code means, in a few words.
    title: &'a str,
    /// The status of the answer.
    status: u16,
    /// What went wrong this time and what to change, for people.
    detail: &'a str,
    /// The stable name of this kind of problem, for programs.
    code: &'a str,
    /// The id of this answer, as in its `X-Request-Id` header. Report it when asking for help.
    request_id: &'a str,
    /// Every place of the body or the query string that is wrong, or everything that stands in the way; at most 200 are listed.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<FieldError>)]
    errors: Cow<'a, [FieldError]>,
    /// With `setup_in_use`: what was done with the user since, as in `errors`; at most 200 are listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(nullable = false)]
    reasons: Vec<UseReason<'a>>,
    /// The detail once more, where clients of the public API look for it.
    error: &'a str,
}

/// The answer's status, its headers, and its body.
pub(super) fn render(error: &ApiError, request_id: &str) -> (StatusCode, HeaderMap, String) {
    let kind = error.kind();
    let detail = error.detail();
    let problem = Problem {
        r#type: format!("urn:problem:{}", kind.code),
        title: kind.title,
        status: kind.status.as_u16(),
        detail: &detail,
        code: kind.code,
        request_id,
        errors: listed(error),
        reasons: reasons(error),
        error: &detail,
    };
    // A struct of strings and one number always serializes; should it ever not, the status still stands.
    let body = serde_json::to_string(&problem).unwrap_or_default();
    (kind.status, headers(error), body)
}

fn listed(error: &ApiError) -> Cow<'_, [FieldError]> {
    match error {
        ApiError::InvalidBody(errors) | ApiError::InvalidQuery(errors) | ApiError::Refused(errors) => {
            Cow::Borrowed(first(errors))
        }
        ApiError::SetupInUse(traces) => Cow::Owned(in_words(first(traces))),
        _ => Cow::Borrowed(&[]),
    }
}

fn reasons(error: &ApiError) -> Vec<UseReason<'_>> {
    match error {
        ApiError::SetupInUse(traces) => first(traces).iter().map(UseReason::from).collect(),
        _ => Vec::new(),
    }
}

fn first<T>(all: &[T]) -> &[T] {
    all.get(..MAX_LISTED).unwrap_or(all)
}

fn headers(error: &ApiError) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))]);
    match error {
        ApiError::Unauthenticated(_) => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        ApiError::MethodNotAllowed { allow } => {
            headers.extend(HeaderValue::from_str(allow).ok().map(|allow| (ALLOW, allow)));
        }
        ApiError::SourceBusy { retry_after }
        | ApiError::InProgress { retry_after }
        | ApiError::TooManyAttempts { retry_after }
        | ApiError::Unavailable { retry_after, .. } => {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(*retry_after)));
        }
        _ => {}
    }
    headers
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::http::InvalidToken;

    fn rendered(error: &ApiError) -> (HeaderMap, Value) {
        let (_, headers, body) = render(error, "req-1");
        (headers, serde_json::from_str(&body).unwrap())
    }

    #[test]
    fn a_problem_has_all_its_members() {
        let (_, body) = rendered(&ApiError::refused("/name", "is wrong"));
        let expected = json!({
            "type": "urn:problem:refused", "title": "The request is refused as it stands", "status": 422,
            "detail": "/name: is wrong", "code": "refused", "requestId": "req-1",
            "errors": [{"pointer": "/name", "detail": "is wrong"}], "error": "/name: is wrong",
        });
        assert_eq!(body, expected);
        let (_, without) = rendered(&ApiError::NotFound);
        assert!(without.get("errors").is_none(), "{without}");
    }

    #[test]
    fn a_bad_token_gets_the_message_of_the_public_api() {
        let (headers, body) = rendered(&ApiError::from(InvalidToken("its kid is unknown")));
        assert_eq!(body["error"], "Invalid or expired token");
        assert_eq!(headers[WWW_AUTHENTICATE], "Bearer");
    }

    #[test]
    fn a_refused_method_gets_the_allowed_ones_in_a_header() {
        let (headers, _) = rendered(&ApiError::MethodNotAllowed { allow: "GET, POST".to_owned() });
        assert_eq!(headers[ALLOW], "GET, POST");
    }

    #[test]
    fn at_most_200_errors_are_listed_and_all_are_counted() {
        for (count, listed) in [(199, 199), (200, 200), (201, 200)] {
            let errors = (0..count).map(|index| FieldError::new(format!("/{index}"), "is wrong")).collect();
            let (_, body) = rendered(&ApiError::Refused(errors));
            assert_eq!(body["errors"].as_array().unwrap().len(), listed);
            assert_eq!(body["detail"], format!("/0: is wrong (and {} more)", count - 1));
        }
    }
}
