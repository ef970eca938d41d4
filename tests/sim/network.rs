//! A bad network, pure and seeded: every fault is a number drawn from the seed.

use std::collections::BTreeMap;
use std::time::Duration;

use ultrawave::session::{Channel, Time};
use ultrawave::sync::Author;

use crate::random::Random;

/// How bad it is.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    /// Messages in a hundred that the lossy channels lose.
    pub(crate) loss: u64,
    /// Messages in a hundred that the lossy channels deliver twice.
    pub(crate) duplicates: u64,
    /// The shortest and the longest delay.
    pub(crate) delay_ms: (u64, u64),
}

impl Faults {
    pub(crate) fn random(random: &mut Random) -> Self {
        Self {
            loss: random.pick(&[0, 5, 20, 50]),
            duplicates: random.pick(&[0, 5, 30]),
            delay_ms: (1, random.pick(&[1, 20, 80, 400])),
        }
    }

    pub(crate) fn none() -> Self {
        Self { loss: 0, duplicates: 0, delay_ms: (1, 5) }
    }
}

/// One direction of a connection.
#[derive(Debug)]
struct Wire {
    /// Tells this connection from earlier ones between the same two.
    epoch: u64,
    /// When the receiver knows of it: nothing arrives before.
    open_at: Time,
    /// When the last message of the reliable channel arrives: nothing overtakes it there.
    sync_at: Time,
    /// Until when nothing gets through.
    blocked_until: Time,
    random: Random,
}

/// All connections.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) faults: Faults,
    wires: BTreeMap<(Author, Author), Wire>,
    epochs: u64,
    seed: u64,
}

/// When a message arrives, and on which connection.
pub(crate) struct Arrival {
    pub(crate) at: Time,
    pub(crate) epoch: u64,
}

impl Network {
    pub(crate) fn new(faults: Faults, seed: u64) -> Self {
        Self { faults, wires: BTreeMap::new(), epochs: 0, seed }
    }

    /// Connects two, each of whom learns of it at a moment of its own.
    pub(crate) fn connect(&mut self, (left, left_at): (Author, Time), (right, right_at): (Author, Time)) {
        for (from, to, open_at) in [(left, right, right_at), (right, left, left_at)] {
            self.epochs += 1;
            let random = Random::of(self.seed, self.epochs);
            let wire =
                Wire { epoch: self.epochs, open_at, sync_at: open_at, blocked_until: Time::ZERO, random };
            self.wires.insert((from, to), wire);
        }
    }

    /// Breaks a connection; what is on the way is lost.
    pub(crate) fn disconnect(&mut self, left: Author, right: Author) {
        self.wires.remove(&(left, right));
        self.wires.remove(&(right, left));
    }

    pub(crate) fn is_connected(&self, left: Author, right: Author) -> bool {
        self.wires.contains_key(&(left, right))
    }

    /// Whether both know that they are connected.
    pub(crate) fn is_settled(&self, now: Time, left: Author, right: Author) -> bool {
        let open = |from, to| self.wires.get(&(from, to)).is_some_and(|wire| wire.open_at <= now);
        open(left, right) && open(right, left)
    }

    /// Lets nothing through for a while, and tells nobody.
    pub(crate) fn block(&mut self, left: Author, right: Author, until: Time) {
        for pair in [(left, right), (right, left)] {
            if let Some(wire) = self.wires.get_mut(&pair) {
                wire.blocked_until = until;
            }
        }
    }

    /// Lets everything through again, what was held up by then.
    pub(crate) fn unblock(&mut self, soon: Time) {
        for wire in self.wires.values_mut() {
            wire.blocked_until = Time::ZERO;
            wire.sync_at = wire.sync_at.min(soon);
        }
    }

    /// When a message arrives: not at all, once, or twice.
    pub(crate) fn send(&mut self, now: Time, from: Author, to: Author, channel: Channel) -> Vec<Arrival> {
        let faults = &self.faults;
        let Some(wire) = self.wires.get_mut(&(from, to)) else { return Vec::new() };
        let random = &mut wire.random;
        let open_at = wire.open_at;
        let mut arrive = || {
            (now + Duration::from_millis(random.between(faults.delay_ms.0, faults.delay_ms.1))).max(open_at)
        };
        if channel == Channel::Sync {
            // What is lost here comes later.
            let late = if wire.blocked_until > now { wire.blocked_until } else { Time::ZERO };
            wire.sync_at = arrive().max(late).max(wire.sync_at);
            return vec![Arrival { at: wire.sync_at, epoch: wire.epoch }];
        }
        let (first, second) = (arrive(), arrive());
        if wire.blocked_until > now || random.chance(faults.loss) {
            return Vec::new();
        }
        let mut arrivals = vec![Arrival { at: first, epoch: wire.epoch }];
        if random.chance(faults.duplicates) {
            arrivals.push(Arrival { at: second, epoch: wire.epoch });
        }
        arrivals
    }

    /// Which connection there is from one to another.
    pub(crate) fn epoch(&self, from: Author, to: Author) -> Option<u64> {
        self.wires.get(&(from, to)).map(|wire| wire.epoch)
    }

    /// Whether a message that set out on this connection still arrives.
    pub(crate) fn carries(&self, from: Author, to: Author, epoch: u64) -> bool {
        self.wires.get(&(from, to)).is_some_and(|wire| wire.epoch == epoch)
    }
}
