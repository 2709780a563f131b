//! The agent's end of the line to its hub (`muster_model::hub`). What comes over it is a stranger's word: it is read within
//! bounds, understood as nothing but an [`Ask`], and whoever wants something done has to show a token that `Users` knows.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use muster_model::actor::Actor;
use muster_model::event::Command;
use muster_model::hub::{Answer, Answered, Ask, Asked, Meant, Ready, Settings, may_be_told};
use muster_model::request::{EventQuery, Reply, Request};
use muster_model::text::Text;
use muster_model::time::{Length, Mono};
use muster_model::user::Right;
use muster_sense::clock;

use super::News;
use crate::desk::Desk;
use crate::inbox::Input;
use crate::socket::REQUEST_BYTES_MAX;

/// Questions that are being answered at once.
const ASKS_MAX: usize = 32;
/// Questions that are followed at once: the hub needs one.
const FOLLOWED_MAX: usize = 4;
/// The loop is asked this often on a hub's behalf at most, so that a hub in strangers' hands cannot keep it from its work; what
/// was not used of the last moment may be used at once.
const ASK_EVERY: Length = Length::ms(10);
const SAVED_UP: Length = Length::ms(200);
/// A hub that does not take an answer for so long is let go.
const TAKES_WITHIN: Duration = Duration::from_secs(10);
/// What goes on record of the way by which a word came.
const VIA_CHARS_MAX: usize = 200;

/// What the threads that answer share.
struct Line {
    to_hub: Mutex<UnixStream>,
    desk: Desk,
    pid: i32,
    answering: AtomicUsize,
    /// From when on the loop may be asked again.
    next: Mutex<Mono>,
    followed: Mutex<BTreeMap<u64, Arc<AtomicBool>>>,
}

