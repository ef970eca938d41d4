//! Random histories: the engine against the oracle, byte for byte.
//!
//! `SEED=n` tries one history, `COUNT=n` tries so many.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
#![allow(clippy::print_stdout, reason = "how much was tried is worth a line")]

mod oracle;

use oracle::fold::Oracle;
use oracle::history::{History, check_and_shrink, sorted, view_of};
use oracle::random::{Random, edit, history, seeds, seeds_or};
use ultrawave::document::{Method, Path, Step, Text, Value, parse};
use ultrawave::sync::{Author, Change, ChangeId, Refusal, Replica, Tick, VectorClock};

/// Who only receives.
const ONLOOKER: Author = Author(99);
const MANY: usize = 10_000;

/// Tries `check` on many random histories. It gets a source of chance of its own, so that the
/// same seed makes the same choices.
fn try_many(count: u64, check: impl Fn(&History, &mut Random)) {
    for seed in seeds(count) {
        let history = history(&mut Random(seed));
        // Several tries of one history: shrinking it changes what chance does.
        check_and_shrink(&format!("SEED={seed}"), &history, |history| {
            for more in 0..2 {
                check(history, &mut Random(seed.wrapping_mul(3) + more));
            }
        });
    }
}

fn clones<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<Change> {
    changes.into_iter().cloned().collect()
}

#[test]
fn a_context_hides_what_it_has_not_seen() {
    try_many(500, |history, random| {
        let oracle = Oracle::fold(&history.initial, &history.changes);
        let context = random.pick(&history.changes).context();
        assert_eq!(oracle.value_in(&context).to_string(), history.seen_by(&context).to_string());
    });
}

#[test]
fn stamps_are_a_total_order_that_extends_causality() {
    try_many(500, |history, _| {
        for (at, one) in history.changes.iter().enumerate() {
            for other in &history.changes[at + 1..] {
                assert_ne!(one.stamp(), other.stamp());
                if other.clock.saw(one.id()) {
                    assert!(one.stamp() < other.stamp());
                }
            }
        }
    });
}

#[test]
fn alone_an_edit_is_the_plain_edit() {
    for seed in seeds(500) {
        let random = &mut Random(seed);
        let mut room = History { initial: history(random).initial, changes: Vec::new() };
        let (mut plain, mut replica) = (room.initial.clone(), room.replica(Author(1), MANY));
        for tick in 1..=12 {
            let (path, method) = edit(random, &plain);
            let applied = plain.apply(&path, &method).is_ok();
            let clock = [(Author(1), tick)].into_iter().collect();
            let change = Change { author: Author(1), clock, path: path.clone(), method: method.clone() };
            room.changes.push(change.clone());
            let oracle = Oracle::fold(&room.initial, &room.changes);
            assert_eq!(oracle.resolves(change.id()), applied, "{}", room.story());
            assert_eq!(oracle.value().to_string(), plain.to_string(), "{}", room.story());
            let edited = replica.edit(path, method);
            assert_eq!(edited.is_ok(), applied, "{}", room.story());
            if !applied {
                // Refused at home; what is here now has still to be tried as the next.
                room.changes.pop();
                break;
            }
            assert_eq!(view_of(&replica), room.view(), "{}", room.story());
        }
    }
}

/// Gives a replica some changes, and some of them again.
fn receive(replica: &mut Replica, changes: &[Change], history: &History) {
    let received = replica.receive(clones(changes));
    assert!(received.refused.is_empty(), "{:?}\n{}", received.refused, history.story());
    assert!(replica.receive(clones(changes)).applied.is_empty());
}

#[test]
fn replicas_agree_whatever_the_order_of_arrival() {
    try_many(1500, |history, random| {
        let view = history.view();
        let mut order = clones(&history.changes);
        for largest_batch in [1, 3, order.len()] {
            random.shuffle(&mut order);
            let mut replica = history.replica(ONLOOKER, MANY);
            let mut next = 0;
            while next < order.len() {
                let end = (next + 1 + random.below(largest_batch)).min(order.len());
                receive(&mut replica, &order[next..end], history);
                if random.percent(20) {
                    assert_eq!(view_of(&replica), history.view_of(&order[..end]), "so far");
                }
                next = end;
            }
            assert_eq!(view_of(&replica), view);
            assert_eq!((replica.pending(), replica.missing().len()), (0, 0));
        }
    });
}

