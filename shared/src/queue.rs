//! The queue between the schedule and the refreshes: what a message says, and the port through which it is handed over. What
//! is behind the port, SQS or a queue in this process, is the caller's to choose.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use crate::domain::{Fault, ObjectId, Timestamp};

/// One snapshot that is due. It may come twice, late, or out of order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefreshMessage {
    /// The snapshot.
    pub snapshot_id: ObjectId,
    /// The organization that it is captured in, by which the queue tells one tenant's messages from another's; `None` where nothing
    /// tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<ObjectId>,
    /// The moment at which it was due: what tells one message from the next for the same snapshot, however often each comes.
    pub due_at: Timestamp,
}

/// A queue that takes messages for `refresh-snapshot`.
pub trait RefreshQueue: Send + Sync {
    /// Hands over messages, any number of them. Tells of each, in their order, whether the queue has it now; one that is not
    /// accepted may have arrived all the same.
    fn send<'a>(&'a self, messages: &'a [RefreshMessage]) -> Sending<'a>;
}

/// What becomes of messages, to come.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Vec<Result<(), Fault>>> + Send + 'a>>;

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
        // As a message was before it named the organization; one may wait in the queue.
        let text = r#"{"snapshotId":"665f1a0c0e0a4b001a2c9f80","dueAt":"2026-05-15T09:00:00.000Z"}"#;
        let message = RefreshMessage { organization_id: None, ..message };
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
        assert_eq!(serde_json::from_str::<RefreshMessage>(text).unwrap(), message);
    }
}
