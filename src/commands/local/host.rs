//! The running peer's side: whoever asks over the socket is answered.

use std::collections::BTreeMap;
use std::io;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::super::failure::{Exit, Failure};
use super::super::member::{Member, lend, settle};
use super::super::verb::{Out, Verb, perform};
use super::super::{read, update};
use super::line::Lines;
use super::place::{Claim, Place, is_own};
use super::wire::{Greeting, Reply, Request, VERSION};
use crate::limits;
use crate::room::{Room, RoomError, RoomOptions};
use crate::session::Link;
use crate::trust::Access;

/// How often to look whether another peer that answers for the room has gone.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long the member that makes the edits stays when nobody asks for any.
const STAY: Duration = Duration::from_secs(60);

/// How long one process has a value to itself that it is about to replace. Who takes longer may
/// find that another has been faster, and has to read again.
const TURN: Duration = Duration::from_secs(2);

/// How long what is being done may take when this peer leaves.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// Answers on their way to a process.
const REPLIES: usize = 16;

/// Answers for a room on this machine, as long as no other process does so.
pub(in super::super) struct Host {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Host {
    /// Begins to.
    pub(in super::super) fn start(room: &Room, options: &RoomOptions) -> Self {
        let (stop, told) = watch::channel(false);
        let desk = Desk {
            host: room.clone(),
            options: options.clone(),
            lent: Mutex::default(),
            turns: std::sync::Mutex::default(),
        };
        Self { stop, task: tokio::spawn(run(Arc::new(desk), told)) }
    }

    /// Ends it, after what is being done.
    pub(in super::super) async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
    }
}

/// What those who are answered have in common.
struct Desk {
    host: Room,
    options: RoomOptions,
    /// The member that makes the edits: an author of its own, so that a script's edits are not
    /// the person's to undo, and made on what the script has seen, not on what is on the screen or
    /// in the file.
    lent: Mutex<Option<Lent>>,
    /// Who has read a value to replace it.
    turns: std::sync::Mutex<BTreeMap<String, Arc<Mutex<()>>>>,
}

struct Lent {
    member: Arc<Member>,
    used: Instant,
}

/// The turn to replace a value.
struct Turn {
    _has_it: OwnedMutexGuard<()>,
    until: Instant,
}

async fn run(desk: Arc<Desk>, mut told: watch::Receiver<bool>) {
    let leaving = desk.host.clone();
    let over = async {
        tokio::select! {
            () = stopped(&mut told) => {}
            () = leaving.leaving() => {}
        }
    };
    let (stop, stopping) = watch::channel(false);
    let mut guests = JoinSet::new();
    tokio::select! {
        () = over => {}
        error = listen(&desk, &mut guests, &stopping) => {
            // The verbs join by themselves then.
            tracing::warn!(%error, "no socket on this machine for the verbs");
            return;
        }
    }
    stop.send_replace(true);
    let finish = async { while guests.join_next().await.is_some() {} };
    let _ = timeout(STOP_WITHIN, finish).await;
    guests.abort_all();
    desk.take_back(|_| true).await;
}

/// Listens until it cannot.
async fn listen(desk: &Arc<Desk>, guests: &mut JoinSet<()>, stopping: &watch::Receiver<bool>) -> io::Error {
    let claim = match claim(desk).await {
        Ok(claim) => claim,
        Err(error) => return error,
    };
    let listener = match claim.listen() {
        Ok(listener) => listener,
        Err(error) => return error,
    };
    loop {
        tokio::select! {
            accepted = listener.accept(), if guests.len() < limits::LOCAL_CONNECTIONS => match accepted {
                Ok((stream, _)) if stream.peer_cred().is_ok_and(|process| is_own(&process)) => {
                    guests.spawn(Arc::clone(desk).converse(stream, stopping.clone()));
                }
                Ok(_) => {}
                // Too many open files, say: that passes.
                Err(error) => {
                    tracing::warn!(%error, "nobody accepted on the socket");
                    sleep(LOOK_AGAIN).await;
                }
            },
            Some(_) = guests.join_next() => {}
            () = sleep(STAY) => desk.take_back(|lent| lent.used.elapsed() >= STAY).await,
        }
    }
}

/// Waits for the right to listen.
async fn claim(desk: &Desk) -> io::Result<Claim> {
    loop {
        let mut failed = None;
        let mut is_taken = false;
        for place in Place::all(&desk.options.signal, desk.host.name(), desk.host.access().as_ref()) {
            match place.claim() {
                Ok(Some(claim)) => return Ok(claim),
                Ok(None) => is_taken = true,
                Err(error) => failed = Some(error),
            }
            if is_taken {
                break;
            }
        }
        match failed {
            Some(error) if !is_taken => return Err(error),
            _ => sleep(LOOK_AGAIN).await,
        }
    }
}

