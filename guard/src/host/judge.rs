//! The verdict on a loss: a first one at once, another when the examinations are in, and what may alter it afterwards.

use muster_model::cause::{Cause, Code, Evidence};
use muster_model::event::Decision;
use muster_model::loss::Loss;
use muster_model::time::{Length, Time};

use super::Guard;
use super::diagnose::{self, Situation};
use super::presence::Presence;
use super::reconcile::{SETTLE_WITHIN, Wake};

/// How long a service that was ended from outside may take to be back before it is looked into why.
const LOOK_AFTER: Length = Length::ms(150);

impl Guard {
    /// What the loss looks like: a first verdict at once, another when the examinations are in.
    pub(super) fn judge(&self, situation: &Situation<'_>, presence: Presence, wake: &mut Wake) -> Option<Decision> {
        let Situation { watched, incident, now, .. } = situation;
        let work = &watched.work;
        if !work.judged {
            return Some(Decision::Verdict { incident: incident.id.clone(), causes: diagnose::causes(situation), settled: false });
        }
        let pending = match &work.exams {
            None => {
                // An end from outside is answered before it is looked into: a look takes the processor that the new start
                // needs, be it the service manager's or Muster's own.
                let calm = work.since.after(LOOK_AFTER);
                let from_outside = matches!(incident.loss, Loss::Killed | Loss::OomKilled) && work.losses.len() == 1;
                let restarts = watched.service.kind.is_brought_back_here();
                if from_outside && restarts && !presence.is_back_from(incident.loss) && calm > now.mono {
                    wake.at(calm);
                    return None;
                }
                let exams = diagnose::exams(situation);
                return Some(Decision::Asked { incident: Some(incident.id.clone()), service: watched.service.name.clone(), exams });
            }
            Some((asked, pending)) => {
                let until = asked.after(SETTLE_WITHIN);
                if pending.is_empty() || until <= now.mono {
                    false
                } else {
                    wake.at(until);
                    true
                }
            }
        };
        if !work.settled && !pending {
            let causes = causes_now(situation, presence, pending);
            return Some(Decision::Verdict { incident: incident.id.clone(), causes, settled: true });
        }
        // What comes in late, or anew after an attempt, may alter the verdict.
        let causes = causes_now(situation, presence, pending);
        if differs(&causes, &incident.causes) {
            return Some(Decision::Verdict { incident: incident.id.clone(), causes, settled: work.settled });
        }
        None
    }
}

/// The causes as they may be told now. Once Muster has acted, or the service is back, the machine shows other traces
/// beside those of the loss: then a verdict stands, unless something is learnt of the time before, or the service is
/// still lost and all was examined anew.
fn causes_now(situation: &Situation<'_>, presence: Presence, pending: bool) -> Vec<Cause> {
    let Situation { watched, incident, .. } = situation;
    let causes = diagnose::causes(situation);
    let anew = !incident.actions.is_empty()
        && watched.work.asked_since
        && !pending
        && watched.work.running().is_none()
        && presence.loss().is_some();
    let back = watched.present_since.filter(|_| presence == Presence::Present).map(|(_, at)| at);
    // A verdict that explains the loss as it is now, too, is not given up for what is seen of it after acting.
    let stands = sure(&incident.causes) > 0.0 && incident.cause().is_some_and(|c| diagnose::can_explain(c.code, incident.loss));
    let other = watched.work.other_loss;
    let settled = watched.work.settled || (other && stands);
    // What was found when all was examined is not forgotten because it went away meanwhile: a port that is free again.
    let gone = incident.settled_at.is_some() && stands && sure(&causes) == 0.0;
    match incident.actions.first().map(|acted| acted.at).or(back) {
        Some(before) if !anew && (stands || !other) && !learnt(&causes, &incident.causes, settled, before) => incident.causes.clone(),
        _ if gone => incident.causes.clone(),
        None if watched.work.settled && !anew && sure(&causes) < sure(&incident.causes) => incident.causes.clone(),
        _ => causes,
    }
}

/// Whether the likeliest cause has something on its side from before that moment that was not known.
fn learnt(new: &[Cause], old: &[Cause], settled: bool, before: Time) -> bool {
    let Some(first) = new.first() else { return false };
    if let Some(was) = old.first().filter(|was| was.code != Code::Unknown) {
        let same = was.code == first.code;
        // What spoke for a verdict may be out of sight by now: that it is less sure, or that another one comes to the
        // fore after all was examined, is nothing learnt.
        if (same && was.confidence > first.confidence) || (!same && settled) {
            return false;
        }
    }
    let known = |e: &Evidence| old.iter().any(|c| c.evidence.iter().any(|o| o.at == e.at && o.text == e.text));
    first.evidence.iter().any(|e| e.weight > 0.0 && e.at <= before && e.source != "guard" && !known(e))
}

/// How sure the likeliest cause is; that nobody knows counts as nothing.
fn sure(causes: &[Cause]) -> f64 {
    causes.first().filter(|c| c.code != Code::Unknown).map_or(0.0, |c| c.confidence)
}

/// Whether a verdict is worth saying anew.
fn differs(new: &[Cause], old: &[Cause]) -> bool {
    match (new.first(), old.first()) {
        (Some(new), Some(old)) => {
            new.code != old.code
                || new.subject != old.subject
                || new.actor.as_ref().map(|a| a.pid) != old.actor.as_ref().map(|a| a.pid)
                || (new.confidence - old.confidence).abs() > 0.05
        }
        (new, old) => new.is_some() != old.is_some(),
    }
}
