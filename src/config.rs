//! The configuration file, and what holds when a flag, the environment and the file say
//! different things: in that order, the first counts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy as _;
use serde::Deserialize;

use crate::cli::Options;
use crate::limits;
use crate::room::{DEFAULT_SIGNAL, IceServer, IceServerError, Keep, RoomOptions};
use crate::tui::{Bindings, Colors, Hue};

/// How long to try to get into a room.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// What the configuration file may say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The signaling server: `ws://host:port`.
    pub signal: Option<String>,
    /// How others see this person.
    pub name: Option<String>,
    /// The colour of this person's name on the screens of the others.
    pub color: Option<Hue>,
    /// Recent changes kept for late arrivals.
    pub history: Option<usize>,
    /// Keys of the editor: the name of an action, and those that do it.
    #[serde(default)]
    pub keys: Bindings,
    /// Colours of the editor.
    #[serde(default)]
    pub colors: Colors,
    /// Whether rooms are kept on this machine; they are unless this says false.
    pub keep: Option<bool>,
    /// STUN and TURN servers.
    #[serde(default)]
    pub ice_servers: Vec<IceEntry>,
    /// Whether the others are never shown this machine's addresses.
    #[serde(default)]
    pub relay_only: bool,
}

/// A STUN or TURN server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceEntry {
    /// `stun:host:port`, `turn:host:port` or `turn:user:password@host:port`.
    pub url: String,
    /// For TURN.
    #[serde(default)]
    pub username: String,
    /// For TURN.
    #[serde(default)]
    pub credential: String,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there but cannot be read.
    #[error("the configuration file {path} cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file says something it may not.
    #[error("the configuration file {path} is wrong: {source}", path = path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What, and where.
        source: toml::de::Error,
    },
    /// A STUN or TURN server cannot be one.
    #[error("ice_servers in the configuration file: {url}: {error}")]
    IceServer {
        /// What was to be the server.
        url: String,
        /// Why not.
        error: IceServerError,
    },
    /// The name is too long, empty, or holds control characters.
    #[error(
        "a name has 1 to {max} characters and no control characters, unlike {name:?}; choose another with --name",
        max = limits::NAME_CHARS
    )]
    Name {
        /// What was to be the name.
        name: String,
    },
}

impl Config {
    /// Where the file is: `ultrawave/config.toml` in the XDG configuration folder. Nothing when
    /// there is no home folder.
    pub fn path() -> Option<PathBuf> {
        let folders = etcetera::base_strategy::Xdg::new().ok()?;
        Some(folders.config_dir().join("ultrawave").join("config.toml"))
    }

    /// Where rooms are kept: `ultrawave` in the XDG state folder. Nothing when there is no home
    /// folder.
    pub fn state_folder() -> Option<PathBuf> {
        let folders = etcetera::base_strategy::Xdg::new().ok()?;
        Some(folders.state_dir()?.join("ultrawave"))
    }

    /// What the file says; nothing when it is not there.
    ///
    /// # Errors
    /// It is there and cannot be read or understood.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                toml::from_str(&text).map_err(|source| ConfigError::Parse { path: path.to_owned(), source })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Read { path: path.to_owned(), source }),
        }
    }

    /// How to be in a room, by the flags and the environment, then this file, then the defaults.
    /// `signal` is the server that something else than this file names; `user` is the name when
    /// nobody says another.
    ///
    /// # Errors
    /// The name cannot be one, or a STUN or TURN server of this file.
    pub fn room_options(
        &self, options: &Options, signal: Option<String>, user: &str,
    ) -> Result<RoomOptions, ConfigError> {
        let signal = signal.filter(|signal| !signal.is_empty()).or(self.signal.clone());
        let name = options.name.clone().or(self.name.clone()).unwrap_or_else(|| user.to_owned());
        let chars = name.chars().count();
        if chars == 0 || chars > limits::NAME_CHARS || name.chars().any(char::is_control) {
            return Err(ConfigError::Name { name });
        }
        Ok(RoomOptions {
            access: None,
            signal: signal.unwrap_or_else(|| DEFAULT_SIGNAL.to_owned()),
            embed_signal: false,
            name,
            history: self.history.unwrap_or(limits::HISTORY_CHANGES),
            max_members: limits::MEMBERS,
            max_document: options.max_document.unwrap_or(limits::OPENED_BYTES),
            ice_servers: self.ice_servers(options)?,
            relay_only: options.relay_only || self.relay_only,
            connect_timeout: CONNECT_TIMEOUT,
            keep: self.keeps().map(|folder| Keep { folder, file: None }),
            on_transfer: None,
            passing: false,
        })
    }

    fn ice_servers(&self, options: &Options) -> Result<Vec<IceServer>, ConfigError> {
        if options.ice_servers.is_empty() {
            self.ice_servers.iter().map(IceEntry::server).collect()
        } else {
            Ok(options.ice_servers.clone())
        }
    }
}

