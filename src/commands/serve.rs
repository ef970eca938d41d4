//! `ultrawave serve`: holds a room open without a screen, and keeps a file in step with it.

use std::path::Path as FilePath;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::failure::{Exit, Failure};
use super::keeper::Keeper;
use super::local::Host;
use super::member::{hosting, kept, removed};
use super::progress::Giving;
use super::shadow::Shadow;
use super::target::Target;
use super::watcher::FileWatcher;
use super::{announce, input, output, passphrase, signals};
use crate::bridge::Bridge;
use crate::cli::Doors;
use crate::room::{Room, RoomOptions};
use crate::session::Event;
use crate::sync::VectorClock;

/// How long after a change the file is written, so that a burst of changes is one write.
const WRITE_AFTER: Duration = Duration::from_millis(200);

/// How long after the last sign of life of the file it is read: who writes into it in pieces is
/// not to be read in between.
const READ_AFTER: Duration = Duration::from_millis(100);

/// How often the file is looked at, should nobody tell of its changes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often, at the end, a file that is just being written is looked at again.
const LAST_TRIES: usize = 15;

/// Holds a room open until a signal ends it.
pub(super) fn serve(
    room: &str, file: Option<&FilePath>, (lines, force): (bool, bool), doors: &Doors, options: &RoomOptions,
) -> Result<Exit, Failure> {
    if file.is_some_and(input::is_stdin) {
        return Err(Failure::new(Exit::Usage, "serve keeps a file up to date, so FILE cannot be -"));
    }
    let target = file.map(|file| Target::find(file, lines)).transpose()?;
    super::block_on(async {
        let mut ended = pin!(signals::ended());
        let document = target.as_ref().map_or_else(input::empty_document, Target::document);
        let (room, is_new) = tokio::select! {
            opened = Room::open(room, document, hosting(&kept(options, file))) => opened?,
            exit = &mut ended => return Ok(exit),
        };
        let tie = |target| tie(target, &room, is_new, force, &options.signal);
        let result = match target.map(tie).transpose() {
            Ok(keeper) => {
                announce::begun(&room);
                announce::opened(&room, &options.signal, doors);
                match passphrase::attend(&room, &options.signal, doors, output::say).await {
                    Ok(_doorkeeper) => {
                        output::say(&format!("serving {} as author {}", room.name(), room.author()));
                        let host = Host::start(&room, options);
                        let result = tokio::select! {
                            result = hold(&room, keeper, ended) => result,
                            failure = removed(&room) => Err(failure),
                        };
                        host.stop().await;
                        result
                    }
                    Err(failure) => Err(failure),
                }
            }
            Err(failure) => Err(failure),
        };
        room.leave().await;
        result
    })
}

/// Ties a file to a room. One that was in step with it before goes on from there.
fn tie(target: Target, room: &Room, is_new: bool, force: bool, signal: &str) -> Result<Keeper, Failure> {
    let shadow = Shadow::of(target.path(), signal, room);
    if !is_new
        && !force
        && target.differs_from(room)
        && let Some((file, bridge)) = shadow.as_ref().and_then(|shadow| shadow.resume(target.file(), room))
    {
        output::say(&format!(
            "{} goes on from what it last showed of {}",
            file.path().display(),
            room.name()
        ));
        return Ok(Keeper::new(file, Some(bridge), shadow).with_layout_of_file(room));
    }
    let is_as_left = !force && target.is_as_left(room);
    let file = target.bind(room, is_new, force)?;
    // A room that was opened here has started from what is in the file; and a file that holds the
    // room's document shows it.
    let now = room.snapshot();
    let clock = if is_new { VectorClock::new() } else { now.clock };
    let shown = file.value().filter(|&value| is_new || *value == now.value).cloned();
    let keeper = Keeper::new(file, shown.map(|shown| Bridge::new(shown, clock)), shadow);
    Ok(if is_as_left { keeper.with_layout_of_file(room) } else { keeper })
}

async fn hold(
    room: &Room, mut keeper: Option<Keeper>, mut ended: impl Future<Output = Exit> + Unpin,
) -> Result<Exit, Failure> {
    let mut changed = room.changed();
    changed.mark_changed();
    let watcher = keeper.as_ref().map(|keeper| FileWatcher::new(keeper.file().path()));
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut step_at: Option<Instant> = None;
    // When the first of a burst of signs of life of the file came.
    let mut burst: Option<Instant> = None;
    let (mut events, mut giving) = (room.events(), Giving::default());
    let mut unkept = None;
    let exit = loop {
        announce::kept(room, &mut unkept);
        let due = async {
            match step_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let rewritten = async {
            match &watcher {
                Some(watcher) => watcher.happened().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            still_there = changed.changed(), if step_at.is_none() => match still_there {
                Ok(()) => step_at = Some(Instant::now() + WRITE_AFTER),
                Err(_) => return Err(Failure::new(Exit::Failed, "the room has been left")),
            },
            () = rewritten => {
                let now = Instant::now();
                step_at = Some((now + READ_AFTER).min(*burst.get_or_insert(now) + LOOK_EVERY));
            }
            _ = look.tick(), if step_at.is_none() => step_at = Some(Instant::now()),
            () = due => {
                (step_at, burst) = (None, None);
                // Before the document is looked at: a change that comes now is a change again.
                changed.mark_unchanged();
                if let Some(keeper) = &mut keeper {
                    keeper.step(room);
                }
            }
            event = events.recv() => if matches!(event, Ok(Event::Progress)) {
                giving.tell(room);
            },
            exit = &mut ended => break exit,
        }
    };
    let Some(mut keeper) = keeper else { return Ok(exit) };
    for _ in 0..LAST_TRIES {
        if keeper.step(room) {
            return Ok(exit);
        }
        if keeper.is_in_trouble() {
            break;
        }
        sleep(READ_AFTER).await;
    }
    Err(keeper.last_words())
}
