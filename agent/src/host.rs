//! The loop of a host: *receive → append → step → dispatch*. A newcomer reads the whole agent here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, select};
use muster_act::Hands;
use muster_guard::host::{Effects, Guard};
use muster_ledger::Ledger;
use muster_model::actor::Actor;
use muster_model::config::Config;
use muster_model::event::{Body, Command, Decision, Event, Started, Told};
use muster_model::exam::{Exam, Examined};
use muster_model::hub::{Ready, Settings};
use muster_model::id::{HostName, IncidentId, ProcessKey, ServiceName};
use muster_model::incident::Incident;
use muster_model::observation::{End, Fact, Observation};
use muster_model::plan::{Done, Order, Outcome, Step};
use muster_model::request::{IncidentQuery, Reply, Request};
use muster_model::roster::{Kind, Roster, Service};
use muster_model::text::Text;
use muster_model::time::{Length, Mono, Time};
use muster_packs::{Packs, Program};
use muster_sense::clock;
use muster_sense::proc::Proc;
use muster_vault::Vault;

use crate::children::Children;
use crate::fixed::Fixed;
use crate::inbox::Input;
use crate::matching::Matching;
use crate::packs::load_packs;
use crate::sensors::Sensors;
use crate::sight::Sights;
use crate::tally::Tally;
use crate::up::{self, Announce, Standing};
use crate::watchdog::Watchdog;
use crate::{discover, hub, record, roster, status, watching};

/// The loop wakes at least this often to see to what no event tells: children to be waited for, a changed configuration.
const ROUND: Duration = Duration::from_secs(1);
/// Memory that is free and still Muster's goes back to the machine once in so many rounds, and first when the start is over.
const GIVE_BACK_ROUNDS: u64 = 600;
const GIVE_BACK_FIRST: u64 = 5;
/// For so many rounds it is said that the Muster before was killed.
const CUT_OFF_ROUNDS: u64 = 3_600;
/// So many rounds the hub may take before Muster calls itself ready without it.
const READY_ROUNDS: u64 = 3;
/// Decisions on one service that an event may lead to. More is a fault of the guard, and is told instead of followed.
const DECISIONS_MAX: usize = 64;
/// How long a service with which the guard goes in a circle is left aside.
const CIRCLE_ASIDE: Length = Length::seconds(1);
/// Examinations under way at once; further ones wait.
const EXAMS_MAX: usize = 8;
/// How long a `run` service may take to end before it is killed.
pub(crate) const STOP_GRACE: Length = Length::seconds(10);

/// All that the loop holds.
pub(crate) struct Host {
    pub(crate) guard: Guard,
    pub(crate) ledger: Ledger,
    pub(crate) vault: Vault,
    pub(crate) hands: Arc<Hands>,
    pub(crate) sensors: Sensors,
    pub(crate) children: Arc<Children>,
    pub(crate) packs: Packs,
    pub(crate) config: Config,
    pub(crate) files: roster::Watch,
    pub(crate) fixed: Fixed,
    pub(crate) matching: Matching,
    pub(crate) data: PathBuf,
    pub(crate) up_since: Time,
    pub(crate) name: HostName,
    pub(crate) inbox: Sender<Input>,
    pub(crate) troubles: BTreeMap<&'static str, Text>,
    pub(crate) waiting_exams: VecDeque<(ServiceName, Exam)>,
    pub(crate) exams_running: usize,
    /// Services whose processes changed since the port sensor was last told.
    pub(crate) moved: BTreeSet<ServiceName>,
    pub(crate) learned: crate::learn::Learner,
    pub(crate) watchdog: Watchdog,
    pub(crate) sights: Sights,
    /// How often the sensors were told of a roster.
    pub(crate) told_roster: u64,
    /// To be appended, in this order. What comes up while an event is seen to waits here for its turn.
    pub(crate) queue: VecDeque<Body>,
    pub(crate) recording: bool,
    /// The port sensor is to be told of `moved` at once.
    pub(crate) look_at_ports: bool,
    /// Packs may furnish a service with more than before.
    pub(crate) knows_more: bool,
    pub(crate) rounds: u64,
    pub(crate) tally: Tally,
    /// How late the last round was.
    pub(crate) lag: Length,
    /// What goes to the hub, once there is one.
    pub(crate) hub: Option<hub::Keeper>,
    /// Where the hub is reached.
    pub(crate) addresses: Vec<String>,
    pub(crate) hub_restarts: u64,
    /// Says that Muster is ready, once it is.
    pub(crate) announce: Option<Announce>,
}

