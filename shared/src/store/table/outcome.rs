//! The outcome of a DynamoDB call. Every error of the SDK is read here.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, ReturnValuesOnConditionCheckFailure};

use crate::domain::Fault;
use crate::store::keys::{self, PK, SK};

/// An item as it is stored.
pub(in crate::store) type Item = HashMap<String, AttributeValue>;

/// Returns the partition key of an item.
pub(in crate::store) fn partition_key(item: &Item) -> &str {
    key_attribute(item, PK)
}

/// Returns the sort key of an item.
pub(in crate::store) fn sort_key(item: &Item) -> &str {
    key_attribute(item, SK)
}

/// Returns a key attribute of the table or of an index, or an empty text if the item has none.
pub(in crate::store) fn key_attribute<'i>(item: &'i Item, name: &str) -> &'i str {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).unwrap_or_default()
}

/// Why a call failed.
#[derive(Debug)]
pub(in crate::store) enum CallFailure {
    /// The condition of a single write did not hold. Contains the existing item, if there is one.
    ConditionFailed(Option<Item>),
    /// The condition of at least one item of a transaction did not hold. The reasons are in the order of the items.
    Cancelled(Vec<ItemReason>),
    /// Another transaction works on the same items, or the table is throttled. Nothing is written.
    Contended(String),
    /// DynamoDB did not answer, or is unavailable. A write may be done or not.
    Unavailable(String),
    /// A right is missing, a KMS key refuses its use, or the credentials are expired or wrong: nothing was read or written. A retry is
    /// useless until an operator corrects that.
    Denied(String),
    /// DynamoDB rejected the request as invalid. A retry is useless.
    Invalid(String),
}

impl CallFailure {
    /// Returns whether a retry may succeed.
    pub(in crate::store) fn may_pass(&self) -> bool {
        matches!(self, Self::Contended(_) | Self::Unavailable(_))
    }
}

/// The part of one item in the cancellation of its transaction.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) enum ItemReason {
    /// The item did not cause the cancellation.
    None,
    /// The condition did not hold. Contains the existing item, if there is one.
    ConditionFailed(Option<Item>),
    /// Another transaction works on the item, or the table is throttled.
    Contended,
}

impl From<CallFailure> for Fault {
    fn from(failure: CallFailure) -> Self {
        match failure {
            CallFailure::Contended(what) | CallFailure::Unavailable(what) | CallFailure::Denied(what) => {
                Self::Unavailable(what)
            }
            CallFailure::Invalid(what) => Self::Corrupt(what),
            CallFailure::ConditionFailed(_) => Self::Corrupt("an unexpected condition failed".into()),
            CallFailure::Cancelled(reasons) => Self::Corrupt(format!("an unexpected condition failed: {reasons:?}")),
        }
    }
}

/// Returns whether a refused write returns the existing item. It does, unless the item is a claim, which may hold
/// another user's password hash.
pub(in crate::store) fn return_existing(pk: &str, sk: &str) -> ReturnValuesOnConditionCheckFailure {
    if keys::is_claim(pk, sk) {
        ReturnValuesOnConditionCheckFailure::None
    } else {
        ReturnValuesOnConditionCheckFailure::AllOld
    }
}

/// The parts of the SDK's error types that [`classify`] reads.
pub(in crate::store) trait CallError: ProvideErrorMetadata + std::fmt::Debug {
    /// Returns the existing item that failed the condition.
    fn existing_item(&self) -> Option<Item> {
        None
    }

    /// Returns the reasons why a transaction was cancelled.
    fn reasons(&self) -> &[CancellationReason] {
        &[]
    }
}

/// Classifies an SDK error.
pub(in crate::store) fn classify<E: CallError>(error: SdkError<E>) -> CallFailure {
    let SdkError::ServiceError(service) = &error else {
        return match &error {
            SdkError::ConstructionFailure(_) => CallFailure::Invalid(format!("{error:?}")),
            _ => CallFailure::Unavailable(format!("{error:?}")),
        };
    };
    let status = service.raw().status().as_u16();
    let error = service.err();
    let code = error.code().unwrap_or_default();
    let message = format!("{code}: {}", error.message().unwrap_or_default());
    match code {
        "ConditionalCheckFailedException" => CallFailure::ConditionFailed(error.existing_item()),
        "TransactionCanceledException" => cancelled(error.reasons(), message),
        // The same transaction was sent before and is still running. It may be written yet, so it must not be repeated
        // under another token.
        "TransactionInProgressException" => CallFailure::Unavailable(message),
        "TransactionConflictException"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "ThrottlingException" => CallFailure::Contended(message),
        _ if is_denial(code) => CallFailure::Denied(message),
        _ if status >= 500 => CallFailure::Unavailable(message),
        _ => CallFailure::Invalid(message),
    }
}

