//! Where those meet who know a passphrase: one attends under a room's name, others knock. They say
//! some words to each other that the lobby passes on, and are no members of anything by that.

use std::collections::VecDeque;

use super::{Connection, Delivery, Lobby, error};
use crate::limits::GUESTS;
use crate::protocol::{AnswerKnock, Attend, Code, Failed, Knock, Response, check_room_name};

/// Who attends under a name, and who has knocked.
#[derive(Debug)]
pub(super) struct Desk {
    host: Connection,
    /// The last to have knocked, the latest at the end; some may have gone.
    guests: VecDeque<Connection>,
}

impl Lobby {
    pub(super) fn attend(&mut self, connection: Connection, request: Attend) -> Vec<Delivery> {
        let response = match self.may_attend(connection, &request.room) {
            Ok(()) => {
                let desk = Desk { host: connection, guests: VecDeque::new() };
                self.desks.insert(request.room.clone(), desk);
                self.attended.entry(connection).or_default().push(request.room.clone());
                Response::Attending(request)
            }
            Err((code, reason)) => Response::AttendFailed(Failed { room: request.room, code, reason }),
        };
        vec![Delivery::Send(connection, response)]
    }

    fn may_attend(&self, connection: Connection, name: &str) -> Result<(), super::rooms::Refusal> {
        check_room_name(name).map_err(|error| (Code::BadName, error.to_string()))?;
        if self.desks.contains_key(name) {
            let reason = "somebody is met by a passphrase under this name already; choose another name";
            return Err((Code::Exists, reason.into()));
        }
        let own = self.attended.get(&connection).map_or(0, Vec::len);
        let (most, most_in_all) = (self.options.max_rooms_per_connection, self.options.max_rooms);
        if own >= most || self.desks.len() >= most_in_all {
            return Err((Code::Limit, "there are as many such names here as there may be".into()));
        }
        Ok(())
    }

    pub(super) fn knock(&mut self, connection: Connection, request: Knock) -> Vec<Delivery> {
        let Knock { room, body } = request;
        let Some(desk) = self.desks.get_mut(&room).filter(|desk| desk.host != connection) else {
            let reason = "nobody is met by a passphrase under this name; look at its spelling".into();
            let failed = Failed { room, code: Code::NoRoom, reason };
            return vec![Delivery::Send(connection, Response::KnockFailed(failed))];
        };
        desk.guests.retain(|&guest| guest != connection);
        desk.guests.push_back(connection);
        if desk.guests.len() > GUESTS {
            desk.guests.pop_front();
        }
        let knocked = AnswerKnock { room, guest: connection.0, body };
        vec![Delivery::Send(desk.host, Response::Knocked(knocked))]
    }

    pub(super) fn answer_knock(&mut self, connection: Connection, request: AnswerKnock) -> Vec<Delivery> {
        let AnswerKnock { room, guest, body } = request;
        let desk = self.desks.get(&room).filter(|desk| desk.host == connection);
        let guest = desk.and_then(|desk| desk.guests.iter().copied().find(|known| known.0 == guest));
        match guest.filter(|&guest| self.peers.of(guest).is_some()) {
            Some(guest) => vec![Delivery::Send(guest, Response::KnockAnswered(Knock { room, body }))],
            None => {
                error(connection, Code::NoMember, "nobody of that number has knocked, or has gone".into())
            }
        }
    }

    /// A connection has gone: it attends no more.
    pub(super) fn forget_desks(&mut self, connection: Connection) {
        for name in self.attended.remove(&connection).unwrap_or_default() {
            self.desks.remove(&name);
        }
    }
}
