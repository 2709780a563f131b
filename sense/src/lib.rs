//! Everything that observes a Linux host: one file or folder per sensor. A sensor knows nothing of incidents; it says
//! what it saw into a [`Sink`]. Each has a ladder of sources (DESIGN §8), takes the best the machine allows and tells
//! which in a [`muster_model::observation::Rung`].
#![deny(unsafe_op_in_unsafe_fn)]

mod audit;
pub mod clock;
pub mod files;
#[doc(hidden)]
pub mod fuzz;
pub mod journal;
pub mod memory;
pub mod ports;
pub mod probe;
pub mod proc;
pub mod process;
pub mod pulse;
pub mod units;

/// Where sensors say what they see. Bounded: a sensor that finds it full counts the loss (`lost`) and goes on.
pub type Sink = crossbeam_channel::Sender<muster_model::observation::Observation>;
