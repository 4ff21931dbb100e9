//! The conditional writes of the protocol as data. A test compares them with the guards: every condition names the guards that it is.

use std::fmt;

use crate::guards::Guard::{self, *};

/// The items that the protocol writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The record of an apply.
    Record,
    /// The claim on an e-mail address.
    Claim,
    /// The user's `#META`.
    Profile,
    /// Clones and switches.
    Items,
}

/// What a write does to its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// Puts it.
    Put,
    /// Changes some of its attributes.
    Update,
    /// Deletes it.
    Delete,
    /// Changes nothing, and fails the transaction where a condition does not hold.
    Check,
}

/// What a condition demands of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// It is there.
    Present,
    /// It is not there.
    Absent,
    /// It has this value.
    Is(&'static str),
    /// It has the value that was read or written before.
    AsKnown,
    /// It is not there, or has that value.
    AbsentOrKnown,
    /// It is not above a known number.
    NotAbove,
}

/// A condition of a write.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    /// The attribute.
    pub attribute: &'static str,
    /// What is demanded of it.
    pub demand: Demand,
    /// The guards of the model that it is. Without one, the model knows no state in which it decides anything.
    pub guards: &'static [Guard],
}

/// One write of a transaction.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// What is written; neighbours that differ in nothing else are one part.
    pub subject: Subject,
    /// What is done.
    pub write: Write,
    /// On what conditions.
    pub conditions: &'static [Condition],
    /// The state that a record has after it, where the write names one.
    pub state: Option<&'static str>,
}

/// Writes that take effect together or not at all.
#[derive(Clone, Copy, Debug)]
pub struct Transaction {
    /// What it is called.
    pub name: &'static str,
    /// The writes, in order.
    pub parts: &'static [Part],
}

const fn when(attribute: &'static str, demand: Demand, guards: &'static [Guard]) -> Condition {
    Condition { attribute, demand, guards }
}

const fn part(subject: Subject, write: Write, conditions: &'static [Condition]) -> Part {
    Part { subject, write, conditions, state: None }
}

/// A write of the record after which it has this state.
const fn becomes(state: &'static str, write: Write, conditions: &'static [Condition]) -> Part {
    Part { subject: Subject::Record, write, conditions, state: Some(state) }
}

const PRESENT: Condition = when("PK", Demand::Present, &[]);
const STAGING: Demand = Demand::Is("STAGING");
const NO_RECORD: &[Condition] = &[when("PK", Demand::Absent, &[AdmitRecordAbsent])];
const NO_CLAIM: &[Condition] = &[when("PK", Demand::Absent, &[AdmitClaimAbsent])];
const NO_PROFILE: &[Condition] = &[when("PK", Demand::Absent, &[CommitProfileAbsent])];
/// The item ids of an apply are its own.
const NO_ITEM: &[Condition] = &[when("PK", Demand::Absent, &[])];
const STOPPED: &[Condition] = &[
    PRESENT,
    when("state", STAGING, &[StopState]),
    when("epoch", Demand::AsKnown, &[StopEpoch]),
    when("nonce", Demand::AsKnown, &[OwnNonce]),
];
const COMMITTED: &[Condition] = &[PRESENT, when("state", Demand::Is("COMMITTED"), &[UndoState])];
const UNDOING: &[Condition] = &[PRESENT, when("state", Demand::Is("UNDOING"), &[FinishState])];

