//! The schedules on this machine: what EventBridge Scheduler does on AWS, and Lambda between the queue and the function that
//! refreshes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use shared::clock::Clock;
use shared::domain::{Fault, Timestamp};
use shared::store::{Schedules, Table};
use tokio::task::JoinSet;

use crate::event_source::{Delivered, EventSource};
use crate::gateway::{Gateway, Invoked};
use crate::stack::{REFRESH_SNAPSHOT, SCHEDULE_REFRESH, SWEEP_APPLIES};

/// How often each schedule runs, as in the template.
pub const EVERY: Duration = Duration::from_secs(60);
/// The timeout of the three functions in the template.
pub const TIMEOUT: Duration = Duration::from_secs(300);

/// Runs the schedules and serves the queue. Clones are the same.
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

    /// Sweeps once: clears away what nobody will finish.
    pub async fn sweep(&self) -> Invoked {
        self.gateway.invoke_function(SWEEP_APPLIES, json!({}), TIMEOUT).await
    }

    /// Runs both schedules until what this returns is dropped: the sweep `every` so often, which is a minute in the template, and
    /// the refreshes at this pace. Neither waits for the other.
    pub fn play(&self, every: Duration, pace: Pace) -> JoinSet<()> {
        let (sweeping, refreshing) = (self.clone(), self.clone());
        let mut playing = JoinSet::new();
        playing.spawn(async move {
            loop {
                if let Err(error) = sweeping.sweep().await {
                    tracing::warn!(error = error.error_message, "the sweep failed; it runs again");
                }
                tokio::time::sleep(every).await;
            }
        });
        playing.spawn(async move {
            loop {
                refreshing.refresh_once(pace).await;
                tokio::time::sleep(match pace {
                    Pace::AsDue => every,
                    Pace::Every(time) => time,
                })
                .await;
            }
        });
        playing
    }

    async fn refresh_once(&self, pace: Pace) {
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
