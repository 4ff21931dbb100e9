//! Which operation a request's method and path name, and what its path holds.

use http::Method;
use lambda_http::{Request, RequestExt};

use super::ApiError;
use super::bounded::cut;
use super::operation_id::{ROUTES, Route};
use crate::domain::ObjectId;

/// A route that fits, with the segments that its placeholders stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteMatch {
    /// The route.
    pub route: &'static Route,
    /// Placeholder and segment, as they stand in the path, not percent-decoded.
    pub parameters: Vec<(&'static str, String)>,
}

/// The route for `method` and `path`. A path fits exactly or not at all: case counts, and so does a final slash.
pub fn find(method: &Method, path: &str) -> Option<RouteMatch> {
    ROUTES
        .iter()
        .filter(|route| route.method == *method)
        .find_map(|route| Some(RouteMatch { route, parameters: fit(route.path, path)? }))
}

/// The methods that `path` takes, in the order of [`ROUTES`]; none when there is no such path.
pub fn allowed_methods(path: &str) -> Vec<&'static Method> {
    ROUTES.iter().filter(|route| fit(route.path, path).is_some()).map(|route| &route.method).collect()
}

/// What a request deserves that no route fits: 405 with the methods its path takes, or 404.
pub fn no_route(method: &Method, path: &str) -> ApiError {
    let allowed = allowed_methods(path);
    if allowed.is_empty() || allowed.contains(&method) {
        return ApiError::NotFound;
    }
    let allow = allowed.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
    ApiError::MethodNotAllowed { allow }
}

/// The path as the client sent it, without the stage of an API Gateway.
pub fn path_of(request: &Request) -> &str {
    match request.raw_http_path() {
        "" => request.uri().path(),
        raw => raw,
    }
}

/// Reads an id of the path, or fails with 400 `invalid_id`.
pub fn parse_id(segment: &str) -> Result<ObjectId, ApiError> {
    segment.parse().map_err(|violation: crate::domain::Violation| ApiError::InvalidId(violation.detail))
}

/// Reads the number of a revision in the path, or fails with 400 `invalid_id`.
pub fn parse_revision(segment: &str) -> Result<u32, ApiError> {
    let is_plain = segment.bytes().all(|byte| byte.is_ascii_digit()) && !segment.starts_with('0');
    let number = segment.parse().ok().filter(|_| is_plain);
    number.ok_or_else(|| ApiError::InvalidId(format!("a revision is {REVISION}; this is {:?}", cut(segment, 40))))
}

/// What the number of a revision is, for messages.
pub const REVISION: &str = "a whole number from 1 to 4294967295, such as 7";

