//! The manual page and the completions, made from the command line's own types.

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::Cli;
use crate::tui::{ACTIONS, COMMANDS, shown_keys};

/// The completions for a shell.
pub(super) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ultrawave", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// What is said of paths, files and the environment beside the commands.
const SECTIONS: [(&str, &[(&str, &str)]); 3] = [
    (
        "PATHS",
        &[
            (
                "/users/0/name",
                "A JSON Pointer (RFC 6901). \"\" is the root. A step of digits is a position where the value is an array, and a key elsewhere.",
            ),
            (".users[0].name", "A jq path. \".\" is the root; .\"odd key\" quotes a key."),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            (
                "ULTRAWAVE_SIGNAL",
                "The signaling server; --signal comes before it, the configuration file after it.",
            ),
            (
                "ULTRAWAVE_TICKET",
                "A ticket: for the room that it is to, and for - as ROOM; --ticket-file comes before it.",
            ),
            ("RUST_LOG", "What to log, for instance ultrawave=debug."),
            ("NO_COLOR", "When set and not empty: no colours."),
        ],
    ),
    (
        "FILES",
        &[(
            "$XDG_CONFIG_HOME/ultrawave/config.toml",
            "signal, name, history; keys: a table of actions of the editor, each with a list of keys; colors: a table with key, string, number, boolean, null, good, warning and error; and ice_servers: a list of tables with url, username and credential. A flag and the environment come before it.",
        )],
    ),
];

/// The exit codes and what they mean.
const EXIT_STATUS: [(&str, &str); 10] = [
    ("0", "Done."),
    ("1", "It could not be done, or not all of it."),
    ("2", "The command line or the configuration is wrong, or the editor was started without a terminal."),
    ("3", "The room or the signaling server was not reached."),
    ("4", "Something is not JSON."),
    ("5", "There is nothing at the path."),
    ("6", "The file on disk is not what it was, or not what was expected."),
    ("7", "Not permitted."),
    ("130", "Ended by SIGINT."),
    ("143", "Ended by SIGTERM."),
];

/// The manual page.
pub(super) fn page(command: &clap::Command) -> String {
    let mut command = command.clone();
    command.build();
    let mut page = Roff::new();
    page.control("TH", ["ultrawave", "1", "", &format!("ultrawave {}", env!("CARGO_PKG_VERSION"))]);
    page.control("SH", ["NAME"]);
    page.text([roman(format!("ultrawave - {}", about(&command)))]);
    page.control("SH", ["SYNOPSIS"]);
    page.text([bold("ultrawave"), roman(" [OPTIONS] COMMAND ...")]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(
        "The people and programs in a room share one JSON document. Everyone's edits reach everyone else \
         directly, peer to peer; nothing is lost, and all see the same.",
    )]);
    examples(&mut page, &command);
    page.control("SH", ["OPTIONS"]);
    arguments(&mut page, command.get_arguments());
    page.control("SH", ["COMMANDS"]);
    for verb in command.get_subcommands() {
        page.control("SS", [verb_usage(verb).as_str()]);
        paragraphs(&mut page, verb.get_about());
        paragraphs(&mut page, verb.get_after_long_help());
        let is_own = |argument: &&clap::Arg| !argument.is_global_set() && argument.get_id() != "help";
        arguments(&mut page, verb.get_arguments().filter(is_own));
        examples(&mut page, verb);
    }
    keys(&mut page);
    for (title, items) in SECTIONS {
        section(&mut page, title, items);
    }
    section(&mut page, "EXIT STATUS", &EXIT_STATUS);
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("ultrawave-signal"), roman("(1), "), bold("jq"), roman("(1)")]);
    page.to_roff()
}

fn about(command: &clap::Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn verb_usage(verb: &clap::Command) -> String {
    let usage = verb.clone().render_usage().to_string();
    usage.trim_start_matches("Usage:").trim().to_owned()
}

fn paragraphs(page: &mut Roff, text: Option<&clap::builder::StyledStr>) {
    let Some(text) = text.map(ToString::to_string) else { return };
    for paragraph in text.split("\n\n") {
        page.control("PP", []);
        page.text([roman(paragraph.replace('\n', " "))]);
    }
}

fn examples(page: &mut Roff, command: &clap::Command) {
    let Some(examples) = command.get_before_long_help() else { return };
    page.control("PP", []);
    page.control("nf", []);
    for line in examples.to_string().lines() {
        page.text([roman(line)]);
    }
    page.control("fi", []);
}

fn arguments<'a>(page: &mut Roff, arguments: impl Iterator<Item = &'a clap::Arg>) {
    for argument in arguments.filter(|argument| !argument.is_hide_set()) {
        page.control("TP", []);
        page.text([bold(argument.to_string())]);
        let help =
            argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
        page.text([roman(help.replace('\n', " "))]);
    }
}

/// What the keys of the editor do, from the editor's own table.
fn keys(page: &mut Roff) {
    page.control("SH", ["KEYS"]);
    page.text([roman("In the editor. A number typed before a motion repeats it.")]);
    let mut section = None;
    for entry in ACTIONS {
        if section != Some(entry.action.section()) {
            section = Some(entry.action.section());
            page.control("SS", [entry.action.section().title()]);
        }
        let keys: Vec<String> = entry.keys.iter().map(|keys| shown_keys(keys)).collect();
        item(page, &keys.join(", "), entry.help);
    }
    page.control("SS", ["Commands"]);
    for command in COMMANDS {
        item(page, command.usage, command.help);
    }
}

fn item(page: &mut Roff, term: &str, explanation: &str) {
    page.control("TP", []);
    page.text([bold(term)]);
    page.text([roman(explanation)]);
}

fn section(page: &mut Roff, title: &str, items: &[(&str, &str)]) {
    page.control("SH", [title]);
    for (term, explanation) in items {
        item(page, term, explanation);
    }
}
