//! The examinations, one file each. None alters anything; each has a time limit and says it when it could not be done.

mod commands;
mod compare;
mod journal;
mod port_holder;
mod process;
mod unit;
mod validate;

use muster_model::exam::{Exam, Finding};
use muster_model::roster::Service;

use crate::Hands;

pub(crate) fn run(hands: &Hands, exam: &Exam, service: &Service) -> Finding {
    match exam {
        Exam::Validate => validate::run(service),
        Exam::Compare { good } => compare::run(good),
        Exam::Journal { since } => journal::run(hands, service, *since),
        Exam::PortHolder { ports } => port_holder::run(hands, service, ports),
        Exam::Process { process } => process::run(hands, *process),
        Exam::Unit { unit } => unit::run(hands, unit),
        Exam::Commands { since } => commands::run(hands, service, *since),
    }
}
