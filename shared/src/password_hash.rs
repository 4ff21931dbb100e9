//! Password hashes: Argon2id in PHC strings.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use tokio::sync::Semaphore;

use crate::domain::Password;

/// 19 MiB, two passes, one lane: the first of the equal choices in OWASP's Password Storage Cheat Sheet.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// The recommended length of a salt, in bytes (RFC 9106, section 3.1).
pub const SALT_BYTES: usize = 16;
/// The length of the output, in bytes.
const OUTPUT_BYTES: usize = 32;
/// The most memory and passes of a stored hash, so that no record can stall a function.
const MAX_MEMORY_KIB: u32 = 65_536;
const MAX_PASSES: u32 = 16;

/// A hash takes a core some 30 ms and 19 MiB, so at most one for each core runs at a time. All hashers of a process
/// share these permits and arenas.
static PERMITS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(available_parallelism().map_or(1, usize::from))));
/// Memory for the next hash: new memory makes it a third slower. There are never more arenas than permits.
static ARENAS: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// How long a hash waits for a core by default: most of the 25 s of a request.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The part of a request's time that is reserved for its other work.
const RESERVED_TIME: Duration = Duration::from_secs(5);

/// Why a hash was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashingError {
    /// No core was free in time.
    #[error("no core was free in time to hash the password")]
    Busy,
    /// The machine has no free memory or thread.
    #[error("the password cannot be hashed: {0}")]
    Impossible(String),
}

/// Makes and checks password hashes, on blocking threads.
#[derive(Debug, Clone, Copy)]
pub struct PasswordHasher {
    longest_wait: Duration,
}

impl Default for PasswordHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl PasswordHasher {
    /// Returns a hasher that waits 20 s for a core.
    pub fn new() -> Self {
        Self { longest_wait: LONGEST_WAIT }
    }

    /// Makes the memory of a hash ready, which takes some milliseconds. Call it while the function starts.
    pub fn prepare() {
        // Without a free permit, every core has an arena already.
        let Ok(_permit) = PERMITS.clone().try_acquire_owned() else { return };
        let arena = HashParameters::current().arena();
        ARENAS.lock().unwrap_or_else(PoisonError::into_inner).push(arena);
    }

    /// Returns a hasher for a request with `time_left`. It waits for a core until 5 s before the end.
    pub fn within(self, time_left: Duration) -> Self {
        Self { longest_wait: time_left.saturating_sub(RESERVED_TIME) }
    }

    /// Returns the PHC string of `password`, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`. The salt must be new.
    pub async fn hash(&self, password: &Password, salt: [u8; SALT_BYTES]) -> Result<String, HashingError> {
        let password = password.clone();
        on_a_blocking_thread(self.longest_wait, move || {
            let parameters = HashParameters::current();
            let output = parameters.run(password.expose(), &salt, OUTPUT_BYTES)?;
            parameters.phc_string(&salt, &output)
        })
        .await?
    }

    /// Returns whether `phc` was made from `password`, normalized or as it was typed. Hashes once if both forms are
    /// equal, twice otherwise. Without a usable hash, returns `false` after the same work. Fails only if the machine
    /// does.
    pub async fn verify(&self, password: &Password, phc: Option<&str>) -> Result<bool, HashingError> {
        let (password, stored) = (password.clone(), phc.and_then(StoredHash::parse));
        if phc.is_some() && stored.is_none() {
            tracing::error!("a stored password hash is not a usable Argon2id hash; nobody can sign in with it");
        }
        on_a_blocking_thread(self.longest_wait, move || {
            let mut is_right = false;
            for form in [Some(password.expose()), password.expose_typed()].into_iter().flatten() {
                is_right |= is_hash_of(stored.as_ref(), form)?;
            }
            Ok(is_right)
        })
        .await?
    }
}

/// Returns whether `stored` was made from this text. Does the same work if nothing is stored.
fn is_hash_of(stored: Option<&StoredHash>, text: &[u8]) -> Result<bool, HashingError> {
    let Some(stored) = stored else {
        HashParameters::current().run(text, &[0; SALT_BYTES], OUTPUT_BYTES)?;
        return Ok(false);
    };
    let output = stored.parameters.run(text, &stored.salt, stored.output.len())?;
    Ok(verify_slices_are_equal(&output, &stored.output).is_ok())
}

