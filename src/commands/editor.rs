use super::failure::{Exit, Failure};
use crate::room::RoomOptions;
use std::path::Path as FilePath;
pub(super) fn create(_: &str, _: Option<&FilePath>, _: RoomOptions) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
pub(super) fn open(_: &str, _: Option<&FilePath>, _: bool, _: RoomOptions) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
pub(super) fn join(_: &str, _: Option<&FilePath>, _: bool, _: RoomOptions) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
