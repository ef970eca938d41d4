//! Rooms named aloud: words that are typed unseen, and three wrong tries.

use predicates::str::contains;

use super::reading::until;
use super::support::process::Process;
use super::*;

/// A room that is held open for those who know its passphrase, and the words.
fn held_open(home: &Home, server: &SignalServer) -> (Process, String) {
    home.write("document.json", DOCUMENT);
    let mut holder =
        Process::run(home, &["serve", "demo", "document.json", "--passphrase", "--signal", server.url()]);
    holder.wait_for_message("serving");
    let lines = holder.stderr();
    let words = lines.iter().find_map(|line| line.split_once("the passphrase: ")).map(|(_, words)| words);
    let words = words.unwrap_or_else(|| panic!("no passphrase in {lines:?}")).to_owned();
    assert_eq!(words.split('-').count(), 3, "{words}");
    (holder, words)
}

/// Somebody on another machine who says some words; how that ended, and what they were told.
fn says(words: &str, server: &SignalServer) -> (u32, String) {
    let arguments = ["join", "demo", "--passphrase", "--signal", server.url()];
    let words = [("ULTRAWAVE_PASSPHRASE", words)];
    let mut terminal = Terminal::start_with("somebody", &Home::new(), BINARY, &arguments, &words);
    let code = terminal.exit_code();
    terminal.wait_for_end("", code);
    // What it wrote last may still be on its way to the screen.
    std::thread::sleep(Duration::from_millis(100));
    (code, terminal.text())
}

#[test]
fn who_knows_the_passphrase_is_in_the_room_as_with_a_ticket() {
    let (home, server) = (Home::new(), SignalServer::start());
    let (mut holder, words) = held_open(&home, &server);
    let guest = Home::new();
    let mut editor = Terminal::run("Bo", &guest, &["join", "demo", "--passphrase", "--signal", server.url()]);
    editor.wait_for("type the passphrase");
    // As it may be written down, with a slip that is taken back.
    editor.press(&words.replace('-', " ").to_uppercase());
    editor.press("x");
    editor.press(BACKSPACE);
    assert!(!editor.text().to_lowercase().contains(words.split('-').next().unwrap()));
    editor.press(ENTER);
    editor.wait_for("checkout");
    holder.wait_for_message("is let in");
    // It has the room's secrets by now: what it does next needs no passphrase.
    guest.ultrawave().args(["set", "demo", "/port", "81", "--signal", server.url()]).assert().success();
    // The editor beside it keeps it; that it is here too may take a moment.
    let get = || home.ultrawave().args(["get", "demo", "/port", "--signal", server.url()]).output().unwrap();
    until("the port", || get().stdout == b"81\n");
    // Without either it is as if the room were not there.
    let stranger = Home::new();
    stranger.ultrawave().args(["get", "demo", "--signal", server.url()]).assert().code(3);
}

#[test]
fn three_wrong_tries_spend_it_for_everyone() {
    let (home, server) = (Home::new(), SignalServer::start());
    let (mut holder, words) = held_open(&home, &server);
    // Where the editor could not be shown, nothing is asked, and no try is lost.
    for words in [&words[..], "amber fox", "amber fox", "amber fox", ""] {
        let arguments = ["join", "demo", "--passphrase", "--signal", server.url()];
        let stranger = Home::new();
        let run = stranger.ultrawave().args(arguments).write_stdin(format!("{words}\n")).assert();
        run.code(2).stderr(contains("needs a terminal"));
    }
    for left in [2, 1] {
        let (code, told) = says("amber fox", &server);
        assert_eq!(code, 7, "{told}");
        assert!(told.contains("not the passphrase") && told.contains(&format!("{left} more")), "{told}");
    }
    for words in ["amber fox", &words, &words] {
        let (code, told) = says(words, &server);
        assert_eq!(code, 7, "{told}");
        assert!(told.contains("spent") && !told.contains("--passphrase=") && !told.contains("fox"), "{told}");
    }
    holder.wait_for_message("the passphrase is spent");
    // The room goes on for those who are in it.
    home.ultrawave().args(["get", "demo", "/port", "--signal", server.url()]).assert().success();
    let nobody = SignalServer::start();
    let (code, told) = says(&words, &nobody);
    assert!(code == 3 && told.contains("nobody is met by a passphrase"), "{told}");
}