/// How the loop ended.
pub(crate) struct Ending {
    pub(crate) reply: Option<Sender<Reply>>,
}

impl Host {
    /// Runs until it is told to end.
    pub(crate) fn run(&mut self, seen: &Receiver<Observation>, inbox: &Receiver<Input>) -> Ending {
        let mut next_round = clock::now().1.after(Length::from(ROUND));
        loop {
            let (_, now) = clock::now();
            let wake = self.guard.wake().map_or(next_round, |w| w.min(next_round));
            let timeout = self.watchdog.wake(wake).since(now).std();
            select! {
                recv(seen) -> observation => if let Ok(observation) = observation { self.saw(observation) },
                recv(inbox) -> input => match input {
                    Ok(Input::End { by, services, reply }) => {
                        // Where nobody waits for the word, there is nobody to miss it.
                        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
                        self.end(by, services);
                        return Ending { reply };
                    }
                    Ok(input) => self.take(input),
                    Err(_) => return Ending { reply: None },
                },
                default(timeout) => {}
            }
            let (_, now) = clock::now();
            if self.announce.is_none() {
                self.watchdog.beat(now); // before it is ready nobody waits for it
            }
            if self.guard.wake().is_some_and(|w| w <= now) {
                self.record(Body::Timer);
            }
            if now >= next_round {
                self.lag = now.since(next_round);
                self.round();
                next_round = now.after(Length::from(ROUND));
            }
        }
    }

    /// The first events of this run: the start, the roster, and what became of the processes that were known.
    pub(crate) fn started(&mut self, started: Started) {
        let known: Vec<(ServiceName, ProcessKey)> =
            self.guard.services().flat_map(|w| w.pids().into_iter().map(|p| (w.name().clone(), p))).collect();
        self.record(Body::Started(started));
        for (service, process) in known {
            self.sensors.processes.watch(&service, process);
        }
        self.furnish_anew();
        if self.told_roster == 0 {
            watching::tell(self);
        }
    }

    /// The Muster before this one was killed, or crashed: nothing was watched from then until now.
    pub(crate) fn was_cut_off(&mut self, at: Time) {
        self.trouble("cut-off", Some(Text::new("trouble-cut-off").with("at", at).with("since", self.up_since)));
    }

