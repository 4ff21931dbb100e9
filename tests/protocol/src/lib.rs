//! A model of how an apply becomes all or nothing, and a check of every state that it can get into.
//!
//! The code of an apply is tested like any other, with faults at chosen places. What tests cannot do is try every order in
//! which requests, retries, sweepers and undos may meet. This crate does, on small instances: it says what each party may do
//! next, and [stateright](https://docs.rs/stateright) visits every state that follows. It shares no code with the service; what
//! ties the two together is the table of conditions below, which the transactions in `shared/src/store` must carry.
//!
//! # A state
//!
//! The apply records, the users' `#META` and items, the one e-mail address that all applies want ([`store`]); how far every
//! *run* is, a run being one invocation of the function, so that a retry is another run ([`mod@run`]); and every request that
//! was ever sent and could still take effect. Sweepers and those who undo have no state: each is a read, followed by requests.
//!
//! # What may happen
//!
//! A request that was sent may take effect at any later time, any number of times, or never; its answer may arrive or not; its
//! sender may be dead by then, or asleep and go on later. So a crash, a pause, a lost or late request, a lost answer and a
//! retry by the SDK need no steps of their own. (The token by which DynamoDB recognizes a repeated transaction for ten
//! minutes is left out: nothing here needs it.) Any number of sweepers run at any time. The plan may change, or the snapshot
//! go, between two plannings. The user may sign in, be edited, be removed by an administrator or by another system, be made again by another system, be undone, forced or not.
//!
//! # What is assumed
//!
//! - The conditions and puts of a transaction are one atomic step. What it puts may *land* later, item by item: until then no
//!   list shows it, and other writes to it conflict. That is what DynamoDB promises a Query beside a transaction (read
//!   committed). Success is answered when all has landed.
//! - A transaction that took effect before a record moved to `ABORTING` or `UNDOING` has landed a minute after. This is the only
//!   assumption on time. A request that has *not* taken effect may wait for ever.
//! - A lease may look expired to anyone at any time, and never has to: no two clocks need to agree, and leases decide only how soon
//!   somebody else goes on, never whether that is safe.
//! - Another system removes a user with `#META` and the claim in one transaction.
//! - A run's nonce is fresh, user ids are made once, and a run sends the same bytes again when it sends again. Two runs may write
//!   different bytes even for the same plan (one may be a newer version of the code), so a user must be one run's work.
//!
//! # What is shown
//!
//! [`properties`] has the words: *whole*, *clean*, *unique*, *true answers*, *fenced*, *once*, *claims*, *in use*, *left alone* hold in every
//! state, and *live*: from every state that anything at all can lead to, sweepers alone bring every record to rest. An undo frees the
//! address before its second look; *clean* then means that nothing is left once that is over. `tests/model/states.rs`
//! checks that in every scene of [`scenes`]; every scene also has ends that must be reachable, so that nothing holds
//! because nothing happens. States that no future can tell apart are folded into one; a test compares what can be seen with
//! and without.
//!
//! # What each condition is for
//!
//! [`guards::Guard`] names every condition, and every rule of order. `tests/model/guards.rs` switches each one off: the check must then find
//! a way to break a property, or the guard stands in the list of those that another one stands behind, with the reason for keeping it.
//! The same test has the designs that look right and are not.
//!
//! | Transaction | Items in order, and their conditions |
//! | --- | --- |
//! | Admit | record absent; claim absent |
//! | Apply at once | record absent; claim absent; `#META`, items: put |
//! | Stage | record checked: `STAGING`, my epoch; items: put, whatever is there |
//! | Commit | record `STAGING`, my epoch; claim reserved by this apply; `#META` absent |
//! | Stop; give up a changed plan | record `STAGING`, my epoch: lease ended with a key; else, and for a changed plan, `ABORTING` |
//! | After a refusal by the claim | its holder is read without the hash, then the record, which counts first |
//! | Take over | record `STAGING`, the epoch and the lease that were read: epoch + 1, own nonce |
//! | Move (sweep) | record `STAGING`, the epoch and the lease that were read: `ABORTING`, epoch + 1 |
//! | Delete (sweep, undo) | none; only what was listed after the move |
//! | Finish (sweep) | record `ABORTING`; claim reserved by this apply: deleted |
//! | Finish (undo) | record `UNDOING`; claim owned by its user: deleted; an address that is not its user's stays as it is |
//! | Second look (sweep) | record `UNDONE`: nothing is to be swept any more |
//! | Undo | record `COMMITTED`; `#META` exists, has the apply's version and no first sign-in: deleted |
//! | Undo, forced | record `COMMITTED`; `#META` as it was read, or absent as it was read: deleted |
//! | Remove | the apply's record `COMMITTED`; `#META` as it was read: a tombstone with a higher version; claim owned by its user: reserved; the caller as it was read |
//! | Delete (removal) | not of a later version than the tombstone; only what was listed after it |
//! | Finish (removal) | tombstone `REMOVING`; claim reserved by this removal: deleted; an address that is not reserved by it stays |
//! | Second look (removal) | tombstone `REMOVED`: nothing is to be swept any more |
//! | First sign-in; edit | `#META` exists, as it was read: a tombstone is not |
//!
//! # Larger instances
//!
//! ```sh
//! cargo run --release -p apply-protocol -- --appliers 3 --stages 2 --moves       # about a million states
//! cargo run --release -p apply-protocol -- --stages 2 --without StageEpoch       # prints the shortest way to break it
//! ```

pub mod applier;
pub mod check;
pub mod guards;
pub mod model;
pub mod properties;
pub mod reach;
mod removal;
pub mod requests;
pub mod run;
pub mod scenes;
pub mod state;
pub mod store;
mod sweeper;
pub mod transactions;
mod undo;
