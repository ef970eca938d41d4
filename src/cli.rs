//! The command line, as types for clap. What the commands do is in [`commands`](crate::commands).

#![expect(clippy::doc_markdown, reason = "the comments on arguments are their help, which is no Markdown")]
#![allow(rustdoc::broken_intra_doc_links, reason = "a jq path in a help is no link")]

mod doors;
mod size;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use ultrawave_signal::protocol::{IceServer, IceServerError, NameError, check_room_name};

use crate::trust::Ticket;
use crate::tui::Hue;

pub use doors::{Doors, Invite, Revoke};
use size::document_size;

/// What stands for a room whose ticket is not on the command line.
pub const TICKET_ELSEWHERE: &str = "-";

/// What it is, then (in the long help) examples, then how to call it.
const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// What `ultrawave` alone prints.
pub const WELCOME: &str = "\
ultrawave: edit one JSON document together, live, from the terminal.

  ultrawave create demo config.json     open a room around a document and edit it
  ultrawave join demo                   edit with them, from another terminal
  ultrawave set demo /some/key 42       change it from a script

`ultrawave --help` names all commands, `ultrawave COMMAND --help` explains one.
";

const EXAMPLES: &str = "\
Examples:
  ultrawave create demo config.json     open a room around config.json, in the editor
  ultrawave join demo                   join it from another terminal
  ultrawave get demo /server/port       read from it in a script
  ultrawave set demo /server/port 8080  write to it in a script
  ultrawave serve demo config.json      hold it open without a screen, keep the file in step
";

const NOTES: &str = "\
The people and programs in a room share one JSON document. Everyone's edits reach everyone else
directly, peer to peer; nothing is lost, and all see the same.

ROOM is a room's name or a ticket to it. A room on a signaling server of another machine is locked:
whoever is to come in needs a ticket, which is shown when the room is opened. With - for ROOM the
ticket is read from --ticket-file, from ULTRAWAVE_TICKET, or from the first line of standard input, so
that it need not be where others can list it.

