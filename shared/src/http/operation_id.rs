//! The operations of the API: one table that the functions, the description, `local` and the tests read.
//!
//! Each function has an enumeration of its own operations and matches on it without a wildcard. So a new line here does not compile
//! until its function answers the operation and describes it. docs/recipes/route.md lists what else it takes.

use http::Method;

use crate::domain::rights::Action;
use crate::function::HttpFunction;

/// What a request must show before anything is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// Nothing.
    Public,
    /// A token that is accepted.
    Token,
    /// A token of a role that may take this action.
    Action(Action),
}

/// A group of operations, as the description shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// Tokens and the own password.
    SignIn,
    /// The users of an organization, and invitations.
    Users,
    /// Organizations with their pipelines and agents.
    Organizations,
    /// Snapshots, and what is applied of them.
    Snapshots,
    /// The history of applies, and undoing them.
    Applies,
    /// Refreshes and revisions.
    Revisions,
    /// Health and description.
    Service,
}

crate::every! {
    /// Every group, in the order in which they are shown.
    pub Tag: SignIn, Users, Organizations, Snapshots, Applies, Revisions, Service
}

impl Tag {
    /// The group's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "Sign-in",
            Self::Users => "Users",
            Self::Organizations => "Organizations",
            Self::Snapshots => "Snapshots",
            Self::Applies => "Applies",
            Self::Revisions => "Refreshes and revisions",
            Self::Service => "About the service",
        }
    }
}

/// An operation with its method and path, the function behind it, and what it needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// The operation.
    pub id: OperationId,
    /// The method.
    pub method: Method,
    /// The path as template.yaml writes it; `{name}` stands for one segment.
    pub path: &'static str,
    /// The function that answers.
    pub function: HttpFunction,
    /// The group in the description.
    pub tag: Tag,
    /// What the request must show.
    pub authorization: Authorization,
}

impl Route {
    /// Method and path as the log, the documents and the description name the route: `GET /health`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// The operations of one function.
pub trait FunctionOperation: Copy + 'static {
    /// Every operation of the function.
    const ALL: &'static [Self];

    /// The operation's line in the table.
    fn route(self) -> &'static Route;

    /// The operation with this id; `None` where another function answers it.
    fn of(id: OperationId) -> Option<Self>;
}

/// Declares [`OperationId`], [`ROUTES`] and an enumeration for each function.
macro_rules! operations {
    ($($function:ident => $operations:ident {
        $($id:ident: $method:ident $path:literal, $tag:ident, $authorization:expr;)*
    })*) => {
        /// An operation of the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum OperationId {
            $($(#[doc = concat!("`", stringify!($method), " ", $path, "`.")] $id,)*)*
        }

        impl OperationId {
            /// Every operation.
            pub const ALL: &[Self] = &[$($(Self::$id,)*)*];

            /// The operation's line in the table.
            pub fn route(self) -> &'static Route {
                &ROUTES[self as usize]
            }

            /// The name in generated clients: `createSnapshot`.
            pub fn name(self) -> String {
                let name = match self { $($(Self::$id => stringify!($id),)*)* };
                name[..1].to_ascii_lowercase() + &name[1..]
            }
        }

        /// Every route there is.
        pub const ROUTES: &[Route] = &[$($(Route {
            id: OperationId::$id,
            method: Method::$method,
            path: $path,
            function: HttpFunction::$function,
            tag: Tag::$tag,
            authorization: $authorization,
        },)*)*];

        $(
            #[doc = concat!("What [`HttpFunction::", stringify!($function), "`] answers.")]
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum $operations {
                $(#[doc = concat!("`", stringify!($method), " ", $path, "`.")] $id,)*
            }

            impl FunctionOperation for $operations {
                const ALL: &'static [Self] = &[$(Self::$id,)*];

                fn route(self) -> &'static Route {
                    match self { $(Self::$id => OperationId::$id,)* }.route()
                }

                fn of(id: OperationId) -> Option<Self> {
                    Self::ALL.iter().copied().find(|operation| operation.route().id == id)
                }
            }
        )*
    };
}

use Authorization::{Action as Needs, Public, Token};

