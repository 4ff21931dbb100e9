//! Tests how far a guesser gets, and who can lock the owner of an address out. No password is hashed: the tests call
//! the port that counts.

use shared::domain::{Network, NetworkMark};
use shared::store::{
    Attempt, AttemptVerdict, KNOWN_FOR, MAX_ADDRESS_FAILURES, MAX_FAILURES, MAX_IN_FLIGHT, MAX_KNOWN,
    NEW_NETWORK_EVERY, PLACE_TIME, SignInStart, SignIns, WINDOW,
};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::*;

const MOMENT: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GuessOutcome {
    /// Whether the password is right.
    Verdict,
    /// To retry after this time.
    Locked(Duration),
}

impl GuessOutcome {
    fn of(verdict: AttemptVerdict) -> Self {
        match verdict {
            AttemptVerdict::Stands => Self::Verdict,
            AttemptVerdict::Locked { retry_after } => Self::Locked(retry_after),
        }
    }
}

/// An address under attack, on a clock that the test moves.
#[derive(Clone)]
struct Target {
    table: Table,
    marks: shared::http::NetworkMarks,
    clock: Arc<TestClock>,
    email: Email,
}

impl Target {
    async fn start() -> Self {
        let TestApp { app, clock, .. } = TestApp::start().await;
        let email = Email::parse("pat@acme.example").unwrap();
        Self { table: app.table, marks: app.signer.network_marks().clone(), clock, email }
    }

    fn advance(&self, by: Duration) {
        self.clock.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }

    fn mark(&self, network: u32) -> NetworkMark {
        let [_, a, b, c] = network.to_be_bytes();
        self.marks.mark(self.email.key().as_str(), Network::V4([a + 1, b, c]))
    }

    async fn begin<'a>(&self, sign_ins: &SignIns<'a>, network: u32) -> Result<Attempt<'a>, Duration> {
        let mut random = [0; 4];
        shared::ids::Randomness::fill(&SystemRandomness, &mut random);
        match sign_ins.begin(self.email.key(), self.mark(network), random, self.clock.now()).await.unwrap() {
            SignInStart::Open { attempt, .. } => Ok(*attempt),
            SignInStart::Locked { retry_after } => Err(retry_after),
        }
    }

    /// Tries a wrong password.
    async fn guess(&self, network: u32) -> GuessOutcome {
        match self.begin(&SignIns::new(&self.table), network).await {
            Ok(attempt) => GuessOutcome::of(attempt.reject().await.unwrap()),
            Err(wait) => GuessOutcome::Locked(wait),
        }
    }

    /// Tries the right password.
    async fn sign_in(&self, network: u32) -> GuessOutcome {
        match self.begin(&SignIns::new(&self.table), network).await {
            Ok(attempt) => GuessOutcome::of(attempt.accept().await.unwrap()),
            Err(wait) => GuessOutcome::Locked(wait),
        }
    }

    /// Makes this number of failures, ten from each network, starting with `first_network`.
    async fn fail(&self, failures: u64, first_network: u32) {
        for failure in 0..failures {
            let network = first_network + u32::try_from(failure / MAX_FAILURES).unwrap();
            assert_eq!(self.guess(network).await, GuessOutcome::Verdict, "failure {failure}");
        }
    }

    /// Returns the write units of what `work` does.
    async fn write_units(&self, work: impl AsyncFnOnce(&Self)) -> f64 {
        let counting = Self { table: self.table.for_request(Duration::from_secs(20)), ..self.clone() };
        work(&counting).await;
        counting.table.consumed().write_units
    }

    /// Makes one attempt from each network, a hundred at a time, the most connections that the database takes. Returns
    /// how many got a verdict.
    async fn at_once(&self, networks: impl Iterator<Item = u32>, is_right: bool) -> usize {
        let (mut attempts, at_once) = (JoinSet::new(), Arc::new(Semaphore::new(100)));
        for network in networks {
            let (target, at_once) = (self.clone(), at_once.clone());
            attempts.spawn(async move {
                let _one_of_them = at_once.acquire_owned().await.unwrap();
                if is_right { target.sign_in(network).await } else { target.guess(network).await }
            });
        }
        attempts.join_all().await.into_iter().filter(|told| *told == GuessOutcome::Verdict).count()
    }
}