fn fit(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut segments = path.split('/');
    let mut parameters = Vec::new();
    for expected in pattern.split('/') {
        let segment = segments.next()?;
        match expected.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(_) if segment.is_empty() => return None,
            Some(name) => parameters.push((name, segment.to_owned())),
            None if segment == expected => {}
            None => return None,
        }
    }
    segments.next().is_none().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::function::HttpFunction;
    use crate::http::OperationId;

    #[test]
    fn every_route_is_found_with_its_function() {
        let mut routes = BTreeSet::new();
        for (method, path, function) in [
            (Method::POST, "/api/user-snapshots", HttpFunction::CreateSnapshot),
            (Method::POST, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply", HttpFunction::ApplySnapshot),
            (Method::POST, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/plan", HttpFunction::ApplySnapshot),
            (Method::GET, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/applies", HttpFunction::ApplySnapshot),
            (
                Method::GET,
                "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/applies/665f1a0c0e0a4b001a2c9f81",
                HttpFunction::ApplySnapshot,
            ),
            (
                Method::POST,
                "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/applies/665f1a0c0e0a4b001a2c9f81/undo",
                HttpFunction::ApplySnapshot,
            ),
            (Method::GET, "/api/user-snapshots", HttpFunction::ManageSnapshots),
            (Method::GET, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80", HttpFunction::ManageSnapshots),
            (Method::PATCH, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80", HttpFunction::ManageSnapshots),
            (Method::DELETE, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80", HttpFunction::ManageSnapshots),
            (Method::GET, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/items", HttpFunction::ManageSnapshots),
            (Method::GET, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply-refs", HttpFunction::ManageSnapshots),
            (Method::PATCH, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/assign", HttpFunction::ManageSnapshots),
            (Method::POST, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/refresh", HttpFunction::ManageSnapshots),
            (Method::GET, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/revisions", HttpFunction::ManageSnapshots),
            (Method::GET, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/revisions/2", HttpFunction::ManageSnapshots),
            (
                Method::POST,
                "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/revisions/2/restore",
                HttpFunction::ManageSnapshots,
            ),
            (Method::GET, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/diff", HttpFunction::ManageSnapshots),
            (Method::GET, "/api/user-snapshots/orgs/64ee9a8b1e7f2a0011223344/users", HttpFunction::ManageSnapshots),
            (Method::GET, "/api/users", HttpFunction::ManageSnapshots),
            (Method::GET, "/api/users/64ee9a8b1e7f2a0011223399", HttpFunction::ManageSnapshots),
            (Method::GET, "/api/users/64ee9a8b1e7f2a0011223399/setup", HttpFunction::ManageSnapshots),
            (Method::PATCH, "/api/users/64ee9a8b1e7f2a0011223399", HttpFunction::SignIn),
            (Method::DELETE, "/api/users/64ee9a8b1e7f2a0011223399", HttpFunction::ApplySnapshot),
            (Method::GET, "/api/applies", HttpFunction::ApplySnapshot),
            (Method::POST, "/api/users/64ee9a8b1e7f2a0011223399/invitation", HttpFunction::SignIn),
            (Method::GET, "/api/organizations", HttpFunction::ManageSnapshots),
            (Method::POST, "/api/organizations", HttpFunction::ApplySnapshot),
            (Method::GET, "/api/organizations/64ee9a8b1e7f2a0011223344", HttpFunction::ManageSnapshots),
            (Method::PATCH, "/api/organizations/64ee9a8b1e7f2a0011223344", HttpFunction::ApplySnapshot),
            (Method::POST, "/api/auth/accept-invitation", HttpFunction::SignIn),
            (Method::POST, "/api/auth/password", HttpFunction::SignIn),
            (Method::POST, "/api/auth/login", HttpFunction::SignIn),
            (Method::GET, "/api/auth/verify-token", HttpFunction::SignIn),
            (Method::GET, "/health", HttpFunction::ManageSnapshots),
            (Method::GET, "/openapi.json", HttpFunction::ManageSnapshots),
            (Method::GET, "/openapi-3.0.json", HttpFunction::ManageSnapshots),
            (Method::GET, "/docs", HttpFunction::ManageSnapshots),
            (Method::GET, "/", HttpFunction::ManageSnapshots),
        ] {
            let found = find(&method, path).unwrap();
            assert_eq!(found.route.function, function, "{method} {path}");
            routes.insert(found.route.id);
        }
        let left_out: Vec<_> = OperationId::ALL.iter().filter(|id| !routes.contains(id)).collect();
        assert!(left_out.is_empty(), "name a path of {left_out:?} here");
    }

    #[test]
    fn a_placeholder_takes_one_segment() {
        let found = find(&Method::POST, "/api/user-snapshots/abc/apply").unwrap();
        assert_eq!(found.route.path, "/api/user-snapshots/{id}/apply");
        assert_eq!(found.parameters, [("id", "abc".to_owned())]);
    }

    #[test]
    fn a_path_fits_exactly_or_not_at_all() {
        for path in [
            "",
            "//",
            "//api/user-snapshots",
            "/api/user-snapshots/",
            "/api//user-snapshots",
            "/API/user-snapshots",
            "/api/user-snapshots/a/b/apply",
            "/api/user-snapshots//apply",
            "/api/user-snapshots/a/apply/",
            "/api/user-snapshots/a/apply?x",
            "/health/x",
            "$default",
        ] {
            assert!(allowed_methods(path).is_empty(), "{path}");
            assert_eq!(no_route(&Method::POST, path), ApiError::NotFound, "{path}");
        }
    }

    #[test]
    fn another_method_gets_those_that_the_path_takes() {
        let refused = no_route(&Method::DELETE, "/api/user-snapshots/a/apply");
        assert_eq!(refused, ApiError::MethodNotAllowed { allow: "POST".to_owned() });
        assert!(find(&Method::DELETE, "/api/user-snapshots/a/apply").is_none());
    }

    #[test]
    fn no_two_routes_fit_one_request() {
        for route in ROUTES {
            let sample = route
                .path
                .replace("{id}", "665f1a0c0e0a4b001a2c9f80")
                .replace("{applyId}", "665f1a0c0e0a4b001a2c9f81")
                .replace("{orgId}", "64ee9a8b1e7f2a0011223344")
                .replace("{userId}", "64ee9a8b1e7f2a0011223399")
                .replace("{revision}", "2");
            let fitting =
                ROUTES.iter().filter(|other| other.method == route.method && fit(other.path, &sample).is_some());
            assert_eq!(fitting.count(), 1, "{} {sample}", route.method);
        }
    }

    #[test]
    fn a_revision_in_the_path_is_a_plain_number() {
        for (good, number) in [("1", 1), ("2", 2), ("30", 30), ("4294967295", u32::MAX)] {
            assert_eq!(parse_revision(good), Ok(number));
        }
        for bad in ["", "0", "01", "+1", "-1", "1.0", "4294967296", "latest", "%31", "٣"] {
            assert!(matches!(parse_revision(bad), Err(ApiError::InvalidId(_))), "{bad}");
        }
    }

    #[test]
    fn an_id_in_the_path_is_24_hex_digits() {
        assert!(parse_id("665f1a0c0e0a4b001a2c9f80").is_ok());
        for bad in
            ["", "665f1a0c0e0a4b001a2c9f8", "665f1a0c0e0a4b001a2c9f800", "%36%35", "../x", "665f1a0c0e0a4b001a2c9f8g"]
        {
            assert!(matches!(parse_id(bad), Err(ApiError::InvalidId(_))), "{bad}");
        }
    }
}
