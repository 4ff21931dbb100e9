//! The queue between the schedule and the refreshes: its message and its port. The caller chooses the implementation:
//! SQS, or a queue in this process.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use crate::domain::{Fault, ObjectId, Timestamp};

/// A due snapshot. The message may arrive twice, late, or out of order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefreshMessage {
    /// The snapshot.
    pub snapshot_id: ObjectId,
    /// The source organization, by which the queue tells tenants apart; `None` if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<ObjectId>,
    /// The time at which it was due. It identifies the message among those of the same snapshot, however often each
    /// arrives.
    pub due_at: Timestamp,
}

/// A queue that takes messages for `refresh-snapshot`.
pub trait RefreshQueue: Send + Sync {
    /// Sends any number of messages. Returns for each, in their order, whether the queue accepted it. One that was not
    /// accepted may have arrived all the same.
    fn send<'a>(&'a self, messages: &'a [RefreshMessage]) -> SendFuture<'a>;
}

/// The results of a call of [`RefreshQueue::send`].
pub type SendFuture<'a> = Pin<Box<dyn Future<Output = Vec<Result<(), Fault>>> + Send + 'a>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_json_with_the_snapshot_its_organization_and_the_moment() {
        let message = RefreshMessage {
            snapshot_id: "665f1a0c0e0a4b001a2c9f80".parse().unwrap(),
            organization_id: Some("64ee9a8b1e7f2a0011223344".parse().unwrap()),
            due_at: Timestamp::from_millis(1_778_835_600_000),
        };
        let text = concat!(
            r#"{"snapshotId":"665f1a0c0e0a4b001a2c9f80","organizationId":"64ee9a8b1e7f2a0011223344","#,
            r#""dueAt":"2026-05-15T09:00:00.000Z"}"#
        );
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
        assert_eq!(serde_json::from_str::<RefreshMessage>(text).unwrap(), message);
        // The form before messages named the organization. One may still be in the queue.
        let text = r#"{"snapshotId":"665f1a0c0e0a4b001a2c9f80","dueAt":"2026-05-15T09:00:00.000Z"}"#;
        let message = RefreshMessage { organization_id: None, ..message };
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
        assert_eq!(serde_json::from_str::<RefreshMessage>(text).unwrap(), message);
    }
}
