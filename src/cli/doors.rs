//! Who may come into a room: what `create` and its like are told of that, and the verbs about it.

use clap::Args;

use super::{RoomCommand, room};

pub(super) const INVITE_NOTES: &str = "\
Whoever has the ticket can come in, and hand it on. It is for writing, or with --read for looking
only. Print it where the room is open or kept on this machine, or from another ticket.";

pub(super) const INVITE_EXAMPLES: &str = "\
Examples:
  ultrawave invite demo                 a ticket for somebody who is to write
  ultrawave invite demo --read          a ticket for somebody who is to look only
  ultrawave invite demo | ssh that-machine 'ultrawave get - /port'
";

pub(super) const REVOKE_NOTES: &str = "\
WHO is an author number or a name, as `ultrawave peers` shows them; without WHO only the keys are
changed. Those who are there and stay get the new keys at once and notice nothing else. Whoever is
not there, and whoever is to come in later, needs a new ticket: it is printed. Only who has opened
the room can do this. What somebody has seen cannot be taken back, and whoever is there under another
number, with the same ticket, stays: see with `ultrawave peers`.";

pub(super) const REVOKE_EXAMPLES: &str = "\
Examples:
  ultrawave revoke demo Bo              remove Bo; prints a new ticket for the others
  ultrawave revoke demo 3 7             remove authors 3 and 7
  ultrawave revoke demo                 only change the keys, because a ticket got about
";

/// Who may come into a room that is opened.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Clone, Debug, Default, Args)]
pub struct Doors {
    /// Let everyone in who knows the name, also through another machine's server
    #[arg(long, conflicts_with = "locked")]
    pub open: bool,
    /// Let only those in who have a ticket, also on this machine's own server
    #[arg(long)]
    pub locked: bool,
    /// Show also a ticket for those who are to look only
    #[arg(long, conflicts_with = "open")]
    pub read_only_ticket: bool,
    /// Let also those in who know a passphrase: new words, or those of ULTRAWAVE_PASSPHRASE
    #[arg(long, conflicts_with = "open")]
    pub passphrase: bool,
    /// Show no ticket for those who are to write
    #[arg(long, conflicts_with = "open")]
    pub no_write_ticket: bool,
}

/// `ultrawave invite`.
#[derive(Debug, Args)]
pub struct Invite {
    /// The room's name or ticket
    #[arg(value_parser = room)]
    pub room: String,
    /// For looking only
    #[arg(long)]
    pub read: bool,
}

/// `ultrawave revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The room's name or ticket
    #[arg(value_parser = room)]
    pub room: String,
    /// Whom to remove: an author number or a name
    pub who: Vec<String>,
}

impl RoomCommand {
    /// The argument that says which room is meant.
    pub fn room_mut(&mut self) -> &mut String {
        match self {
            Self::Create { room, .. }
            | Self::Join { room, .. }
            | Self::Open { room, .. }
            | Self::Serve { room, .. }
            | Self::Get { room, .. }
            | Self::Set { room, .. }
            | Self::Delete { room, .. }
            | Self::Merge { room, .. }
            | Self::Splice { room, .. }
            | Self::Apply { room, .. }
            | Self::Update { room, .. }
            | Self::Edit { room, .. }
            | Self::Watch { room, .. }
            | Self::Log { room, .. }
            | Self::Peers { room, .. }
            | Self::Invite(Invite { room, .. })
            | Self::Revoke(Revoke { room, .. }) => room,
        }
    }

    /// Who may come in, if the command may open a room.
    pub fn doors(&self) -> Option<&Doors> {
        match self {
            Self::Create { doors, .. } | Self::Open { doors, .. } | Self::Serve { doors, .. } => Some(doors),
            Self::Join { .. }
            | Self::Get { .. }
            | Self::Set { .. }
            | Self::Delete { .. }
            | Self::Merge { .. }
            | Self::Splice { .. }
            | Self::Apply { .. }
            | Self::Update { .. }
            | Self::Edit { .. }
            | Self::Watch { .. }
            | Self::Log { .. }
            | Self::Peers { .. }
            | Self::Invite(_)
            | Self::Revoke(_) => None,
        }
    }
}