operations! {
    CreateSnapshot => CreateOperation {
        CreateSnapshot: POST "/api/user-snapshots", Snapshots, Needs(Action::Create);
    }
    ApplySnapshot => ApplyOperation {
        ApplySnapshot: POST "/api/user-snapshots/{id}/apply", Snapshots, Needs(Action::Apply);
        PlanSnapshot: POST "/api/user-snapshots/{id}/plan", Snapshots, Needs(Action::Apply);
        ListApplies: GET "/api/user-snapshots/{id}/applies", Applies, Needs(Action::History);
        GetApply: GET "/api/user-snapshots/{id}/applies/{applyId}", Applies, Needs(Action::History);
        ListOrganizationApplies: GET "/api/applies", Applies, Needs(Action::History);
        UndoApply: POST "/api/user-snapshots/{id}/applies/{applyId}/undo", Applies, Needs(Action::Undo);
        RemoveUser: DELETE "/api/users/{userId}", Users, Needs(Action::RemoveUser);
        CreateOrganization: POST "/api/organizations", Organizations, Needs(Action::CreateOrganization);
        ChangeOrganization: PATCH "/api/organizations/{orgId}", Organizations, Needs(Action::ChangeOrganization);
    }
    ManageSnapshots => ManageOperation {
        ListSnapshots: GET "/api/user-snapshots", Snapshots, Needs(Action::Use);
        GetSnapshot: GET "/api/user-snapshots/{id}", Snapshots, Needs(Action::Use);
        RenameSnapshot: PATCH "/api/user-snapshots/{id}", Snapshots, Needs(Action::Edit);
        DeleteSnapshot: DELETE "/api/user-snapshots/{id}", Snapshots, Needs(Action::Delete);
        ListSnapshotItems: GET "/api/user-snapshots/{id}/items", Snapshots, Needs(Action::Use);
        GetApplyReferences: GET "/api/user-snapshots/{id}/apply-refs", Snapshots, Needs(Action::Use);
        AssignSnapshot: PATCH "/api/user-snapshots/{id}/assign", Snapshots, Needs(Action::Assign);
        RefreshSnapshot: POST "/api/user-snapshots/{id}/refresh", Revisions, Needs(Action::Revise);
        ListRevisions: GET "/api/user-snapshots/{id}/revisions", Revisions, Needs(Action::Revise);
        GetRevision: GET "/api/user-snapshots/{id}/revisions/{revision}", Revisions, Needs(Action::Revise);
        RestoreRevision: POST "/api/user-snapshots/{id}/revisions/{revision}/restore", Revisions, Needs(Action::Revise);
        CompareRevisions: GET "/api/user-snapshots/{id}/diff", Revisions, Needs(Action::Revise);
        ListCapturableUsers: GET "/api/user-snapshots/orgs/{orgId}/users", Snapshots, Needs(Action::ListUsers);
        ListUsers: GET "/api/users", Users, Needs(Action::SeeUsers);
        GetUser: GET "/api/users/{userId}", Users, Needs(Action::SeeUsers);
        GetSetup: GET "/api/users/{userId}/setup", Users, Needs(Action::SeeUsers);
        ListOrganizations: GET "/api/organizations", Organizations, Needs(Action::ListOrganizations);
        GetOrganization: GET "/api/organizations/{orgId}", Organizations, Needs(Action::SeeOrganization);
        GetHealth: GET "/health", Service, Public;
        GetOpenApi: GET "/openapi.json", Service, Public;
        GetOpenApi30: GET "/openapi-3.0.json", Service, Public;
        GetDocs: GET "/docs", Service, Public;
        GetIndex: GET "/", Service, Public;
    }
    SignIn => SignInOperation {
        Login: POST "/api/auth/login", SignIn, Public;
        VerifyToken: GET "/api/auth/verify-token", SignIn, Token;
        ChangeUser: PATCH "/api/users/{userId}", Users, Needs(Action::ChangeUser);
        InviteUser: POST "/api/users/{userId}/invitation", Users, Needs(Action::InviteUser);
        AcceptInvitation: POST "/api/auth/accept-invitation", Users, Public;
        ChangePassword: POST "/api/auth/password", SignIn, Token;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_found_by_its_id_and_belongs_to_one_function() {
        for id in OperationId::ALL {
            let route = id.route();
            assert_eq!(route.id, *id);
            let owners = [
                (HttpFunction::SignIn, SignInOperation::of(*id).is_some()),
                (HttpFunction::CreateSnapshot, CreateOperation::of(*id).is_some()),
                (HttpFunction::ApplySnapshot, ApplyOperation::of(*id).is_some()),
                (HttpFunction::ManageSnapshots, ManageOperation::of(*id).is_some()),
            ];
            let owners: Vec<HttpFunction> = owners.into_iter().filter(|(_, owns)| *owns).map(|(it, _)| it).collect();
            assert_eq!(owners, [route.function], "{id:?}");
        }
        assert_eq!(OperationId::ALL.len(), ROUTES.len());
    }

    #[test]
    fn a_clients_name_begins_with_a_small_letter() {
        assert_eq!(OperationId::GetApplyReferences.name(), "getApplyReferences");
        assert_eq!(OperationId::Login.name(), "login");
        assert_eq!(OperationId::GetOpenApi.route().name(), "GET /openapi.json");
    }

    #[test]
    fn every_function_that_answers_requests_has_a_route_and_every_group_an_operation() {
        for function in HttpFunction::ALL {
            assert!(ROUTES.iter().any(|route| route.function == *function), "{function:?}");
        }
        for tag in Tag::ALL {
            assert!(ROUTES.iter().any(|route| route.tag == tag), "{tag:?}");
        }
    }
}
