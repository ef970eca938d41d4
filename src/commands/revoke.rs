//! `ultrawave revoke`: members are removed from a locked room, and its keys are changed.

use std::time::Duration;

use super::address::ticket;
use super::failure::{Exit, Failure};
use super::verb::Out;
use crate::room::Room;
use crate::session::Person;
use crate::sync::Author;
use crate::trust::{Access, Role};

/// How long those who stay may take to say that they have the new keys.
const HANDED_OUT_WITHIN: Duration = Duration::from_secs(5);

/// Removes members, and prints the new ticket.
pub(super) async fn revoke(room: &Room, who: &[String], out: &Out) -> Result<(), Failure> {
    let name = room.name();
    if room.access().is_none_or(|access| access.role() != Role::Owner) {
        return Err(crate::room::RoomError::NotOwner(name.to_owned()).into());
    }
    let people = room.people();
    let found = who.iter().map(|who| member(who, &people, room)).collect::<Result<Vec<_>, _>>()?;
    let (others, lacking) = room.revoke(&found, HANDED_OUT_WITHIN).await?;
    for (who, author) in who.iter().zip(&found) {
        out.say(format!("{who} (author {author}) is removed from {name}")).await;
    }
    let have = others.saturating_sub(lacking.len());
    out.say(format!("the keys of {name} are changed; {have} others have the new ones")).await;
    for author in lacking {
        let told = format!("author {author} has not said that it has them, and may need the new ticket");
        out.say(told).await;
    }
    let access =
        room.access().as_ref().map(|access: &Access| ticket(name, room.signal(), access, Role::Writer));
    match access {
        Some(ticket) => out.print(format!("{ticket}\n")).await,
        None => Ok(()),
    }
}

/// The member that is meant by a number or a name.
fn member(who: &str, people: &[Person], room: &Room) -> Result<Author, Failure> {
    let fail = |reason: String| Err(Failure::new(Exit::Failed, reason));
    let name = room.name();
    let by_number = who.parse().ok().map(Author);
    if by_number == Some(room.author()) {
        return fail(format!("author {who} is this very member"));
    }
    if let Some(person) = people.iter().find(|person| Some(person.author) == by_number) {
        return Ok(person.author);
    }
    let named: Vec<Author> =
        people.iter().filter(|person| person.presence.name == who).map(|person| person.author).collect();
    match (&named[..], by_number) {
        (&[one], _) => Ok(one),
        // Someone who is not there is removed by not being given the new keys.
        ([], Some(author)) => Ok(author),
        ([], None) => fail(format!(
            "nobody called {who} is in {name} now (`ultrawave peers`); without a name, `revoke` changes the keys, and whoever is not there is out"
        )),
        (several, _) => {
            let numbers: Vec<String> = several.iter().map(ToString::to_string).collect();
            fail(format!("several are called {who}: say which by number, {}", numbers.join(" or ")))
        }
    }
}
