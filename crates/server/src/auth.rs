//! Who asks, and what they may.

use crate::problem::Problem;
use crate::state::AppState;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use parking_lot::Mutex;
use sha2::Digest;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a key that was found good is not looked up again. A revoked key works this much longer at most.
const TRUSTED_FOR: Duration = Duration::from_secs(30);

/// How long a request waits to hear that a key which was good is good still. Why: most answers are promised in less than
/// a second, and a registry that is away is not heard of for ten.
const ASKED_FOR: Duration = Duration::from_millis(250);

/// How long other requests go on with a key while one asks after it.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// How long a key that was found good is trusted while the registry is away: one that is revoked meanwhile works until
/// the registry is back, and this long at most.
const TRUSTED_WHILE_AWAY: Duration = Duration::from_secs(3_600);

/// Keys remembered; a caller who tries many gets no memory for it.
const REMEMBERED_MAX: usize = 10_000;

/// What a request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Read,
    Decide,
    Ingest,
    Order,
    Promote,
}

impl Scope {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Decide => "decide",
            Self::Ingest => "ingest",
            Self::Order => "order",
            Self::Promote => "promote",
        }
    }
}

/// SHA-256 of a key: the key itself is not kept in memory.
type Hash = [u8; 32];

struct Remembered {
    caller: Caller,
    scopes: BTreeSet<String>,
    /// Until when it is not looked up again.
    until: Instant,
    /// When the registry called it good.
    found_good: Instant,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Caller {
    id: u32,
    /// The key's name; none of a caller without a key.
    pub(crate) key: Option<Arc<str>>,
}

#[cfg(test)]
impl Caller {
    /// A caller with a key of this name, or without one.
    pub(crate) fn named(key: Option<&str>) -> Self {
        Self {
            id: ANONYMOUS,
            key: key.map(Arc::from),
        }
    }
}

/// A bucket that fills with time: one request takes one drop.
struct Bucket {
    drops: f64,
    at: Instant,
}

/// Keys found good lately, and how fast each caller asks.
#[derive(Default)]
pub(crate) struct Gatekeeper {
    good: Mutex<HashMap<Hash, Remembered>>,
    buckets: Mutex<HashMap<u32, Bucket>>,
}

/// What is remembered of a key.
#[derive(Debug, PartialEq)]
enum Known {
    /// It was good a moment ago.
    Good(Caller, BTreeSet<String>),
    /// It was good once, and the registry is to be asked again.
    Doubtful(Caller, BTreeSet<String>),
    Not,
}

/// The number under which callers without a key share one bucket.
const ANONYMOUS: u32 = 0;

impl Gatekeeper {
    /// What is remembered of a key. Of many requests with one that is to be looked up again one is told so.
    fn known(&self, hash: &Hash, now: Instant) -> Known {
        let mut good = self.good.lock();
        let Some(known) = good.get_mut(hash) else {
            return Known::Not;
        };
        let of = |known: &Remembered| (known.caller.clone(), known.scopes.clone());
        if now < known.until {
            let (caller, scopes) = of(known);
            return Known::Good(caller, scopes);
        }
        if now.duration_since(known.found_good) >= TRUSTED_WHILE_AWAY {
            return Known::Not;
        }
        known.until = now + ASKED_AGAIN_AFTER;
        let (caller, scopes) = of(known);
        Known::Doubtful(caller, scopes)
    }

    /// Takes one request from the caller's allowance; the seconds to wait where there is none left.
    fn take(&self, caller: u32, per_second: u32) -> Result<(), u32> {
        if per_second == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let most = f64::from(per_second);
        let mut buckets = self.buckets.lock();
        let bucket = buckets.entry(caller).or_insert(Bucket {
            drops: most,
            at: now,
        });
        bucket.drops =
            (bucket.drops + now.duration_since(bucket.at).as_secs_f64() * most).min(most);
        bucket.at = now;
        if bucket.drops < 1.0 {
            return Err(1);
        }
        bucket.drops -= 1.0;
        Ok(())
    }
}

/// The key of a request: `Authorization: Bearer KEY`, or the password of Basic, which browsers can send.
fn key_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    if let Some(key) = value.strip_prefix("Bearer ") {
        return Some(key.trim().to_owned());
    }
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(value.strip_prefix("Basic ")?.trim())
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':')
        .map(|(_, password)| password.to_owned())
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "/problems/unauthorized",
        "A valid API key is needed",
        detail,
    )
}

fn within(scope: Scope, scopes: &BTreeSet<String>) -> Result<(), Problem> {
    if scopes.contains(scope.name()) || scopes.contains("admin") {
        return Ok(());
    }
    let held: Vec<&str> = scopes.iter().map(String::as_str).collect();
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "/problems/forbidden",
        "The API key may not do this",
        format!(
            "scope {} is needed, the key has {}",
            scope.name(),
            held.join(", ")
        ),
    ))
}

