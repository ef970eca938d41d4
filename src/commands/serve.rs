use super::failure::{Exit, Failure};
use crate::room::RoomOptions;
use std::path::Path as FilePath;
pub(super) fn serve(_: &str, _: Option<&FilePath>, _: bool, _: RoomOptions) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
