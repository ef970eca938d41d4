//! Random histories: whatever comes in whatever order, the rules hold.

use std::collections::BTreeSet;

use super::*;

/// A linear congruential generator: all that is asked is that a seed can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(usize::try_from(self.roll(from.len().max(1) as u64)).unwrap())
    }
}

/// What an observer of all messages knows.
#[derive(Default)]
struct Observer {
    live: Vec<Connection>,
    starts: Vec<Start>,
    incarnations: Vec<String>,
    /// The numbers given out to newcomers, by room, while it lives.
    given: BTreeSet<(String, Author)>,
}

impl Observer {
    fn see(&mut self, deliveries: &[Delivery]) {
        for delivery in deliveries {
            match delivery {
                Delivery::Close(connection, _) => self.live.retain(|live| live != connection),
                Delivery::Send(connection, response) => {
                    assert!(self.live.contains(connection), "{response:?} for a connection that is gone");
                    self.see_response(response);
                }
            }
        }
    }

    fn see_response(&mut self, response: &Response) {
        let (room, author, incarnation) = match response {
            Response::Start(start) => return self.starts.push(start.clone()),
            Response::Created(created) => (&created.room, created.author, &created.incarnation),
            Response::Joined(joined) => {
                assert!(!joined.members.contains(&joined.author));
                (&joined.room, joined.author, &joined.incarnation)
            }
            _ => return,
        };
        let highest = self.given.iter().filter(|(of, _)| of == room).map(|(_, author)| *author).max();
        assert!(highest < Some(author), "{author} was given out after {highest:?}");
        self.given.insert((room.clone(), author));
        self.incarnations.push(incarnation.clone());
    }
}

fn request(dice: &mut Dice, known: &Observer) -> Request {
    let room = *dice.pick(&["a", "b", "c"]).unwrap();
    let author = u32::try_from(dice.roll(8)).unwrap();
    match dice.roll(9) {
        0 => create(room),
        1 | 2 => join(room),
        3 => leave(room),
        4 => request_offer(room, author),
        5 => relay(Signal::Offer, room, author),
        6 => match dice.pick(&known.starts) {
            Some(start) => reclaim(start),
            None => join(room),
        },
        _ => {
            let incarnation = dice.pick(&known.incarnations).map_or("unknown", String::as_str);
            resume(room, incarnation, author, author)
        }
    }
}

fn run(seed: u64) -> usize {
    let mut dice = Dice(seed);
    let mut known = Observer::default();
    let options =
        Options { max_connections: 12, max_members: 5, max_rooms_per_connection: 2, ..Options::default() };
    let mut world = World::with(options);
    let mut delivered = 0;
    for _ in 0..400 {
        let connection = dice.pick(&known.live).copied();
        let deliveries = match (dice.roll(10), connection) {
            (0 | 1, _) | (_, None) => {
                let (connection, result) = world.try_connect(HERE);
                known.live.extend(result.is_ok().then_some(connection));
                result.unwrap_or_default()
            }
            (2, Some(connection)) => {
                known.live.retain(|live| *live != connection);
                world.disconnect(connection);
                Vec::new()
            }
            (3, _) => world.after(Time::from_secs(dice.roll(20))),
            (_, Some(connection)) => {
                let request = request(&mut dice, &known);
                world.say(connection, request)
            }
        };
        known.see(&deliveries);
        known.given.retain(|(room, _)| world.lobby.rooms.contains_key(room));
        world.lobby.check();
        assert!(world.lobby.peer_count() <= 12);
        delivered += deliveries.len();
    }
    delivered
}

#[test]
fn the_rules_hold_in_random_histories() {
    for seed in 0..200 {
        assert!(run(seed) > 100, "seed {seed} does next to nothing");
    }
}