/// The user who is removed, as it was read.
const REMOVED_USER: Part = part(
    Subject::Profile,
    Write::Put,
    &[
        when("PK", Demand::Present, &[RemovalProfile]),
        when("accessRole", Demand::AsKnown, &[RemovalProfile]),
        when("setupVersion", Demand::AsKnown, &[RemovalProfile]),
        when("credentialVersion", Demand::AbsentOrKnown, &[]),
        when("loginDisabled", Demand::AbsentOrKnown, &[]),
    ],
);
const RESERVED_ADDRESS: Part = part(
    Subject::Claim,
    Write::Update,
    &[
        PRESENT,
        when("userId", Demand::AsKnown, &[RemovalClaim]),
        when("organizationId", Demand::AsKnown, &[RemovalClaim]),
    ],
);
const NOTED_REMOVAL: Part = part(
    Subject::Record,
    Write::Update,
    &[PRESENT, when("state", Demand::Is("COMMITTED"), &[]), when("userId", Demand::AsKnown, &[])],
);
/// The administrator who removes the user is still one.
const ADMINISTRATOR: Part = part(
    Subject::Profile,
    Write::Check,
    &[
        PRESENT,
        when("accessRole", Demand::AsKnown, &[]),
        when("credentialVersion", Demand::AbsentOrKnown, &[]),
        when("loginDisabled", Demand::AbsentOrKnown, &[]),
    ],
);
const REMOVING: &[Condition] = &[PRESENT, when("state", Demand::Is("REMOVING"), &[RemovalState])];

