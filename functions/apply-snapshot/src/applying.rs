//! A request to apply, which the first use of an Idempotency-Key and a repeated one share.

use std::time::Duration;

use shared::domain::ObjectId;

use crate::Call;
use crate::judge::Asked;
use crate::request::Wanted;

/// How long a client waits for another request, or before it repeats its own under the same key.
pub(crate) const WAIT: Duration = Duration::from_secs(1);

/// One request to apply, as far as it is known before anything is read.
pub(crate) struct Applying<'a> {
    pub(crate) call: &'a Call<'a>,
    pub(crate) asked: Asked,
    pub(crate) wanted: Wanted,
    /// The apply's id, where an Idempotency-Key fixes it.
    pub(crate) key: Option<ObjectId>,
}