    /// Appends an event, steps the guard, and does what follows, decisions first: the guard decides one thing at a time,
    /// and counts on it that nothing comes between a decision and its effect.
    pub(crate) fn record(&mut self, body: Body) {
        self.queue.push_back(body);
        if std::mem::replace(&mut self.recording, true) {
            return; // the round that is under way comes to it
        }
        let mut decisions: BTreeMap<ServiceName, usize> = BTreeMap::new();
        while let Some(body) = self.queue.pop_front() {
            let durable = body.must_be_durable();
            let (at, mono) = clock::now();
            let (event, written) = match self.append(at, mono, body, durable) {
                Ok(event) => (event, true),
                Err(event) => (event, false),
            };
            let mut effects = match catch_unwind(AssertUnwindSafe(|| self.guard.step(&event))) {
                Ok(effects) => effects,
                Err(_) => {
                    // The guard stays up: what it could not digest is told, and the rest goes on.
                    self.trouble("guard", Some(Text::new("trouble-guard-panic").with("seq", event.seq).with("kind", event.body.kind())));
                    Effects::default()
                }
            };
            if let Some((service, decision)) = effects.decided.take() {
                let so_far = decisions.entry(service.clone()).or_default();
                *so_far += 1;
                if *so_far > DECISIONS_MAX {
                    self.trouble("guard", Some(Text::new("trouble-guard-loops").with("seq", event.seq)));
                    self.guard.put_off(&service, mono.after(CIRCLE_ASIDE));
                } else {
                    self.queue.push_front(Body::Decided(decision));
                }
            }
            for order in effects.orders {
                // Told before anything else is: an order that was answered at once has its effect already.
                for body in self.carry_out(order, written).into_iter().rev() {
                    self.queue.push_front(body);
                }
            }
            for (service, exam) in effects.exams {
                self.examine(service, exam);
            }
            for (service, process) in effects.watch {
                self.sensors.processes.watch(&service, process);
                self.moved.insert(service);
            }
            if let Some(service) = effects.ask {
                self.sensors.prober.ask_now(&service);
                // Whether it is back shows on its ports; for all others there is time.
                self.look_at_ports |= self.guard.service(service.as_str()).is_some_and(|w| !w.ports_wanted().is_empty());
            }
            if effects.roster {
                self.told_roster += 1;
                watching::tell(self);
            }
            self.tally.apply(&event, &self.guard);
            self.after(&event);
        }
        self.recording = false;
        if std::mem::take(&mut self.look_at_ports) {
            watching::tell_ports(self);
        }
    }

    /// The event with its place in the record; as the error where it could not be made durable though it had to be.
    fn append(&mut self, at: Time, mono: Mono, body: Body, durable: bool) -> Result<Arc<Event>, Arc<Event>> {
        if !durable {
            return Ok(self.ledger.append(at, mono, body));
        }
        match self.ledger.append_durable(at, mono, body.clone()) {
            Ok(event) => {
                self.trouble("ledger", None);
                Ok(event)
            }
            Err(error) => {
                self.trouble("ledger", Some(Text::new("trouble-ledger").with("error", record::chain(&error))));
                match error {
                    muster_ledger::Error::NotDurable { event, .. } => Err(event),
                    _ => Err(self.ledger.append(at, mono, body)),
                }
            }
        }
    }

    /// Starts an order; it answers through the inbox. What can be answered at once is returned.
    fn carry_out(&mut self, order: Order, written: bool) -> Vec<Body> {
        let (began, _) = clock::now();
        let outcome = |outcome, said: String| {
            vec![Body::Done(Done { order: order.clone(), outcome, rehearsed: false, said, replaced: Vec::new(), began, took: Length(0) })]
        };
        if !written {
            // Promise 3: what is not durable is not done.
            return outcome(Outcome::Failed, "the ledger cannot be written: nothing is done that is not on record".to_owned());
        }
        if !order.step.acts() {
            return outcome(Outcome::Done, String::new());
        }
        let Some(service) = self.guard.row(order.service.as_str()).cloned() else {
            return outcome(Outcome::Failed, "it is no longer in the roster".to_owned());
        };
        if let (Step::Start, Kind::Run(_), false) = (&order.step, &service.kind, order.undo) {
            // The quick way: no thread between the decision and the new process.
            return match self.children.start(&service) {
                Ok(process) => {
                    let took = clock::now().0.since(began);
                    let said = format!("pid {}", process.pid);
                    let done = Done { order, outcome: Outcome::Done, rehearsed: false, said, replaced: Vec::new(), began, took };
                    vec![child_seen(&service, process), Body::Done(done)]
                }
                Err(error) => outcome(Outcome::Failed, record::chain(&error)),
            };
        }
        let replaced = if order.undo { self.guard.replaced(&order) } else { Vec::new() };
        let (hands, inbox, name) = (Arc::clone(&self.hands), self.inbox.clone(), format!("muster-{}", order.step.code()));
        let spawned = std::thread::Builder::new().name(name).spawn({
            let order = order.clone();
            move || {
                let done = if order.undo { hands.undo(&order, &service, &replaced) } else { hands.run(&order, &service) };
                // The loop is gone only when Muster ends.
                let _ = inbox.send(Input::Done(Box::new(done)));
            }
        });
        match spawned {
            Ok(_) => Vec::new(),
            Err(error) => outcome(Outcome::Failed, error.to_string()),
        }
    }

