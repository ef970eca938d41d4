//! What each command does. The editor is in [`tui`](crate::tui); here is the way there, and the
//! verbs that need no screen.

mod announce;
mod apply;
mod diff;
mod edit;
mod edit_text;
mod editor;
mod failure;
mod input;
mod jq;
mod keeper;
mod logging;
mod manual;
mod member;
mod merge_driver;
mod output;
mod read;
mod replay;
mod schema;
mod serve;
mod signals;
mod status;
mod target;
mod update;
mod watch;
mod watcher;

use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Cli, Command, Options, RoomCommand, WELCOME};
use crate::config::{self, Config};
use crate::document::{Method, Value};
use crate::room::{Room, RoomOptions};
use editor::Wishes;
use failure::{Exit, Failure};

/// How long to wait, at the end, for what runs on other threads.
const SHUTDOWN_WITHIN: Duration = Duration::from_millis(200);

/// Reads the command line, does what it says and returns how that ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help asked for is data and its reader may have gone; neither is a failure.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
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
        Command::Status { room, json } => status::status(room.as_deref(), json),
        Command::Forget { room, force } => status::forget(&room, force),
        Command::Completions { shell } => output::print(&manual::completions(shell)).map(|()| Exit::Done),
        Command::Man => output::print(&manual::page(&Cli::command())).map(|()| Exit::Done),
        Command::JqView { filter } => jq::jq(&filter),
        Command::SchemaView => schema::violations(),
        Command::Room(command) => {
            logging::start(cli.options.log_file.as_deref(), is_editor(&command))?;
            let options = room_options(&cli.options)?;
            take_part(command, &options, Wishes { schema: cli.options.schema, color: cli.options.color })
        }
    }
}

fn is_editor(command: &RoomCommand) -> bool {
    matches!(command, RoomCommand::Create { .. } | RoomCommand::Join { .. } | RoomCommand::Open { .. })
}

/// Does what needs a room. All that can be found wrong without one is found before.
fn take_part(command: RoomCommand, options: &RoomOptions, wishes: Wishes) -> Result<Exit, Failure> {
    match command {
        RoomCommand::Create { room, file } => editor::create(&room, file.as_deref(), wishes, options),
        RoomCommand::Join { room, save, force } => {
            editor::join(&room, save.as_deref(), force, wishes, options)
        }
        RoomCommand::Open { room, file, force } => {
            editor::open(&room, file.as_deref(), force, wishes, options)
        }
        RoomCommand::Serve { room, file, force } => serve::serve(&room, file.as_deref(), force, options),
        RoomCommand::Get { room, path, compact } => {
            input::check_path(&path)?;
            in_room(&room, options, async |room| read::get(room, &path, compact))
        }
        RoomCommand::Set { room, path, value, expected } => {
            let (value, expected) = values(value, expected)?;
            change(&room, &path, Method::Set(value), expected, options)
        }
        RoomCommand::Delete { room, path, expected } => {
            let expected = expected.as_deref().map(input::read_argument).transpose()?;
            change(&room, &path, Method::Delete, expected, options)
        }
        RoomCommand::Merge { room, path, value, expected } => {
            let (value, expected) = values(value, expected)?;
            change(&room, &path, Method::Merge(value), expected, options)
        }
        RoomCommand::Splice { room, path, start, count, items, expected } => {
            let mut arguments = items;
            let items = arguments.len();
            arguments.extend(expected);
            let mut items_and_expected = input::read_arguments(&arguments)?;
            let expected = items_and_expected.split_off(items).pop();
            let method = Method::Splice { start, count, items: items_and_expected };
            change(&room, &path, method, expected, options)
        }
        RoomCommand::Update { room, path, command } => {
            input::check_path(&path)?;
            in_room(&room, options, async |room| update::update(room, &path, &command).await)
        }
        RoomCommand::Edit { room, path } => {
            input::check_path(&path)?;
            block_on(edit_text::edit_text(&room, &path, options.clone()))
        }
        RoomCommand::Apply { room, patch, merge } => {
            let patch = apply::Patch::read(&patch, merge)?;
            in_room(&room, options, async |room| apply::apply(room, &patch).await)
        }
        RoomCommand::Watch { room, path } => {
            path.as_deref().map(input::check_path).transpose()?;
            in_room(&room, options, async |room| watch::watch(room, path.as_deref()).await)
        }
        RoomCommand::Log { room, json } => in_room(&room, options, async |room| read::log(room, json)),
        RoomCommand::Peers { room, json } => {
            in_room(&room, options, async |room| read::peers(room, json).await)
        }
    }
}

/// An argument and a condition, of which at most one is standard input.
fn values(value: String, expected: Option<String>) -> Result<(Value, Option<Value>), Failure> {
    let arguments: Vec<String> = std::iter::once(value).chain(expected).collect();
    let mut values = input::read_arguments(&arguments)?.into_iter();
    Ok((values.next().unwrap_or(Value::NULL), values.next()))
}

fn change(
    room: &str, path: &str, method: Method, expected: Option<Value>, options: &RoomOptions,
) -> Result<Exit, Failure> {
    input::check_path(path)?;
    in_room(room, options, async |room| match expected {
        Some(expected) => edit::edit_if(room, path, method, &expected).await,
        None => edit::edit(room, path, method).await,
    })
}

fn in_room<W>(room: &str, options: &RoomOptions, work: W) -> Result<Exit, Failure>
where
    W: AsyncFnOnce(&Room) -> Result<Exit, Failure>,
{
    block_on(member::in_room(room, options.clone(), work))
}

/// Runs what waits for the network.
fn block_on(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::io("cannot start", &error))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(SHUTDOWN_WITHIN);
    result
}

fn room_options(options: &Options) -> Result<RoomOptions, Failure> {
    Ok(config()?.room_options(options, &config::user_name())?)
}

fn config() -> Result<Config, Failure> {
    Ok(Config::path().map(|path| Config::load(&path)).transpose()?.unwrap_or_default())
}