impl AppState {
    /// Lets a request in, or says why not.
    pub(crate) async fn admit(&self, headers: &HeaderMap, scope: Scope) -> Result<Caller, Problem> {
        let per_second = self.workshop.project.file.server.requests_per_second_max;
        let caller = self.caller(headers, scope).await?;
        let taken = self.gatekeeper.take(caller.id, per_second);
        taken.map(|()| caller).map_err(|seconds| {
            Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "/problems/too-many-requests",
                "Too many requests",
                format!("at most {per_second} requests a second are allowed"),
            )
            .retry_after(seconds)
        })
    }

    async fn caller(&self, headers: &HeaderMap, scope: Scope) -> Result<Caller, Problem> {
        let Some(key) = key_of(headers) else {
            if self.workshop.project.file.server.anonymous {
                return Ok(Caller {
                    id: ANONYMOUS,
                    key: None,
                });
            }
            return Err(unauthorized(
                "send Authorization: Bearer KEY; keys are made with `comptoir key create`",
            ));
        };
        let hash: Hash = sha2::Sha256::digest(key.as_bytes()).into();
        let known = self.gatekeeper.known(&hash, Instant::now());
        let asked = self.workshop.registry.verify_key(&key);
        let verified = match known {
            Known::Good(caller, scopes) => return within(scope, &scopes).map(|()| caller),
            Known::Doubtful(caller, scopes) => match tokio::time::timeout(ASKED_FOR, asked).await {
                Ok(Err(registry::VerifyKeyError::Store(_))) | Err(_) => {
                    return within(scope, &scopes).map(|()| caller);
                }
                Ok(verified) => verified,
            },
            Known::Not => asked.await,
        };
        let record = match verified {
            Ok(record) => record,
            Err(registry::VerifyKeyError::Store(error)) => {
                return Err(Problem::internal("verify the API key", &error));
            }
            Err(refused) => {
                self.gatekeeper.good.lock().remove(&hash);
                return Err(unauthorized(&refused.to_string()));
            }
        };
        let allowed = within(scope, &record.scopes);
        let caller = Caller {
            id: record.id,
            key: Some(record.name.into()),
        };
        let mut good = self.gatekeeper.good.lock();
        if good.len() >= REMEMBERED_MAX {
            good.clear();
        }
        let now = Instant::now();
        good.insert(
            hash,
            Remembered {
                caller: caller.clone(),
                scopes: record.scopes,
                until: now + TRUSTED_FOR,
                found_good: now,
            },
        );
        allowed.map(|()| caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_gets_no_more_than_its_allowance() {
        let keeper = Gatekeeper::default();
        let taken = (0..50).filter(|_| keeper.take(1, 10).is_ok()).count();
        assert!((10..=12).contains(&taken), "{taken}");
        assert!(keeper.take(2, 10).is_ok());
        assert!((0..1000).all(|_| keeper.take(3, 0).is_ok()));
    }

    #[test]
    fn a_key_that_was_good_is_asked_after_by_one_request_and_trusted_for_an_hour_at_most() {
        let keeper = Gatekeeper::default();
        let (hash, then) = ([7; 32], Instant::now());
        assert_eq!(keeper.known(&hash, then), Known::Not);
        let remembered = Remembered {
            caller: Caller { id: 1, key: None },
            scopes: BTreeSet::new(),
            until: then + TRUSTED_FOR,
            found_good: then,
        };
        keeper.good.lock().insert(hash, remembered);
        let after = |seconds: u64| keeper.known(&hash, then + Duration::from_secs(seconds));
        assert!(matches!(after(29), Known::Good(..)));
        assert!(matches!(after(30), Known::Doubtful(..)));
        assert!(matches!(after(31), Known::Good(..)), "another one asks");
        assert!(matches!(after(35), Known::Doubtful(..)));
        assert!(matches!(after(3_599), Known::Doubtful(..)));
        assert_eq!(after(3_605), Known::Not);
    }

    #[test]
    fn the_key_is_read_from_bearer_and_basic() {
        let mut headers = HeaderMap::new();
        assert_eq!(key_of(&headers), None);
        headers.insert(header::AUTHORIZATION, "Bearer ck_x".parse().unwrap());
        assert_eq!(key_of(&headers).as_deref(), Some("ck_x"));
        headers.insert(header::AUTHORIZATION, "Basic bWU6Y2tfeA==".parse().unwrap());
        assert_eq!(key_of(&headers).as_deref(), Some("ck_x"));
    }
}
