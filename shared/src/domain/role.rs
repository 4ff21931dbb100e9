//! What a user may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Violation;

/// What a user may do, from the least to the most powerful. Nobody creates a user with a role above their own.
// The order of the variants is that of their power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Works with a setup of their own.
    SalesRep,
    /// Leads a department.
    DepartmentHead,
    /// Administers one organization.
    Admin,
    /// Administers the platform, as a member of one organization.
    Superadmin,
}

crate::every! {
    /// Every role, the least powerful first.
    pub Role: SalesRep, DepartmentHead, Admin, Superadmin
}

impl Role {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SalesRep => "SALES_REP",
            Self::DepartmentHead => "DEPARTMENT_HEAD",
            Self::Admin => "ADMIN",
            Self::Superadmin => "SUPERADMIN",
        }
    }
}

impl FromStr for Role {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| Violation::malformed("a role is one of SALES_REP, DEPARTMENT_HEAD, ADMIN, SUPERADMIN"))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reads_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert!("admin".parse::<Role>().is_err());
    }

    #[test]
    fn the_roles_are_ordered_by_power() {
        assert!(
            Role::SalesRep < Role::DepartmentHead
                && Role::DepartmentHead < Role::Admin
                && Role::Admin < Role::Superadmin
        );
    }
}
