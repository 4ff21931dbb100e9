//! Who is calling: from the Authorization header to a [`Caller`].

use http::header::AUTHORIZATION;
use lambda_http::Request;

use super::token::{Caller, InvalidToken};
use super::{ApiError, Edge};
use crate::domain::Principal;
use crate::domain::rights::HasStanding;

/// The caller that the request's bearer token names, or 401.
///
/// The token is up to an hour old: what matters is checked against the stored user, see [`Caller::confirm`].
pub fn authenticate(edge: &Edge, request: &Request) -> Result<Caller, ApiError> {
    let token = bearer_token(request)?;
    Ok(edge.verifier.verify(token, edge.clock.now())?)
}

/// The token of the one Authorization header: the scheme in any case, spaces, then the token (RFC 6750, section 2.1).
fn bearer_token(request: &Request) -> Result<&str, InvalidToken> {
    let mut values = request.headers().get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(InvalidToken("there is no Authorization header"))?;
    if values.next().is_some() {
        return Err(InvalidToken("there are several Authorization headers"));
    }
    let value = value.to_str().map_err(|_| InvalidToken("the Authorization header is not ASCII"))?;
    let (scheme, rest) = value.split_once(' ').ok_or(InvalidToken("the Authorization header is not Bearer <token>"))?;
    let token = rest.trim_start_matches(' ');
    // RFC 6750's b64token and nothing after it, so two headers joined by a comma do not pass either.
    let is_token = !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
    if !scheme.eq_ignore_ascii_case("bearer") || !is_token {
        return Err(InvalidToken("the Authorization header is not Bearer <token>"));
    }
    Ok(token)
}

impl Caller {
    /// Checks that what the token says still holds; otherwise it is 401, and signing in again helps, or nothing does.
    /// Gives the stored user back.
    pub fn confirm<S: HasStanding>(&self, stored: Option<S>) -> Result<S, ApiError> {
        let stored = stored.ok_or(ApiError::Unauthenticated("the user is gone"))?;
        let standing = stored.standing();
        if standing.disabled {
            return Err(ApiError::Unauthenticated("the user is disabled"));
        }
        if standing.organization != self.organization {
            return Err(ApiError::Unauthenticated("the user changed the organization"));
        }
        if standing.role != self.role {
            return Err(ApiError::Unauthenticated("the user's role changed"));
        }
        if !standing.credentials.admit(self.credentials) {
            return Err(ApiError::Unauthenticated("the user's credentials changed"));
        }
        Ok(stored)
    }

    /// Whom the rights table judges.
    pub fn principal(&self) -> Principal {
        Principal { user: self.user, organization: self.organization, role: self.role }
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;
    use crate::domain::rights::UserStanding;
    use crate::domain::{ObjectId, Role, StoredCredentials, TokenCredentials};

    fn request(headers: &[&str]) -> Request {
        let mut request = http::Request::new(Body::Empty);
        for value in headers {
            request.headers_mut().append(AUTHORIZATION, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        request
    }

    #[test]
    fn a_bearer_token_is_found_in_any_spelling_of_the_scheme() {
        for header in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "Bearer   a.b.c"] {
            assert_eq!(bearer_token(&request(&[header])), Ok("a.b.c"), "{header}");
        }
    }

    #[test]
    fn anything_else_is_no_bearer_token() {
        let bad: [&[&str]; 16] = [
            &[],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["Bearer    "],
            &["a.b.c"],
            &["Bearera.b.c"],
            &["Basic a.b.c"],
            &["Token a.b.c"],
            &["Bearer\ta.b.c"],
            &[" Bearer a.b.c"],
            &["Bearer a.b.c "],
            &["Bearer a.b.c d"],
            &["Bearer a.b.c, Bearer a.b.c"],
            &["Bearer é"],
            &["Bearer a.b.c", "Bearer a.b.c"],
        ];
        for headers in bad {
            assert!(bearer_token(&request(headers)).is_err(), "{headers:?}");
        }
    }

    #[test]
    fn a_token_holds_only_while_the_stored_user_is_the_same() {
        let organization = ObjectId::from_bytes([1; 12]);
        let caller = Caller {
            user: ObjectId::from_bytes([2; 12]),
            organization,
            role: Role::Admin,
            name: "Pat".to_owned(),
            credentials: TokenCredentials::Version(3),
        };
        let credentials = StoredCredentials { version: 3, changed_at: None };
        let same = UserStanding { organization, role: Role::Admin, disabled: false, credentials };
        assert_eq!(caller.confirm(Some(same)), Ok(same));
        for changed in [
            None,
            Some(UserStanding { disabled: true, ..same }),
            Some(UserStanding { role: Role::Superadmin, ..same }),
            Some(UserStanding { role: Role::SalesRep, ..same }),
            Some(UserStanding { organization: ObjectId::from_bytes([3; 12]), ..same }),
            Some(UserStanding { credentials: StoredCredentials { version: 4, changed_at: None }, ..same }),
            Some(UserStanding { credentials: StoredCredentials::default(), ..same }),
        ] {
            let refused = caller.confirm(changed);
            assert!(matches!(refused, Err(ApiError::Unauthenticated(_))), "{changed:?}");
        }
    }
}