    fn examine(&mut self, service: ServiceName, exam: Exam) {
        if self.exams_running >= EXAMS_MAX {
            self.waiting_exams.push_back((service, exam));
            return;
        }
        let Some(row) = self.guard.row(service.as_str()).cloned() else { return };
        let (hands, inbox) = (Arc::clone(&self.hands), self.inbox.clone());
        let spawned = std::thread::Builder::new().name(format!("muster-{}", exam.code())).spawn(move || {
            let (_, began) = clock::now();
            let finding = hands.examine(&exam, &row);
            let took = clock::now().1.since(began);
            let _ = inbox.send(Input::Examined(Examined { service, exam, finding, took }));
        });
        if spawned.is_ok() {
            self.exams_running += 1;
        }
    }

    /// What the agent itself has to see to after an event.
    fn after(&mut self, event: &Event) {
        if let Body::Observed(Observation { service: Some(service), fact: Fact::ProcessExited { process, .. }, .. }) = &event.body {
            self.children.ended(service, *process);
        }
        match &event.body {
            // Ports are known now: the pack's probes can be asked.
            Body::Decided(Decision::Good { service, .. }) => {
                self.knows_more = true;
                // It is known now which ports it should hold.
                self.moved.insert(service.clone());
            }
            Body::Observed(Observation { service: Some(service), fact: Fact::ProcessExited { process, end: End::Unknown }, .. }) => {
                // Muster's own children tell it how they ended when they are waited for.
                let ended = self.children.reap().into_iter().find(|(s, p, _)| s == service && p == process);
                if let Some((service, process, end)) = ended {
                    let observation = Observation {
                        at: event.at,
                        source: "wait".to_owned(),
                        service: Some(service),
                        fact: Fact::ProcessExited { process, end },
                    };
                    let _ = self.sensors.sink.try_send(observation);
                }
            }
            _ => {}
        }
    }

    /// A sensor saw something.
    fn saw(&mut self, observation: Observation) {
        match (&observation.service, &observation.fact) {
            (None, Fact::ProcessSeen { process, .. }) => {
                let found = self.matching.of_process(&Proc::here(), process.pid.get());
                self.found(found);
            }
            (None, Fact::CommandRun { .. }) => {} // touches nobody's service
            (Some(_), Fact::CommandRun { actor }) if only_looks(actor) => {}
            (None, Fact::Rung(rung)) if self.guard.rungs().any(|r| r == rung) => {} // tried again in vain
            _ => self.record(Body::Observed(observation)),
        }
    }

    pub(crate) fn found(&mut self, found: Vec<crate::matching::Found>) {
        for found in found {
            let known = self.guard.service(found.service.as_str()).is_some_and(|w| w.pids().contains(&found.process));
            if !known {
                let fact = Fact::ProcessSeen { process: found.process, command: found.command };
                self.record(Body::Observed(Observation {
                    at: clock::now().0,
                    source: "proc".to_owned(),
                    service: Some(found.service),
                    fact,
                }));
            }
        }
    }

