//! `ultrawave invite`: a ticket to a locked room.

use super::address::{Address, ticket};
use super::failure::{Exit, Failure};
use super::output;
use crate::room::RoomOptions;
use crate::trust::Role;

/// Prints a ticket to a room of which this machine holds secrets.
pub(super) fn invite(address: &Address, read: bool, options: &RoomOptions) -> Result<Exit, Failure> {
    let name = &address.name;
    let Some(access) = &options.access else {
        let message = format!(
            "no locked room {name} is open or kept on this machine; an open one takes no ticket, but its name"
        );
        return Err(Failure::new(Exit::Failed, message));
    };
    let role = if read { Role::Reader } else { Role::Writer };
    if access.role() < role {
        let message = format!(
            "only those who may write in {name} can let others write; --read prints a ticket for looking"
        );
        return Err(Failure::new(Exit::NotPermitted, message));
    }
    output::print(&format!("{}\n", ticket(name, &options.signal, access, role)))?;
    Ok(Exit::Done)
}
