//! Every sensor with a thread of its own beats, also where nothing happens.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::sync::Arc;

use crossbeam_channel::bounded;
use muster_model::time::{Length, Mono};
use muster_sense::clock;
use muster_sense::files::{self, Files};
use muster_sense::ports::Ports;
use muster_sense::probe::Prober;
use muster_sense::process::{self, Processes};
use muster_sense::pulse::{BEAT_EVERY, Pulse};
use muster_sense::units::{self, Units};

#[test]
fn every_sensor_beats_while_nothing_happens() {
    let (sink, _seen) = bounded(4_096);
    let (touch, _touched) = bounded(16);
    let ladders =
        [process::Ladder::Ebpf, process::Ladder::Audit, process::Ladder::Connector, process::Ladder::Pidfd, process::Ladder::Proc];
    let processes: Vec<Processes> = ladders.into_iter().map(|ladder| Processes::start(sink.clone(), ladder).0).collect();
    let (units, _) = Units::start(sink.clone(), units::Ladder::default());
    let (none, _) = Units::start(sink.clone(), units::Ladder { bus: None, private: None, systemctl: None });
    let (files, _) = Files::start(touch, Arc::new(|_| None), files::Ladder::default());
    let (ports, _) = Ports::start(sink.clone(), Length::seconds(3_600));
    let prober = Prober::start(sink).unwrap();
    let mut pulses: Vec<Arc<Pulse>> = processes.iter().flat_map(Processes::pulses).collect();
    pulses.extend(files.pulse().into_iter().chain(ports.pulse()));
    pulses.extend([units.pulse(), none.pulse(), prober.pulse()]);
    assert!(pulses.len() >= 10 && pulses.iter().all(|pulse| !pulse.facts().is_empty()), "{pulses:?}");

    // Three times, each within its time and what a busy machine adds.
    let mut beats: Vec<Mono> = pulses.iter().map(|pulse| pulse.read().beat).collect();
    let deadline = clock::now().1.after(Length(3 * BEAT_EVERY.0 + 20_000_000_000));
    for turn in 0..3 {
        for (pulse, beat) in pulses.iter().zip(&mut beats) {
            while pulse.read().beat == *beat {
                assert!(clock::now().1 < deadline, "{} has not come round for the {turn}th time", pulse.sensor());
                std::thread::park_timeout(std::time::Duration::from_millis(20));
            }
            *beat = pulse.read().beat;
        }
    }
    assert!(pulses.iter().all(|pulse| (pulse.read().overflowed, pulse.read().crowded) == (0, 0)), "{pulses:?}");
}
