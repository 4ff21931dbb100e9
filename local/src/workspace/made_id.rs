//! Ids of what has none in the file. Two loads of one file make the same ids, so a load can be repeated.

use sha2::{Digest, Sha256};
use shared::domain::ObjectId;

/// The first part of each digest, so that no other derived id is equal.
const DOMAIN: &str = "workspace";

/// Returns the id of an organization of this name.
pub(crate) fn organization_id(name: &str) -> ObjectId {
    derive("organization", "", name)
}

/// Returns the id of something within `owner`, by what tells it from others of its kind there: a name or an address.
pub(crate) fn id_within(owner: ObjectId, kind: &str, name: &str) -> ObjectId {
    derive(kind, &owner.to_string(), name)
}

fn derive(kind: &str, owner: &str, name: &str) -> ObjectId {
    let mut digest = Sha256::new();
    for part in [DOMAIN, kind, owner, name] {
        // The length first, so that no two lists of parts read the same.
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    let mut bytes = [0; 12];
    bytes.copy_from_slice(&digest.finalize()[..12]);
    ObjectId::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_depends_on_kind_owner_and_name_and_on_nothing_else() {
        let (acme, globex) = (organization_id("Acme"), organization_id("Globex"));
        assert_eq!(acme.to_string(), "6b08a31fe28377fde5cac764", "a later version makes the same ids");
        assert_eq!(acme, organization_id("Acme"));
        let all = [
            acme,
            globex,
            id_within(acme, "agent", "A"),
            id_within(globex, "agent", "A"),
            id_within(acme, "pipeline", "A"),
            id_within(acme, "agent", "B"),
        ];
        let distinct: std::collections::HashSet<_> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