    /// Something other than an observation.
    fn take(&mut self, input: Input) {
        match input {
            Input::Touched(touched) => watching::touched(self, &touched),
            Input::Examined(examined) => {
                self.exams_running = self.exams_running.saturating_sub(1);
                self.record(Body::Examined(examined));
                if let Some((service, exam)) = self.waiting_exams.pop_front() {
                    self.examine(service, exam);
                }
            }
            Input::Done(done) => {
                // A child's start is told before the step's end: without it the service would look lost in between.
                if let Some(service) = self.guard.row(done.order.service.as_str()).cloned()
                    && done.order.step.acts()
                    && let Some(process) = self.children.running(&service.name)
                {
                    self.record(child_seen(&service, process));
                }
                self.record(Body::Done(*done));
            }
            Input::Told { by, command, reply } => {
                let answer = self.told(&command);
                if answer == Reply::Taken {
                    self.record(Body::Told(Told { by, command }));
                }
                let _ = reply.send(answer);
            }
            Input::Asked { request, reply } => {
                let _ = reply.send(self.asked(&request));
            }
            Input::LastGood { path, reply } => {
                let _ = reply.send(self.guard.last_good(&path).cloned());
            }
            Input::Running(running) => self.learned.heard(running),
            Input::Reload => self.reload(true),
            Input::Hub(news) => self.of_hub(news),
            Input::End { .. } => {}
        }
    }

    /// Whether a command makes sense here and now.
    fn told(&self, command: &Command) -> Reply {
        let no_service = |name: &ServiceName| {
            let known: Vec<&str> = self.guard.services().map(|w| w.name().as_str()).collect();
            Reply::Refused { why: Text::new("refused-no-such-service").with("service", name).with("known", known.join(", ")) }
        };
        let no_incident = |id: &IncidentId| Reply::Refused { why: Text::new("refused-no-such-incident").with("incident", id) };
        match command {
            Command::Recover { service } => match self.guard.service(service.as_str()) {
                None => no_service(service),
                Some(_) if self.guard.incident_of(service.as_str()).is_none_or(|i| !i.state.is_open()) => {
                    Reply::Refused { why: Text::new("refused-nothing-to-recover").with("service", service) }
                }
                Some(_) => Reply::Taken,
            },
            Command::Pause { service: Some(service), .. } | Command::Resume { service: Some(service) }
                if self.guard.service(service.as_str()).is_none() =>
            {
                no_service(service)
            }
            Command::Acknowledge { incident }
            | Command::Note { incident, .. }
            | Command::Assign { incident, .. }
            | Command::Resolve { incident }
                if self.guard.incident(incident.as_str()).is_none() =>
            {
                no_incident(incident)
            }
            _ => Reply::Taken,
        }
    }

    /// What the state answers.
    fn asked(&mut self, request: &Request) -> Reply {
        match request {
            Request::Status => Reply::Status(Box::new(status::of(self))),
            Request::Discover => Reply::Discovered(discover::everything(self)),
            Request::Measures => Reply::Measures(Box::new(status::measures(self))),
            Request::Incidents(query) => Reply::Incidents(self.incidents(query)),
            Request::Incident { of } => {
                let incident = self.guard.incident(of).or_else(|| self.guard.incident_of(of));
                if incident.is_none() && self.guard.service(of).is_none() {
                    let known: Vec<&str> = self.guard.services().map(|w| w.name().as_str()).collect();
                    return Reply::Refused {
                        why: Text::new("refused-no-such-service").with("service", of).with("known", known.join(", ")),
                    };
                }
                Reply::Incident(Box::new(incident.cloned()))
            }
            Request::Rehearse { service } => match self.guard.service(service.as_str()) {
                None => Reply::Refused { why: Text::new("refused-no-such-service").with("service", service).with("known", "") },
                Some(_) => Reply::Plan(self.guard.would_do(service.as_str())),
            },
            _ => Reply::Refused { why: Text::new("refused-not-a-request").with("error", "?") },
        }
    }

