//! What became of a DynamoDB call. Every error of the SDK is read here and nowhere else.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason};

use crate::domain::Fault;

/// An item as it is stored.
pub(in crate::store) type Item = HashMap<String, AttributeValue>;

/// Why a call did not do what it was meant to.
#[derive(Debug)]
pub(in crate::store) enum CallFailure {
    /// The condition of a single write did not hold; the item it met, where there was one.
    ConditionFailed(Option<Item>),
    /// A transaction was cancelled, and the condition of at least one of its items did not hold. The reasons are in
    /// the order of the transaction's items.
    Cancelled(Vec<Reason>),
    /// Another transaction works on the same items, or the table is throttled: nothing was written.
    Contended(String),
    /// No answer, or one that says "not now". A write may or may not have landed.
    Unavailable(String),
    /// DynamoDB calls the request wrong. Repeating it is useless.
    Invalid(String),
}

impl CallFailure {
    /// Whether the same call may succeed a moment later.
    pub(in crate::store) fn may_pass(&self) -> bool {
        matches!(self, Self::Contended(_) | Self::Unavailable(_))
    }
}

/// Why one item of a cancelled transaction is to blame.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) enum Reason {
    /// It is not.
    None,
    /// Its condition did not hold; the item it met, where there was one.
    ConditionFailed(Option<Item>),
    /// It met another transaction, or the table is throttled.
    Contended,
}

impl From<CallFailure> for Fault {
    fn from(failure: CallFailure) -> Self {
        match failure {
            CallFailure::Contended(what) | CallFailure::Unavailable(what) => Self::Unavailable(what),
            CallFailure::Invalid(what) => Self::Corrupt(what),
            CallFailure::ConditionFailed(_) => Self::Corrupt("a condition failed that nobody expected to".into()),
            CallFailure::Cancelled(reasons) => {
                Self::Corrupt(format!("a condition failed that nobody expected to: {reasons:?}"))
            }
        }
    }
}

/// What the typed errors of the single calls have in common: the pieces that [`classify`] needs.
pub(in crate::store) trait CallError: ProvideErrorMetadata + std::fmt::Debug {
    /// The item that a failed condition met.
    fn met_item(&self) -> Option<Item> {
        None
    }

    /// The reasons for which a transaction was cancelled.
    fn reasons(&self) -> &[CancellationReason] {
        &[]
    }
}

/// Reads an SDK error.
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
    let told = format!("{code}: {}", error.message().unwrap_or_default());
    match code {
        "ConditionalCheckFailedException" => CallFailure::ConditionFailed(error.met_item()),
        "TransactionCanceledException" => cancelled(error.reasons(), told),
        // The same transaction, sent before, is still at work: it may yet land, so it must not be made anew.
        "TransactionInProgressException" => CallFailure::Unavailable(told),
        "TransactionConflictException"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "ThrottlingException" => CallFailure::Contended(told),
        _ if status >= 500 => CallFailure::Unavailable(told),
        _ => CallFailure::Invalid(told),
    }
}

/// A cancelled transaction counts as what its worst reason says: wrong, then refused by a condition, then contended.
fn cancelled(reasons: &[CancellationReason], told: String) -> CallFailure {
    let mut read = Vec::with_capacity(reasons.len());
    for reason in reasons {
        read.push(match reason.code().unwrap_or("None") {
            "None" => Reason::None,
            "ConditionalCheckFailed" => Reason::ConditionFailed(reason.item().cloned()),
            "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" => Reason::Contended,
            other => {
                let message = reason.message().unwrap_or_default();
                return CallFailure::Invalid(format!("{told}: {other}: {message}"));
            }
        });
    }
    if read.iter().any(|reason| matches!(reason, Reason::ConditionFailed(_))) {
        CallFailure::Cancelled(read)
    } else {
        CallFailure::Contended(told)
    }
}

mod errors {
    use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemError;
    use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemError;
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
    impl CallError for GetItemError {}
    impl CallError for QueryError {}
    impl CallError for ScanError {}

    impl CallError for PutItemError {
        fn met_item(&self) -> Option<Item> {
            match self {
                Self::ConditionalCheckFailedException(failed) => failed.item().cloned(),
                _ => None,
            }
        }
    }

    impl CallError for UpdateItemError {
        fn met_item(&self) -> Option<Item> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    #[test]
    fn the_reasons_keep_the_order_of_the_items() {
        let CallFailure::Cancelled(read) =
            cancelled(&reasons(&["None", "ConditionalCheckFailed", "TransactionConflict"]), String::new())
        else {
            panic!("not cancelled")
        };
        assert_eq!(read, [Reason::None, Reason::ConditionFailed(None), Reason::Contended]);
    }
}
