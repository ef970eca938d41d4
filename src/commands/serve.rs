//! `ultrawave serve`: holds a room open without a screen, and keeps a file in step with it.

use std::path::Path as FilePath;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::failure::{Exit, Failure};
use super::member::hosting;
use super::target::Target;
use super::{announce, input, output, signals};
use crate::file::{FileBinding, FileError};
use crate::room::{Room, RoomOptions};

/// How long after a change the file is written, so that a burst of changes is one write.
const WRITE_AFTER: Duration = Duration::from_millis(200);

/// How often the file is looked at for changes made by something else.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Holds a room open until a signal ends it.
pub(super) fn serve(
    room: &str, file: Option<&FilePath>, force: bool, options: &RoomOptions,
) -> Result<Exit, Failure> {
    if file.is_some_and(input::is_stdin) {
        return Err(Failure::new(Exit::Usage, "serve keeps a file up to date, so FILE cannot be -"));
    }
    let target = file.map(Target::find).transpose()?;
    super::block_on(async {
        let mut ended = pin!(signals::ended());
        let document = target.as_ref().map_or_else(input::empty_document, Target::document);
        let (room, is_new) = tokio::select! {
            opened = Room::open(room, document, hosting(options)) => opened?,
            exit = &mut ended => return Ok(exit),
        };
        let result = match target.map(|target| target.bind(&room, is_new, force)).transpose() {
            Ok(file) => {
                announce::opened(&room, &options.signal);
                output::say(&format!("serving {} as author {}", room.name(), room.author()));
                hold(&room, file.map(Keeper::new), ended).await
            }
            Err(failure) => Err(failure),
        };
        room.leave().await;
        result
    })
}

async fn hold(
    room: &Room, mut keeper: Option<Keeper>, mut ended: impl Future<Output = Exit> + Unpin,
) -> Result<Exit, Failure> {
    let mut changed = room.changed();
    changed.mark_changed();
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut write_at: Option<Instant> = None;
    let exit = loop {
        let due = async {
            match write_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            still_there = changed.changed(), if write_at.is_none() => match still_there {
                Ok(()) => write_at = Some(Instant::now() + WRITE_AFTER),
                Err(_) => return Err(Failure::new(Exit::Failed, "the room has been left")),
            },
            () = due => {
                write_at = None;
                // Before the document is looked at: a change that comes now is a change again.
                changed.mark_unchanged();
                if let Some(keeper) = &mut keeper {
                    keeper.write(room);
                }
            }
            _ = look.tick() => if let Some(keeper) = &mut keeper {
                keeper.look(room);
            },
            exit = &mut ended => break exit,
        }
    };
    let Some(mut keeper) = keeper else { return Ok(exit) };
    if keeper.write(room) { Ok(exit) } else { Err(keeper.last_words()) }
}

/// A file that follows the room.
struct Keeper {
    file: FileBinding,
    /// What keeps the file from being written, as it was told.
    trouble: Option<Failure>,
}

impl Keeper {
    fn new(file: FileBinding) -> Self {
        Self { file, trouble: None }
    }

    /// Writes the file if the room's document is another. Whether the two are in step now.
    fn write(&mut self, room: &Room) -> bool {
        let snapshot = room.snapshot();
        if self.trouble.is_none() && self.file.value() == Some(&snapshot.value) {
            return true;
        }
        match self.file.save(&snapshot.source, &snapshot.value, false) {
            Ok(()) => {
                if self.trouble.take().is_some() {
                    output::say(&format!("{} is written again", self.name()));
                }
                true
            }
            Err(error) => {
                self.tell(error, room);
                false
            }
        }
    }

    /// Notices that something else has changed the file, or that it can be written again.
    fn look(&mut self, room: &Room) {
        if self.trouble.is_some() {
            self.write(room);
            return;
        }
        match self.file.has_changed_on_disk() {
            Ok(false) => {}
            Ok(true) => self.tell(FileError::ChangedOnDisk(self.file.path().to_owned()), room),
            Err(error) => self.tell(error, room),
        }
    }

    /// Says once what the trouble is.
    fn tell(&mut self, error: FileError, room: &Room) {
        let changed = matches!(error, FileError::ChangedOnDisk(_) | FileError::Exists(_));
        let mut trouble = Failure::from(error);
        if changed {
            trouble = trouble.with_advice(&format!(
                "it is not written any more, so nothing in it is lost; `ultrawave get {0}` prints the room's \
                 document; move the file away to have it written again",
                announce::quoted(room.name()),
            ));
        }
        if self.trouble.as_ref() != Some(&trouble) {
            output::say(&trouble.message);
            self.trouble = Some(trouble);
        }
    }

    /// How it ends when the file could not be brought into step.
    fn last_words(&self) -> Failure {
        let exit = self.trouble.as_ref().map_or(Exit::Failed, |trouble| trouble.exit);
        Failure::new(exit, format!("the last changes are not in {}", self.name()))
    }

    fn name(&self) -> String {
        self.file.path().display().to_string()
    }
}
