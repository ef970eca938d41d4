//! Whose session it is, and in which room.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use crate::session::Dropped;
use crate::sync::{Author, ChangeId, VectorClock};
use crate::trust::{Access, Ticket};

/// What is known of a session besides its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The room's name.
    pub room: String,
    /// Where its signaling server is.
    pub server: String,
    /// What of a locked room's secrets is held here; nothing for an open room.
    pub access: Option<Access>,
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
    /// Who was taken for dropped.
    pub dropped: Dropped,
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
            access: None,
            file: None,
            file_hash: Vec::new(),
            author: Author(0),
            mine: Vec::new(),
            incarnation: String::new(),
            id: String::new(),
            secret: String::new(),
            elsewhere: VectorClock::new(),
            dropped: Dropped::default(),
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
        vec![
            ("room", self.room.clone().into_bytes()),
            ("server", self.server.clone().into_bytes()),
            ("access", self.access_text().into_bytes()),
            ("file", file.unwrap_or_default()),
            ("file hash", self.file_hash.clone()),
            ("author", self.author.to_string().into_bytes()),
            ("mine", mine.join(" ").into_bytes()),
            ("incarnation", self.incarnation.clone().into_bytes()),
            ("id", self.id.clone().into_bytes()),
            ("secret", self.secret.clone().into_bytes()),
            ("elsewhere", text_of(&self.elsewhere)),
            ("dropped", text_of(&self.dropped.first)),
            ("dropped for good", text_of(&self.dropped.settled)),
            ("keys", self.keys.clone()),
            ("noted", self.noted.to_string().into_bytes()),
        ]
    }

    /// A ticket that holds as much as this machine does.
    fn access_text(&self) -> String {
        let ticket = |access| Ticket { access, name: String::new(), signal: None };
        self.access.clone().map(ticket).as_ref().map(ToString::to_string).unwrap_or_default()
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
            "access" if text.is_empty() => self.access = None,
            "access" => self.access = Some(text.parse::<Ticket>().ok()?.access),
            "incarnation" => self.incarnation = text,
            "id" => self.id = text,
            "secret" => self.secret = text,
            "author" => self.author = Author(text.parse().ok()?),
            "mine" => self.mine = text.split_whitespace().map(author).collect::<Option<_>>()?,
            "elsewhere" => self.elsewhere = clock(&text)?,
            "dropped" => self.dropped.first = clock(&text)?,
            "dropped for good" => self.dropped.settled = clock(&text)?,
            "noted" => self.noted = text.parse().ok()?,
            // A later version's.
            _ => {}
        }
        Some(())
    }
}

fn text_of(clock: &VectorClock) -> Vec<u8> {
    let ticks: Vec<String> = clock.iter().map(|(author, tick)| format!("{author}:{tick}")).collect();
    ticks.join(" ").into_bytes()
}

fn clock(text: &str) -> Option<VectorClock> {
    let ticks = text.split_whitespace().map(|pair| {
        let (who, tick) = pair.split_once(':')?;
        Some((author(who)?, tick.parse().ok()?))
    });
    ticks.collect()
}

fn author(text: &str) -> Option<Author> {
    text.parse().ok().map(Author)
}