/// Runs `work` once a core is free. Fails after `longest_wait`. The permit belongs to the work: a dropped request
/// leaves it running.
async fn on_a_blocking_thread<T: Send + 'static>(
    longest_wait: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, HashingError> {
    let permit = tokio::time::timeout(longest_wait, PERMITS.clone().acquire_owned()).await;
    let permit =
        permit.map_err(|_| HashingError::Busy)?.map_err(|closed| HashingError::Impossible(closed.to_string()))?;
    let outcome = tokio::task::spawn_blocking(move || {
        let outcome = work();
        drop(permit);
        outcome
    });
    outcome.await.map_err(|failed| HashingError::Impossible(failed.to_string()))
}

/// A version of Argon2id and its parameters.
struct HashParameters {
    version: Version,
    params: Params,
}

impl HashParameters {
    fn current() -> Self {
        let params = const {
            match Params::new(MEMORY_KIB, PASSES, LANES, None) {
                Ok(params) => params,
                Err(_) => Params::DEFAULT,
            }
        };
        Self { version: Version::V0x13, params }
    }

    fn run(&self, password: &[u8], salt: &[u8], length: usize) -> Result<Vec<u8>, HashingError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, self.version, self.params.clone());
        let mut arena = self.arena();
        let mut output = vec![0; length];
        let outcome = argon2.hash_password_into_with_memory(password, salt, &mut output, &mut arena[..]);
        ARENAS.lock().unwrap_or_else(PoisonError::into_inner).push(arena);
        outcome.map(|()| output).map_err(|error| HashingError::Impossible(error.to_string()))
    }

    /// Returns memory that was used before, if there is some. Every page of new memory is written, so that it is there.
    fn arena(&self) -> Vec<Block> {
        let mut arena = ARENAS.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        arena.resize(arena.len().max(self.params.block_count()), Block::new());
        arena
    }

    fn phc_string(&self, salt: &[u8], output: &[u8]) -> Result<String, HashingError> {
        let failed = |error: &dyn std::fmt::Display| HashingError::Impossible(error.to_string());
        let hash = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(self.version.into()),
            params: ParamsString::try_from(&self.params).map_err(|error| failed(&error))?,
            salt: Some(Salt::new(salt).map_err(|error| failed(&error))?),
            hash: Some(Output::new(output).map_err(|error| failed(&error))?),
        };
        Ok(hash.to_string())
    }
}

