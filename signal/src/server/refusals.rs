//! Those for whom there is no place, and what the log says of them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::handshake;
use super::stream::Upgrade;
use crate::limits;
use crate::lobby::Refused;

/// How often the log tells of what strangers can have happen as often as they like.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// Turns connections away: some politely, the others at once.
#[derive(Debug)]
pub(super) struct Refusals {
    places: Arc<Semaphore>,
    /// How long a polite refusal may take.
    within: Duration,
    told: Seldom,
}

impl Refusals {
    pub(super) fn new(within: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(limits::REFUSALS)), within, told: Seldom::default() }
    }

    /// What there is to do for a connection that is refused, if anything.
    pub(super) fn turn_away(
        &mut self, upgrade: &Upgrade, stream: TcpStream, from: IpAddr, refused: Refused,
    ) -> Option<impl Future<Output = ()> + use<>> {
        tracing::debug!(%from, reason = %refused, "connection refused");
        if let Some(count) = self.told.tell(Instant::now()) {
            tracing::warn!(%from, reason = %refused, count, "connections refused");
        }
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let (upgrade, within) = (upgrade.clone(), self.within);
        Some(async move {
            let turning_away = handshake::turn_away(upgrade, stream, refused.to_string());
            if timeout(within, turning_away).await.is_err() {
                tracing::debug!(%from, "a refused connection asked for nothing");
            }
            drop(place);
        })
    }
}

/// Counts what happens, and tells of it now and then.
#[derive(Debug, Default)]
pub(super) struct Seldom {
    untold: u64,
    told: Option<Instant>,
}

impl Seldom {
    /// It has happened once more: how often since the last time that this was told, if it is to be
    /// told now.
    pub(super) fn tell(&mut self, now: Instant) -> Option<u64> {
        self.untold += 1;
        if self.told.is_some_and(|told| now < told + TOLD_EVERY) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_often_is_told_seldom_and_counted() {
        let (began, mut seldom) = (Instant::now(), Seldom::default());
        let told: Vec<Option<u64>> =
            (0..25).map(|second| seldom.tell(began + Duration::from_secs(second))).collect();
        let counts: Vec<(usize, u64)> =
            told.iter().enumerate().filter_map(|(second, told)| Some((second, (*told)?))).collect();
        assert_eq!(counts, [(0, 1), (10, 10), (20, 10)]);
    }
}
