//! What reaches the loop beside what sensors see.

use crossbeam_channel::Sender;
use muster_model::actor::Actor;
use muster_model::event::Command;
use muster_model::exam::Examined;
use muster_model::id::VersionId;
use muster_model::plan::Done;
use muster_model::request::{Reply, Request};
use muster_sense::files::Touched;
use muster_sense::units::Running;

use crate::hub;

/// One message to the loop.
#[derive(Debug)]
pub(crate) enum Input {
    /// A configuration file was touched.
    Touched(Touched),
    /// An examination came in.
    Examined(Examined),
    /// A step came to its end.
    Done(Box<Done>),
    /// A question that the state answers.
    Asked { request: Request, reply: Sender<Reply> },
    /// A person's word.
    Told { by: Actor, command: Command, reply: Sender<Reply> },
    /// Which version of a file is the last good one?
    LastGood { path: String, reply: Sender<Option<VersionId>> },
    /// Which services the service manager runs.
    Running(Vec<Running>),
    /// Something became of the hub.
    Hub(hub::News),
    /// The machine, or a person, wants Muster to end.
    End { by: String, services: bool, reply: Option<Sender<Reply>> },
    /// The configuration is to be read again now.
    Reload,
}
