//! The verbs that look: `get`, `log`, `peers`.

use std::fmt::Write as _;
use std::time::Duration;

use super::failure::{Exit, Failure};
use super::output;
use crate::document::{self, Method, Path, Value, inert};
use crate::room::{Measured, Room, Route, ServerStatus};
use crate::session::{Link, Person, Way};
use crate::sync::{Author, Change, encode_change};

/// How long to wait for the connections to everybody before saying who is there.
const GATHER_WITHIN: Duration = Duration::from_secs(3);

/// Characters of a change's arguments in a log for people.
const ARGUMENT_CHARS: usize = 80;

/// The value at a path, as text.
pub(super) fn get(room: &Room, path: &str, compact: bool) -> Result<String, Failure> {
    let snapshot = room.snapshot();
    let path = Path::read(path, &snapshot.value)?;
    let Some(value) = snapshot.value.at(&path) else {
        return Err(Failure::new(Exit::NoPath, format!("there is nothing at {path} in {}", room.name())));
    };
    // A byte order mark belongs to a file, not to a value in it.
    let text = if path.is_root() || compact {
        output::text_of(&snapshot.source, value, compact)
    } else {
        document::save_part(&snapshot.source, value)
    };
    Ok(text)
}

/// The remembered changes, oldest first, a line each.
pub(super) fn log(room: &Room, own_name: &str, json: bool) -> String {
    let people = room.people();
    let name = |author: Author| {
        let other = people.iter().find(|person| person.author == author);
        let own = (author == room.author()).then_some(own_name);
        other.map(|person| person.presence.name.as_str()).or(own).unwrap_or_default()
    };
    room.history()
        .iter()
        .map(|change| if json { encode_change(change) } else { describe(change, name(change.author)) } + "\n")
        .collect()
}

fn describe(change: &Change, name: &str) -> String {
    let arguments: Vec<String> = arguments(&change.method).iter().map(ToString::to_string).collect();
    let mut arguments = arguments.join(" ");
    if let Some((at, _)) = arguments.char_indices().nth(ARGUMENT_CHARS) {
        arguments.truncate(at);
        arguments.push('…');
    }
    let line = format!(
        "{:<7} {:<12} {:<6} {} {arguments}",
        change.id().to_string(),
        name,
        change.method.name(),
        change.path,
    );
    inert(line.trim_end()).into_owned()
}

/// A method's arguments, as they stand in a message.
pub(super) fn arguments(method: &Method) -> Vec<Value> {
    match method {
        Method::Set(value) | Method::Merge(value) => vec![value.clone()],
        Method::Delete => Vec::new(),
        Method::Splice { start, count, items } => {
            let numbers = [start, count].map(|number| Value::from_number(&number.to_string()));
            numbers.into_iter().chain(items.iter().cloned()).collect()
        }
    }
}

/// Who else is in the room, a line each.
pub(super) async fn peers(room: &Room, json: bool) -> String {
    // Who is not connected by then is listed as connecting, without a name.
    let _ = tokio::time::timeout(GATHER_WITHIN, all_known(room)).await;
    let (people, host, measured) = (room.people(), room.host(), room.statistics());
    if json {
        people.iter().map(|person| json_of(person, host, measured.get(&person.author)) + "\n").collect()
    } else {
        table(&people, host)
    }
}

/// How a member stands with the signaling server and with the others, as JSON.
pub(super) fn status(room: &Room) -> Value {
    let (people, host, measured) = (room.people(), room.host(), room.statistics());
    let peers = people.iter().map(|person| json_of(person, host, measured.get(&person.author)));
    let signaling = match room.status().server {
        ServerStatus::Connected => "connected",
        ServerStatus::Retrying(_) => "retrying",
        ServerStatus::Refusing(_) => "refusing",
    };
    let text = format!(
        "{{\"author\":{},\"signaling\":\"{signaling}\",\"peers\":[{}]}}",
        room.author(),
        peers.collect::<Vec<_>>().join(","),
    );
    document::parse(&text).unwrap_or(Value::NULL)
}