impl Desk {
    /// Answers one process, request by request, until it ends.
    async fn converse(self: Arc<Self>, stream: UnixStream, mut stopping: watch::Receiver<bool>) {
        let (reader, mut writer) = stream.into_split();
        let mut lines = Lines::new(BufReader::new(reader), limits::LOCAL_LINE_BYTES);
        let greeting = Greeting {
            version: VERSION,
            signal: self.options.signal.clone(),
            room: self.host.name().to_owned(),
            id: self.host.access().as_ref().map(Access::lasting_id),
            may_write: !self.host.status().read_only,
            name: self.options.name.clone(),
        };
        if write(&mut writer, greeting.encode()).await.is_err() {
            return;
        }
        let mut turn: Option<Turn> = None;
        loop {
            let until = turn.as_ref().map(|turn| turn.until);
            let line = tokio::select! {
                line = lines.next() => line,
                () = moment(until) => {
                    turn = None;
                    continue;
                }
                () = stopped(&mut stopping) => {
                    let _ = write(&mut writer, Reply::Leaving.encode()).await;
                    return;
                }
            };
            let line = match line {
                Ok(Some(line)) => line,
                Ok(None) => return,
                Err(error) => {
                    let refused = Reply::End(Exit::Failed, format!("not understood: {error}"));
                    let _ = write(&mut writer, refused.encode()).await;
                    return;
                }
            };
            let (replies, mut said) = mpsc::channel(REPLIES);
            let is_watch = line.starts_with("[\"watch\"");
            let mut answer = pin!(self.answer(&line, Out::Asker(replies), &mut turn));
            let last = loop {
                let reply = tokio::select! {
                    biased;
                    Some(reply) = said.recv() => reply,
                    last = &mut answer => break last,
                    () = lines.ended() => return,
                    () = stopped(&mut stopping), if is_watch => break Reply::Leaving,
                };
                if write(&mut writer, reply.encode()).await.is_err() {
                    return;
                }
            };
            while let Ok(reply) = said.try_recv() {
                if write(&mut writer, reply.encode()).await.is_err() {
                    return;
                }
            }
            if write(&mut writer, last.encode()).await.is_err() {
                return;
            }
        }
    }

    /// Does what is asked. What ends the answer.
    async fn answer(&self, line: &str, out: Out, turn: &mut Option<Turn>) -> Reply {
        let request = match Request::decode(line) {
            Ok(request) => request,
            Err(reason) => return Reply::End(Exit::Failed, format!("not understood: {reason}")),
        };
        match self.comply(request, out, turn).await {
            Ok(reply) => reply,
            Err(Failure { exit, message }) => Reply::End(exit, message),
        }
    }

    async fn comply(&self, request: Request, out: Out, turn: &mut Option<Turn>) -> Result<Reply, Failure> {
        match request {
            // The keys are those of who keeps the room.
            Request::Verb(verb @ Verb::Revoke { .. }) => {
                let keeper = Member::new(self.host.clone(), &self.options.name);
                let exit = perform(&keeper, verb, &out).await?;
                Ok(Reply::End(exit, String::new()))
            }
            Request::Verb(verb) if verb.only_looks() => {
                settle(&self.host, |link| link == Link::Live).await;
                let looker = Member::new(self.host.clone(), &self.options.name);
                let exit = perform(&looker, verb, &out).await?;
                Ok(Reply::End(exit, String::new()))
            }
            Request::Verb(verb) => {
                let exit = perform(&*self.member().await?, verb, &out).await?;
                Ok(Reply::End(exit, String::new()))
            }
            Request::Status => Ok(Reply::Value(read::status(&self.host))),
            Request::Read(path) => {
                // Who has one is not to wait for another.
                *turn = None;
                let member = self.member().await?;
                *turn = Some(self.turn(&path).await);
                Ok(Reply::Value(update::read(&member, &path)?))
            }
            Request::Replace { path, old, new } => {
                let member = self.member().await?;
                let is_done = update::replace(&member, &path, &old, new, || *turn = None).await?;
                *turn = None;
                Ok(if is_done { Reply::End(Exit::Done, String::new()) } else { Reply::Again })
            }
        }
    }

    /// The member that makes the edits, with everything that the host knows of.
    async fn member(&self) -> Result<Arc<Member>, RoomError> {
        let mut lent = self.lent.lock().await;
        let member = match lent.as_ref() {
            Some(lent) => Arc::clone(&lent.member),
            None => Arc::new(lend(&self.host, &self.options).await?),
        };
        *lent = Some(Lent { member: Arc::clone(&member), used: Instant::now() });
        drop(lent);
        member.settle().await;
        Ok(member)
    }

    /// Lets that member leave, if it may.
    async fn take_back(&self, may_leave: impl Fn(&Lent) -> bool) {
        let mut lent = self.lent.lock().await;
        if let Some(idle) = lent.take_if(|lent| may_leave(lent)) {
            idle.member.room().leave().await;
        }
    }

    async fn turn(&self, path: &str) -> Turn {
        let line = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, line| Arc::strong_count(line) > 1);
            Arc::clone(turns.entry(path.to_owned()).or_default())
        };
        let has_it = line.lock_owned().await;
        Turn { _has_it: has_it, until: Instant::now() + TURN }
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Whoever could say so may be gone, which comes to the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn write(writer: &mut OwnedWriteHalf, mut line: String) -> io::Result<()> {
    line.push('\n');
    writer.write_all(line.as_bytes()).await
}
