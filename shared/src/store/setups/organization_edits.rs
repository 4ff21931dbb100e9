//! Organizations that requests make and change.

use crate::domain::{Fault, Fingerprint, ObjectId, Organization, OrganizationChange};
use crate::store::attributes::{NAME, TRUSTED_DESTINATIONS};
use crate::store::keys::{self, LIST, LISTED_ORGANIZATIONS};
use crate::store::setups::organizations::{Organizations, StoredOrganization, own_item, targets};
use crate::store::table::Table;
use crate::store::table::change::{Change, text, texts};
use crate::store::table::outcome::{CallFailure, Item, ItemReason, held};
use crate::store::table::size::stored_bytes;
use crate::store::{MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ITEMS};

/// The outcome of creating an organization.
#[derive(Debug, PartialEq)]
pub enum CreateOrganizationOutcome {
    /// The organization is written, with all its pipelines and agents.
    Created,
    /// Another request with the same Idempotency-Key created it first.
    Existing(Box<StoredOrganization>),
    /// It does not fit one transaction. Nothing is written. Contains the figures.
    TooLarge(String),
}

/// Makes and changes organizations.
pub struct OrganizationEditor<'a>(&'a Table);

impl<'a> OrganizationEditor<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Writes an organization with its pipelines and agents in one transaction, on the condition that it does not exist.
    pub async fn create(
        &self,
        organization: &Organization,
        fingerprint: Option<&Fingerprint>,
    ) -> Result<CreateOrganizationOutcome, Fault> {
        let own = own_item(organization, fingerprint)?;
        let targets = targets(organization)?;
        if let Some(detail) = excess(&own, &targets) {
            return Ok(CreateOrganizationOutcome::TooLarge(detail));
        }
        let mut writes = vec![self.0.put_new_in_transaction(own)?];
        for item in targets {
            writes.push(self.0.put_in_transaction(item)?);
        }
        match self.0.transact(writes).await {
            Ok(()) => Ok(CreateOrganizationOutcome::Created),
            Err(CallFailure::Cancelled(reasons)) if matches!(reasons.first(), Some(ItemReason::ConditionFailed(_))) => {
                let existing = Organizations::new(self.0).load_stored(&organization.id).await?;
                let gone = || Fault::Corrupt(format!("organization {} is gone", organization.id));
                Ok(CreateOrganizationOutcome::Existing(Box::new(existing.ok_or_else(gone)?)))
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Changes an organization, on the condition that name and destinations are as they were read, and puts it into the list of
    /// organizations. Returns `false`, and writes nothing, if they changed since.
    pub async fn change(&self, stored: &StoredOrganization, change: &OrganizationChange) -> Result<bool, Fault> {
        let id = &stored.organization.id;
        let same = [NAME, TRUSTED_DESTINATIONS].into_iter().fold(Change::of_existing(), |same, attribute| match stored
            .own
            .get(attribute)
        {
            Some(value) => same.when(attribute, value.clone()),
            None => same.when_absent(attribute),
        });
        let mut update = same.list(&LIST, LISTED_ORGANIZATIONS.to_owned(), id.to_string());
        if let Some(name) = &change.name {
            update = update.set(NAME, text(name));
        }
        match change.trusted_destinations.as_deref() {
            None => {}
            Some([]) => update = update.remove(TRUSTED_DESTINATIONS),
            Some(destinations) => update = update.set(TRUSTED_DESTINATIONS, texts(destinations)),
        }
        // In a transaction, whose token recognizes a repetition: otherwise a lost answer would read as somebody else's change.
        match self.0.transact(vec![self.0.change_in_transaction(&keys::organization(id), &update)?]).await {
            Ok(()) => Ok(true),
            Err(CallFailure::Cancelled(reasons)) if matches!(reasons.first(), Some(ItemReason::ConditionFailed(_))) => {
                Ok(false)
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Puts an organization into the list of organizations, if it is not there. Returns whether it was not.
    pub(in crate::store) async fn list(&self, id: &ObjectId) -> Result<bool, Fault> {
        let listed = Change::of_existing().when_absent(LIST.pk);
        let listed = listed.list(&LIST, LISTED_ORGANIZATIONS.to_owned(), id.to_string());
        held(self.0.change(&keys::organization(id), &listed).await)
    }
}

/// Returns what is too large for one transaction.
fn excess(own: &Item, targets: &[Item]) -> Option<String> {
    let (count, most) = (targets.len(), MAX_TRANSACTION_ITEMS - 1);
    if count > most {
        return Some(format!("the organization has {count} pipelines and agents; at most {most} are copied"));
    }
    let bytes = stored_bytes(own) + targets.iter().map(stored_bytes).sum::<usize>();
    (bytes > MAX_TRANSACTION_BYTES).then(|| {
        format!(
            "the organization's pipelines and agents have {bytes} bytes; at most {MAX_TRANSACTION_BYTES} are copied"
        )
    })
}
