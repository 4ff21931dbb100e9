//! What every line of one invocation says: the function, its build, and the ids by which AWS knows the invocation. The names are those of
//! Powertools for AWS Lambda, where it has one.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use lambda_http::Context;
use tracing::Span;

/// Whether the process has served nothing yet.
static IS_COLD: AtomicBool = AtomicBool::new(true);

/// The version of the package, and `RELEASE` after it: the commit, or whatever else the deployment names.
static VERSION: LazyLock<String> = LazyLock::new(|| version(std::env::var("RELEASE").ok()));

fn version(release: Option<String>) -> String {
    let package = env!("CARGO_PKG_VERSION");
    match release.filter(|release| !release.is_empty()) {
        Some(release) => format!("{package}+{release}"),
        None => package.to_owned(),
    }
}

/// The field of the span for the id by which API Gateway's access log knows the request.
pub const API_REQUEST_ID: &str = "api_request_id";

/// Returns the span of an invocation of the function whose package is `service`. Every line within it has its fields. Call it once.
pub fn invocation(service: &str, context: Option<&Context>) -> Span {
    let named = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let config = context.map(|context| &context.env_config);
    // At the highest level, so that it exists whichever level is logged.
    tracing::error_span!(
        "invocation",
        service,
        version = *VERSION,
        cold_start = IS_COLD.swap(false, Ordering::Relaxed),
        aws_request_id = context.and_then(|context| named(&context.request_id)),
        xray_trace_id = context.and_then(|context| trace_id(context.xray_trace_id.as_deref()?)),
        function_name = config.and_then(|config| named(&config.function_name)),
        function_version = config.and_then(|config| named(&config.version)),
        function_memory_size = config.map(|config| config.memory).filter(|size| *size > 0),
        api_request_id = tracing::field::Empty,
    )
}

/// Returns the id of the trace in the header of X-Ray: `Root=1-…;Parent=…;Sampled=0`.
fn trace_id(header: &str) -> Option<String> {
    header.split(';').find_map(|part| part.trim().strip_prefix("Root=")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use tracing::Instrument;

    use super::*;
    use crate::logging::testing::capture;

    #[test]
    fn every_line_of_an_invocation_names_it_and_a_line_outside_does_not() {
        let mut context = Context::default();
        context.request_id = "af9c1b2e-5f3a-4c1b-9a57-2a4b0a7f6d10".to_owned();
        context.xray_trace_id =
            Some("Root=1-67890abc-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1".to_owned());
        let config = Arc::make_mut(&mut context.env_config);
        (config.function_name, config.version, config.memory) = ("stack-SignIn-1".to_owned(), "7".to_owned(), 1769);
        let (_, lines) = capture(async {
            async { tracing::warn!("within") }.instrument(invocation("sign-in", Some(&context))).await;
            async { tracing::warn!("without Lambda") }.instrument(invocation("sign-in", None)).await;
            tracing::warn!("outside");
        });
        for (name, value) in [
            ("service", json!("sign-in")),
            ("version", json!(env!("CARGO_PKG_VERSION"))),
            ("aws_request_id", json!("af9c1b2e-5f3a-4c1b-9a57-2a4b0a7f6d10")),
            ("xray_trace_id", json!("1-67890abc-0123456789abcdef01234567")),
            ("function_name", json!("stack-SignIn-1")),
            ("function_version", json!("7")),
            ("function_memory_size", json!(1769)),
        ] {
            assert_eq!(lines[0][name], value, "{name}");
        }
        assert!(lines[0]["cold_start"].is_boolean());
        assert_eq!(lines[1]["cold_start"], false, "a process starts once");
        assert!(lines[1].get("aws_request_id").is_none() && lines[1].get("function_memory_size").is_none());
        assert!(lines[2].get("service").is_none());
    }

    #[test]
    fn a_version_names_the_release_where_the_deployment_does() {
        let package = env!("CARGO_PKG_VERSION");
        for (release, expected) in [
            (None, package.to_owned()),
            (Some(""), package.to_owned()),
            (Some("1f2e3d4"), format!("{package}+1f2e3d4")),
        ] {
            assert_eq!(version(release.map(str::to_owned)), expected);
        }
    }
}
