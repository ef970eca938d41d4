//! The two sides of a meeting by a passphrase, as machines: [`Desk`] attends, [`Asking`] knocks.
//!
//! ```text
//! guest                                          desk
//!   | -- message ---------------------------------> |
//!   | <--------------------------------- message -- |  tells nothing of the passphrase
//!   | -- confirmation ----------------------------> |  right, or one of three wrong tries
//!   | <-------------- ticket, sealed | wrong | spent -- |
//! ```
//!
//! The guest confirms first: what the desk says before tells a guesser nothing, so only what was
//! shown to be wrong counts as a try.

use std::collections::VecDeque;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::{Exchange, NONCE, Secret, Shared, Side, TRIES};

/// Exchanges that wait for their second half: each takes a guest some seconds.
const WAITING: usize = 16;

/// What the two sides say to each other, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// A half of the exchange, in base64.
    Message(String),
    /// What shows that the guest knows the passphrase, in base64.
    Confirmation(String),
    /// The ticket, sealed for who knows the passphrase.
    Ticket(String),
    /// The passphrase was another; so many tries are left.
    Wrong(u32),
    /// There were too many wrong tries: the passphrase is of no use any more.
    Spent,
    /// What was said makes no sense here.
    Nonsense,
}

/// What comes of what the desk said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Say this.
    Say(Said),
    /// Here is the ticket.
    Ticket(String),
}

/// Why there is no ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwelcome {
    /// It is another passphrase.
    #[error("this is not the passphrase; {left} more wrong tries and it is spent")]
    Wrong {
        /// Wrong tries that are left.
        left: u32,
    },
    /// There were too many wrong tries, of whomever.
    #[error(
        "the passphrase is spent: it was given wrongly {TRIES} times, by whomever; have the room opened \
         with another one, or ask for a ticket"
    )]
    Spent,
    /// Whoever answers does not know the passphrase either, or does not speak as one should.
    #[error("whoever answers does not know the passphrase; ask whether it is the right one")]
    Impostor,
}

/// The side that knows the ticket.
pub struct Desk {
    room: String,
    passphrase: String,
    ticket: String,
    wrong: u32,
    /// By guest, the latest at the end.
    waiting: VecDeque<(u64, Shared)>,
}

impl Desk {
    /// One that gives out this ticket under a room's name.
    pub fn new(room: &str, passphrase: &str, ticket: &str) -> Self {
        let [room, passphrase, ticket] = [room, passphrase, ticket].map(str::to_owned);
        Self { room, passphrase, ticket, wrong: 0, waiting: VecDeque::new() }
    }

    /// Whether there were too many wrong tries.
    pub const fn is_spent(&self) -> bool {
        self.wrong >= TRIES
    }

    /// A guest says something; the answer. `randomness` is new each time.
    pub fn hear(&mut self, guest: u64, said: &Said, randomness: &Secret) -> Said {
        if self.is_spent() {
            return Said::Spent;
        }
        match said {
            Said::Message(message) => self.begin(guest, message, randomness).unwrap_or(Said::Nonsense),
            Said::Confirmation(confirmation) => {
                let waiting = self.waiting.iter().position(|(known, _)| *known == guest);
                match waiting.and_then(|at| self.waiting.remove(at)) {
                    Some((_, shared)) => self.finish(&shared, confirmation, randomness),
                    None => Said::Nonsense,
                }
            }
            Said::Ticket(_) | Said::Wrong(_) | Said::Spent | Said::Nonsense => Said::Nonsense,
        }
    }

    fn begin(&mut self, guest: u64, message: &str, randomness: &Secret) -> Option<Said> {
        let message = BASE64.decode(message.as_bytes()).ok()?;
        let (exchange, own) = Exchange::new(&self.room, &self.passphrase, randomness);
        let shared = exchange.finish(&message)?;
        self.waiting.retain(|(known, _)| *known != guest);
        self.waiting.push_back((guest, shared));
        if self.waiting.len() > WAITING {
            self.waiting.pop_front();
        }
        Some(Said::Message(BASE64.encode(&own)))
    }

    fn finish(&mut self, shared: &Shared, confirmation: &str, randomness: &Secret) -> Said {
        let bytes = BASE64.decode(confirmation.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        if bytes.is_some_and(|bytes| shared.is_confirmed(Side::Guest, &bytes)) {
            let mut nonce = [0; NONCE];
            nonce.copy_from_slice(
                randomness.derive("ultrawave 1 nonce").bytes().get(..NONCE).unwrap_or(&[0; NONCE]),
            );
            return Said::Ticket(shared.seal(nonce, &self.ticket));
        }
        self.wrong += 1;
        if self.is_spent() { Said::Spent } else { Said::Wrong(TRIES - self.wrong) }
    }
}

/// The side that asks for the ticket.
pub struct Asking {
    exchange: Option<Exchange>,
    shared: Option<Shared>,
}

impl Asking {
    /// Begins; second, what is to be said first.
    pub fn new(room: &str, passphrase: &str, randomness: &Secret) -> (Self, Said) {
        let (exchange, message) = Exchange::new(room, passphrase, randomness);
        (Self { exchange: Some(exchange), shared: None }, Said::Message(BASE64.encode(&message)))
    }

