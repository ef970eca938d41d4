//! What opens a room: tickets, sealed envelopes, certificates, and the first half of a passphrase's
//! exchange, all from strangers.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ultrawave::sync::Author;
use ultrawave::trust::envelope::{self, NONCE};
use ultrawave::trust::passphrase::{Asking, Desk, Exchange, Next, Said};
use ultrawave::trust::{Access, AuthorKey, Certificate, Role, Secret, Ticket};

use crate::random::Random;

fn access() -> Access {
    Access::locked(Secret::new([1; 32]), Secret::new([2; 32]))
}

/// A ticket reads back as it was written; also one whose code is right and whose text is not.
pub fn ticket(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = Ticket::is_meant_by(text);
    for text in [text.to_owned(), coded(data)] {
        let Ok(ticket) = text.parse::<Ticket>() else { continue };
        let again: Ticket = ticket.to_string().parse().expect("what was written can be read");
        assert_eq!(again, ticket);
    }
}

/// What the bytes of a ticket would be, with the code that finds slips of the pen.
fn coded(said: &[u8]) -> String {
    let check = blake3::hash(said);
    let bytes = [said, &check.as_bytes()[..4]].concat();
    format!("uw1{}", BASE64URL_NOPAD.encode(&bytes))
}

/// Nothing opens but what a member sealed, as it sealed it.
pub fn envelope(data: &[u8]) {
    let (access, about) = (access(), "offer 1 3");
    if let Ok(text) = std::str::from_utf8(data) {
        assert_eq!(envelope::open(&access, about, text), None, "somebody guessed 128 bits");
        let sealed = envelope::seal(&access, [7; NONCE], about, text);
        assert_eq!(envelope::open(&access, about, &sealed).as_deref(), Some(text));
        let altered = Random(data.len() as u64).change(sealed.as_bytes(), &[data.to_vec()]);
        if altered != sealed.as_bytes()
            && let Ok(altered) = String::from_utf8(altered)
        {
            assert_eq!(envelope::open(&access, about, &altered), None, "{altered} opened");
        }
    }
}

/// No certificate but a member's is believed.
pub fn certificate(data: &[u8]) {
    let (access, author) = (access(), Author(5));
    assert_eq!(Certificate::read(&access, author, data), None, "somebody guessed a signature");
    let key = AuthorKey::new(&Secret::new([5; 32]));
    let bytes = Certificate::issue(&access, author, &key).expect("a writer").bytes();
    let altered = Random(data.len() as u64).change(&bytes, &[data.to_vec()]);
    assert_eq!(Certificate::read(&access, author, &altered).is_some(), altered == bytes);
}

/// Whatever the other side of a passphrase's exchange says, this one ends with a key or without, and
/// nobody who does not know it is given the ticket.
pub fn passphrase(data: &[u8]) {
    let (exchange, _) = Exchange::new("orders", "amber fox", &Secret::new([3; 32]));
    if let Some(shared) = exchange.finish(data) {
        let text = String::from_utf8_lossy(data);
        assert_eq!(shared.open(&text), None, "somebody guessed 128 bits");
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut desk = Desk::new("orders", "amber fox", "uw1");
    let (mut asking, _) = Asking::new("orders", "amber fox", &Secret::new([4; 32]));
    for line in text.lines() {
        let Ok(said) = serde_json::from_str::<Said>(line) else { continue };
        let answer = desk.hear(line.len() as u64 % 3, &said, &Secret::new([5; 32]));
        assert!(!matches!(answer, Said::Ticket(_)), "somebody guessed 128 bits");
        assert!(!matches!(asking.hear(&said), Ok(Next::Ticket(_))), "somebody guessed 128 bits");
    }
}

/// What a target of this part gets far with.
pub(crate) fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "ticket" => [Role::Reader, Role::Writer, Role::Owner]
            .map(|role| {
                let signal = Some("wss://signal.example:4747/".to_owned());
                Ticket { access: access().lowered_to(role), name: "orders".to_owned(), signal }
            })
            .iter()
            .flat_map(|ticket| {
                let text = ticket.to_string();
                let bytes = BASE64URL_NOPAD.decode(&text.as_bytes()[3..]).expect("a ticket");
                [text.into_bytes(), bytes[..bytes.len() - 4].to_vec()]
            })
            .collect(),
        "certificate" => vec![vec![7; 96], (0..96).collect()],
        "passphrase" => {
            let (_, half) = Exchange::new("orders", "amber ox", &Secret::new([4; 32]));
            let said = [
                Said::Message(BASE64.encode(&half)),
                Said::Confirmation(BASE64.encode(&[0; 32])),
                Said::Spent,
            ];
            let lines = said.map(|said| serde_json::to_string(&said).expect("letters and numbers"));
            vec![half, vec![0; 33], lines.join("\n").into_bytes()]
        }
        _ => Vec::new(),
    }
}
