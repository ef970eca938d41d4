//! The way into the editor: `create`, `join`, `open`.

use std::io::{BufRead as _, Write as _};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use super::failure::{Exit, Failure};
use super::local::Host;
use super::member::{hosting, kept};
use super::target::Target;
use super::{announce, input, passphrase, signals};
use crate::cli::Doors;
use crate::file::{FileBinding, FileError};
use crate::room::{Room, RoomError, RoomOptions};
use crate::sync::Checkpoint;
use crate::tui::{self, EditorError, EditorOptions, Hue, Invite};

/// How a room is entered.
enum Way {
    Create(Checkpoint),
    Join,
    Open(Checkpoint),
}

/// What belongs to the room here on disk.
struct Disk {
    target: Option<Target>,
    /// Whether it may be replaced without asking.
    force: bool,
    /// Whether to write it at once.
    write: bool,
    wishes: Wishes,
}

/// How the editor is to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes {
    /// A JSON Schema to hold the document against.
    pub(super) schema: Option<PathBuf>,
    /// The colour of this person's name.
    pub(super) color: Option<Hue>,
    /// Who may come in, and which tickets are shown.
    pub(super) doors: Doors,
}

/// Opens a room and shows the editor.
pub(super) fn create(
    room: &str, file: Option<&FilePath>, lines: bool, wishes: Wishes, options: &RoomOptions,
) -> Result<Exit, Failure> {
    let (document, target) = document(file, lines)?;
    require_terminal("serve", room, file)?;
    let options = hosting(&kept(options, file));
    edit(room, Way::Create(document), Disk { target, force: false, write: false, wishes }, &options)
}

/// Joins a room and shows the editor.
pub(super) fn join(
    room: &str, save: Option<&FilePath>, force: bool, wishes: Wishes, options: &RoomOptions,
) -> Result<Exit, Failure> {
    if save.is_some_and(input::is_stdin) {
        return Err(Failure::new(Exit::Usage, "--save takes a file, not -"));
    }
    let target = save.map(|save| Target::find(save, false)).transpose()?;
    require_terminal("get", room, None)?;
    edit(room, Way::Join, Disk { target, force, write: true, wishes }, &hosting(&kept(options, save)))
}

/// Joins a room or opens it, and shows the editor.
pub(super) fn open(
    room: &str, file: Option<&FilePath>, lines: bool, force: bool, wishes: Wishes, options: &RoomOptions,
) -> Result<Exit, Failure> {
    let (document, target) = document(file, lines)?;
    require_terminal("serve", room, file)?;
    let options = hosting(&kept(options, file));
    edit(room, Way::Open(document), Disk { target, force, write: false, wishes }, &options)
}

/// The document to start from, and the file it is in.
fn document(file: Option<&FilePath>, lines: bool) -> Result<(Checkpoint, Option<Target>), Failure> {
    match file {
        None => Ok((input::empty_document(), None)),
        Some(path) if input::is_stdin(path) => Ok((input::read_stdin(lines)?, None)),
        Some(path) => {
            let target = Target::find(path, lines)?;
            if target.is_there() {
                return Ok((target.document(), Some(target)));
            }
            let advice = format!("leave it out to start from {{}}, and save with :w {}", path.display());
            Err(Failure::from(FileError::Missing(path.to_owned())).with_advice(&advice))
        }
    }
}

/// The editor needs a screen and keys. Without them, `verb` does what can be done.
pub(super) fn require_terminal(verb: &str, room: &str, file: Option<&FilePath>) -> Result<(), Failure> {
    if tui::has_terminal() {
        return Ok(());
    }
    let file = file.filter(|file| !input::is_stdin(file));
    let file = file.map(|file| format!(" {}", announce::quoted(&file.to_string_lossy()))).unwrap_or_default();
    let room = announce::quoted(room);
    let message = format!(
        "the editor needs a terminal; without one, use `ultrawave {verb} {room}{file}` (all verbs: `ultrawave --help`)"
    );
    Err(Failure::new(Exit::Usage, message))
}