    /// Takes in what the desk said.
    ///
    /// # Errors
    /// There is no ticket to be had, and why.
    pub fn hear(&mut self, said: &Said) -> Result<Next, Unwelcome> {
        match (said, self.exchange.take(), &self.shared) {
            (Said::Spent, ..) => Err(Unwelcome::Spent),
            (Said::Wrong(left), None, Some(_)) => Err(Unwelcome::Wrong { left: (*left).min(TRIES) }),
            (Said::Message(message), Some(exchange), _) => {
                let message = BASE64.decode(message.as_bytes()).map_err(|_malformed| Unwelcome::Impostor)?;
                let shared = exchange.finish(&message).ok_or(Unwelcome::Impostor)?;
                let confirmation = BASE64.encode(&shared.confirmation(Side::Guest));
                self.shared = Some(shared);
                Ok(Next::Say(Said::Confirmation(confirmation)))
            }
            (Said::Ticket(sealed), None, Some(shared)) => {
                shared.open(sealed).map(Next::Ticket).ok_or(Unwelcome::Impostor)
            }
            _ => Err(Unwelcome::Impostor),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use super::*;

    fn randomness(byte: u8) -> Secret {
        Secret::new([byte; 32])
    }

    /// What a guest with some words ends with.
    fn ask(desk: &mut Desk, guest: u64, words: &str) -> Result<String, Unwelcome> {
        let (mut asking, mut said) = Asking::new("orders", words, &randomness(200));
        for byte in 1.. {
            let answer = desk.hear(guest, &said, &randomness(byte));
            match asking.hear(&answer)? {
                Next::Say(next) => said = next,
                Next::Ticket(ticket) => return Ok(ticket),
            }
        }
        unreachable!("an exchange ends")
    }

    #[test]
    fn the_right_words_bring_the_ticket_as_often_as_they_are_said() {
        let mut desk = Desk::new("orders", "amber fox", "uw1…");
        for guest in 0..5 {
            assert_eq!(ask(&mut desk, guest, " Amber  FOX"), Ok("uw1…".to_owned()));
        }
    }

    #[test]
    fn three_wrong_tries_spend_it_for_the_right_words_too() {
        let mut desk = Desk::new("orders", "amber fox", "uw1…");
        assert_eq!(ask(&mut desk, 1, "amber ox"), Err(Unwelcome::Wrong { left: 2 }));
        assert!(ask(&mut desk, 2, "amber fox").is_ok());
        assert_eq!(ask(&mut desk, 1, "amber"), Err(Unwelcome::Wrong { left: 1 }));
        assert_eq!(ask(&mut desk, 3, ""), Err(Unwelcome::Spent));
        assert!(desk.is_spent());
        assert_eq!(ask(&mut desk, 2, "amber fox"), Err(Unwelcome::Spent));
    }

    #[test]
    fn what_a_desk_says_first_is_no_guess_and_a_try_is_one() {
        let mut desk = Desk::new("orders", "amber fox", "uw1…");
        let (_, hello) = Asking::new("orders", "guess", &randomness(200));
        // Begun again and again, never finished: nothing was learnt, and nothing is spent.
        for guest in 0..1_000 {
            assert!(matches!(desk.hear(guest, &hello, &randomness(1)), Said::Message(_)));
        }
        assert!(desk.waiting.len() <= WAITING);
        // One beginning is good for one confirmation.
        let wrong = Said::Confirmation(BASE64.encode(&[0; 32]));
        assert_eq!(desk.hear(999, &wrong, &randomness(2)), Said::Wrong(2));
        assert_eq!(desk.hear(999, &wrong, &randomness(2)), Said::Nonsense);
        assert!(ask(&mut desk, 1, "amber fox").is_ok());
    }

    #[test]
    fn an_impostor_at_the_desk_gets_one_guess_and_gives_no_ticket() {
        for said in [
            Said::Ticket("made up".to_owned()),
            Said::Message("?".to_owned()),
            Said::Wrong(1),
            Said::Nonsense,
            Said::Confirmation(String::new()),
        ] {
            let (mut asking, _) = Asking::new("orders", "amber fox", &randomness(200));
            assert_eq!(asking.hear(&said), Err(Unwelcome::Impostor), "{said:?}");
        }
        // One that answers in form, with other words.
        let mut desk = Desk::new("orders", "guess", "uw1 of another room");
        let (mut asking, hello) = Asking::new("orders", "amber fox", &randomness(200));
        let next = asking.hear(&desk.hear(1, &hello, &randomness(1)));
        assert!(matches!(next, Ok(Next::Say(Said::Confirmation(_)))));
        let (_, shared) = desk.waiting.pop_front().unwrap();
        let sealed = Said::Ticket(shared.seal([1; NONCE], "uw1 of another room"));
        assert_eq!(asking.hear(&sealed), Err(Unwelcome::Impostor));
    }

    #[test]
    fn what_is_said_is_small_json() {
        let (_, hello) = Asking::new("orders", "amber fox", &randomness(200));
        let text = serde_json::to_string(&hello).unwrap();
        assert!(text.starts_with(r#"{"message":""#) && text.len() < 80, "{text}");
        assert_eq!(serde_json::to_string(&Said::Wrong(2)).unwrap(), r#"{"wrong":2}"#);
        assert_eq!(serde_json::from_str::<Said>(r#""spent""#).unwrap(), Said::Spent);
    }
}
