//! The engines.

mod automerge;
mod diamond_types;
mod floor;
mod loro;
mod ultrawave;
mod yrs;

use crate::contender::{Engine, Kind};

/// All contenders: ours first, the floor last.
pub(crate) const ENGINES: [Engine; 6] = [
    Engine::of::<ultrawave::Ultrawave>("ultrawave", Kind::Documents),
    Engine::of::<yrs::Yrs>("yrs", Kind::Documents),
    Engine::of::<loro::Loro>("loro", Kind::Documents),
    Engine::of::<automerge::Automerge>("automerge", Kind::Documents),
    Engine::of::<diamond_types::DiamondTypes>("diamond-types", Kind::Text),
    Engine::of::<floor::Floor>("plain JSON", Kind::Floor),
];
