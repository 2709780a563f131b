//! Every sensor, started on the best rung that the machine allows.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};
use muster_model::observation::{Observation, Rung};
use muster_model::time::Length;
use muster_sense::Sink;
use muster_sense::files::{self, Files, Touched};
use muster_sense::ports::Ports;
use muster_sense::probe::Prober;
use muster_sense::process::{self, Processes};
use muster_sense::pulse::Pulse;
use muster_sense::units::{self, Units};
use muster_sense::{journal, proc};

/// Observations that may wait for the loop: some 300 bytes each, taken at the start.
pub(crate) const SEEN_MAX: usize = 4_096;
/// Touched files that may wait for the loop.
const TOUCHED_MAX: usize = 4_096;
/// How often the listening sockets are looked at.
const PORTS_EVERY: Length = Length::seconds(2);

/// The handles of all sensors. They end when this is dropped.
pub(crate) struct Sensors {
    pub(crate) processes: Processes,
    pub(crate) units: Arc<Units>,
    pub(crate) files: Files,
    pub(crate) ports: Arc<Ports>,
    pub(crate) prober: Prober,
    pub(crate) sink: Sink,
    /// Program starts are seen as they happen; otherwise they have to be looked for.
    pub(crate) sees_commands: bool,
}

/// The sensors, with what they have to say.
pub(crate) struct Started {
    pub(crate) sensors: Sensors,
    /// The rung that each stands on.
    pub(crate) rungs: Vec<Rung>,
    /// The pulse of each that has a thread of its own.
    pub(crate) pulses: Vec<Arc<Pulse>>,
    pub(crate) seen: Receiver<Observation>,
    pub(crate) touched: Receiver<Touched>,
}

/// Starts them.
///
/// # Errors
/// A thread cannot be started.
pub(crate) fn start() -> std::io::Result<Started> {
    let (sink, seen): (Sender<Observation>, _) = bounded(SEEN_MAX);
    let (touch, touched) = bounded(TOUCHED_MAX);
    let (processes, mut rungs) = Processes::start(sink.clone(), process::Ladder::default());
    let sees_commands = rungs.iter().any(|r| r.fact == "command" && r.source != "none");
    let (units, rung) = Units::start(sink.clone(), units::Ladder::default());
    rungs.push(rung);
    let known = processes.clone();
    let who: files::Who = Arc::new(move |pid| known.actor(pid).or_else(|| proc::actor_of(pid)));
    let (files, rung) = Files::start(touch, who, files::Ladder::default());
    rungs.push(rung);
    let (ports, rung) = Ports::start(sink.clone(), PORTS_EVERY);
    rungs.push(rung);
    rungs.push(journal::rung());
    let prober = Prober::start(sink.clone())?;
    let mut pulses = processes.pulses();
    pulses.extend(files.pulse().into_iter().chain(ports.pulse()));
    pulses.extend([units.pulse(), prober.pulse()]);
    let sensors = Sensors { processes, units: Arc::new(units), files, ports: Arc::new(ports), prober, sink, sees_commands };
    Ok(Started { sensors, rungs, pulses, seen, touched })
}