#[tokio::test]
async fn ten_failures_lock_one_network_out_until_the_window_is_over_and_no_other_one() {
    let target = Target::start().await;
    target.fail(MAX_FAILURES - 1, 0).await;
    assert_eq!(target.sign_in(0).await, GuessOutcome::Verdict);
    assert_eq!(target.guess(0).await, GuessOutcome::Verdict);
    for told in [target.sign_in(0).await, target.guess(0).await] {
        assert_eq!(told, GuessOutcome::Locked(WINDOW));
    }
    assert_eq!(target.sign_in(1).await, GuessOutcome::Verdict);
    target.advance(WINDOW - MOMENT);
    assert_eq!(target.sign_in(0).await, GuessOutcome::Locked(MOMENT));
    target.advance(MOMENT);
    assert_eq!(target.sign_in(0).await, GuessOutcome::Verdict);
    target.fail(MAX_FAILURES, 0).await;
    assert_eq!(target.guess(0).await, GuessOutcome::Locked(WINDOW));
}

#[tokio::test]
async fn above_500_failures_known_networks_pass_and_one_attempt_a_minute_of_new_ones() {
    const OWNER: u32 = 1_000;
    let target = Target::start().await;
    assert_eq!(target.sign_in(OWNER).await, GuessOutcome::Verdict);
    target.fail(MAX_ADDRESS_FAILURES - 1, 0).await;
    assert_eq!(target.guess(100).await, GuessOutcome::Verdict, "the 500th failure");
    assert_eq!(target.guess(101).await, GuessOutcome::Verdict, "one attempt passes in spite of them");
    assert_eq!(target.guess(102).await, GuessOutcome::Locked(NEW_NETWORK_EVERY));
    target.advance(NEW_NETWORK_EVERY - MOMENT);
    assert_eq!(target.sign_in(102).await, GuessOutcome::Locked(MOMENT));
    target.advance(MOMENT);
    assert_eq!(target.sign_in(102).await, GuessOutcome::Verdict);
    assert_eq!(target.sign_in(103).await, GuessOutcome::Locked(NEW_NETWORK_EVERY));
    assert_eq!(target.sign_in(102).await, GuessOutcome::Verdict, "its network is known by now");
    for _ in 0..MAX_FAILURES {
        assert_eq!(target.sign_in(OWNER).await, GuessOutcome::Verdict);
        assert_eq!(target.guess(OWNER).await, GuessOutcome::Verdict);
    }
    assert!(matches!(target.sign_in(OWNER).await, GuessOutcome::Locked(_)), "a known network has its own limit of ten");
    target.advance(WINDOW - NEW_NETWORK_EVERY);
    assert_eq!(target.sign_in(103).await, GuessOutcome::Verdict, "the window is over");
}

#[tokio::test]
async fn a_network_is_known_for_30_days_and_a_regular_user_for_ever() {
    let target = Target::start().await;
    assert_eq!(target.sign_in(0).await, GuessOutcome::Verdict);
    // Regular sign-ins renew the entry.
    for _ in 0..3 {
        target.advance(KNOWN_FOR * 2 / 3);
        assert_eq!(target.sign_in(0).await, GuessOutcome::Verdict);
    }
    target.advance(KNOWN_FOR - SECOND);
    target.fail(MAX_ADDRESS_FAILURES, 100).await;
    assert_eq!(target.guess(1).await, GuessOutcome::Verdict, "the exception is used up");
    assert_eq!(target.guess(0).await, GuessOutcome::Verdict, "29 days, 23 hours, 59 minutes and 59 seconds");
    target.advance(SECOND);
    assert!(matches!(target.guess(0).await, GuessOutcome::Locked(_)), "30 days");
}

#[tokio::test]
async fn the_latest_16_networks_are_known() {
    let target = Target::start().await;
    let networks = u32::try_from(MAX_KNOWN).unwrap() + 1;
    for network in 0..networks {
        assert_eq!(target.sign_in(network).await, GuessOutcome::Verdict);
        target.advance(SECOND);
    }
    target.fail(MAX_ADDRESS_FAILURES, 100).await;
    assert_eq!(target.guess(99).await, GuessOutcome::Verdict, "the exception is used up");
    assert!(matches!(target.guess(0).await, GuessOutcome::Locked(_)), "the oldest of 17");
    for network in 1..networks {
        assert_eq!(target.guess(network).await, GuessOutcome::Verdict, "{network}");
    }
}

