//! What each command does. The editor is in [`tui`](crate::tui); here is the way there, and the
//! verbs that need no screen.

mod address;
mod announce;
mod apply;
mod diff;
mod edit;
mod edit_text;
mod editor;
mod failure;
mod input;
mod invite;
mod jq;
mod keeper;
mod local;
mod logging;
mod manual;
mod member;
mod merge_driver;
mod output;
mod passphrase;
mod progress;
mod read;
mod replaced;
mod replay;
mod revoke;
mod schema;
mod serve;
mod shadow;
mod signals;
mod status;
mod target;
mod update;
mod verb;
mod watch;
mod watcher;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Cli, Command, Invite, Options, Revoke, RoomCommand, WELCOME};
use crate::config::{self, Config};
use crate::document::{Method, Value};
use crate::room::RoomOptions;
use address::Address;
use editor::Wishes;
use failure::{Exit, Failure};
use local::{Asked, Caller, Guest};
use member::Member;
use update::Place;
use verb::{Out, Verb};

/// How long to wait, at the end, for what runs on other threads.
const SHUTDOWN_WITHIN: Duration = Duration::from_millis(200);

/// The variable that names the signaling server.
const SIGNAL_VARIABLE: &str = "ULTRAWAVE_SIGNAL";

/// Reads the command line, does what it says and returns how that ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                output::complain(&error.render().to_string());
                return Exit::Usage.into();
            }
            // Help asked for is data and its reader may have gone; neither is a failure.
            let _ = error.print();
            return Exit::Done.into();
        }
    };
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if !failure.message.is_empty() {
                output::say(&failure.message);
            }
            failure.exit.into()
        }
    }
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    let Some(command) = cli.command else {
        return output::print(WELCOME).map(|()| Exit::Done);
    };
    match command {
        Command::Replay { document, changes, compact } => replay::replay(&document, &changes, compact),
        Command::Diff { old, new } => diff::diff(&old, &new),
        Command::MergeDriver { base, ours, theirs, name } => {
            merge_driver::merge_driver(&base, &ours, &theirs, name.as_deref())
        }
        Command::Status { room, json } => {
            let room =
                room.map(|room| Address::read(&room, cli.options.ticket_file.as_deref())).transpose()?;
            status::status(room.as_ref(), json)
        }
        Command::Forget { room, force } => {
            status::forget(&Address::read(&room, cli.options.ticket_file.as_deref())?, force)
        }
        Command::Completions { shell } => output::print(&manual::completions(shell)).map(|()| Exit::Done),
        Command::Man => output::print(&manual::page(&Cli::command())).map(|()| Exit::Done),
        Command::JqView { filter } => jq::jq(&filter),
        Command::SchemaView => schema::violations(),
        Command::Room(command) => {
            logging::start(cli.options.log_file.as_deref(), is_editor(&command))?;
            in_a_room(command, cli.options)
        }
    }
}

/// Finds out which room is meant, and does what needs one.
fn in_a_room(mut command: RoomCommand, flags: Options) -> Result<Exit, Failure> {
    let mut address = Address::read(command.room_mut(), flags.ticket_file.as_deref())?;
    address.hide_argument(command.room_mut());
    let mut options = room_options(&flags, &address)?;
    if matches!(command, RoomCommand::Join { passphrase: true, .. }) {
        // What is said is a try, and is not to be in vain.
        editor::require_terminal("serve", &address.name, None)?;
        address = passphrase::redeem(address, &options.signal)?;
    }
    let is_signal_given = flags.signal.is_some();
    address.find(command.doors(), is_signal_given, &mut options)?;
    options.keep = options.keep.filter(|_| is_kept(&command));
    address.name.clone_into(command.room_mut());
    if let RoomCommand::Invite(Invite { read, .. }) = command {
        return invite::invite(&address, read, &options);
    }
    let doors = command.doors().cloned().unwrap_or_default();
    let wishes = Wishes { schema: flags.schema, color: flags.color, doors };
    take_part(command, &Caller { options, given_name: flags.name, is_signal_given }, wishes)
}

/// Whether the room is kept on this machine: by whoever stays, not by verbs that come and go.
fn is_kept(command: &RoomCommand) -> bool {
    // Who changes the keys has to keep them.
    is_editor(command) || matches!(command, RoomCommand::Serve { .. } | RoomCommand::Revoke(_))
}

fn is_editor(command: &RoomCommand) -> bool {
    matches!(command, RoomCommand::Create { .. } | RoomCommand::Join { .. } | RoomCommand::Open { .. })
}

