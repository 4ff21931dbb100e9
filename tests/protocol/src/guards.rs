//! The conditions that hold the protocol together, by name, so that each can be switched off.

use std::fmt;

macro_rules! guards {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// One condition, or one rule of order, of the protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Guard { $($(#[doc = $doc])+ $name,)+ }

        impl Guard {
            /// All of them.
            pub const ALL: &[Guard] = &[$(Guard::$name,)+];

            /// What it demands, in a sentence.
            pub fn demand(self) -> String {
                match self { $(Guard::$name => [$($doc,)+].concat(),)+ }.trim().to_owned()
            }
        }
    };
}

guards! {
    /// Admission puts the apply record only if it is absent.
    AdmitRecordAbsent,
    /// Admission takes the e-mail address only where nobody holds it.
    AdmitClaimAbsent,
    /// Where admission is refused for several reasons, the apply record's is looked at first.
    RecordReasonFirst,
    /// Where the claim refuses an admission, the apply record is read after the holder of the claim, and counts first.
    RecordAfterHolder,
    /// After a lost or refused answer a run goes on only where the record carries its own nonce.
    OwnNonce,
    /// A retry never starts an apply anew whose record is final.
    LivesOnce,
    /// A stage is written only while the record is `STAGING`.
    StageState,
    /// A stage is written only by the epoch that the record names.
    StageEpoch,
    /// The next transaction is sent only after the stage before was answered with success.
    StagesAnswered,
    /// Only a record that is `STAGING` is committed.
    CommitState,
    /// Only the epoch that the record names commits.
    CommitEpoch,
    /// A commit takes the address only where it is still reserved by this apply.
    CommitClaim,
    /// A commit puts the user's `#META` only if it is absent.
    CommitProfileAbsent,
    /// An orderly stop, and giving up a plan that has changed, need a record that is `STAGING`.
    StopState,
    /// An orderly stop, and giving up a plan that has changed, need the epoch that the record names.
    StopEpoch,
    /// Only a record that is `STAGING` is taken over.
    TakeOverState,
    /// A takeover is conditioned on the epoch that it read.
    TakeOverEpoch,
    /// A takeover is conditioned on the lease that it read.
    TakeOverLease,
    /// A takeover raises the epoch.
    TakeOverRaisesEpoch,
    /// A takeover goes on only with the plan that was pinned.
    TakeOverSamePlan,
    /// A sweep moves only a record that is `STAGING`.
    MoveState,
    /// A sweep's move is conditioned on the epoch that it read.
    MoveEpoch,
    /// A sweep's move is conditioned on the lease that it read.
    MoveLease,
    /// A sweep's move raises the epoch.
    MoveRaisesEpoch,
    /// A sweep lists and deletes only after the move.
    ListAfterMove,
    /// The list that finishes a sweep begins no earlier than a minute after the move.
    SecondLook,
    /// The list that finishes a sweep or an undo, or ends a second look, is empty.
    EmptyList,
    /// Every sweep finishes all records in `ABORTING` or `UNDOING`, and looks again at those in `UNDONE`.
    CarryOn,
    /// Only a record that is `ABORTING` or `UNDOING` is finished.
    FinishState,
    /// The address is freed only where this apply, or its user, still holds it.
    FinishClaim,
    /// Only a record that is `COMMITTED` is undone.
    UndoState,
    /// An undo that is not forced needs a user who is there.
    UndoProfile,
    /// An undo that is not forced needs the setup to be as the apply left it.
    UndoVersion,
    /// An undo that is not forced needs a user who has never signed in.
    UndoNotSignedIn,
    /// An undo lists and deletes only after the user's `#META` is gone.
    UndoListAfterMove,
    /// An undo deletes what a list shows, not what the apply once wrote.
    UndoLists,
    /// The list that ends the second look at an undone apply begins no earlier than a minute after its first transaction.
    UndoSecondLook,
    /// The first sign-in is written only to a `#META` that exists.
    SignInProfile,
    /// A change of a setup is conditioned on the existence of `#META`.
    EditProfile,
    /// An undo, forced or not, needs a `#META` as it was read, or none: a tombstone is neither.
    UndoNotRemoved,
    /// A removal needs a user who is as it was read.
    RemovalProfile,
    /// A removal reserves the address only where its user owns it.
    RemovalClaim,
    /// A tombstone has a higher version than the user, so that no edit that read the user is written to it.
    RemovalRaisesVersion,
    /// A removal lists and deletes only after the tombstone is there.
    RemovalListAfterTombstone,
    /// A removal deletes an item only if it is not of a later version than the tombstone.
    RemovalVersion,
    /// The list that finishes a removal, or ends its second look, is empty.
    RemovalEmptyList,
    /// Only a removal that is `REMOVING` is finished.
    RemovalState,
    /// A removal frees the address only where it still reserves it.
    RemovalFinishClaim,
    /// The list that ends the second look at a removed user begins no earlier than a minute after the tombstone.
    RemovalSecondLook,
}

/// The guards that are switched off.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct DisabledGuards(u64);

impl DisabledGuards {
    /// These.
    pub fn of(guards: &[Guard]) -> Self {
        Self(guards.iter().fold(0, |bits, guard| bits | 1 << *guard as u64))
    }

    /// Whether the protocol stands as written.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this guard is in force.
    pub fn holds(self, guard: Guard) -> bool {
        self.0 & 1 << guard as u64 == 0
    }

    /// Whether a demand is met, or nobody makes it.
    pub fn met(self, guard: Guard, demand: bool) -> bool {
        demand || !self.holds(guard)
    }
}

impl fmt::Debug for DisabledGuards {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(Guard::ALL.iter().filter(|guard| !self.holds(**guard))).finish()
    }
}
