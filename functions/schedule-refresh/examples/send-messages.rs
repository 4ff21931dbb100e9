//! Sends messages through the client that the function uses, for `tests/queue/run`: so many as the one argument says, to the queue
//! of `REFRESH_QUEUE_URL` at `SQS_ENDPOINT`. Prints `accepted` or what is wrong for each, one a line.
#![expect(clippy::expect_used, reason = "a tool of the tests")]

use schedule_refresh::SqsQueue;
use shared::config::QueueConfig;
use shared::domain::{ObjectId, Timestamp};
use shared::queue::{RefreshMessage, RefreshQueue};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let count = std::env::args().nth(1).and_then(|text| text.parse::<u8>().ok()).expect("how many messages");
    let queue = SqsQueue::connect(&QueueConfig::from_env().expect("the settings of the queue")).await;
    let message = |number| RefreshMessage {
        snapshot_id: ObjectId::from_bytes([number; 12]),
        // Every third one tells no organization, as one may that was scheduled long ago.
        organization_id: (number % 3 > 0).then(|| ObjectId::from_bytes([number % 3; 12])),
        due_at: Timestamp::from_millis(1_778_835_600_000),
    };
    let messages: Vec<_> = (1..=count).map(message).collect();
    for verdict in queue.send(&messages).await {
        match verdict {
            Ok(()) => println!("accepted"),
            Err(fault) => println!("{}", fault.to_string().replace('\n', " ")),
        }
    }
}
