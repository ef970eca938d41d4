//! The editor as a citizen of its terminal: paste, mouse, size, colours, the person's own editor.

use super::support::server::SignalServer;
use super::support::terminal::Terminal;
use super::support::{BINARY, Home, signal};
use super::{DOCUMENT, Person};

/// A text as the terminal's own paste sends it.
fn pasted(text: &str) -> String {
    format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r"))
}

#[test]
fn what_is_pasted_becomes_json_or_on_wish_a_string_and_no_key_of_it_is_obeyed() {
    let server = SignalServer::start();
    let mut ana = Person::create("Ana", &server);
    ana.editor.press("G");
    ana.sees("line 7/7");
    ana.editor.press(&pasted("{\n  \"dd\": [1, 2]\n}"));
    ana.sees("pasted as JSON");
    ana.sees("{dd: […]}");
    ana.editor.press(&pasted("q:q!\rdd"));
    ana.sees("s paste it as a string");
    ana.editor.press("s");
    ana.sees("q:q!\\ndd");
    ana.editor.press("uu");
    ana.sees_no("{dd: […]}");
    ana.quits();
}

#[test]
fn the_mouse_chooses_opens_and_scrolls_until_it_is_left_to_the_terminal() {
    let server = SignalServer::start();
    let mut ana = Person::create("Ana", &server);
    let row = ana.editor.row_of("limit");
    let press = format!("\x1b[<0;10;{row}M\x1b[<0;10;{row}m");
    ana.editor.press(&press);
    ana.sees(".limit");
    ana.editor.press(&press.repeat(2));
    ana.sees("Enter keep");
    ana.editor.press("\x1b");
    ana.sees_no("Enter keep");
    ana.editor.press("\x1b[<65;10;10M");
    ana.sees("line 7/7");
    ana.editor.press("gm");
    ana.sees("the mouse is the terminal's");
    ana.quits();
}

#[test]
fn another_size_is_another_screen() {
    let server = SignalServer::start();
    let mut ana = Person::create("Ana", &server);
    ana.sees("people");
    ana.editor.resize(10, 40);
    ana.sees_no("people");
    ana.sees("service");
    ana.editor.resize(30, 120);
    ana.sees("people");
    ana.quits();
}

#[test]
fn no_color_leaves_colours_out_and_nothing_else() {
    let server = SignalServer::start();
    let arguments = ["create", "demo", "document.json", "--signal", server.url()];
    for (value, has_color) in [("", true), ("1", false)] {
        let home = Home::new();
        home.write("document.json", DOCUMENT);
        let mut editor = Terminal::start_with("Ana", &home, BINARY, &arguments, &[("NO_COLOR", value)]);
        editor.wait_for("checkout");
        assert_eq!(editor.has_color(), has_color);
        editor.press("q");
        assert_eq!(editor.exit_code(), 0);
    }
}

#[test]
fn earlier_versions_show_what_was_there_and_what_has_changed_since() {
    let server = SignalServer::start();
    let mut ana = Person::create("Ana", &server);
    ana.command("set /port 1111");
    ana.sees("1111");
    ana.command("set /port 2222");
    ana.sees("2222");
    ana.editor.press("gt");
    ana.sees("version 1 of 2   after you set .port");
    ana.sees("1111");
    ana.editor.press("[");
    ana.sees("version 0 of 2");
    ana.sees("8443");
    ana.editor.press("D");
    ana.sees("from version 0 to now");
    ana.sees("2222");
    ana.editor.press("\x1b");
    ana.sees("Enter edit");
    ana.quits();
}

#[test]
fn the_person_s_own_editor_has_the_terminal_to_itself_and_what_it_leaves_becomes_edits() {
    let server = SignalServer::start();
    let home = Home::new();
    home.write("document.json", DOCUMENT);
    let script = home.write("editor.sh", "read line </dev/tty; sed -i \"s/Chidi/$line/\" \"$1\"\n");
    let program = format!("sh {}", script.display());
    let arguments = ["create", "demo", "document.json", "--signal", server.url()];
    let mut editor = Terminal::start_with("Ana", &home, BINARY, &arguments, &[("VISUAL", &program)]);
    editor.wait_for("checkout");
    editor.press("E");
    editor.wait_until("hand the terminal over", |screen| !screen.text().contains("checkout"));
    editor.press("Bo\r");
    editor.wait_for("1 edit from your editor");
    editor.wait_for("\"Bo\"");
    editor.press("u");
    editor.wait_for("\"Chidi\"");
}

/// Whether a process is there, and not merely waiting to be collected.
fn is_running(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| !rest.starts_with('Z')))
}

#[test]
fn a_terminal_that_goes_away_ends_the_editor() {
    let (server, home) = (SignalServer::start(), Home::new());
    home.write("document.json", DOCUMENT);
    let editor = format!(
        "echo $$ $PPID > processes; exec {BINARY} create demo document.json --signal {}",
        server.url()
    );
    let command = format!("script -qc '{editor}' /dev/null; read line");
    let mut outer = Terminal::start("Ana", &home, "sh", &["-c", &command]);
    outer.wait_for("Enter edit");
    let processes = std::fs::read_to_string(home.file("processes")).unwrap();
    let (editor, terminal) = processes.trim().split_once(' ').unwrap();
    let editor = editor.parse().unwrap();
    assert!(is_running(editor));
    // Nobody puts anything in order: the other end of the editor's terminal is simply gone.
    signal(terminal.parse().unwrap(), "KILL");
    outer.wait_until("see the editor end", |_| !is_running(editor));
}
