//! How often somebody may call: a bucket that fills at a steady pace, one a caller.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Buckets that are remembered; the fullest go first.
const MOST_BUCKETS: usize = 10_000;

/// Buckets by caller.
pub(super) struct Rate<K> {
    burst: f64,
    per_second: f64,
    buckets: Mutex<HashMap<K, Bucket>>,
}

struct Bucket {
    left: f64,
    at: Instant,
}

impl<K: Eq + Hash + Clone> Rate<K> {
    pub(super) fn new(burst: u32, per_second: u32) -> Self {
        Self {
            burst: burst.max(1).into(),
            per_second: per_second.max(1).into(),
            buckets: Mutex::default(),
        }
    }

    /// For wrong tokens: ten at once, then one in six seconds.
    pub(super) fn failures() -> Self {
        Self {
            burst: 10.0,
            per_second: 1.0 / 6.0,
            buckets: Mutex::default(),
        }
    }

    /// Takes one from the caller's bucket, or says how long to wait.
    pub(super) fn take(&self, caller: &K) -> Result<(), Duration> {
        self.at(caller, Instant::now())
    }

    fn at(&self, caller: &K, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_BUCKETS && !buckets.contains_key(caller) {
            buckets.retain(|_, bucket| self.level(bucket, now) < self.burst);
        }
        if buckets.len() >= MOST_BUCKETS && !buckets.contains_key(caller) {
            return Err(Duration::from_secs(1));
        }
        let bucket = buckets.entry(caller.clone()).or_insert(Bucket {
            left: self.burst,
            at: now,
        });
        bucket.left = self.level(bucket, now);
        bucket.at = now;
        if bucket.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.left) / self.per_second));
        }
        bucket.left -= 1.0;
        Ok(())
    }

    fn level(&self, bucket: &Bucket, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.left + passed * self.per_second).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills() {
        let rate = Rate::new(2, 1);
        let start = Instant::now();
        assert!(rate.at(&"a", start).is_ok());
        assert!(rate.at(&"a", start).is_ok());
        assert_eq!(rate.at(&"a", start), Err(Duration::from_secs(1)));
        assert!(rate.at(&"b", start).is_ok(), "callers do not share");
        let later = start + Duration::from_secs(1);
        assert!(rate.at(&"a", later).is_ok());
        assert!(rate.at(&"a", later).is_err());
    }
}
