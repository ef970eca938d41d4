//! `ultrawave edit`: a value as text in the person's own editor.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use super::edit::{edit_all, there};
use super::failure::{Exit, Failure};
use super::member::{Member, passing};
use super::{output, signals};
use crate::document::{Path, Value, diff, parse, save_part};
use crate::file::read_text;
use crate::room::{Room, RoomOptions};
use crate::sync::Snapshot;

/// Opens a value in the editor, and makes what was changed there edits of what it showed.
///
/// This joins also where a peer runs already: what is on the screen for minutes is the clock of
/// these edits, and that takes an author of its own.
pub(super) async fn edit_text(room: &str, path: &str, options: RoomOptions) -> Result<Exit, Failure> {
    let name = options.name.clone();
    let options = passing(options);
    let member = tokio::select! {
        room = Room::join(room, options) => Member::new(room?, &name),
        exit = signals::ended() => return Ok(exit),
    };
    let result = edit_in(&member, path).await;
    member.room().leave().await;
    result
}

async fn edit_in(member: &Member, path: &str) -> Result<Exit, Failure> {
    member.settle().await;
    let room = member.room();
    let snapshot = room.snapshot();
    let path = Path::read(path, &snapshot.value)?;
    let old = there(room, &snapshot, &path)?;
    let draft = Draft::new(&snapshot, old)?;
    let new = loop {
        draft.open().await?;
        let text = read_text(&draft.path).map_err(|error| draft.kept(error.into()))?;
        match parse(&text) {
            Ok(value) => break value,
            Err(error) => {
                let message = error.render(&draft.path.display().to_string(), &text);
                draft.ask_again(Failure::new(Exit::BadJson, message))?;
            }
        }
    };
    let steps = |inside: &Path| path.steps().iter().chain(inside.steps()).cloned().collect();
    let edits: Vec<_> =
        diff(old, &new).into_iter().map(|(inside, method)| (steps(&inside), method)).collect();
    if edits.is_empty() {
        draft.remove();
        output::say("nothing was changed");
        return Ok(Exit::Done);
    }
    edit_all(room, &snapshot.clock, edits).map_err(|error| draft.kept(error.into()))?;
    member.kept().await.map_err(|failure| draft.kept(failure))?;
    if room.lost_edits().iter().any(|lost| lost.change.author == room.author()) {
        let message =
            format!("{path} was removed or replaced while it was edited; not all edits have a place");
        return Err(draft.kept(Failure::new(Exit::Failed, message)));
    }
    draft.remove();
    Ok(Exit::Done)
}

/// The text being edited, in a file that stays until its content has arrived somewhere.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn new(snapshot: &Snapshot, value: &Value) -> Result<Self, Failure> {
        let cannot = |error: &std::io::Error| Failure::io("cannot write a draft", error);
        let mut file = tempfile::Builder::new()
            .prefix("ultrawave-")
            .suffix(".json")
            .tempfile()
            .map_err(|error| cannot(&error))?;
        file.write_all(save_part(&snapshot.source, value).as_bytes()).map_err(|error| cannot(&error))?;
        let (_, path) = file.keep().map_err(|error| cannot(&error.error))?;
        Ok(Self { path })
    }

    /// Runs the editor until it ends. The interrupts that the terminal sends are for it.
    async fn open(&self) -> Result<(), Failure> {
        let set = |name| std::env::var(name).ok().filter(|editor: &String| !editor.trim().is_empty());
        let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
        // The variable may hold arguments, or quotes for the shell.
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(&self.path);
        let mut interrupts =
            signal(SignalKind::interrupt()).map_err(|error| Failure::io("cannot wait", &error))?;
        let mut terminated =
            signal(SignalKind::terminate()).map_err(|error| Failure::io("cannot wait", &error))?;
        let ended = command.status();
        tokio::pin!(ended);
        let status = loop {
            tokio::select! {
                status = &mut ended => break status,
                _ = interrupts.recv() => {}
                _ = terminated.recv() => return Err(self.kept(Failure::new(Exit::Terminated, "ended"))),
            }
        };
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                let message = format!("{editor} ended with {status}; nothing is done");
                Err(self.kept(Failure::new(Exit::Failed, message)))
            }
            Err(error) => Err(self.kept(Failure::io(&format!("cannot run {editor}"), &error))),
        }
    }

    /// Shows what is wrong with the text and waits for a key to go on editing it.
    ///
    /// # Errors
    /// Nobody is there to press one, or they have had enough.
    fn ask_again(&self, fault: Failure) -> Result<(), Failure> {
        if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
            return Err(self.kept(fault));
        }
        output::say(&fault.message);
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "Enter goes back to the editor, q gives up: ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        match std::io::stdin().lock().read_line(&mut answer) {
            Ok(1..) if answer.trim() != "q" => Ok(()),
            _ => Err(self.kept(fault)),
        }
    }

    /// A failure that says where the text is.
    fn kept(&self, failure: Failure) -> Failure {
        let Failure { exit, message } = failure;
        Failure::new(exit, format!("{message}\nthe draft is kept: {}", self.path.display()))
    }

    fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