impl Config {
    fn keeps(&self) -> Option<PathBuf> {
        if self.keep == Some(false) { None } else { Self::state_folder() }
    }
}

impl IceEntry {
    fn server(&self) -> Result<IceServer, ConfigError> {
        let read = || {
            let mut server: IceServer = self.url.parse()?;
            if !self.username.is_empty() || !self.credential.is_empty() {
                (server.username, server.credential) = (self.username.clone(), self.credential.clone());
            }
            server.check().map(|()| server)
        };
        read().map_err(|error| ConfigError::IceServer { url: self.url.clone(), error })
    }
}

/// The user's name on this machine.
pub fn user_name() -> String {
    let named = |variable| std::env::var(variable).ok().filter(|name: &String| !name.trim().is_empty());
    ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(named).unwrap_or_else(|| "someone".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use super::*;

    fn flags(name: Option<&str>) -> Options {
        Options {
            signal: None,
            name: name.map(str::to_owned),
            color: None,
            schema: None,
            max_document: None,
            ticket_file: None,
            log_file: None,
            ice_servers: Vec::new(),
            relay_only: false,
        }
    }

    #[test]
    fn a_flag_comes_before_the_file_and_the_file_before_the_default() {
        let file: Config = toml::from_str("signal = 'ws://file:1'\nname = 'File'\nhistory = 7").unwrap();
        let by_flag = file.clone().room_options(&flags(Some("Flag")), Some("ws://flag:2".to_owned()), "user");
        let by_flag = by_flag.unwrap();
        assert_eq!(
            (by_flag.signal.as_str(), by_flag.name.as_str(), by_flag.history),
            ("ws://flag:2", "Flag", 7)
        );
        let by_file = file.room_options(&flags(None), Some(String::new()), "user").unwrap();
        assert_eq!((by_file.signal.as_str(), by_file.name.as_str()), ("ws://file:1", "File"));
        let by_default = Config::default().room_options(&flags(None), None, "user").unwrap();
        assert_eq!((by_default.signal.as_str(), by_default.name.as_str()), (DEFAULT_SIGNAL, "user"));
    }

    #[test]
    fn ice_servers_are_read() {
        let text = "[[ice_servers]]\nurl = 'stun:a:1'\n[[ice_servers]]\nurl = 'turn:b:2'\nusername = 'u'\ncredential = 'c'";
        let config: Config = toml::from_str(text).unwrap();
        let options = config.room_options(&flags(None), None, "user").unwrap();
        let urls: Vec<_> = options.ice_servers.iter().map(|server| server.urls.join(" ")).collect();
        assert_eq!(urls, ["stun:a:1", "turn:b:2"]);
        assert_eq!(options.ice_servers.last().unwrap().username, "u");
        assert!(!options.relay_only);
        let by_flag =
            Options { ice_servers: vec!["stun:flag".parse().unwrap()], relay_only: true, ..flags(None) };
        let options = config.room_options(&by_flag, None, "user").unwrap();
        assert_eq!(options.ice_servers, by_flag.ice_servers);
        assert!(options.relay_only);
    }

    #[test]
    fn a_server_that_cannot_be_one_is_named() {
        let config: Config = toml::from_str("[[ice_servers]]\nurl = 'turn:b:2'").unwrap();
        let error = config.room_options(&flags(None), None, "user").map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("ice_servers") && error.contains("turn:b:2"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = toml::from_str::<Config>("name = 'A'\nsginal = 'ws://x'").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("sginal") && error.contains("signal"), "{error}");
    }

    #[test]
    fn a_name_that_cannot_be_one_is_refused() {
        for name in ["", "a\u{1b}[31mb", &"x".repeat(limits::NAME_CHARS + 1)] {
            assert!(Config::default().room_options(&flags(Some(name)), None, "user").is_err(), "{name:?}");
        }
    }

    #[test]
    fn no_file_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Config::load(&folder.path().join("config.toml")).unwrap(), Config::default());
        assert!(Config::load(folder.path()).is_err());
    }
}
