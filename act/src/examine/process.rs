//! What does the process do just now? Two looks, 50 ms apart.

use muster_model::exam::Finding;
use muster_model::id::ProcessKey;

use crate::Hands;

/// Between the two looks, in milliseconds.
const BETWEEN_MS: u64 = 50;

pub(super) fn run(hands: &Hands, process: ProcessKey) -> Finding {
    let first = hands.eyes.process(process);
    let before = hands.eyes.now();
    // Not a wait for something to happen: the stretch of time is what is measured.
    let (_sender, never) = std::sync::mpsc::channel::<()>();
    let _ = never.recv_timeout(std::time::Duration::from_millis(BETWEEN_MS));
    let second = hands.eyes.process(process);
    let stretch = hands.eyes.now().since(before).as_ms();
    let cpu = match (first.cpu, second.cpu) {
        (Some(a), Some(b)) if stretch > 0.0 => Some((b.0.saturating_sub(a.0)) as f64 / 1e6 / stretch),
        _ => None,
    };
    Finding::Process {
        state: second.state,
        wchan: second.wchan,
        threads: second.threads,
        files: second.files,
        resident: second.resident,
        cpu,
    }
}