/// Tells the hub how to be, hears what came of it, and answers until the line ends.
///
/// # Errors
/// The hub hung up in the middle of a word, or said what it cannot say.
pub(super) fn attend(stream: &UnixStream, settings: &Settings, desk: &Desk, pid: i32) -> io::Result<()> {
    stream.set_write_timeout(Some(TAKES_WITHIN))?;
    let line = Arc::new(Line {
        to_hub: Mutex::new(stream.try_clone()?),
        desk: desk.clone(),
        pid,
        answering: AtomicUsize::new(0),
        next: Mutex::default(),
        followed: Mutex::default(),
    });
    write(&line.to_hub, settings)?;
    let mut reader = BufReader::new(stream);
    let ended = listen(&mut reader, &line);
    for followed in line.followed.lock().unwrap_or_else(PoisonError::into_inner).values() {
        followed.store(true, Ordering::Relaxed);
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
    ended
}

fn listen(reader: &mut impl BufRead, line: &Arc<Line>) -> io::Result<()> {
    let Some(first) = read(reader)? else { return Ok(()) };
    let ready: Ready = serde_json::from_str(&first)?;
    let _ = line.desk.inbox.send(Input::Hub(News::Ready(Box::new(ready))));
    while let Some(text) = read(reader)? {
        let Asked { id, ask } = serde_json::from_str(&text)?;
        take(line, id, ask)?;
    }
    Ok(())
}

/// The next line; `None` where there is none.
fn read(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut text = String::new();
    let read = reader.by_ref().take(REQUEST_BYTES_MAX).read_line(&mut text)?;
    Ok((read > 0).then_some(text))
}

fn take(line: &Arc<Line>, id: u64, ask: Ask) -> io::Result<()> {
    match ask.meant() {
        Meant::Open(Request::Events(query)) if query.follow => follow(line, id, query),
        // What costs nothing is answered at once.
        Meant::Open(Request::Newest) => line.say(id, Answer::Reply(Reply::Newest(line.desk.ledger.newest().0))),
        Meant::Who(token) => line.say(id, Answer::Who(line.desk.users.holder(&token, clock::now().0))),
        Meant::Enough(of) => {
            if let Some(followed) = line.followed().remove(&of) {
                followed.store(true, Ordering::Relaxed);
            }
            Ok(())
        }
        Meant::Open(request) => line.answer(id, move |line| Answer::Reply(line.reply(request))),
        Meant::With(token, needed, request) => line.answer(id, move |line| match line.allowed(&token, needed) {
            Ok(_) => Answer::Reply(line.reply(request)),
            Err(refusal) => refusal,
        }),
        Meant::Word(token, command, via) => line.answer(id, move |line| match line.allowed(&token, Right::Act) {
            Ok(user) if may_be_told(&command) => Answer::Reply(line.tell(user, command, &via)),
            Ok(_) => Answer::Forbidden,
            Err(refusal) => refusal,
        }),
    }
}

fn follow(line: &Arc<Line>, id: u64, query: EventQuery) -> io::Result<()> {
    let enough = Arc::new(AtomicBool::new(false));
    {
        let mut followed = line.followed();
        if followed.len() >= FOLLOWED_MAX {
            drop(followed);
            return line.say(id, busy());
        }
        followed.insert(id, Arc::clone(&enough));
    }
    let here = Arc::clone(line);
    std::thread::Builder::new().name("muster-follow".to_owned()).stack_size(512 << 10).spawn(move || {
        // The end of the line ends this too; the reader sees to the rest.
        let _ = here.desk.follow(&query, &enough, |reply| here.say(id, Answer::Reply(reply)));
        here.followed().remove(&id);
    })?;
    Ok(())
}

impl Line {
    fn say(&self, id: u64, answer: Answer) -> io::Result<()> {
        write(&self.to_hub, &Answered { id, answer })
    }

    /// Answers on a thread of its own, so that one long answer does not hold up the others.
    fn answer(self: &Arc<Line>, id: u64, answer: impl FnOnce(&Line) -> Answer + Send + 'static) -> io::Result<()> {
        if self.answering.fetch_add(1, Ordering::Relaxed) >= ASKS_MAX {
            self.answering.fetch_sub(1, Ordering::Relaxed);
            return self.say(id, busy());
        }
        let line = Arc::clone(self);
        std::thread::Builder::new().name("muster-asker".to_owned()).stack_size(512 << 10).spawn(move || {
            line.wait_for_its_turn();
            // The end of the line is for the reader to see.
            let _ = line.say(id, answer(&line));
            line.answering.fetch_sub(1, Ordering::Relaxed);
        })?;
        Ok(())
    }

    fn wait_for_its_turn(&self) {
        let now = clock::since_boot();
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(now.before(SAVED_UP));
            *next = turn.after(ASK_EVERY);
            turn
        };
        // No more than `ASKS_MAX` wait, so none waits long.
        if turn > now {
            let _ = crossbeam_channel::after(turn.since(now).std()).recv();
        }
    }

    fn reply(&self, request: Request) -> Reply {
        self.desk.answer(&Actor::default, request)
    }

    /// Whose token it is, where it allows that; else what to say.
    fn allowed(&self, token: &str, needed: Right) -> Result<String, Answer> {
        match self.desk.users.holder(token, clock::now().0) {
            Some((user, right)) if right >= needed => Ok(user),
            Some(_) => Err(Answer::Forbidden),
            None => Err(Answer::Unknown),
        }
    }

    /// The word goes on record under the name to which the token was given.
    fn tell(&self, user: String, command: Command, via: &str) -> Reply {
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let via: String = via.chars().take(VIA_CHARS_MAX).map(printable).collect();
        let by = Actor { user: Some(user), pid: Some(self.pid), command: Some(via), ..Actor::default() };
        self.desk.tell(by, command)
    }

    fn followed(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Arc<AtomicBool>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn busy() -> Answer {
    Answer::Reply(Reply::Refused { why: Text::new("refused-busy") })
}

/// One line, whole: several threads say something.
fn write(to: &Mutex<UnixStream>, what: &impl serde::Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(what)?;
    text.push(b'\n');
    to.lock().unwrap_or_else(PoisonError::into_inner).write_all(&text)
}
