//! Shows how the protocol fails without each of its guards.

use std::collections::BTreeSet;

use apply_protocol::check::{break_property, check};
use apply_protocol::guards::Guard::{self, *};
use apply_protocol::properties::{CLAIMS, CLEAN, FENCED, IN_USE, LEFT_ALONE, LIVE, ONCE, TRUE_ANSWERS, UNIQUE, WHOLE};
use apply_protocol::scenes::{self, Scene};
use apply_protocol::state::Protocol;
use apply_protocol::transactions::TRANSACTIONS;

/// Where something breaks, and what.
type Damage = (fn() -> Scene, &'static str);

/// Guards without which something breaks: where, and what.
const NEEDED: &[(Guard, Damage)] = &[
    (AdmitRecordAbsent, (scenes::used, CLEAN)),
    (AdmitClaimAbsent, (scenes::rivals, UNIQUE)),
    (RecordAfterHolder, (scenes::contest, TRUE_ANSWERS)),
    (OwnNonce, (scenes::deleted, WHOLE)),
    (LivesOnce, (scenes::deleted, WHOLE)),
    (StageState, (scenes::keyless, CLEAN)),
    (StageEpoch, (scenes::deleted, WHOLE)),
    (StagesAnswered, (scenes::retry, WHOLE)),
    (CommitState, (scenes::keyless, TRUE_ANSWERS)),
    (CommitEpoch, (scenes::deleted, WHOLE)),
    (StopState, (scenes::keyless, WHOLE)),
    (StopEpoch, (scenes::deleted, FENCED)),
    (TakeOverState, (scenes::deleted, WHOLE)),
    (TakeOverEpoch, (scenes::deleted, WHOLE)),
    (TakeOverRaisesEpoch, (scenes::deleted, WHOLE)),
    (TakeOverSamePlan, (scenes::retry, WHOLE)),
    (MoveState, (scenes::deleted, WHOLE)),
    (ListAfterMove, (scenes::deleted, WHOLE)),
    (SecondLook, (scenes::deleted, CLEAN)),
    (EmptyList, (scenes::deleted, CLEAN)),
    (CarryOn, (scenes::keyless, LIVE)),
    (FinishClaim, (scenes::removed, CLAIMS)),
    (UndoState, (scenes::used, ONCE)),
    (UndoProfile, (scenes::used, IN_USE)),
    (UndoVersion, (scenes::used, IN_USE)),
    (UndoNotSignedIn, (scenes::used, IN_USE)),
    (UndoListAfterMove, (scenes::used, WHOLE)),
    (UndoLists, (scenes::used, CLEAN)),
    (UndoSecondLook, (scenes::used, CLEAN)),
    (SignInProfile, (scenes::used, CLEAN)),
    (EditProfile, (scenes::used, CLEAN)),
    (UndoNotRemoved, (scenes::leaving, CLEAN)),
    (RemovalProfile, (scenes::leaving, CLEAN)),
    (RemovalRaisesVersion, (scenes::leaving, CLEAN)),
    (RemovalListAfterTombstone, (scenes::leaving, WHOLE)),
    (RemovalVersion, (scenes::leaving, LEFT_ALONE)),
    (RemovalEmptyList, (scenes::leaving, CLEAN)),
    (RemovalSecondLook, (scenes::leaving, CLEAN)),
];

/// Guards that another one stands behind, and what they are for.
const IN_DEPTH: &[(Guard, &str)] = &[
    (RecordReasonFirst, "the record is read after the holder of the claim, too; it saves a retry those two reads"),
    (
        TakeOverLease,
        "a lease does not change within its epoch but to end; it is for the day that somebody prolongs one",
    ),
    (MoveLease, "as for a takeover"),
    (
        MoveEpoch,
        "an old sweep may end the run that has just taken over, which costs that run its work and breaks nothing",
    ),
    (MoveRaisesEpoch, "every write looks at the state as well; it fences a write that forgets to"),
    (CommitClaim, "a reservation goes only with its record; it is for claims that somebody repairs by hand"),
    (RemovalFinishClaim, "a removal ends once; it is for tables in which another has the address"),
    (RemovalState, "a late end would ask for one more second look, which the end of the last one answers"),
    (RemovalClaim, "a user who is there owns its claim; it is for tables in which another has the address"),
    (CommitProfileAbsent, "a user id is made once; it is for ids that are not"),
    (FinishState, "the claim is gone when the record is final, and all is one transaction"),
];

/// Designs that look right.
const WRONG_DESIGNS: &[(&str, &[Guard], Damage)] = &[
    ("staging by plain batch writes", &[StageState, StageEpoch], (scenes::deleted, CLEAN)),
    ("the claim's word alone", &[RecordReasonFirst, RecordAfterHolder], (scenes::at_once, TRUE_ANSWERS)),
    ("the user first, the items after", &[StagesAnswered], (scenes::retry, WHOLE)),
    ("one look at the partition", &[SecondLook], (scenes::deleted, CLEAN)),
    ("deleting, then moving to ABORTING", &[ListAfterMove], (scenes::deleted, WHOLE)),
    ("a second life under one apply id", &[LivesOnce], (scenes::deleted, WHOLE)),
    ("freeing the address unconditionally", &[FinishState, FinishClaim], (scenes::rivals, CLAIMS)),
    (
        "a lease without an epoch",
        &[StageEpoch, CommitEpoch, StopEpoch, TakeOverEpoch, TakeOverRaisesEpoch, MoveEpoch, MoveRaisesEpoch],
        (scenes::deleted, WHOLE),
    ),
    ("the apply id as proof after a lost answer", &[OwnNonce], (scenes::retry, WHOLE)),
    ("undo by what the apply wrote", &[UndoLists], (scenes::used, CLEAN)),
    (
        "freeing the address of a removal unconditionally",
        &[RemovalState, RemovalFinishClaim],
        (scenes::succession, CLAIMS),
    ),
    ("undo with one look", &[UndoSecondLook], (scenes::at_once, CLEAN)),
    ("undo whatever the record's state", &[UndoState], (scenes::used, ONCE)),
    ("a takeover that plans as it likes", &[TakeOverSamePlan], (scenes::retry, WHOLE)),
];

/// Guards without a condition on a write of applies and sweeps: rules of order, and the writes of sign-in and of other systems.
const RULES: &[Guard] = &[
    RecordReasonFirst,
    RecordAfterHolder,
    LivesOnce,
    StagesAnswered,
    TakeOverRaisesEpoch,
    TakeOverSamePlan,
    MoveRaisesEpoch,
    ListAfterMove,
    SecondLook,
    EmptyList,
    CarryOn,
    UndoListAfterMove,
    UndoLists,
    UndoSecondLook,
    SignInProfile,
    EditProfile,
    RemovalRaisesVersion,
    RemovalListAfterTombstone,
    RemovalEmptyList,
    RemovalSecondLook,
];

fn assert_breaks(what: &str, without: &[Guard], (scene, property): Damage) {
    let Scene { name, shape } = scene();
    let found = break_property(&Protocol::new(shape).without(without), property);
    let steps = found.map(|failure| failure.steps.len());
    assert!(steps.is_some(), "{what}: nothing breaks \"{property}\" in the scene \"{name}\"");
    println!("{what}: {steps:?} steps break \"{property}\"");
}

#[test]
fn every_guard_is_needed_or_stands_in_depth() {
    let mut listed: Vec<Guard> = NEEDED.iter().map(|row| row.0).chain(IN_DEPTH.iter().map(|row| row.0)).collect();
    listed.sort_unstable();
    assert_eq!(listed, Guard::ALL);
}

#[test]
fn every_guard_is_a_condition_of_a_transaction_or_a_rule() {
    let conditions = TRANSACTIONS.iter().flat_map(|transaction| transaction.parts).flat_map(|part| part.conditions);
    let guards: BTreeSet<Guard> = conditions.flat_map(|condition| condition.guards).copied().collect();
    let mut listed: Vec<Guard> = guards.into_iter().chain(RULES.iter().copied()).collect();
    listed.sort_unstable();
    assert_eq!(listed, Guard::ALL);
}

#[test]
fn without_a_guard_that_is_needed_something_breaks() {
    for &(guard, damage) in NEEDED {
        assert_breaks(&format!("{guard:?}"), &[guard], damage);
    }
}

#[test]
fn designs_that_look_right_break() {
    for &(design, guards, damage) in WRONG_DESIGNS {
        assert_breaks(design, guards, damage);
    }
}

#[test]
fn without_a_guard_in_depth_nothing_breaks() {
    for &(guard, defence) in IN_DEPTH {
        let mut states = 0;
        for Scene { name, shape } in scenes::small() {
            let report = check(&Protocol::new(shape).without(&[guard]));
            assert!(report.failures.is_empty(), "{guard:?} is needed, see {name}: {}", report.failures[0]);
            states += report.states;
        }
        println!("{guard:?}: {states} states. {defence}");
    }
}