fn edit(room: &str, way: Way, disk: Disk, options: &RoomOptions) -> Result<Exit, Failure> {
    super::block_on(async {
        let (room, is_new) = tokio::select! {
            entered = enter(room, way, options) => entered?,
            exit = signals::ended() => return Ok(exit),
        };
        let result = show(&room, is_new, disk, options).await;
        room.leave().await;
        result
    })
}

/// Second: whether the room was opened here.
async fn enter(room: &str, way: Way, options: &RoomOptions) -> Result<(Room, bool), RoomError> {
    let options = options.clone();
    match way {
        Way::Create(document) => {
            let room = Room::create(room, document, options).await?;
            let is_new = !room.is_resumed();
            Ok((room, is_new))
        }
        Way::Join => Ok((Room::join(room, options).await?, false)),
        Way::Open(document) => Room::open(room, document, options).await,
    }
}

async fn show(room: &Room, is_new: bool, mut disk: Disk, options: &RoomOptions) -> Result<Exit, Failure> {
    announce::begun(room);
    let wishes = std::mem::take(&mut disk.wishes);
    if is_new || room.is_resumed() {
        announce::opened(room, &options.signal, &wishes.doors);
    }
    // The screen is the editor's by the time that somebody tries.
    let told = |what: &str| tracing::warn!("{what}");
    let _doorkeeper = passphrase::attend(room, &options.signal, &wishes.doors, told).await?;
    let file = bind(room, is_new, disk)?;
    let config = super::config()?;
    let host = Host::start(room, options);
    let options = EditorOptions {
        keys: config.keys,
        colors: config.colors,
        color: wishes.color.or(config.color),
        schema: wishes.schema,
        name: options.name.clone(),
        join_command: announce::join_command(room, &options.signal, &wishes.doors),
        look_command: announce::look_command(room, &options.signal, &wishes.doors),
        invite: Some(invite(options.signal.clone(), wishes.doors)),
        no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
    };
    let shown = tui::run(room.clone(), file, options).await;
    host.stop().await;
    match shown {
        Ok(tui::Exit::Quit) => Ok(Exit::Done),
        Ok(tui::Exit::Signal(signal)) => Ok(Exit::of_signal(signal)),
        Err(EditorError::NoTerminal) => Err(Failure::new(Exit::Usage, EditorError::NoTerminal.to_string())),
        Err(EditorError::Terminal(error)) => Err(Failure::io("the terminal failed", &error)),
    }
}

/// What says how others join, also under other keys.
fn invite(signal: String, doors: Doors) -> Invite {
    Invite(Arc::new(move |room| {
        let look = announce::look_command(room, &signal, &doors);
        (announce::join_command(room, &signal, &doors), look)
    }))
}

/// Ties the file to the room; a different one only with the person's consent.
fn bind(room: &Room, is_new: bool, disk: Disk) -> Result<Option<FileBinding>, Failure> {
    let Some(target) = disk.target else { return Ok(None) };
    let allowed = disk.force || is_new || !target.differs_from(room) || confirm(&target, room)?;
    let mut file = target.bind(room, is_new, allowed)?;
    if disk.write {
        let snapshot = room.snapshot();
        file.save(&snapshot.source, &snapshot.value, false)?;
    }
    Ok(Some(file))
}

fn confirm(target: &Target, room: &Room) -> Result<bool, Failure> {
    let mut stderr = std::io::stderr().lock();
    let asked = write!(
        stderr,
        "{} differs from the document in {}. Replace it by the room's? [y/N] ",
        target.path().display(),
        room.name()
    );
    let mut answer = String::new();
    asked
        .and_then(|()| stderr.flush())
        .and_then(|()| std::io::stdin().lock().read_line(&mut answer))
        .map_err(|error| Failure::io("cannot ask", &error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