    fn incidents(&self, query: &IncidentQuery) -> Vec<Incident> {
        let fits = |i: &&Incident| (!query.open || i.state.is_open()) && query.service.as_deref().is_none_or(|s| i.service.as_str() == s);
        // Where the one before is no longer kept, none older is.
        let older = self.guard.incidents().skip_while(|i| query.before.as_ref().is_some_and(|before| i.id != *before));
        let limit = query.limit.map_or(usize::MAX, |limit| limit as usize);
        older.skip(usize::from(query.before.is_some())).filter(fits).take(limit).cloned().collect()
    }

    /// The hub serves, or has ended.
    fn of_hub(&mut self, news: hub::News) {
        match news {
            hub::News::Ready(ready) => {
                let Ready { addresses, rung, trouble } = *ready;
                self.addresses = addresses;
                self.trouble("hub", trouble.map(|why| Text::new("trouble-hub-unreachable").with("why", why)));
                let observation = Observation { at: clock::now().0, source: "hub".to_owned(), service: None, fact: Fact::Rung(rung) };
                self.saw(observation);
                self.ready();
            }
            hub::News::Ended(how) => {
                self.addresses.clear();
                self.hub_restarts += 1;
                self.trouble("hub", Some(how));
            }
        }
    }

    /// Says, once, that Muster is ready.
    pub(crate) fn ready(&mut self) {
        let Some(announce) = self.announce.take() else { return };
        let standing =
            Standing { services: self.guard.services().count(), socket: up::socket_path(&self.data), addresses: self.addresses.clone() };
        announce(&standing);
        // Where nobody waits for the word, there is nobody to miss it.
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    }

    /// How the hub is to be, by the configuration in force.
    pub(crate) fn hub_settings(&self) -> Settings {
        Settings {
            listen: self.config.listen.clone(),
            elsewhere: self.config.listen_is_usual,
            language: self.config.language.clone(),
            token_to_read: self.config.token_to_read,
            socket: self.data.join("muster.sock"),
            home: self.data.join("hub"),
        }
    }

    /// What no event tells.
    fn round(&mut self) {
        for (service, process, end) in self.children.reap() {
            let known = self.guard.service(service.as_str()).is_some_and(|w| w.pids().contains(&process));
            if known {
                let observation = Observation {
                    at: clock::now().0,
                    source: "wait".to_owned(),
                    service: Some(service),
                    fact: Fact::ProcessExited { process, end },
                };
                self.record(Body::Observed(observation));
            }
        }
        let absent = self.guard.services().any(|w| matches!(w.service().kind, Kind::Process(_)) && w.pids().is_empty());
        if absent || !self.sensors.sees_commands {
            let found = self.matching.everywhere();
            self.found(found);
        }
        watching::tell_ports(self);
        if std::mem::take(&mut self.knows_more) {
            self.furnish_anew();
        }
        self.reload(false);
        crate::learn::round(self);
        crate::sight::round(self);
        let state = self.ledger.state();
        self.trouble("ledger", state.writable.err().map(|error| Text::new("trouble-ledger").with("error", error)));
        self.rounds += 1;
        if self.rounds == CUT_OFF_ROUNDS {
            self.trouble("cut-off", None);
        }
        if self.rounds >= READY_ROUNDS {
            self.ready();
        }
        if self.rounds % GIVE_BACK_ROUNDS == GIVE_BACK_FIRST {
            muster_sense::memory::give_back();
        }
    }

    /// Takes up a changed configuration or pack; a broken one leaves the old roster in force and says so.
    fn reload(&mut self, anyway: bool) {
        if !self.files.changed() && !anyway {
            return;
        }
        let loaded = roster::load(self.files.main()).and_then(|config| Ok((config, load_packs(self.files.main())?)));
        match loaded {
            Ok((config, packs)) => {
                self.trouble("roster", None);
                self.trouble("restart", self.fixed.trouble(&config));
                (self.config, self.packs) = (config, packs);
                if let Some(hub) = &self.hub {
                    hub.settle(self.hub_settings());
                }
                self.furnish_anew();
            }
            Err(error) => {
                let why = record::chain(&error);
                self.trouble("roster", Some(Text::new("trouble-roster").with("why", &why)));
                self.record(Body::RosterRefused { why });
            }
        }
    }

