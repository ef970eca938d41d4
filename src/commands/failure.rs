//! How a command ends when it does not end well: an exit code and a message with the remedy.

use std::io;
use std::process::ExitCode;

use tokio::signal::unix::SignalKind;

use crate::config::ConfigError;
use crate::document::{ApplyError, PathError};
use crate::file::FileError;
use crate::room::RoomError;
use crate::sync::EditError;

/// How a command ends. Other programs rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// All done.
    Done = 0,
    /// It could not be done, or not all of it.
    Failed = 1,
    /// The command line, the configuration or the terminal is not right for it.
    Usage = 2,
    /// The room or the signaling server was not reached.
    Unreachable = 3,
    /// Something is not JSON.
    BadJson = 4,
    /// There is nothing at the path.
    NoPath = 5,
    /// The file on disk is not what it was, or not what was expected.
    FileChanged = 6,
    /// The operating system or the room does not permit it.
    NotPermitted = 7,
    /// Ended by SIGHUP.
    HungUp = 129,
    /// Ended by SIGINT.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl Exit {
    /// The one of this number.
    pub(super) fn of_number(number: u8) -> Option<Self> {
        let all = [
            Self::Done,
            Self::Failed,
            Self::Usage,
            Self::Unreachable,
            Self::BadJson,
            Self::NoPath,
            Self::FileChanged,
            Self::NotPermitted,
            Self::HungUp,
            Self::Interrupted,
            Self::Terminated,
        ];
        all.into_iter().find(|exit| *exit as u8 == number)
    }

    /// The end by a signal that was taken in good order.
    pub(super) fn of_signal(number: i32) -> Self {
        if number == SignalKind::interrupt().as_raw_value() {
            Self::Interrupted
        } else if number == SignalKind::hangup().as_raw_value() {
            Self::HungUp
        } else {
            Self::Terminated
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command's bad end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The exit code.
    pub(super) exit: Exit,
    /// For standard error: what happened and what to do. Empty when there is nobody to tell.
    pub(super) message: String,
}

impl Failure {
    /// A failure with this exit code and message.
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// Nobody takes what is said any more: a quiet end.
    pub(super) fn unheard() -> Self {
        Self::new(Exit::Done, "")
    }

    /// A file or stream that could not be read or written.
    pub(super) fn io(what: &str, error: &io::Error) -> Self {
        let is_denied = error.kind() == io::ErrorKind::PermissionDenied;
        let exit = if is_denied { Exit::NotPermitted } else { Exit::Failed };
        Self::new(exit, format!("{what}: {error}"))
    }

    /// The message with a word of advice after it.
    pub(super) fn with_advice(mut self, advice: &str) -> Self {
        self.message.push_str("; ");
        self.message.push_str(advice);
        self
    }

    /// What became of writing to standard output. Whoever reads may close the pipe when they have
    /// seen enough: that is a quiet end, not a failure.
    pub(super) fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::unheard();
        }
        Self::io("cannot write to standard output", error)
    }
}

impl From<RoomError> for Failure {
    fn from(error: RoomError) -> Self {
        let exit = match &error {
            RoomError::Edit(edit) => return edit.clone().into(),
            RoomError::NoServer { .. }
            | RoomError::NotAServer { .. }
            | RoomError::NoRoom(_)
            | RoomError::NobodyAttends(_)
            | RoomError::Closed(_)
            | RoomError::Full(_)
            | RoomError::Unreachable { .. } => Exit::Unreachable,
            RoomError::Unwelcome(_) | RoomError::NotOwner(_) => Exit::NotPermitted,
            RoomError::IceServer(..) => Exit::Usage,
            RoomError::Exists(_)
            | RoomError::TooLarge { .. }
            | RoomError::Kept { .. }
            | RoomError::OtherRoom(_)
            | RoomError::Refused(_)
            | RoomError::Left => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        let exit = match &error {
            EditError::Apply(ApplyError::Absent(_) | ApplyError::WrongStep { .. }) => Exit::NoPath,
            EditError::ReadOnly => Exit::NotPermitted,
            EditError::Apply(_) | EditError::Base | EditError::NoDocument | EditError::Limit(_) => {
                Exit::Failed
            }
        };
        Self::new(exit, error.to_string())
    }
}

impl From<PathError> for Failure {
    fn from(error: PathError) -> Self {
        Self::new(Exit::Usage, error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let exit = match &error {
            ConfigError::Read { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Exit::NotPermitted
            }
            ConfigError::Read { .. }
            | ConfigError::Parse { .. }
            | ConfigError::IceServer { .. }
            | ConfigError::Name { .. } => Exit::Usage,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let exit = match &error {
            FileError::NotUtf8 { .. } | FileError::NotJson { .. } => Exit::BadJson,
            FileError::ChangedOnDisk(_) | FileError::Exists(_) => Exit::FileChanged,
            FileError::Unreadable(_, source) | FileError::Unwritable(_, source)
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                Exit::NotPermitted
            }
            FileError::Missing(_)
            | FileError::Directory(_)
            | FileError::TooLong(_)
            | FileError::Unreadable(..)
            | FileError::Unwritable(..) => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}
