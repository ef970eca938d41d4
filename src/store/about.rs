//! Whose session it is, and in which room.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use crate::sync::{Author, ChangeId, VectorClock};

/// What is known of a session besides its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The room's name.
    pub room: String,
    /// Where its signaling server is.
    pub server: String,
    /// The file that the document came from and goes to.
    pub file: Option<PathBuf>,
    /// The text of that file when it was last read or written here, as a hash.
    pub file_hash: Vec<u8>,
    /// Who this session was last.
    pub author: Author,
    /// Everyone that it ever was.
    pub mine: Vec<Author>,
    /// What tells this room from a later one of the same name.
    pub incarnation: String,
    /// The name that the signaling server knew this session by.
    pub id: String,
    /// What proves that to it.
    pub secret: String,
    /// What others were known to have.
    pub elsewhere: VectorClock,
    /// The author's key and what proves it, as those who sign and check have it.
    pub keys: Vec<u8>,
    /// When it was last noted, in seconds since 1970.
    pub noted: u64,
}

impl About {
    /// A session of which nothing is known yet.
    pub fn new(room: &str, server: &str) -> Self {
        Self {
            room: room.to_owned(),
            server: server.to_owned(),
            file: None,
            file_hash: Vec::new(),
            author: Author(0),
            mine: Vec::new(),
            incarnation: String::new(),
            id: String::new(),
            secret: String::new(),
            elsewhere: VectorClock::new(),
            keys: Vec::new(),
            noted: 0,
        }
    }

    /// Notes who the session is from now on. Whether that is news.
    pub fn is_now(&mut self, author: Author) -> bool {
        let is_news = self.author != author;
        self.author = author;
        if !self.mine.contains(&author) {
            self.mine.push(author);
        }
        is_news
    }

    /// Whether a change is one of this session's that nobody else is known to have.
    pub fn is_unsent(&self, change: ChangeId) -> bool {
        self.mine.contains(&change.author) && !self.elsewhere.saw(change)
    }

    /// What is stored, by name.
    pub(super) fn rows(&self) -> Vec<(&'static str, Vec<u8>)> {
        let file = self.file.as_ref().map(|file| file.as_os_str().as_bytes().to_vec());
        let mine: Vec<String> = self.mine.iter().map(ToString::to_string).collect();
        let elsewhere: Vec<String> =
            self.elsewhere.iter().map(|(author, tick)| format!("{author}:{tick}")).collect();
        vec![
            ("room", self.room.clone().into_bytes()),
            ("server", self.server.clone().into_bytes()),
            ("file", file.unwrap_or_default()),
            ("file hash", self.file_hash.clone()),
            ("author", self.author.to_string().into_bytes()),
            ("mine", mine.join(" ").into_bytes()),
            ("incarnation", self.incarnation.clone().into_bytes()),
            ("id", self.id.clone().into_bytes()),
            ("secret", self.secret.clone().into_bytes()),
            ("elsewhere", elsewhere.join(" ").into_bytes()),
            ("keys", self.keys.clone()),
            ("noted", self.noted.to_string().into_bytes()),
        ]
    }

    /// Takes in what was stored under a name. Whether it is something that can be there.
    pub(super) fn take_in(&mut self, name: &str, value: Vec<u8>) -> bool {
        if name == "file" {
            self.file = (!value.is_empty()).then(|| OsString::from_vec(value).into());
            return true;
        }
        if let Some(bytes) = match name {
            "file hash" => Some(&mut self.file_hash),
            "keys" => Some(&mut self.keys),
            _ => None,
        } {
            *bytes = value;
            return true;
        }
        let Ok(text) = String::from_utf8(value) else { return false };
        self.take_in_text(name, text).is_some()
    }

    fn take_in_text(&mut self, name: &str, text: String) -> Option<()> {
        match name {
            "room" => self.room = text,
            "server" => self.server = text,
            "incarnation" => self.incarnation = text,
            "id" => self.id = text,
            "secret" => self.secret = text,
            "author" => self.author = Author(text.parse().ok()?),
            "mine" => self.mine = text.split_whitespace().map(author).collect::<Option<_>>()?,
            "elsewhere" => {
                let ticks = text.split_whitespace().map(|pair| {
                    let (who, tick) = pair.split_once(':')?;
                    Some((author(who)?, tick.parse().ok()?))
                });
                self.elsewhere = ticks.collect::<Option<_>>()?;
            }
            "noted" => self.noted = text.parse().ok()?,
            // A later version's.
            _ => {}
        }
        Some(())
    }
}

fn author(text: &str) -> Option<Author> {
    text.parse().ok().map(Author)
}
