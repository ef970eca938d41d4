//! The real binary in a pseudo-terminal, with other programs at work for it.
#![cfg(unix)]

use crate::support::server::SignalServer;
use crate::support::terminal::Terminal;
use crate::support::{BINARY, Home};

fn editor(server: &SignalServer, home: &Home, program: &str) -> Terminal {
    home.write("document.json", "{\"city\": \"Lagos\", \"port\": 8443}\n");
    let set = format!("EDITOR={program}");
    let arguments =
        ["-u", "VISUAL", &set, BINARY, "create", "demo", "document.json", "--signal", server.url()];
    let mut terminal = Terminal::start("Ana", home, "env", &arguments);
    terminal.wait_for("Lagos");
    terminal
}

#[test]
fn a_value_is_edited_in_the_person_s_own_editor_and_the_terminal_taken_again() {
    let (server, home) = (SignalServer::start(), Home::new());
    let mut terminal = editor(&server, &home, "sed -i s/Lagos/Abuja/");
    terminal.press("E");
    terminal.wait_for("Abuja");
    terminal.wait_for("from your editor");
    terminal.press("u");
    terminal.wait_for("Lagos");
    terminal.press(":q!\r");
    assert_eq!(terminal.exit_code(), 0);
    terminal.assert_restored();
}

#[test]
fn an_editor_that_fails_changes_nothing_and_what_is_no_json_is_offered_again() {
    let (server, home) = (SignalServer::start(), Home::new());
    let mut terminal = editor(&server, &home, "no-such-editor");
    terminal.press("E");
    terminal.wait_for("nothing was changed");
    terminal.press(":q!\r");
    assert_eq!(terminal.exit_code(), 0);
    let mut terminal = editor(&server, &Home::new(), "sed -i s/:/=/");
    terminal.press("E");
    terminal.wait_for("e edit it again");
    terminal.press("d");
    terminal.press(":q!\r");
    assert_eq!(terminal.exit_code(), 0);
    terminal.assert_restored();
}

#[test]
fn a_jq_filter_runs_apart_and_one_without_end_harms_nothing() {
    let (server, home) = (SignalServer::start(), Home::new());
    let mut terminal = editor(&server, &home, "true");
    terminal.press("|.port, .city\r");
    terminal.wait_for("2 outputs");
    terminal.press("\x1b");
    terminal.wait_for("Enter edit");
    terminal.press("|def f: 1 + f; f\r");
    terminal.wait_for("too deep");
    terminal.press("\x1b");
    terminal.wait_for("Enter edit");
    terminal.press("|def f: f; f\r");
    terminal.wait_for("the filter runs");
    terminal.press("\x1b");
    terminal.wait_for("Enter edit");
    terminal.press(":q!\r");
    assert_eq!(terminal.exit_code(), 0);
    terminal.assert_restored();
}