/// Orders of arrival tried of each history in [`many_schedules_of_many_histories`].
const SCHEDULES: usize = 50;

/// Small histories, each in many orders of arrival, in batches of many sizes, with repetitions:
/// `SCHEDULES=n` tries so many, in a release build some ten million in a few minutes.
#[test]
fn many_schedules_of_many_histories() {
    let mut tried = 0;
    for seed in seeds_or("SCHEDULES", 5_000).step_by(SCHEDULES) {
        let history = history(&mut Random(seed));
        if let Err(failure) = try_schedules(&history, seed) {
            check_and_shrink(&format!("SEED={seed}"), &history, |history| {
                try_schedules(history, seed).unwrap();
            });
            panic!("SEED={seed}: {failure}");
        }
        tried += SCHEDULES;
    }
    println!("{tried} schedules");
}

/// Tries a history in many orders of arrival. What was wrong.
fn try_schedules(history: &History, seed: u64) -> Result<(), String> {
    let clock = history.changes.iter().fold(VectorClock::new(), |mut all, change| {
        all.join(&change.clock);
        all
    });
    let value = Oracle::fold(&history.initial, &history.changes).value().to_string();
    let random = &mut Random(seed.wrapping_mul(5));
    let mut order = clones(&history.changes);
    for _ in 0..SCHEDULES {
        random.shuffle(&mut order);
        let most = if random.percent(75) { 4 } else { order.len() };
        let largest = 1 + random.below(most);
        let mut replica = history.replica(ONLOOKER, MANY);
        let (mut next, mut refused) = (0, Vec::new());
        while next < order.len() {
            let end = (next + 1 + random.below(largest)).min(order.len());
            let from = if random.percent(10) { random.below(next + 1) } else { next };
            refused.extend(replica.receive(clones(&order[from..end])).refused);
            next = end;
        }
        let is_whole = *replica.clock() == clock && replica.pending() == 0 && refused.is_empty();
        if replica.value().to_string() != value || !is_whole {
            let names: Vec<String> = order.iter().map(|change| change.id().to_string()).collect();
            let shown = replica.value();
            return Err(format!("arriving as {names:?}, {largest} at once at most: {shown} {refused:?}"));
        }
    }
    Ok(())
}

/// Containers, some inside others, and edits that mostly stay within one; now and then one of them
/// touches what leads to another.
const NESTED: &str = r#"{"a":{"x":1,"y":2,"in":{"x":3,"l":[1,[2],{"x":4}]}},"l":[5,6],"t":"text"}"#;
const CONTAINERS: [&str; 7] = ["/a", "/a/in", "/a/in/l", "/a/in/l/2", "/l", "/t", ""];

