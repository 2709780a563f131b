//! How the story of a loss grows, event by event.

use muster_model::cause::Cause;
use muster_model::event::{Command, Decision, Event};
use muster_model::id::IncidentId;
use muster_model::incident::{Action, Incident, Note, Said, State};
use muster_model::plan::{Done, Leave, Order, Outcome, Plan, Step};
use muster_model::text::Text;
use muster_model::time::{Length, Time};

/// Actions and notes kept with an incident in memory; the ledger has all.
const STORY_MAX: usize = 200;

pub(crate) fn open(id: IncidentId, event: &Event, decision: &Decision) -> Incident {
    let Decision::Opened { service, loss, lost_at, detected_at } = decision else { unreachable!("only an opening opens") };
    Incident {
        id,
        service: service.clone(),
        host: event.host.clone(),
        state: State::Open,
        loss: *loss,
        lost_at: *lost_at,
        detected_at: *detected_at,
        recovered_at: None,
        causes: Vec::new(),
        first_verdict_at: None,
        settled_at: None,
        plan: None,
        actions: Vec::new(),
        notes: Vec::new(),
        assigned: None,
        acknowledged: None,
    }
}

pub(crate) fn verdict(incident: &mut Incident, causes: &[Cause], settled: bool, at: Time) {
    let confirmed: Vec<_> = incident.causes.iter().filter(|c| c.confirmed).map(|c| c.code).collect();
    incident.causes = causes.to_vec();
    incident.causes.iter_mut().filter(|c| confirmed.contains(&c.code)).for_each(|c| c.confirmed = true);
    incident.first_verdict_at.get_or_insert(at);
    if settled {
        incident.settled_at.get_or_insert(at);
    }
}

pub(crate) fn planned(incident: &mut Incident, plan: &Plan) {
    incident.plan = Some(plan.clone());
    if incident.state == State::Recovering && plan.leave != Leave::Granted {
        incident.state = State::Open; // what was being done goes on no further
    }
}

pub(crate) fn begun(incident: &mut Incident, order: &Order, at: Time) {
    if incident.state != State::Escalated {
        incident.state = State::Recovering;
    }
    if order.step.acts() && incident.actions.len() < STORY_MAX {
        let step = if order.undo { format!("{} (undo)", order.step.code()) } else { order.step.code().to_owned() };
        incident.actions.push(Action {
            at,
            step,
            target: target(order),
            rehearsed: false,
            outcome: None,
            took: Length(0),
            said: String::new(),
        });
    }
}

fn target(order: &Order) -> String {
    match &order.step {
        Step::ConfigRestore { files } => files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>().join(" "),
        Step::KillRestart { process } => format!("{} (pid {})", order.service, process.pid),
        Step::Start | Step::Restart | Step::Reload | Step::Enable | Step::Unmask | Step::Await { .. } => order.service.to_string(),
    }
}

pub(crate) fn done(incident: &mut Incident, done: &Done) {
    let Some(action) = incident.actions.iter_mut().rev().find(|a| a.outcome.is_none()) else { return };
    if !done.order.step.acts() {
        return;
    }
    action.rehearsed = done.rehearsed;
    action.outcome = Some(if done.order.undo && done.outcome == Outcome::Done { Outcome::Undone } else { done.outcome });
    action.took = done.took;
    action.said.clone_from(&done.said);
}

/// Muster ended before it heard what came of a step.
pub(crate) fn interrupted(incident: &mut Incident) {
    for action in incident.actions.iter_mut().filter(|a| a.outcome.is_none()) {
        action.outcome = Some(Outcome::Failed);
        action.said = "Muster ended before the outcome was known".to_owned();
    }
}

pub(crate) fn became(incident: &mut Incident, state: State, at: Time, why: &Text, now: Time) {
    incident.state = state;
    match state {
        State::Recovered => incident.recovered_at = Some(at),
        State::Open => incident.recovered_at = None,
        State::Recovering | State::Escalated | State::Closed => {}
    }
    note(incident, now, "muster", Said::Text(why.clone()));
}

pub(crate) fn told(incident: &mut Incident, by: &str, command: &Command, at: Time) {
    match command {
        Command::Acknowledge { .. } => {
            incident.acknowledged = Some(by.to_owned());
            note(incident, at, by, Said::Text(Text::new("note-acknowledged").with("by", by)));
        }
        Command::Note { words, .. } => note(incident, at, by, Said::Words(words.clone())),
        Command::Assign { to, .. } => {
            incident.assigned = Some(to.clone());
            note(incident, at, by, Said::Text(Text::new("note-assigned").with("by", by).with("to", to)));
        }
        Command::Resolve { .. } => {
            incident.state = State::Closed;
            note(incident, at, by, Said::Text(Text::new("note-resolved").with("by", by)));
        }
        Command::Recover { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::Restore { .. }
        | Command::Admit { .. }
        | Command::Dismiss { .. } => {}
    }
}

fn note(incident: &mut Incident, at: Time, by: &str, said: Said) {
    if incident.notes.len() < STORY_MAX {
        incident.notes.push(Note { at, by: by.to_owned(), said });
    }
}
