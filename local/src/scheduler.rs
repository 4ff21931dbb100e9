//! The schedule on this machine: what EventBridge Scheduler does on AWS, and Lambda between the queue and the function that
//! refreshes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use shared::clock::Clock;
use shared::domain::{Fault, Timestamp};
use shared::store::{Schedules, Table};
use tokio::task::JoinHandle;

use crate::event_source::{Delivered, EventSource};
use crate::gateway::{Gateway, Invoked};
use crate::stack::{REFRESH_SNAPSHOT, SCHEDULE_REFRESH};

/// How often the schedule runs, as in the template.
pub const EVERY: Duration = Duration::from_secs(60);
/// The timeout of both functions in the template.
pub const TIMEOUT: Duration = Duration::from_secs(300);

/// Runs the schedule and serves its queue. Clones are the same.
#[derive(Clone)]
pub struct Scheduler {
    pub(crate) gateway: Gateway,
    pub(crate) queue: EventSource,
    pub(crate) table: Table,
    pub(crate) clock: Arc<dyn Clock>,
}

/// How often scheduled snapshots are refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// When they are due, which is looked up every minute.
    AsDue,
    /// This often, whatever their periods.
    Every(Duration),
}

impl Scheduler {
    /// The queue.
    pub fn queue(&self) -> &EventSource {
        &self.queue
    }

    /// Runs the schedule once.
    pub async fn run(&self) -> Invoked {
        self.gateway.invoke_function(SCHEDULE_REFRESH, json!({}), TIMEOUT).await
    }

    /// Serves the queue until nothing in it is visible. What became of each batch.
    pub async fn drain(&self) -> Vec<Delivered> {
        let mut batches = Vec::new();
        while let Some(batch) = self.deliver().await {
            batches.push(batch);
        }
        batches
    }

    /// Serves one batch; `None` where nothing is visible.
    pub async fn deliver(&self) -> Option<Delivered> {
        let function = async |event| self.gateway.invoke_function(REFRESH_SNAPSHOT, event, TIMEOUT).await;
        self.queue.deliver(function).await
    }

    /// Makes every scheduled snapshot due now. How many there are.
    pub async fn hasten(&self) -> Result<usize, Fault> {
        let (schedules, now) = (Schedules::new(&self.table), self.clock.now());
        let mut hastened = 0;
        for shard in Schedules::shards() {
            let mut from = None;
            loop {
                let page = schedules.due(&shard, Timestamp::from_millis(i64::MAX), from.as_deref()).await?;
                for scheduled in &page.due {
                    hastened += usize::from(schedules.move_on(scheduled, now).await?);
                }
                from = page.next;
                if from.is_none() {
                    break;
                }
            }
        }
        Ok(hastened)
    }

    /// Goes on at this pace until the task is aborted.
    pub fn play(self, pace: Pace) -> JoinHandle<()> {
        tokio::spawn(async move {
            loop {
                self.play_once(pace).await;
                tokio::time::sleep(match pace {
                    Pace::AsDue => EVERY,
                    Pace::Every(time) => time,
                })
                .await;
            }
        })
    }

    async fn play_once(&self, pace: Pace) {
        if let Pace::Every(_) = pace
            && let Err(fault) = self.hasten().await
        {
            tracing::warn!(%fault, "the schedules cannot be hastened");
        }
        if let Err(error) = self.run().await {
            tracing::warn!(error = error.error_message, "the schedule failed; it runs again");
        }
        self.drain().await;
    }
}