/// Every transaction of the protocol.
pub const TRANSACTIONS: &[Transaction] = &[
    Transaction {
        name: "apply at once",
        parts: &[
            becomes("COMMITTED", Write::Put, NO_RECORD),
            part(Subject::Claim, Write::Put, NO_CLAIM),
            part(Subject::Profile, Write::Put, NO_PROFILE),
            part(Subject::Items, Write::Put, NO_ITEM),
        ],
    },
    Transaction {
        name: "admit",
        parts: &[becomes("STAGING", Write::Put, NO_RECORD), part(Subject::Claim, Write::Put, NO_CLAIM)],
    },
    Transaction {
        name: "stage",
        parts: &[
            part(
                Subject::Record,
                Write::Check,
                &[PRESENT, when("state", STAGING, &[StageState]), when("epoch", Demand::AsKnown, &[StageEpoch])],
            ),
            part(Subject::Items, Write::Put, &[]),
        ],
    },
    Transaction {
        name: "commit",
        parts: &[
            becomes(
                "COMMITTED",
                Write::Update,
                &[PRESENT, when("state", STAGING, &[CommitState]), when("epoch", Demand::AsKnown, &[CommitEpoch])],
            ),
            part(Subject::Claim, Write::Update, &[PRESENT, when("reservedBy", Demand::AsKnown, &[CommitClaim])]),
            part(Subject::Profile, Write::Put, NO_PROFILE),
        ],
    },
    Transaction { name: "stop with a key", parts: &[part(Subject::Record, Write::Update, STOPPED)] },
    Transaction { name: "stop without a key", parts: &[becomes("ABORTING", Write::Update, STOPPED)] },
    Transaction {
        name: "take over",
        parts: &[part(
            Subject::Record,
            Write::Update,
            &[
                PRESENT,
                when("state", STAGING, &[TakeOverState]),
                when("epoch", Demand::AsKnown, &[TakeOverEpoch]),
                when("leaseUntil", Demand::AsKnown, &[TakeOverLease]),
            ],
        )],
    },
    Transaction {
        name: "move, or give up a plan that has changed",
        parts: &[becomes(
            "ABORTING",
            Write::Update,
            &[
                PRESENT,
                when("state", STAGING, &[MoveState, StopState]),
                when("epoch", Demand::AsKnown, &[MoveEpoch, StopEpoch]),
                when("leaseUntil", Demand::AsKnown, &[MoveLease]),
            ],
        )],
    },
    Transaction { name: "delete what a list shows", parts: &[part(Subject::Items, Write::Delete, &[])] },
    Transaction {
        name: "finish a sweep",
        parts: &[
            becomes("ABORTED", Write::Update, &[PRESENT, when("state", Demand::Is("ABORTING"), &[FinishState])]),
            part(Subject::Claim, Write::Delete, &[PRESENT, when("reservedBy", Demand::AsKnown, &[FinishClaim])]),
        ],
    },
    Transaction {
        name: "undo",
        parts: &[
            becomes("UNDOING", Write::Update, COMMITTED),
            part(
                Subject::Profile,
                Write::Delete,
                &[
                    when("PK", Demand::Present, &[UndoProfile]),
                    when("setupVersion", Demand::AsKnown, &[UndoVersion]),
                    when("firstSignInAt", Demand::Absent, &[UndoNotSignedIn]),
                    when("invitationAcceptedAt", Demand::Absent, &[]),
                    when("loginDisabled", Demand::AsKnown, &[]),
                    when("accessRole", Demand::AsKnown, &[]),
                ],
            ),
        ],
    },
    Transaction {
        name: "undo by force",
        parts: &[
            becomes("UNDOING", Write::Update, COMMITTED),
            part(Subject::Profile, Write::Delete, &[PRESENT, when("setupVersion", Demand::AsKnown, &[UndoNotRemoved])]),
        ],
    },
    Transaction {
        name: "undo by force of a user who is gone",
        parts: &[
            becomes("UNDOING", Write::Update, COMMITTED),
            part(Subject::Profile, Write::Check, &[when("PK", Demand::Absent, &[UndoNotRemoved])]),
        ],
    },
    Transaction {
        name: "finish an undo",
        parts: &[
            becomes("UNDONE", Write::Update, UNDOING),
            part(
                Subject::Claim,
                Write::Delete,
                &[
                    PRESENT,
                    when("userId", Demand::AsKnown, &[FinishClaim]),
                    when("organizationId", Demand::AsKnown, &[]),
                ],
            ),
        ],
    },
    Transaction {
        name: "finish an undo whose address is somebody else's",
        parts: &[becomes("UNDONE", Write::Update, UNDOING)],
    },
    Transaction {
        name: "end a second look",
        parts: &[part(Subject::Record, Write::Update, &[PRESENT, when("state", Demand::Is("UNDONE"), &[])])],
    },
    Transaction {
        name: "remove the user of an apply",
        parts: &[NOTED_REMOVAL, REMOVED_USER, RESERVED_ADDRESS, ADMINISTRATOR],
    },
    Transaction { name: "remove another user", parts: &[REMOVED_USER, RESERVED_ADDRESS, ADMINISTRATOR] },
    Transaction { name: "remove a user whose address is somebody else's", parts: &[REMOVED_USER, ADMINISTRATOR] },
    Transaction {
        name: "delete what a list shows of a removed user",
        parts: &[part(Subject::Items, Write::Delete, &[when("setupVersion", Demand::NotAbove, &[RemovalVersion])])],
    },
    Transaction {
        name: "finish a removal",
        parts: &[
            part(Subject::Profile, Write::Update, REMOVING),
            part(
                Subject::Claim,
                Write::Delete,
                &[
                    PRESENT,
                    when("reservedBy", Demand::AsKnown, &[RemovalFinishClaim]),
                    when("organizationId", Demand::AsKnown, &[]),
                ],
            ),
        ],
    },
    Transaction {
        name: "finish a removal whose address is somebody else's",
        parts: &[part(Subject::Profile, Write::Update, REMOVING)],
    },
    Transaction {
        name: "end a second look at a removed user",
        parts: &[part(Subject::Profile, Write::Update, &[PRESENT, when("state", Demand::Is("REMOVED"), &[])])],
    },
];

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attribute = self.attribute;
        match self.demand {
            Demand::Present => write!(formatter, "{attribute} is there"),
            Demand::Absent => write!(formatter, "{attribute} is not there"),
            Demand::Is(value) => write!(formatter, "{attribute} is {value}"),
            Demand::AsKnown => write!(formatter, "{attribute} is as known"),
            Demand::AbsentOrKnown => write!(formatter, "{attribute} is not there or as known"),
            Demand::NotAbove => write!(formatter, "{attribute} is not above the known one"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} {:?}", self.write, self.subject)?;
        if let Some(state) = self.state {
            write!(formatter, " to {state}")?;
        }
        let mut conditions: Vec<String> = self.conditions.iter().map(ToString::to_string).collect();
        conditions.sort_unstable();
        conditions.iter().enumerate().try_for_each(|(at, condition)| {
            write!(formatter, "{} {condition}", if at == 0 { " where" } else { " and" })
        })
    }
}

impl fmt::Display for Transaction {
    /// What it does, without its name.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.parts.iter().map(ToString::to_string).collect();
        formatter.write_str(&parts.join("; "))
    }
}
