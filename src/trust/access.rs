//! What of a room's secrets a member holds.

use data_encoding::BASE32_NOPAD;
use ed25519_dalek::VerifyingKey;

use super::Secret;

/// What somebody may do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// See the document.
    Reader,
    /// Change it, and let others in.
    Writer,
    /// Take that away again.
    Owner,
}

impl Role {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Owner => "owner",
        }
    }
}

/// What of a room's secrets a member holds, and the public halves of those that it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    room: Secret,
    write: Option<Secret>,
    owner: Option<Secret>,
    write_key: VerifyingKey,
    /// An open room has no owner.
    owner_key: Option<VerifyingKey>,
    /// How often the secrets have been renewed.
    epoch: u16,
}

impl Access {
    /// A locked room of one's own, from two secrets that nobody else knows.
    pub fn locked(write: Secret, owner: Secret) -> Self {
        Self::owner(write, owner, 0)
    }

    /// Someone who may also renew the secrets.
    pub(super) fn owner(write: Secret, owner: Secret, epoch: u16) -> Self {
        let owner_key = owner.signing_key().verifying_key();
        Self { owner: Some(owner), ..Self::writer(write, Some(owner_key), epoch) }
    }

    /// An open room: whoever knows its name may do everything.
    pub fn open(name: &str) -> Self {
        let write = blake3::derive_key("ultrawave 1 the write secret of an open room", name.as_bytes());
        Self::writer(Secret::new(write), None, 0)
    }

    /// Someone who may write.
    pub(super) fn writer(write: Secret, owner_key: Option<VerifyingKey>, epoch: u16) -> Self {
        let write_key = signing_secret(&write).signing_key().verifying_key();
        let room = write.derive("ultrawave 1 room secret");
        Self { room, write: Some(write), owner: None, write_key, owner_key, epoch }
    }

    /// Someone who may read.
    pub(super) fn reader(room: Secret, write_key: VerifyingKey, owner_key: VerifyingKey, epoch: u16) -> Self {
        Self { room, write: None, owner: None, write_key, owner_key: Some(owner_key), epoch }
    }

    /// What it allows.
    pub fn role(&self) -> Role {
        match (&self.owner, &self.write) {
            (Some(_), Some(_)) => Role::Owner,
            (None, Some(_)) => Role::Writer,
            // An owner who has not been given the newest secrets yet can do no more than that.
            (_, None) => Role::Reader,
        }
    }

    /// Whether the room is locked: known only to those with a ticket.
    pub fn is_locked(&self) -> bool {
        self.owner_key.is_some()
    }

    /// The same room for somebody who may do less.
    #[must_use]
    pub fn lowered_to(&self, role: Role) -> Self {
        let mut lowered = self.clone();
        if role < Role::Owner {
            lowered.owner = None;
        }
        if role < Role::Writer {
            lowered.write = None;
        }
        lowered
    }

    /// The room under new secrets, from one that nobody else knows: who holds only the old ones is
    /// out. Nothing if this member is not the owner.
    pub fn renewed(&self, write: Secret) -> Option<Self> {
        let epoch = self.epoch.saturating_add(1);
        self.owner.clone().map(|owner| Self::owner(write, owner, epoch))
    }

    /// How often the room's secrets had been renewed when it got these.
    pub const fn epoch(&self) -> u16 {
        self.epoch
    }

    /// What somebody holds of one room who is given both: the newer secrets, or of the same ones
    /// those for the higher role. Of two rooms, the first.
    #[must_use]
    pub fn or_better(self, other: Self) -> Self {
        if other.identity() != self.identity() {
            return self;
        }
        let (mut better, worse) = if other.is_better_than(&self) { (other, self) } else { (self, other) };
        // That secret is never renewed.
        better.owner = better.owner.or(worse.owner);
        better
    }

    /// Whether it counts instead of another of the same room. Of two renewals at the same time, one
    /// is the same for everybody.
    pub fn is_better_than(&self, other: &Self) -> bool {
        let worth = |access: &Self| (access.epoch, access.write_key.to_bytes(), access.role());
        worth(self) > worth(other)
    }

    /// The name under which the signaling server knows a locked room: it says nothing of the
    /// secrets, and cannot be guessed without them.
    pub fn room_id(&self) -> String {
        let id = self.room.derive("ultrawave 1 room id");
        BASE32_NOPAD.encode(&id.bytes()[..20]).to_ascii_lowercase()
    }

    /// The name of a locked room on the machines of its members: it stays when the secrets are
    /// renewed.
    pub fn lasting_id(&self) -> String {
        let id = blake3::derive_key("ultrawave 1 lasting id", &self.identity());
        BASE32_NOPAD.encode(id.get(..10).unwrap_or_default()).to_ascii_lowercase()
    }

    /// What seals messages that go through the signaling server.
    pub(super) fn envelope_secret(&self) -> Secret {
        self.room.derive("ultrawave 1 envelopes")
    }

    /// What frames that go through the signaling server are bound to.
    pub fn frames_secret(&self) -> Secret {
        self.room.derive("ultrawave 1 frames")
    }

    /// What is proven on each connection.
    pub(super) fn proof_secret(&self) -> Secret {
        self.room.derive("ultrawave 1 proofs")
    }

    /// What certificates are signed with.
    pub(super) fn certifying_secret(&self) -> Option<Secret> {
        self.write.as_ref().map(signing_secret)
    }

    /// What certificates are checked with.
    pub const fn write_key(&self) -> &VerifyingKey {
        &self.write_key
    }

    /// What a change of the room's keys is checked with.
    pub(super) const fn owner_key(&self) -> Option<&VerifyingKey> {
        self.owner_key.as_ref()
    }

    /// What tells this room from every other, also under renewed secrets.
    pub(super) fn identity(&self) -> [u8; 32] {
        self.owner_key.as_ref().unwrap_or(&self.write_key).to_bytes()
    }

    pub(super) const fn room_secret(&self) -> &Secret {
        &self.room
    }

    pub(super) const fn write_secret(&self) -> Option<&Secret> {
        self.write.as_ref()
    }

    pub(super) const fn owner_secret(&self) -> Option<&Secret> {
        self.owner.as_ref()
    }
}

fn signing_secret(write: &Secret) -> Secret {
    write.derive("ultrawave 1 write key")
}
