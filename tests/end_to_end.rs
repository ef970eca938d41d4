//! The whole product: real processes, real WebRTC on loopback, editors in pseudo-terminals.

#![cfg(all(feature = "app", unix))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod support;

use support::Home;
use support::process::Process;
use support::server::SignalServer;
use support::terminal::Terminal;

const DOCUMENT: &str = "{\n  \"service\": \"checkout\",\n  \"port\": 8443,\n  \"limit\": 1.50,\n  \"users\": [\n    \"Ana\",\n    \"Chidi\"\n  ]\n}\n";

/// A person's own home, and the editor they have open.
struct Person {
    home: Home,
    editor: Terminal,
}

impl Person {
    /// Opens the room around `document.json`.
    fn create(name: &str, server: &SignalServer) -> Self {
        let home = Home::new();
        home.write("document.json", DOCUMENT);
        Self::start(name, home, &["create", "demo", "document.json", "--signal", server.url()])
    }

    fn join(name: &str, server: &SignalServer) -> Self {
        Self::start(name, Home::new(), &["join", "demo", "--signal", server.url()])
    }

    fn start(name: &str, home: Home, arguments: &[&str]) -> Self {
        let mut editor = Terminal::run(name, &home, arguments);
        editor.wait_for("checkout");
        Self { home, editor }
    }

    /// Types a command on the `:` line.
    fn command(&mut self, command: &str) {
        self.editor.press(&format!(":{command}\r"));
    }

    fn sees(&mut self, text: &str) {
        self.editor.wait_for(text);
    }
}

fn everyone_sees(people: &mut [&mut Person], text: &str) {
    for person in people {
        person.sees(text);
    }
}

#[test]
fn two_people_edit_one_file() {
    let server = SignalServer::start();
    let mut ana = Person::create("Ana", &server);
    let mut bo = Person::join("Bo", &server);
    ana.sees("Bo");
    bo.sees("Ana");
    ana.command("set /port 9000");
    bo.command("set /service \"basket\"");
    everyone_sees(&mut [&mut ana, &mut bo], "9000");
    everyone_sees(&mut [&mut ana, &mut bo], "basket");
    ana.command("w");
    let expected = DOCUMENT.replace("8443", "9000").replace("checkout", "basket");
    let path = ana.home.file("document.json");
    ana.editor.wait_until("save", |_| std::fs::read_to_string(&path).unwrap() == expected);
}
