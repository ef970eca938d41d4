//! How fast a connection is read: a token bucket.

use std::time::Duration;

use tokio::time::Instant;

/// Lets a burst through at once and the rest at a steady rate, be it of messages or of bytes. Kept
/// as one moment: when the bucket will be full again.
#[derive(Debug)]
pub struct Pace {
    full_at: Instant,
    per_unit: Duration,
    burst: Duration,
}

impl Pace {
    /// A full bucket. Zeros count as ones.
    pub fn new(now: Instant, units_per_second: u32, burst: u32) -> Self {
        let per_unit = Duration::from_secs(1) / units_per_second.max(1);
        Self { full_at: now, per_unit, burst: per_unit * burst.max(1) }
    }

    /// When the next message may be read.
    #[must_use]
    pub fn ready_at(&self) -> Instant {
        let spent_after_next = self.full_at + self.per_unit;
        spent_after_next.checked_sub(self.burst).unwrap_or(self.full_at)
    }

    /// So much has been read.
    pub fn take(&mut self, now: Instant, units: u32) {
        self.full_at = self.full_at.max(now) + self.per_unit * units;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long reading `count` units takes a sender that always has one ready.
    fn time_for(count: u32, units_per_second: u32, burst: u32) -> Duration {
        let began = Instant::now() + Duration::from_secs(3_600);
        let mut pace = Pace::new(began, units_per_second, burst);
        let mut now = began;
        for _ in 0..count {
            now = now.max(pace.ready_at());
            pace.take(now, 1);
        }
        now - began
    }

    #[test]
    fn a_burst_passes_at_once_and_the_rest_steadily() {
        assert_eq!(time_for(5, 10, 5), Duration::ZERO);
        assert_eq!(time_for(6, 10, 5), Duration::from_millis(100));
        assert_eq!(time_for(25, 10, 5), Duration::from_secs(2));
    }

    #[test]
    fn a_pause_fills_the_bucket_up_to_the_burst_and_no_further() {
        let began = Instant::now() + Duration::from_secs(3_600);
        let mut pace = Pace::new(began, 10, 2);
        let later = began + Duration::from_secs(60);
        pace.take(later, 2);
        assert_eq!(pace.ready_at(), later + Duration::from_millis(100));
    }

    #[test]
    fn zeros_mean_the_slowest_pace_and_not_a_fault() {
        assert_eq!(time_for(3, 0, 0), Duration::from_secs(2));
    }
}