#[tokio::test]
async fn an_address_has_50_attempts_in_flight_from_one_network_and_what_a_process_leaves_runs_out() {
    let target = Target::start().await;
    let sign_ins = SignIns::new(&target.table);
    let mut held = Vec::new();
    for _ in 0..MAX_IN_FLIGHT {
        held.push(target.begin(&sign_ins, 0).await.ok().unwrap());
    }
    assert_eq!(target.sign_in(0).await, GuessOutcome::Locked(SECOND));
    assert_eq!(target.sign_in(1).await, GuessOutcome::Verdict);
    assert_eq!(held.pop().unwrap().accept().await.unwrap(), AttemptVerdict::Stands);
    assert_eq!(target.sign_in(0).await, GuessOutcome::Verdict, "a place was given back");
    held.push(target.begin(&sign_ins, 0).await.ok().unwrap());
    // The processes die, and nobody gives the places back.
    drop(held);
    target.advance(PLACE_TIME - SECOND);
    assert_eq!(target.sign_in(0).await, GuessOutcome::Locked(SECOND));
    target.advance(SECOND);
    assert_eq!(target.sign_in(0).await, GuessOutcome::Verdict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_guesses_at_once_ten_get_a_verdict() {
    let target = Target::start().await;
    assert_eq!(target.at_once((0..1_000).map(|_| 0), false).await, 10);
    assert!(matches!(target.sign_in(0).await, GuessOutcome::Locked(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_networks_at_once_501_get_a_verdict() {
    let target = Target::start().await;
    let told = target.at_once(0..1_000, false).await;
    assert!((500..=501).contains(&told), "{told}");
    assert!(target.at_once(2_000..2_020, true).await <= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_40_right_passwords_at_once_40_pass_from_a_new_network_and_a_known_one() {
    let target = Target::start().await;
    for _ in 0..2 {
        assert_eq!(target.at_once((0..40).map(|_| 0), true).await, 40);
    }
}

#[tokio::test]
async fn a_right_password_is_not_told_once_a_limit_is_reached_while_it_was_looked_at() {
    let target = Target::start().await;
    let sign_ins = SignIns::new(&target.table);
    let late = target.begin(&sign_ins, 0).await.ok().unwrap();
    target.fail(MAX_FAILURES, 0).await;
    assert_eq!(GuessOutcome::of(late.accept().await.unwrap()), GuessOutcome::Locked(WINDOW));

    let late = target.begin(&sign_ins, 1).await.ok().unwrap();
    target.fail(MAX_ADDRESS_FAILURES - MAX_FAILURES, 100).await;
    assert!(matches!(GuessOutcome::of(late.accept().await.unwrap()), GuessOutcome::Locked(_)));
    assert_eq!(target.guess(2).await, GuessOutcome::Verdict, "the exception is used up");
    assert!(matches!(target.sign_in(1).await, GuessOutcome::Locked(_)), "its network is not known for that");
}

#[tokio::test]
async fn a_sign_in_from_a_known_network_takes_two_write_units_and_a_guess_three() {
    let target = Target::start().await;
    let sign_in = async |target: &Target| assert_eq!(target.sign_in(0).await, GuessOutcome::Verdict);
    let guess = async |target: &Target| assert_eq!(target.guess(1).await, GuessOutcome::Verdict);
    assert_eq!(target.write_units(sign_in).await, 3.0, "the network is new");
    assert_eq!(target.write_units(sign_in).await, 2.0);
    for _ in 0..2 {
        assert_eq!(target.write_units(guess).await, 3.0);
    }
}

/// Returns the guesses of attackers who try whenever they are admitted, in half an hour.
async fn guesses_in_half_an_hour(networks: u32) -> usize {
    const OWNER: u32 = 1_000;
    let target = Target::start().await;
    assert_eq!(target.sign_in(OWNER).await, GuessOutcome::Verdict);
    let mut told = 0;
    for _ in 0..30 {
        for network in 0..networks {
            while target.guess(network).await == GuessOutcome::Verdict {
                told += 1;
            }
        }
        assert_eq!(target.sign_in(OWNER).await, GuessOutcome::Verdict, "the owner is never kept out");
        target.advance(NEW_NETWORK_EVERY);
    }
    println!("{networks} networks: {told} guesses in 30 minutes, {} in a day", told * 48);
    told
}

#[tokio::test]
async fn a_guesser_in_one_network_has_960_guesses_a_day() {
    assert_eq!(guesses_in_half_an_hour(1).await * 48, 960);
}

#[tokio::test]
async fn a_guesser_with_any_number_of_networks_has_49_440_guesses_a_day() {
    // Two windows of 15 minutes: 500 in each, and one a minute above that.
    assert_eq!(guesses_in_half_an_hour(53).await * 48, 49_440);
}