/// Whether AWS refused the caller and not the request. The message of a missing right names the action, so the log says which right to
/// grant. Source: the common errors in the references of DynamoDB and KMS.
fn is_denial(code: &str) -> bool {
    const DENIALS: [&str; 12] = [
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "UnrecognizedClientException",
    ];
    DENIALS.contains(&code) || code.starts_with("KMS")
}

/// Classifies a cancelled transaction by its worst reason: invalid, then a failed condition, then contended.
fn cancelled(reasons: &[CancellationReason], description: String) -> CallFailure {
    let mut read = Vec::with_capacity(reasons.len());
    for reason in reasons {
        read.push(match reason.code().unwrap_or("None") {
            "None" => ItemReason::None,
            "ConditionalCheckFailed" => ItemReason::ConditionFailed(reason.item().cloned()),
            "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" => ItemReason::Contended,
            other => {
                let message = format!("{description}: {other}: {}", reason.message().unwrap_or_default());
                return if is_denial(other) { CallFailure::Denied(message) } else { CallFailure::Invalid(message) };
            }
        });
    }
    if read.iter().any(|reason| matches!(reason, ItemReason::ConditionFailed(_))) {
        CallFailure::Cancelled(read)
    } else {
        CallFailure::Contended(description)
    }
}

mod errors {
    use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemError;
    use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemError;
    use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
    use aws_sdk_dynamodb::operation::get_item::GetItemError;
    use aws_sdk_dynamodb::operation::put_item::PutItemError;
    use aws_sdk_dynamodb::operation::query::QueryError;
    use aws_sdk_dynamodb::operation::scan::ScanError;
    use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
    use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
    use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

    use super::{CallError, CancellationReason, Item};

    impl CallError for BatchGetItemError {}
    impl CallError for BatchWriteItemError {}
    impl CallError for DeleteItemError {}
    impl CallError for GetItemError {}
    impl CallError for QueryError {}
    impl CallError for ScanError {}

    impl CallError for PutItemError {
        fn existing_item(&self) -> Option<Item> {
            match self {
                Self::ConditionalCheckFailedException(failed) => failed.item().cloned(),
                _ => None,
            }
        }
    }

    impl CallError for UpdateItemError {
        fn existing_item(&self) -> Option<Item> {
            match self {
                Self::ConditionalCheckFailedException(failed) => failed.item().cloned(),
                _ => None,
            }
        }
    }

    impl CallError for TransactGetItemsError {
        fn reasons(&self) -> &[CancellationReason] {
            match self {
                Self::TransactionCanceledException(cancelled) => cancelled.cancellation_reasons(),
                _ => &[],
            }
        }
    }

    impl CallError for TransactWriteItemsError {
        fn reasons(&self) -> &[CancellationReason] {
            match self {
                Self::TransactionCanceledException(cancelled) => cancelled.cancellation_reasons(),
                _ => &[],
            }
        }
    }
}

/// Returns whether a write was done; `false` if its condition did not hold.
pub(in crate::store) fn held(outcome: Result<(), CallFailure>) -> Result<bool, Fault> {
    match outcome {
        Ok(()) => Ok(true),
        Err(CallFailure::ConditionFailed(_) | CallFailure::Cancelled(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Email, ObjectId};

    #[test]
    fn a_refused_write_returns_every_item_but_a_claim() {
        let email = Email::parse("a%#b@acme.example").unwrap();
        let (claim, failures) = (keys::email(email.key()), keys::failures(keys::email_partition(email.key())));
        let user = keys::user(&ObjectId::NOBODY, &ObjectId::NOBODY);
        assert_eq!(return_existing(&claim.pk, &claim.sk), ReturnValuesOnConditionCheckFailure::None);
        for key in [failures, user] {
            assert_eq!(return_existing(&key.pk, &key.sk), ReturnValuesOnConditionCheckFailure::AllOld, "{key:?}");
        }
    }

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect()
    }

    #[test]
    fn a_cancelled_transaction_is_read_by_its_worst_reason() {
        let read = |codes: &[&str]| cancelled(&reasons(codes), String::new());
        assert!(matches!(read(&["None", "TransactionConflict", "ThrottlingError"]), CallFailure::Contended(_)));
        assert!(matches!(read(&["TransactionConflict", "ConditionalCheckFailed"]), CallFailure::Cancelled(_)));
        assert!(matches!(read(&["ConditionalCheckFailed", "ValidationError"]), CallFailure::Invalid(_)));
        assert!(matches!(read(&["ItemCollectionSizeLimitExceeded"]), CallFailure::Invalid(_)));
        assert!(matches!(read(&["None", "AccessDenied"]), CallFailure::Denied(_)));
    }

    #[test]
    fn the_reasons_keep_the_order_of_the_items() {
        let CallFailure::Cancelled(read) =
            cancelled(&reasons(&["None", "ConditionalCheckFailed", "TransactionConflict"]), String::new())
        else {
            panic!("not cancelled")
        };
        assert_eq!(read, [ItemReason::None, ItemReason::ConditionFailed(None), ItemReason::Contended]);
    }
}