/// The parts of a stored hash.
struct StoredHash {
    parameters: HashParameters,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl StoredHash {
    /// Parses a PHC string. Returns `None` unless it is an Argon2id hash of bounded work.
    fn parse(phc: &str) -> Option<Self> {
        let hash = PasswordHash::new(phc).ok()?;
        let params = Params::try_from(&hash.params).ok()?;
        let version = Version::try_from(hash.version?).ok()?;
        let bounded = params.m_cost() <= MAX_MEMORY_KIB && params.t_cost() <= MAX_PASSES;
        if hash.algorithm != ARGON2ID_IDENT || !bounded {
            return None;
        }
        let (salt, output) = (hash.salt?.to_vec(), hash.hash?.as_bytes().to_vec());
        Some(Self { parameters: HashParameters { version, params }, salt, output })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_hash_says_how_it_was_made() {
        let phc = PasswordHasher::new().hash(&password("TempPass!2026"), [7; SALT_BYTES]).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"), "{phc}");
        let output = phc.rsplit('$').next().unwrap();
        assert_eq!(output.len(), (OUTPUT_BYTES * 4).div_ceil(3));
    }

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_alone() {
        let hasher = PasswordHasher::new();
        let phc = hasher.hash(&password("TempPass!2026"), [7; SALT_BYTES]).await.unwrap();
        assert_eq!(hasher.verify(&password("TempPass!2026"), Some(&phc)).await, Ok(true));
        for wrong in ["TempPass!2027", "temppass!2026", "TempPass!2026 ", ""] {
            assert_eq!(hasher.verify(&password(wrong), Some(&phc)).await, Ok(false), "{wrong:?}");
        }
        let other_salt = hasher.hash(&password("TempPass!2026"), [8; SALT_BYTES]).await.unwrap();
        assert_ne!(phc, other_salt);
    }

    #[tokio::test]
    async fn a_password_verifies_in_its_normal_form_and_as_it_was_typed() {
        let (composed, decomposed) = ("Caf\u{e9}-2026", "Cafe\u{301}-2026");
        let hasher = PasswordHasher::new();
        for typed in [composed, decomposed] {
            let phc = hasher.hash(&password(typed), [7; SALT_BYTES]).await.unwrap();
            for again in [composed, decomposed] {
                assert_eq!(hasher.verify(&password(again), Some(&phc)).await, Ok(true), "{typed} {again}");
            }
        }
        // Made before passwords were normalized.
        let parameters = HashParameters::current();
        let output = parameters.run(decomposed.as_bytes(), &[7; SALT_BYTES], OUTPUT_BYTES).unwrap();
        let before = parameters.phc_string(&[7; SALT_BYTES], &output).unwrap();
        assert_eq!(hasher.verify(&password(decomposed), Some(&before)).await, Ok(true));
        assert_eq!(hasher.verify(&password(composed), Some(&before)).await, Ok(false));
        assert_eq!(hasher.verify(&password("Cafe\u{301}-2027"), Some(&before)).await, Ok(false));
    }

    #[tokio::test]
    async fn no_hash_and_no_usable_hash_verify_nothing() {
        let hasher = PasswordHasher::new();
        let dummy = hasher.hash(&password(""), [0; SALT_BYTES]).await.unwrap();
        assert_eq!(hasher.verify(&password(""), None).await, Ok(false), "even the password of {dummy}");
        for unusable in [
            "",
            "plain text",
            "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
            "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAA",
            "$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m",
        ] {
            assert_eq!(hasher.verify(&password("a"), Some(unusable)).await, Ok(false), "{unusable}");
        }
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_still_verifies() {
        // From the test vectors of the reference implementation (phc-winner-argon2, src/test.c).
        for stored in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            let hasher = PasswordHasher::new();
            assert_eq!(hasher.verify(&password("password"), Some(stored)).await, Ok(true), "{stored}");
            assert_eq!(hasher.verify(&password("passwore"), Some(stored)).await, Ok(false), "{stored}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hash_waits_for_a_core_no_longer_than_a_request_has_time() {
        let cores = available_parallelism().map_or(1, usize::from);
        let all = PERMITS.clone().acquire_many_owned(cores.try_into().unwrap()).await.unwrap();
        let hasher = PasswordHasher::new();
        assert_eq!(hasher.verify(&password("a"), None).await, Err(HashingError::Busy));
        drop(all);
        assert_eq!(hasher.verify(&password("a"), None).await, Ok(false));
    }

    #[tokio::test]
    async fn a_prepared_arena_is_used_and_prepared_again_there_are_no_more_than_the_cores() {
        let hasher = PasswordHasher::new();
        (0..3).for_each(|_| PasswordHasher::prepare());
        assert_eq!(hasher.verify(&password("a"), None).await, Ok(false));
        let arenas = ARENAS.lock().unwrap();
        assert!(!arenas.is_empty() && arenas.len() <= available_parallelism().map_or(1, usize::from));
        assert!(arenas.iter().all(|arena| arena.len() >= MEMORY_KIB as usize));
    }

    #[tokio::test]
    async fn arenas_are_used_again_and_are_never_more_than_the_cores() {
        let hasher = PasswordHasher::new();
        let cores = available_parallelism().map_or(1, usize::from);
        let mut at_once = Vec::new();
        for index in 0..4 * cores {
            at_once.push(tokio::spawn(async move { hasher.verify(&password(&index.to_string()), None).await }));
        }
        for one in at_once {
            assert_eq!(one.await.unwrap(), Ok(false));
        }
        assert!(ARENAS.lock().unwrap().len() <= cores);
    }
}
