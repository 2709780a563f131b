//! Have it start at boot.

use muster_model::roster::Service;

use super::unit;
use crate::{Ending, systemd};

pub(super) fn run(service: &Service) -> Ending {
    unit(service).map_or_else(|refused| refused, |unit| Ending::of(systemd::enable(unit)))
}