fn edit_within(random: &mut Random, value: &Value, is_calm: bool) -> Option<(Path, Method)> {
    let container = Path::read(CONTAINERS[random.below(CONTAINERS.len())], value).unwrap();
    let is_rare = !is_calm && random.percent(2);
    let scalar = Value::from(u64::try_from(random.below(1_000)).unwrap());
    let here = value.at(&container)?;
    if here.is_array() || here.as_text().is_some() {
        // Arrays that others are inside keep their items, mostly.
        let is_still = here.elements().any(Value::is_container) && !is_rare;
        let at = random.below(here.len().max(1));
        if here.is_array() && (is_still || random.percent(30)) {
            let method = if is_still || random.percent(50) { Method::Set(scalar) } else { Method::Delete };
            return Some((container.index(if is_still { 0 } else { at }), method));
        }
        let count = i64::try_from(random.below(3)).unwrap();
        let items = (0..random.below(3)).map(|_| Value::string("new")).collect();
        return Some((container, Method::Splice { start: i64::try_from(at).unwrap(), count, items }));
    }
    let keys: &[&str] = if is_rare { &["in", "l", "a"] } else { &["x", "y", "z", "w"] };
    let key = parse(if !is_calm && random.percent(5) {
        [r#""\u0078""#, r#""\u0069n""#][random.below(2)]
    } else {
        "null"
    })
    .unwrap();
    let key = key.as_text().cloned().unwrap_or_else(|| Text::new(keys[random.below(keys.len())]));
    Some(match random.below(10) {
        0..5 => (container.child(Step::Key(key)), Method::Set(scalar)),
        5 => (container.child(Step::Key(key)), Method::Set(parse(["{}", "[]"][random.below(2)]).unwrap())),
        6 | 7 => (container.child(Step::Key(key)), Method::Delete),
        8 if !is_calm && random.percent(10) => {
            (container, Method::Merge(parse(r#"{"in":{"x":8},"z":9}"#).unwrap()))
        }
        8 => (container, Method::Merge(parse(r#"{"w":{"x":8,"y":{}},"z":9}"#).unwrap())),
        _ => (container, Method::Merge(Value::object([(key, scalar), (Text::new("y"), Value::NULL)]))),
    })
}

/// People who edit apart for long, and meet: whoever gets it all at once sees what the oracle says,
/// and goes on from there, also with what somebody did who had seen a part.
#[test]
fn branches_meet_in_one_burst() {
    for seed in seeds(400) {
        let random = &mut Random(seed);
        let is_calm = random.percent(60);
        let mut history = History { initial: parse(NESTED).unwrap(), changes: Vec::new() };
        let authors = 2 + random.below(3);
        let mut people: Vec<Replica> = (1..=authors)
            .map(|author| history.replica(Author(u32::try_from(author).unwrap()), MANY))
            .collect();
        for replica in &mut people {
            for _ in 0..5 + random.below(25) {
                let edit = edit_within(random, replica.value(), is_calm);
                let made = edit.and_then(|(path, method)| replica.edit(path, method).ok());
                history.changes.extend(made.map(|change| Change::clone(&change)));
            }
        }
        // One of them has heard of a part of another's, and goes on.
        let late = people.last_mut().unwrap();
        let heard = random.below(history.changes.len());
        late.receive(clones(history.changes.iter().filter(|change| change.author == Author(1)).take(heard)));
        let known = history.changes.len();
        for _ in 0..4 {
            let edit = edit_within(random, late.value(), is_calm);
            let made = edit.and_then(|(path, method)| late.edit(path, method).ok());
            history.changes.extend(made.map(|change| Change::clone(&change)));
        }
        let (apart, after) = history.changes.split_at(known);
        let oracle = |changes: &[Change]| Oracle::fold(&history.initial, changes).value().to_string();
        let mut order = clones(apart);
        random.shuffle(&mut order);
        let mut replica = history.replica(ONLOOKER, MANY);
        assert!(replica.receive(order).refused.is_empty());
        assert_eq!(replica.value().to_string(), oracle(apart), "SEED={seed} {}", history.story());
        let [first, ..] = people.as_mut_slice() else { unreachable!("somebody") };
        first.receive(clones(apart));
        assert_eq!(first.value().to_string(), oracle(apart), "SEED={seed} {}", history.story());
        for replica in [&mut replica, first] {
            replica.receive(clones(after));
            let whole = oracle(&history.changes);
            assert_eq!(replica.value().to_string(), whole, "SEED={seed} {}", history.story());
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    try_many(500, |history, random| {
        let mut replica = history.replica(ONLOOKER, MANY);
        for _ in 0..=random.below(4) {
            receive(&mut replica, &[random.pick(&history.changes).clone()], history);
        }
        while replica.pending() > 0 {
            let missing = replica.missing();
            let is_missing = |change: &&Change| {
                missing.iter().any(|&(author, first, last)| {
                    author == change.author && (first..=last).contains(&change.tick())
                })
            };
            let fetched = clones(history.changes.iter().filter(is_missing));
            let count: Tick = missing.iter().map(|(_, first, last)| last - first + 1).sum();
            assert_eq!(u64::try_from(fetched.len()).unwrap(), count, "all of it exists");
            assert!(fetched.iter().all(|change| replica.waiting().all(|waits| waits != change)));
            assert!(count > 0 && fetched.iter().all(|change| !replica.clock().saw(change.id())));
            receive(&mut replica, &fetched, history);
        }
        let seen = history.changes.iter().filter(|change| replica.clock().saw(change.id()));
        assert_eq!(view_of(&replica), history.view_of(seen));
    });
}

#[test]
fn places_are_found_again() {
    try_many(500, |history, random| {
        let mut replica = history.replica(ONLOOKER, MANY);
        receive(&mut replica, &history.changes, history);
        let oracle = Oracle::fold(&history.initial, &history.changes);
        for change in &history.changes {
            let seen = if random.percent(50) { change.context() } else { change.clock.clone() };
            let located = replica.locate(&seen, &change.path);
            assert_eq!(located, oracle.locate(&seen, &change.path), "{} as {seen:?} saw it", change.path);
        }
    });
}

/// People at work: a replica for each author whose changes all resolve, and one that only looks
/// on.
struct Room<'a> {
    history: &'a History,
    replicas: Vec<Replica>,
}

impl<'a> Room<'a> {
    fn new(history: &'a History, limit: usize) -> Self {
        let oracle = Oracle::fold(&history.initial, &history.changes);
        let resolve = |author: Author| {
            let mut own = history.changes.iter().filter(|change| change.author == author);
            own.all(|change| oracle.resolves(change.id()))
        };
        let authors = (1..=6).map(Author).filter(|&author| resolve(author)).chain([ONLOOKER]);
        Self { history, replicas: authors.map(|author| history.replica(author, limit)).collect() }
    }

    /// The change at a position is made, by its author's replica if there is one; then others
    /// hear of this and that.
    fn step(&mut self, position: usize, random: &mut Random) {
        let change = &self.history.changes[position];
        let context = change.context();
        if let Some(replica) = self.replicas.iter_mut().find(|replica| replica.author() == change.author) {
            let mut unheard = clones(self.history.changes.iter().filter(|heard| context.saw(heard.id())));
            unheard.retain(|heard| heard.author != change.author);
            random.shuffle(&mut unheard);
            receive(replica, &unheard, self.history);
            let made = replica.edit_at(&context, change.path.clone(), change.method.clone()).unwrap();
            assert_eq!(*made, *change);
        }
        for replica in &mut self.replicas {
            for _ in 0..random.below(3) {
                let heard = random.pick(&self.history.changes[..=position]).clone();
                if heard.author != replica.author() {
                    receive(replica, &[heard], self.history);
                }
            }
        }
    }

    /// What everybody has seen and said so once the change at a position is made: any change
    /// that they are still to make has seen it too.
    fn acknowledged(&self, position: usize) -> Vec<VectorClock> {
        let (made, to_come) = self.history.changes.split_at(position + 1);
        let mut all = VectorClock::new();
        for change in made {
            all.join(&change.clock);
        }
        let seen_by = |author| {
            let mut seen = all.clone();
            if let Some(next) = to_come.iter().find(|change| change.author == Author(author)) {
                seen.meet(&next.context());
            }
            seen
        };
        (1..=6).map(seen_by).collect()
    }

    /// Everybody hears of everything.
    fn finish(&mut self) {
        for replica in &mut self.replicas {
            let author = replica.author();
            let heard = self.history.changes.iter().filter(|change| change.author != author);
            receive(replica, &clones(heard), self.history);
        }
    }
}

#[test]
fn people_at_work_agree() {
    try_many(700, |history, random| {
        let mut room = Room::new(history, MANY);
        for position in 0..history.changes.len() {
            room.step(position, random);
        }
        room.finish();
        let view = history.view();
        for replica in &room.replicas {
            assert_eq!(view_of(replica), view, "author {}", replica.author());
        }
    });
}

#[test]
fn forgetting_makes_no_difference() {
    try_many(700, |history, random| {
        let mut room = Room::new(history, random.below(3));
        for position in 0..history.changes.len() {
            room.step(position, random);
            let acknowledged = room.acknowledged(position);
            for replica in room.replicas.iter_mut().filter(|_| random.percent(70)) {
                let before = replica.value().to_string();
                replica.acknowledged(&acknowledged);
                assert_eq!(replica.value().to_string(), before);
            }
        }
        // Somebody joins: a checkpoint and what came after it is all there is to know.
        let host = random.pick(&room.replicas);
        let mut joiner = Replica::new(Author(100), host.checkpoint(), MANY);
        receive(&mut joiner, &clones(host.history().map(|change| &**change)), history);
        assert_eq!(joiner.value().to_string(), host.value().to_string());
        room.replicas.push(joiner);
        room.finish();
        let view = history.view();
        for replica in &room.replicas {
            assert_eq!(replica.value().to_string(), view.value, "author {}", replica.author());
            assert_eq!(*replica.clock(), view.clock);
        }
    });
}

#[test]
fn a_window_stays_open_though_its_start_is_forgotten() {
    let room = History { initial: parse(r#"{"a":1}"#).unwrap(), changes: Vec::new() };
    let [mut one, mut two] = [1, 2].map(|author| room.replica(Author(author), 4));
    let both = |one: &mut Replica, two: &mut Replica, key: &str| {
        let set =
            |replica: &mut Replica| replica.edit(Path::ROOT.key(key), Method::Set(Value::NULL)).unwrap();
        let (left, right) = (set(one), set(two));
        receive(one, &[Change::clone(&right)], &room);
        receive(two, &[Change::clone(&left)], &room);
    };
    both(&mut one, &mut two, "at once");
    for number in 0..6 {
        let key = Path::ROOT.key(&number.to_string());
        let change = one.edit(key, Method::Set(Value::NULL)).unwrap();
        receive(&mut two, &[Change::clone(&change)], &room);
    }
    one.acknowledged([two.clock()]);
    assert!(one.history().len() < 8);
    both(&mut one, &mut two, "later");
    let mut joiner = Replica::new(Author(3), one.checkpoint(), MANY);
    receive(&mut joiner, &clones(one.history().map(|change| &**change)), &room);
    assert_eq!(joiner.value().to_string(), one.value().to_string());
}

/// Commands of one to three edits each, made by somebody who is alone.
fn commands(random: &mut Random, replica: &mut Replica) -> Vec<Vec<ChangeId>> {
    let mut command = || {
        let edits = (0..=random.below(3)).filter_map(|_| {
            let (path, method) = edit(random, replica.value());
            replica.edit(path, method).ok()
        });
        edits.map(|change| change.id()).collect::<Vec<_>>()
    };
    (0..5).map(|_| command()).collect()
}

fn undo(replica: &mut Replica, command: &[ChangeId]) -> Vec<ChangeId> {
    let undone = replica.undo(command);
    assert!(undone.left_alone.is_empty() && undone.forgotten == 0);
    undone.changes.iter().map(|change| change.id()).collect()
}

#[test]
fn alone_undo_goes_back_and_redo_forth() {
    for seed in seeds(600) {
        let random = &mut Random(seed);
        let room = History { initial: history(random).initial, changes: Vec::new() };
        let mut replica = room.replica(Author(1), MANY);
        let commands = commands(random, &mut replica);
        let story = || {
            let changes = commands.iter().flatten().map(|&id| replica.change(id).unwrap());
            History { initial: room.initial.clone(), changes: clones(changes.map(|change| &**change)) }
                .story()
        };
        let story = format!("SEED={seed}\n{}", story());
        let end = replica.value().clone();
        let mut done = Vec::new();
        for command in commands.iter().rev() {
            done.push(undo(&mut replica, command));
        }
        // A key that undo brings back is at the end.
        assert_eq!(sorted(replica.value()).to_string(), sorted(&room.initial).to_string(), "{story}");
        for command in done.iter().rev() {
            undo(&mut replica, command);
        }
        assert_eq!(sorted(replica.value()).to_string(), sorted(&end).to_string(), "{story}");
    }
}

#[test]
fn undo_and_redo_of_one_command_is_the_identity() {
    for seed in seeds(600) {
        let random = &mut Random(seed);
        let mut room = History { initial: history(random).initial, changes: Vec::new() };
        let mut replica = room.replica(Author(1), MANY);
        let commands = commands(random, &mut replica);
        room.changes = clones(replica.history().map(|change| &**change));
        let story = room.story();
        let end = replica.value().to_string();
        let undone = undo(&mut replica, commands.last().unwrap());
        undo(&mut replica, &undone);
        assert_eq!(replica.value().to_string(), end, "SEED={seed}\n{story}");
    }
}

#[test]
fn undo_among_others_is_more_changes_that_everybody_agrees_on() {
    try_many(250, |history, random| {
        let mut room = Room::new(history, MANY);
        for position in 0..history.changes.len() {
            room.step(position, random);
        }
        let mut all = history.clone();
        for replica in &mut room.replicas {
            let author = replica.author();
            let own = history.changes.iter().filter(|change| change.author == author && random.percent(60));
            let own: Vec<ChangeId> = own.map(Change::id).collect();
            let before = clones(all.changes.iter().filter(|change| replica.clock().saw(change.id())));
            let undone = replica.undo(&own);
            all.changes.extend(clones(undone.changes.iter().map(|change| &**change)));
            let after = clones(all.changes.iter().filter(|change| replica.clock().saw(change.id())));
            let shown = |changes| Oracle::fold(&all.initial, changes).shown_of_others(author);
            let (kept, shown) = (shown(&after), shown(&before));
            assert!(
                shown.iter().all(|write| kept.contains(write)),
                "{author} takes back {own:?}: of {shown:?} only {kept:?} is left\n{}",
                all.story()
            );
            if random.percent(50) {
                let redo: Vec<ChangeId> = undone.changes.iter().map(|change| change.id()).collect();
                let redone = replica.undo(&redo);
                all.changes.extend(clones(redone.changes.iter().map(|change| &**change)));
            }
        }
        all.changes.sort_by_key(Change::stamp);
        room.history = &all;
        room.finish();
        let view = all.view();
        for replica in &room.replicas {
            assert_eq!(view_of(replica), view, "author {} {}", replica.author(), all.story());
        }
    });
}

#[test]
fn nonsense_is_refused_and_alters_nothing() {
    try_many(200, |history, random| {
        let mut replica = history.replica(ONLOOKER, MANY);
        let mut order = clones(&history.changes);
        random.shuffle(&mut order);
        for change in &order {
            // What had waited with a forged past may be refused now, too.
            replica.receive([change.clone()]);
            let before = view_of(&replica);
            let other_text = Change { method: Method::Set(Value::string("forged")), ..change.clone() };
            let refused = replica.receive([other_text]).refused;
            assert_eq!(refused, [Refusal::Equivocation(change.id())]);
            for forged in forgeries(change, history, random) {
                let received = replica.receive([forged.clone()]);
                assert!(received.applied.is_empty(), "{forged:?}");
                assert_eq!(view_of(&replica), before, "{forged:?}");
            }
        }
        assert_eq!(replica.value().to_string(), history.view().value);
    });
}

/// Changes that nobody honest makes, around one that somebody did make.
fn forgeries(change: &Change, history: &History, random: &mut Random) -> Vec<Change> {
    let mut of_mine = change.clone();
    of_mine.author = ONLOOKER;
    of_mine.clock.set(ONLOOKER, 1);
    let mut saw_mine = change.clone();
    saw_mine.clock.set(change.author, change.tick() + 1);
    saw_mine.clock.set(ONLOOKER, 3);
    // The next of an author who has forgotten what it had seen.
    let last = history.changes.iter().rfind(|last| last.author == change.author).unwrap();
    let mut forgetful = last.clone();
    forgetful.clock = [(last.author, last.tick() + 1)].into_iter().collect();
    let mut forged = vec![of_mine, saw_mine];
    if last.clock.iter().len() > 1 {
        forged.push(forgetful);
    }
    random.shuffle(&mut forged);
    forged
}