async fn all_known(room: &Room) {
    let mut events = room.events();
    // A name comes with the first message after the connection.
    let is_unknown = |person: &Person| person.link == Link::Connecting || person.presence.name.is_empty();
    while room.people().iter().any(is_unknown) && events.recv().await.is_ok() {}
}

fn state(link: Link) -> &'static str {
    match link {
        Link::Connecting => "connecting",
        Link::Live => "live",
        Link::Away => "away",
        Link::Lost => "lost",
    }
}

/// How what is said to somebody gets there, in words; nothing when they have a connection of
/// their own, or none.
fn way(person: &Person) -> Option<String> {
    match person.way {
        Way::Direct => None,
        Way::Via(third) => Some(format!("via {third}")),
        Way::Server => Some("through the server".to_owned()),
    }
}

/// Whether somebody may only look. It is not known before they have shown who they are.
fn reads_only(person: &Person) -> Option<bool> {
    (person.link != Link::Connecting).then_some(!person.may_write)
}

/// What is known of somebody, and what a connection measured, as members of a JSON object; each begins with a comma.
fn measurements(person: &Person, measured: Option<&Measured>) -> String {
    let mut text = String::new();
    let mut member = |name: &str, value: Value| {
        let _ = write!(text, ",\"{name}\":{value}");
    };
    let number = |number: u64| Value::from_number(&number.to_string());
    let ms = |time: Duration| Value::from_number(&format!("{:.3}", time.as_secs_f64() * 1_000.0));
    if let Some(reads_only) = reads_only(person) {
        member("read_only", Value::bool(reads_only));
    }
    if let Some(measured) = measured {
        if let Route::Pair { local, remote, address } = &measured.route {
            member("candidates", Value::string(&format!("{local} {remote}")));
            member("address", Value::string(address));
        }
        if let Some(round_trip) = measured.round_trip {
            member("round_trip_ms", ms(round_trip));
        }
        member("bytes_in", number(measured.bytes_in));
        member("bytes_out", number(measured.bytes_out));
    }
    if person.link != Link::Connecting {
        member("acknowledges_within_ms", ms(person.acknowledges_within));
        member("resends", number(person.resends));
    }
    text
}

fn json_of(person: &Person, host: Author, measured: Option<&Measured>) -> String {
    let path = person.presence.path.as_ref().map_or(Value::NULL, |path| Value::string(&path.to_pointer()));
    format!(
        "{{\"author\":{},\"name\":{},\"state\":\"{}\",\"path\":{path},\"editing\":{},\"host\":{},\"way\":{}{}}}",
        person.author,
        Value::string(&person.presence.name),
        state(person.link),
        person.presence.editing,
        person.author == host,
        Value::string(&way(person).unwrap_or_else(|| "direct".to_owned())),
        measurements(person, measured),
    )
}

fn table(people: &[Person], host: Author) -> String {
    let width = people.iter().map(|person| person.presence.name.chars().count()).max().unwrap_or(0).max(4);
    let mut text = format!("{:<6}  {:<width$}  {:<10}  WHERE\n", "AUTHOR", "NAME", "STATE");
    for person in people {
        let place = person.presence.path.as_ref().map(ToString::to_string).unwrap_or_default();
        let editing = if person.presence.editing { " (editing)" } else { "" };
        let hosting = if person.author == host { " (host)" } else { "" };
        let reading = if reads_only(person) == Some(true) { " (read-only)" } else { "" };
        let way = way(person).map(|way| format!(" ({way})")).unwrap_or_default();
        let line = format!(
            "{:<6}  {:<width$}  {:<10}  {place}{editing}{hosting}{reading}{way}",
            person.author.to_string(),
            person.presence.name,
            state(person.link),
        );
        text.push_str(&inert(line.trim_end()));
        text.push('\n');
    }
    text
}
