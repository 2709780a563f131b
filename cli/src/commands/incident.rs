//! `incident ID [ack|note|assign|resolve]`: one story, and what people say of it.

use muster_model::event::Command;
use muster_model::id::IncidentId;
use muster_model::text::Text;

use crate::arguments::{self, IncidentAction};
use crate::context::Context;
use crate::failure::Outcome;

pub(super) fn run(context: &Context, typed: arguments::Incident) -> Outcome {
    let incident = IncidentId::from(typed.id.as_str());
    let id = &typed.id;
    let (command, taken) = match typed.action {
        None => return super::why::run(context, typed.id),
        Some(IncidentAction::Ack) => (Command::Acknowledge { incident }, Text::new("incident-acknowledged").with("id", id)),
        Some(IncidentAction::Note(note)) => {
            (Command::Note { incident, words: note.text.join(" ") }, Text::new("incident-noted").with("id", id))
        }
        Some(IncidentAction::Assign(assign)) => {
            let taken = Text::new("incident-assigned").with("id", id).with("who", &assign.who);
            (Command::Assign { incident, to: assign.who }, taken)
        }
        Some(IncidentAction::Resolve) => (Command::Resolve { incident }, Text::new("incident-resolved").with("id", id)),
    };
    super::tell(context, command, &taken)
}
