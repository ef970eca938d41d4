//! What a file last showed of a room, kept over the end of the process that kept the two in step.

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path as FilePath, PathBuf};

use etcetera::BaseStrategy as _;

use crate::bridge::Bridge;
use crate::document::{Text, Value, diff};
use crate::file::FileBinding;
use crate::limits;
use crate::room::Room;
use crate::sync::{VectorClock, decode_message, read_clock, write_clock};

/// The version of the form it is kept in.
const VERSION: &str = "1";

/// Where it is kept: `ultrawave/files/` in the XDG state folder, a line about it and then the text.
pub(super) struct Shadow {
    path: PathBuf,
    /// The file and the room that it is about.
    about: String,
    /// The text and the clock that are there.
    kept: Option<(String, VectorClock)>,
}

impl Shadow {
    /// The place of what a file shows of a room. Nothing where there is no home folder.
    pub(super) fn of(file: &FilePath, signal: &str, room: &Room) -> Option<Self> {
        let state = etcetera::base_strategy::Xdg::new().ok()?.state_dir()?;
        let file = fs::canonicalize(file).or_else(|_| std::path::absolute(file)).ok()?;
        // A locked room is the same one wherever its members meet.
        let (signal, room) = match room.access() {
            Some(access) => (String::new(), access.lasting_id()),
            None => (signal.to_owned(), room.name().to_owned()),
        };
        let [file, signal, room] = [&*file.to_string_lossy(), &signal, &room].map(Value::string);
        let about = format!(r#""file":{file},"signal":{signal},"room":{room}"#);
        let name = format!("{:016x}.shadow", super::fnv(about.as_bytes()));
        Some(Self { path: state.join("ultrawave").join("files").join(name), about, kept: None })
    }

    /// Keeps what the file shows now. That a later start cannot go on from there is no reason to
    /// stop.
    pub(super) fn keep(&mut self, text: &str, clock: &VectorClock) {
        let is_kept = self.kept.as_ref().is_some_and(|(kept, at)| at == clock && kept == text);
        if is_kept {
            return;
        }
        match self.write(text, clock) {
            Ok(()) => self.kept = Some((text.to_owned(), clock.clone())),
            Err(error) => tracing::warn!(%error, path = %self.path.display(), "not kept"),
        }
    }

    fn write(&self, text: &str, clock: &VectorClock) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(FilePath::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut line = format!(r#"["shadow",{{"version":{VERSION},{},"clock":"#, self.about);
        write_clock(clock, &mut line);
        line.push_str("}]\n");
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(line.as_bytes())?;
        file.write_all(text.as_bytes())?;
        file.persist(&self.path)?;
        Ok(())
    }

    /// What the file showed when it was last in step with this room: the file as it was then, and
    /// the bridge from there. Nothing if it never was, or if that is no version of the room that
    /// is remembered: a room of the same name may be another one.
    pub(super) fn resume(&self, file: &FileBinding, room: &Room) -> Option<(FileBinding, Bridge)> {
        let (text, clock) = self.read()?;
        let file = file.when_it_showed(text).ok()?;
        let value = file.value()?.clone();
        let was = room.value_at(&clock)?;
        if !diff(&was, &value).is_empty() {
            return None;
        }
        // Others may soon forget that version, so no edit is made on it.
        Some((file, Bridge::adrift(value)))
    }

    fn read(&self) -> Option<(String, VectorClock)> {
        let kept = fs::read_to_string(&self.path).ok()?;
        let (line, text) = kept.split_once('\n')?;
        if !line.starts_with(&format!(r#"["shadow",{{"version":{VERSION},{},"#, self.about)) {
            return None;
        }
        let message = decode_message(line, limits::MESSAGE_BYTES).ok()?;
        let clock = read_clock(message.index(1)?.key(&Text::new("clock"))?).ok()?;
        Some((text.to_owned(), clock))
    }
}
