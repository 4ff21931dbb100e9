//! Runs the schedules on this machine, as EventBridge Scheduler does on AWS, and serves the queue, as Lambda does.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use shared::clock::Clock;
use shared::domain::{Fault, Timestamp};
use shared::function::EventFunction;
use shared::store::{Schedules, Table};
use tokio::task::JoinSet;

use crate::event_source::{Delivery, EventSource, MAXIMUM_CONCURRENCY};
use crate::gateway::{Gateway, InvocationResult};

pub use schedule_refresh::SHARE;

/// How often each schedule runs, as in the template.
pub const EVERY: Duration = Duration::from_secs(60);
/// The timeout of the sweep and of the schedule's function, as in the template.
pub const SCHEDULE_TIMEOUT: Duration = Duration::from_secs(300);
/// The timeout of the function that refreshes, as in the template: the longest time of one message.
pub const REFRESH_TIMEOUT: Duration = Duration::from_secs(29);
/// How often the queue is read.
const POLLING: Duration = Duration::from_secs(1);

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
    /// When they are due. The schedule looks every minute.
    AsDue,
    /// This often, for any period.
    Every(Duration),
}

impl Scheduler {
    /// The queue.
    pub fn queue(&self) -> &EventSource {
        &self.queue
    }

    /// Runs the schedule once.
    pub async fn run(&self) -> InvocationResult {
        self.gateway.invoke_function(EventFunction::ScheduleRefresh.logical_name(), json!({}), SCHEDULE_TIMEOUT).await
    }

    /// Serves the queue until no message is visible, [`MAXIMUM_CONCURRENCY`] messages at once. Returns the outcome of each.
    pub async fn drain(&self) -> Vec<Delivery> {
        let mut at_once = JoinSet::new();
        for _ in 0..MAXIMUM_CONCURRENCY {
            let scheduler = self.clone();
            at_once.spawn(async move { scheduler.serve().await });
        }
        at_once.join_all().await.concat()
    }

    /// Serves one message after the other until none is visible.
    async fn serve(&self) -> Vec<Delivery> {
        let mut served = Vec::new();
        while let Some(delivered) = self.deliver().await {
            served.push(delivered);
        }
        served
    }

    /// Serves one batch; `None` if no message is visible.
    pub async fn deliver(&self) -> Option<Delivery> {
        let function = async |event| {
            self.gateway.invoke_function(EventFunction::RefreshSnapshot.logical_name(), event, REFRESH_TIMEOUT).await
        };
        self.queue.deliver(function).await
    }

    /// Makes every scheduled snapshot due now, and returns their number.
    pub async fn hasten(&self) -> Result<usize, Fault> {
        let (schedules, now) = (Schedules::new(&self.table), self.clock.now());
        let mut hastened = 0;
        for shard in Schedules::shards() {
            let mut from = None;
            loop {
                let end = Timestamp::from_millis(i64::MAX);
                let page = schedules.page(&shard, end, from.as_deref()).await?;
                for scheduled in &schedules.load(&page.rows, end).await?.due {
                    hastened += usize::from(schedules.reschedule(scheduled, now).await?);
                }
                from = page.next;
                if from.is_none() {
                    break;
                }
            }
        }
        Ok(hastened)
    }

    /// Runs the sweep once.
    pub async fn sweep(&self) -> InvocationResult {
        self.gateway.invoke_function(EventFunction::SweepApplies.logical_name(), json!({}), SCHEDULE_TIMEOUT).await
    }

    /// Runs both schedules until the returned guard is dropped: the sweep once every `every`, which is a minute in the template, and
    /// the refreshes at this pace. They and the queue do not wait for one another, so a message that blocks does not delay the
    /// search for due snapshots.
    pub fn play(&self, every: Duration, pace: Pace) -> JoinSet<()> {
        let (sweeping, refreshing, serving) = (self.clone(), self.clone(), self.clone());
        let mut playing = JoinSet::new();
        playing.spawn(async move {
            loop {
                serving.drain().await;
                tokio::time::sleep(POLLING).await;
            }
        });
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
            tracing::warn!(%fault, "scheduled snapshots cannot be made due");
        }
        loop {
            match self.run().await {
                // With a pace, an organization's share does not count.
                Ok(report) if matches!(pace, Pace::Every(_)) && report["deferred"] != 0 => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(error = error.error_message, "the schedule failed; it runs again");
                    return;
                }
            }
        }
    }
}