/// Does what needs a room. All that can be found wrong without one is found before.
fn take_part(command: RoomCommand, caller: &Caller, wishes: Wishes) -> Result<Exit, Failure> {
    let options = &caller.options;
    match command {
        RoomCommand::Create { room, file, lines, .. } => {
            editor::create(&room, file.as_deref(), lines, wishes, options)
        }
        RoomCommand::Join { room, save, force, .. } => {
            editor::join(&room, save.as_deref(), force, wishes, options)
        }
        RoomCommand::Open { room, file, lines, force, .. } => {
            editor::open(&room, file.as_deref(), lines, force, wishes, options)
        }
        RoomCommand::Serve { room, file, lines, force, doors } => {
            serve::serve(&room, file.as_deref(), (lines, force), &doors, options)
        }
        RoomCommand::Get { room, path, compact } => {
            input::check_path(&path)?;
            perform(&room, Verb::Get { path, compact }, caller)
        }
        RoomCommand::Set { room, path, value, expected } => {
            let (value, expected) = values(value, expected)?;
            change(&room, path, Method::Set(value), expected, caller)
        }
        RoomCommand::Delete { room, path, expected } => {
            let expected = expected.as_deref().map(input::read_argument).transpose()?;
            change(&room, path, Method::Delete, expected, caller)
        }
        RoomCommand::Merge { room, path, value, expected } => {
            let (value, expected) = values(value, expected)?;
            change(&room, path, Method::Merge(value), expected, caller)
        }
        RoomCommand::Splice { room, path, start, count, items, expected } => {
            let mut arguments = items;
            let items = arguments.len();
            arguments.extend(expected);
            let mut items_and_expected = input::read_arguments(&arguments)?;
            let expected = items_and_expected.split_off(items).pop();
            let method = Method::Splice { start, count, items: items_and_expected };
            change(&room, path, method, expected, caller)
        }
        RoomCommand::Update { room, path, command } => {
            input::check_path(&path)?;
            update(&room, &path, &command, caller)
        }
        RoomCommand::Edit { room, path } => {
            input::check_path(&path)?;
            block_on(edit_text::edit_text(&room, &path, options.clone()))
        }
        RoomCommand::Apply { room, patch, merge } => {
            perform(&room, Verb::Apply(apply::Patch::read(&patch, merge)?), caller)
        }
        RoomCommand::Watch { room, path } => {
            path.as_deref().map(input::check_path).transpose()?;
            perform(&room, Verb::Watch { path, is_resumed: false }, caller)
        }
        RoomCommand::Log { room, json } => perform(&room, Verb::Log { json }, caller),
        RoomCommand::Peers { room, json } => perform(&room, Verb::Peers { json }, caller),
        RoomCommand::Revoke(Revoke { room, who }) => revoke(&room, who, caller),
        // Done already: it takes no part in the room.
        RoomCommand::Invite(_) => Ok(Exit::Done),
    }
}

/// An argument and a condition, of which at most one is standard input.
fn values(value: String, expected: Option<String>) -> Result<(Value, Option<Value>), Failure> {
    let arguments: Vec<String> = std::iter::once(value).chain(expected).collect();
    let mut values = input::read_arguments(&arguments)?.into_iter();
    Ok((values.next().unwrap_or(Value::NULL), values.next()))
}

fn change(
    room: &str, path: String, method: Method, expected: Option<Value>, caller: &Caller,
) -> Result<Exit, Failure> {
    input::check_path(&path)?;
    perform(room, Verb::Change { path, method, expected }, caller)
}

/// Has a verb done by a peer that runs already, or joins the room to do it.
fn perform(room: &str, verb: Verb, caller: &Caller) -> Result<Exit, Failure> {
    match on_this_thread(local::ask(room, verb, caller))? {
        Asked::Done(exit) => Ok(exit),
        Asked::Join(verb) => {
            in_room(room, &caller.options, async |member| verb::perform(member, verb, &Out::Standard).await)
        }
    }
}

/// Has the keys changed by a peer that runs already, or by the session that is kept here.
fn revoke(room: &str, who: Vec<String>, caller: &Caller) -> Result<Exit, Failure> {
    match on_this_thread(local::ask(room, Verb::Revoke { who }, caller))? {
        Asked::Done(exit) => Ok(exit),
        Asked::Join(verb) => block_on(member::as_keeper(room, &caller.options, async |member| {
            verb::perform(member, verb, &Out::Standard).await
        })),
    }
}

fn update(room: &str, path: &str, command: &[OsString], caller: &Caller) -> Result<Exit, Failure> {
    let asked = on_this_thread(async {
        let Some(mut guest) = Guest::find(room, caller).await else { return Ok(None) };
        tokio::select! {
            done = update::update(Place::There(&mut guest), path, command) => done.map(Some),
            exit = signals::ended() => Ok(Some(exit)),
        }
    })?;
    match asked {
        Some(exit) => Ok(exit),
        None => in_room(room, &caller.options, async |member| {
            update::update(Place::Here(member), path, command).await
        }),
    }
}

fn in_room<W>(room: &str, options: &RoomOptions, work: W) -> Result<Exit, Failure>
where
    W: AsyncFnOnce(&Member) -> Result<Exit, Failure>,
{
    block_on(member::in_room(room, options.clone(), work))
}

/// Runs what asks somebody else to do the work: starting more threads would take longer than that.
fn on_this_thread<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("cannot start", &error))?
        .block_on(work)
}

/// Runs what waits for the network.
fn block_on(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::io("cannot start", &error))?;
    let runtime = Bounded(Some(runtime));
    runtime
        .0
        .as_ref()
        .map_or_else(|| Err(Failure::new(Exit::Failed, "cannot start")), |held| held.block_on(work))
}

/// A runtime whose end takes a bounded time, also when a panic is on its way: dropped by itself it
/// waits for whatever blocks one of its threads.
struct Bounded(Option<tokio::runtime::Runtime>);

impl Drop for Bounded {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(SHUTDOWN_WITHIN);
        }
    }
}

/// How to be in a room: where a flag says nothing of the server, the ticket does, and then the
/// environment.
fn room_options(flags: &Options, address: &Address) -> Result<RoomOptions, Failure> {
    let by_ticket = address.ticket.as_ref().and_then(|ticket| ticket.signal.clone());
    let signal = flags.signal.clone().or(by_ticket).or_else(|| std::env::var(SIGNAL_VARIABLE).ok());
    let options = config()?.room_options(flags, signal, &config::user_name())?;
    Ok(RoomOptions { on_transfer: progress::on_terminal(), ..options })
}

fn config() -> Result<Config, Failure> {
    Ok(Config::path().map(|path| Config::load(&path)).transpose()?.unwrap_or_default())
}

/// FNV-1a, 64 bits, for names of files: the same in every build, which the hashes of the standard
/// library need not be.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_the_one_it_is_called() {
        assert_eq!(super::fnv(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
