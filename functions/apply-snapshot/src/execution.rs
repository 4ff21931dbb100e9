//! The execution of an apply request, which a first and a repeated request share.

use std::time::Duration;

use shared::domain::ObjectId;

use crate::Call;
use crate::planning::ApplyRequest;
use crate::request::ApplyParameters;

/// How long a client waits for another request, or before it repeats its own with the same key.
pub(crate) const WAIT: Duration = Duration::from_secs(1);

/// The execution of one apply request.
pub(crate) struct ApplyExecution<'a> {
    pub(crate) call: &'a Call<'a>,
    pub(crate) request: ApplyRequest,
    pub(crate) parameters: ApplyParameters,
    /// The apply's id, if an Idempotency-Key determines it.
    pub(crate) key: Option<ObjectId>,
}