PATH is a JSON Pointer (/users/0/name, \"\" is the root) or a jq path (.users[0].name, . is the root).
JSON may be - to read it from standard input.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 room or server not reached; 4 bad JSON; 5 no such
path; 6 file changed on disk; 7 not permitted; 130 and 143 ended by a signal.";

const SERVE_NOTES: &str = "\
Joins the room, or opens it if it is not there, and stays until interrupted. FILE is
written after every change. When something else writes FILE, what it has changed becomes
edits in the room, also when it did so while nobody was serving it. While FILE is no JSON, it is
neither read nor written.

While it runs, the verbs on this room have their work done by it, in milliseconds.";

const WATCH_NOTES: &str = "\
Each line is {\"author\":2,\"tick\":7,\"method\":\"set\",\"path\":\"/port\",\"args\":[8080]}: who, which
of their changes, what, where (a JSON Pointer, as it was for its author) and with what.
With PATH, only changes that touch what is there, and each line has \"value\" too: what is
at PATH now, left out when nothing is. Runs until interrupted.";

const REPLAY_NOTES: &str = "\
CHANGES has one change a line, [\"change\",[CLOCK,METHOD,PATH,...ARGS]], in any order;
duplicates do no harm. A change whose past is not in CHANGES is left out. What is left out
and lines that are no changes are named on standard error, and the exit code is 1.";

const DIFF_NOTES: &str = "\
Each line is a change as `ultrawave replay` reads it, made by author 1. Elements of arrays are
matched by \"id\", \"key\" or \"name\" before position. The order of a map's keys is no difference.
The exit code is 0 whether or not there are changes.";

const MERGE_DRIVER_NOTES: &str = "\
What one branch has changed is taken, by path and not by line; OURS keeps its layout. Places that
both have changed, each to something else, and edits inside what the other branch removed are
named on standard error; the file then has what ours says there, and the exit code is 1, so that
git asks for a resolution.";

const UPDATE_NOTES: &str = "\
The command reads the value and writes what it is to become. It may run several times: when
somebody else changes the value meanwhile, it is asked again with what is there by then.";

const EDIT_NOTES: &str = "\
What is changed in the editor becomes edits of what it showed, so what others have changed
meanwhile is merged with it. A text that is no JSON is shown again with the fault; the draft is
kept where the message says.";

const STATUS_NOTES: &str = "\
What `create`, `join`, `open` and `serve` keep of their rooms, so that nothing is lost when the
program or the machine stops, and so that a room can be edited while nobody else is there. The same
command again goes on from it. `ultrawave forget ROOM` clears it away.";

const FORGET_NOTES: &str = "\
Files of yours are not touched. A room whose edits nobody else is known to have is only cleared away
with --force; those edits are lost then.";

const APPLY_NOTES: &str = "\
An array is a JSON Patch, a map a merge patch. A JSON Patch is checked as a whole first: when one of
its operations cannot be done or a test fails, nothing is done and the exit code is 1. What it does
travels as ordinary edits, so what others do at the same time is merged with it.";

/// Edit one JSON document together, live, from the terminal
#[derive(Debug, Parser)]
#[command(
    name = "ultrawave",
    version,
    help_template = TEMPLATE,
    before_long_help = EXAMPLES,
    after_long_help = NOTES,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub options: Options,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What holds for every command that takes part in a room.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Options {
    /// The signaling server [default: ws://127.0.0.1:4747]
    ///
    /// The signaling server, where the members of a room find each other. Without this option it
    /// is the one that the ticket names, then that of ULTRAWAVE_SIGNAL, then that of the configuration
    /// file, and else ws://127.0.0.1:4747.
    #[arg(long, value_name = "URL", global = true)]
    pub signal: Option<String>,
    /// A file whose first line is the room's ticket; - is standard input
    #[arg(long, value_name = "FILE", global = true)]
    pub ticket_file: Option<PathBuf>,
    /// How others see you [default: your user name]
    #[arg(long, value_name = "NAME", global = true, env = "ULTRAWAVE_NAME", hide_env = true)]
    pub name: Option<String>,
    /// The colour of your name on the screens of the others, such as cyan or light-blue
    #[arg(long, value_name = "COLOR", global = true, env = "ULTRAWAVE_COLOR", hide_env = true)]
    pub color: Option<Hue>,
    /// A STUN or TURN server; may be repeated
    ///
    /// A STUN or TURN server, to get through routers: stun:host:port or
    /// turn:user:password@host:port, with %3A for : and %40 for @ in user and password. May be
    /// repeated. Without this option they are taken from ULTRAWAVE_ICE_SERVERS (with blanks between
    /// them), then from the configuration file. Those that the signaling server names come on top.
    #[arg(long = "ice-server", value_name = "URL", global = true, env = "ULTRAWAVE_ICE_SERVERS", hide_env = true, hide_env_values = true, value_delimiter = ' ', value_parser = ice_server)]
    pub ice_servers: Vec<IceServer>,
    /// Never show the others this machine's addresses
    ///
    /// Never show the others this machine's addresses: everything goes through a TURN server, or
    /// else sealed through the signaling server.
    #[arg(long, global = true, env = "ULTRAWAVE_RELAY_ONLY", hide_env = true)]
    pub relay_only: bool,
    /// Hold the document against a JSON Schema, in the editor
    #[arg(long, value_name = "FILE", global = true)]
    pub schema: Option<PathBuf>,
    /// The longest document a room is opened with [default: 256MB]
    ///
    /// The longest document a room is opened with: a number of bytes, or one with K, M or G after
    /// it, up to 1G. Who joins gets the whole document and holds it in memory. [default: 256MB]
    #[arg(long, value_name = "SIZE", global = true, value_parser = document_size)]
    pub max_document: Option<usize>,
    /// Write a log there; RUST_LOG chooses what
    #[arg(long, value_name = "FILE", global = true)]
    pub log_file: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What needs a room.
    #[command(flatten)]
    Room(RoomCommand),
    /// Fold changes over a document and print the result, without a network
    #[command(visible_alias = "patch", help_template = TEMPLATE, after_long_help = REPLAY_NOTES, before_long_help = "\
Examples:
  ultrawave replay config.json changes.ndjson
  ultrawave replay config.json - < changes.ndjson
")]
    Replay {
        /// The document to start from; - reads it from standard input
        document: PathBuf,
        /// The changes; - reads them from standard input
        changes: PathBuf,
        /// On one line
        #[arg(long)]
        compact: bool,
    },
    /// Print the changes that turn one document into another
    #[command(help_template = TEMPLATE, after_long_help = DIFF_NOTES, before_long_help = "\
Examples:
  ultrawave diff old.json new.json
  ultrawave diff old.json new.json | ultrawave patch other.json -
")]
    Diff {
        /// The document to start from; - reads it from standard input
        old: PathBuf,
        /// The document to reach; - reads it from standard input
        new: PathBuf,
    },
    /// Merge two branches of a JSON file by path, for git
    #[command(help_template = TEMPLATE, after_long_help = MERGE_DRIVER_NOTES, before_long_help = "\
Examples:
  git config merge.ultrawave.driver 'ultrawave merge-driver %O %A %B %P'
  echo '*.json merge=ultrawave' >> .gitattributes
")]
    MergeDriver {
        /// What both branches come from (%O)
        base: PathBuf,
        /// Our version, which becomes the result (%A)
        ours: PathBuf,
        /// Their version (%B)
        theirs: PathBuf,
        /// What to call the file in messages (%P)
        name: Option<String>,
    },
    /// Print what is kept of rooms on this machine, and what is not sent yet
    #[command(help_template = TEMPLATE, after_long_help = STATUS_NOTES, before_long_help = "\
Examples:
  ultrawave status
  ultrawave status demo --json          one session a line
")]
    Status {
        /// Only this room
        #[arg(value_parser = room)]
        room: Option<String>,
        /// One session a line, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Clear away what is kept of a room on this machine
    #[command(help_template = TEMPLATE, after_long_help = FORGET_NOTES, before_long_help = "\
Examples:
  ultrawave forget demo
")]
    Forget {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// Even if it holds edits that nobody else is known to have
        #[arg(long)]
        force: bool,
    },
    /// Print the completions for a shell
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave completions bash > ~/.local/share/bash-completion/completions/ultrawave
  ultrawave completions fish > ~/.config/fish/completions/ultrawave.fish
")]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave man | man -l -
  ultrawave man > ~/.local/share/man/man1/ultrawave.1
")]
    Man,
    /// Run a jq filter over the document on standard input, for the editor
    #[command(hide = true)]
    JqView {
        /// The filter
        filter: String,
    },
    /// Hold the document on standard input against the JSON Schema on its first line, for the editor
    #[command(hide = true)]
    SchemaView,
}

/// What to do in a room.
#[derive(Debug, Subcommand)]
pub enum RoomCommand {
    /// Open a room around a document and edit it
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave create demo config.json     open a room around config.json
  ultrawave create demo                 start from {}
  curl -s $URL | ultrawave create demo -
  tail -n 1000 log | ultrawave create demo - --lines
")]
    Create {
        /// A name for the room
        #[arg(value_parser = room)]
        room: String,
        /// The document; - reads it from standard input [default: {}]
        file: Option<PathBuf>,
        /// FILE has a JSON text on each line, whatever its name says
        #[arg(long, requires = "file")]
        lines: bool,
        /// Who may come in.
        #[command(flatten)]
        doors: Doors,
    },
    /// Join a room and edit its document
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave join demo
  ultrawave join demo --save copy.json  keep a copy of the document here
  ultrawave join demo --passphrase      a room whose name and passphrase were said aloud
")]
    Join {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// Write the document there, and save to it from the editor
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
        /// Let --save overwrite a file that is different
        #[arg(long, requires = "save")]
        force: bool,
        /// Come in by a passphrase: typed, from standard input, or from ULTRAWAVE_PASSPHRASE
        #[arg(long)]
        passphrase: bool,
    },
    /// Join a room, or open it if it is not there
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave open demo config.json       whoever comes first opens the room, the others join
")]
    Open {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// The document if the room is opened here, and where to save; - reads it from standard
        /// input [default: {}]
        file: Option<PathBuf>,
        /// FILE has a JSON text on each line, whatever its name says
        #[arg(long, requires = "file")]
        lines: bool,
        /// When joining, let a save overwrite a FILE that is different
        #[arg(long)]
        force: bool,
        /// Who may come in.
        #[command(flatten)]
        doors: Doors,
    },
    /// Hold a room open without a screen
    #[command(help_template = TEMPLATE, after_long_help = SERVE_NOTES, before_long_help = "\
Examples:
  ultrawave serve demo config.json      the room lives on when everyone has left
  ultrawave serve demo backup.json &    keep a running backup of a room
")]
    Serve {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// The document if the room is opened here, and what to keep in step with it
        file: Option<PathBuf>,
        /// FILE has a JSON text on each line, whatever its name says
        #[arg(long, requires = "file")]
        lines: bool,
        /// When joining, overwrite a FILE that is different
        #[arg(long)]
        force: bool,
        /// Who may come in.
        #[command(flatten)]
        doors: Doors,
    },
    /// Print a value
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave get demo                    the whole document
  ultrawave get demo .users[0].name     a value in it
  ultrawave get demo /users --compact   on one line
")]
    Get {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// Where: /users/0/name or .users[0].name
        #[arg(default_value = "", hide_default_value = true)]
        path: String,
        /// On one line
        #[arg(long)]
        compact: bool,
    },
    /// Put a value somewhere
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave set demo /server/port 8080
  ultrawave set demo .users[0].name '\"Ana\"'
  ultrawave set demo /server - < server.json
  ultrawave set demo /leader '\"me\"' --if null
")]
    Set {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// Where: /users/0/name or .users[0].name
        path: String,
        /// The value; - reads it from standard input
        #[arg(value_name = "JSON", allow_hyphen_values = true)]
        value: String,
        /// Only if the value there is this one, and nobody else changes it at the same time
        #[arg(long = "if", value_name = "JSON", allow_hyphen_values = true)]
        expected: Option<String>,
    },
    /// Remove a value
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave delete demo /users/0
")]
    Delete {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// Where: /users/0 or .users[0]
        path: String,
        /// Only if the value there is this one, and nobody else changes it at the same time
        #[arg(long = "if", value_name = "JSON", allow_hyphen_values = true)]
        expected: Option<String>,
    },
    /// Write some keys of a map, deeply, and leave the rest
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave merge demo /server '{\"port\": 8080, \"tls\": {\"on\": true}}'
  ultrawave merge demo . - < settings.json
")]
    Merge {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// Which map: /server or .server
        path: String,
        /// A map of what to write; - reads it from standard input
        #[arg(value_name = "JSON", allow_hyphen_values = true)]
        value: String,
        /// Only if the value there is this one, and nobody else changes it at the same time
        #[arg(long = "if", value_name = "JSON", allow_hyphen_values = true)]
        expected: Option<String>,
    },
    /// Remove and insert array elements, or characters of a string
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave splice demo /users 0 1              remove the first element
  ultrawave splice demo /users 2 0 '{}' '{}'    insert two elements at position 2
  ultrawave splice demo /users -1 1             remove the last element
  ultrawave splice demo /greeting 0 5 '\"Hello\"' replace the first five characters
")]
    Splice {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// Which array or string: /users or .users
        path: String,
        /// Where to begin; negative counts from the end
        #[arg(allow_negative_numbers = true)]
        start: i64,
        /// How many to remove
        #[arg(allow_negative_numbers = true)]
        count: i64,
        /// What to insert; - reads one from standard input
        #[arg(value_name = "JSON", allow_negative_numbers = true)]
        items: Vec<String>,
        /// Only if the value there is this one, and nobody else changes it at the same time
        #[arg(long = "if", value_name = "JSON", allow_hyphen_values = true)]
        expected: Option<String>,
    },
    /// Apply a JSON Patch (RFC 6902) or a JSON Merge Patch (RFC 7396)
    #[command(help_template = TEMPLATE, after_long_help = APPLY_NOTES, before_long_help = "\
Examples:
  ultrawave apply demo patch.json
  echo '[{\"op\": \"add\", \"path\": \"/users/-\", \"value\": {}}]' | ultrawave apply demo -
  echo '{\"beta\": null, \"port\": 8080}' | ultrawave apply demo -
")]
    Apply {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// The patch; - reads it from standard input
        patch: PathBuf,
        /// Take an array or a scalar as a merge patch too: it replaces the document
        #[arg(long)]
        merge: bool,
    },
    /// Pipe a value through a command, again if somebody else changes it meanwhile
    #[command(help_template = TEMPLATE, after_long_help = UPDATE_NOTES, before_long_help = "\
Examples:
  ultrawave update demo /counter -- jq '. + 1'
  ultrawave update demo .users -- jq 'sort_by(.name)'
")]
    Update {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// Where: /users/0/name or .users[0].name
        path: String,
        /// Reads the value from standard input and writes the new one to standard output
        #[arg(last = true, required = true, num_args = 1..)]
        command: Vec<OsString>,
    },
    /// Edit a value in $VISUAL or $EDITOR
    #[command(help_template = TEMPLATE, after_long_help = EDIT_NOTES, before_long_help = "\
Examples:
  ultrawave edit demo .users[0]
  EDITOR='code --wait' ultrawave edit demo
")]
    Edit {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// Where: /users/0/name or .users[0].name
        #[arg(default_value = "", hide_default_value = true)]
        path: String,
    },
    /// Print every change as it happens, one JSON line each
    #[command(help_template = TEMPLATE, after_long_help = WATCH_NOTES, before_long_help = "\
Examples:
  ultrawave watch demo
  ultrawave watch demo /flags/beta | jq --unbuffered .value
")]
    Watch {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// Only what touches this place: /users/0 or .users[0]
        path: Option<String>,
    },
    /// Print the recent changes, oldest first
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave log demo
  ultrawave log demo --json             lines that `ultrawave replay` reads
")]
    Log {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// One change a line, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print who is in a room
    #[command(help_template = TEMPLATE, before_long_help = "\
Examples:
  ultrawave peers demo
  ultrawave peers demo --json           one person a line
")]
    Peers {
        /// The room's name or ticket
        #[arg(value_parser = room)]
        room: String,
        /// One person a line, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a ticket to a locked room
    #[command(help_template = TEMPLATE, after_long_help = doors::INVITE_NOTES, before_long_help = doors::INVITE_EXAMPLES)]
    Invite(Invite),
    /// Remove members from a locked room and change its keys
    #[command(help_template = TEMPLATE, after_long_help = doors::REVOKE_NOTES, before_long_help = doors::REVOKE_EXAMPLES)]
    Revoke(Revoke),
}

fn ice_server(text: &str) -> Result<IceServer, IceServerError> {
    let server: IceServer = text.parse()?;
    server.check().map(|()| server)
}

/// A room's name; or a ticket, or `-` for one that is elsewhere, which is looked at later.
fn room(text: &str) -> Result<String, NameError> {
    if text == TICKET_ELSEWHERE || Ticket::is_meant_by(text) {
        return Ok(text.to_owned());
    }
    check_room_name(text).map(|()| text.to_owned())
}