    /// The roster as configuration, packs and what was learned make it; recorded when it is another.
    pub(crate) fn furnish_anew(&mut self) {
        let bare: Vec<Service> =
            if self.config.services.is_empty() { self.learned.services().cloned().collect() } else { self.config.services.clone() };
        let here = Proc::here();
        let furnished = bare.into_iter().map(|mut service| {
            let watched = self.guard.service(service.name.as_str());
            let main = watched.and_then(|w| w.pids().first().copied());
            let exe = main.and_then(|p| here.exe(p.pid.get()).ok().flatten()).map(|e| e.display().to_string());
            let command = main.and_then(|p| here.arguments(p.pid.get()).ok().flatten()).map(|arguments| arguments.join(" "));
            let program = Program { exe: exe.as_deref(), command: command.as_deref() };
            self.packs.furnish(&mut service, program, &watched.map_or_else(Vec::new, |w| w.ports_wanted()));
            (service.name.clone(), service)
        });
        let roster = Roster { services: furnished.collect(), limits: self.config.limits.clone() };
        if !self.in_force(&roster) {
            self.record(Body::Roster { roster: Box::new(roster) });
        }
    }

    fn in_force(&self, roster: &Roster) -> bool {
        self.guard.limits() == &roster.limits
            && self.guard.services().count() == roster.services.len()
            && roster.services.iter().all(|(name, service)| self.guard.row(name.as_str()) == Some(service))
    }

    /// Says what is wrong with Muster itself, or that it no longer is; recorded when it changes.
    pub(crate) fn trouble(&mut self, what: &'static str, text: Option<Text>) {
        match text {
            Some(text) if self.troubles.get(what) != Some(&text) => {
                let key_is_new = self.troubles.get(what).map(|t| &t.key) != Some(&text.key);
                self.troubles.insert(what, text.clone());
                if key_is_new {
                    let (at, mono) = clock::now();
                    self.ledger.append(at, mono, Body::Trouble { text });
                }
            }
            Some(_) => {}
            None => {
                self.troubles.remove(what);
            }
        }
    }

    fn end(&mut self, by: String, services: bool) {
        if services {
            for service in self.children.all() {
                self.watchdog.beat(clock::now().1);
                // One that does not end is told by the kernel's process list; Muster has to go now.
                let _ = self.children.stop(&service, STOP_GRACE);
            }
        }
        self.record(Body::Ended { by, services });
        // What cannot be written now is told by the next start: the chain has its gap.
        let _ = self.ledger.sync();
    }
}

/// A `run` service was started just now: nobody knows it better.
fn child_seen(service: &Service, process: ProcessKey) -> Body {
    let command = match &service.kind {
        Kind::Run(command) => command.clone(),
        Kind::Unit(_) | Kind::Process(_) | Kind::Url(_) | Kind::Own => String::new(),
    };
    let fact = Fact::ProcessSeen { process, command };
    Body::Observed(Observation { at: clock::now().0, source: "muster".to_owned(), service: Some(service.name.clone()), fact })
}

/// A command that alters nothing: monitoring runs many of these, and none explains a loss.
fn only_looks(actor: &Actor) -> bool {
    let mut words = actor.command.as_deref().unwrap_or_default().split_whitespace();
    let program = words.next().unwrap_or_default();
    let mut verbs = words.filter(|w| !w.starts_with('-'));
    match program.rsplit('/').next() {
        Some("systemctl") => {
            verbs.next().is_none_or(|v| v.starts_with("is-") || v.starts_with("list-") || matches!(v, "show" | "status" | "cat" | "help"))
        }
        Some("service") => verbs.nth(1) == Some("status"),
        _ => false,
    }
}
