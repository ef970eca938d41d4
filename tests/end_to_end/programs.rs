//! The editor with other programs at work for it.

use super::support::server::SignalServer;
use super::support::terminal::Terminal;
use super::support::{BINARY, Home};

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

#[test]
fn a_large_document_is_held_against_its_schema_in_a_process_of_its_own() {
    let (server, home) = (SignalServer::start(), Home::new());
    let text = "x".repeat(100);
    let records: Vec<String> =
        (0..50_000).map(|at| format!("{{\"id\": {at}, \"text\": \"{text}\"}}")).collect();
    home.write("document.json", format!("{{\"port\": 1, \"records\": [{}]}}", records.join(",\n")));
    home.write("schema.json", "{\"properties\": {\"port\": {\"type\": \"integer\"}}}");
    let arguments = ["create", "demo", "document.json", "--schema", "schema.json", "--signal", server.url()];
    let mut terminal = Terminal::run("Ana", &home, &arguments);
    terminal.wait_for("✓ schema");
    terminal.press(":set .port \"x\"\r");
    terminal.wait_for("✗ 1 against the schema");
    terminal.press("gs\r");
    terminal.wait_for("is not of type");
    terminal.press("u");
    terminal.wait_for("✓ schema");
    terminal.press(":q!\r");
    assert_eq!(terminal.exit_code(), 0);
}
