//! `muster top`, the roll call live: `state` says what keys and news do, `crate::screen::top` what is to be seen, `draw` puts
//! it on the terminal (`terminal`), and `feed` brings the news.

mod draw;
mod feed;
mod keys;
pub(crate) mod state;
mod terminal;

use crossbeam_channel::bounded;
use muster_model::request::Status;
use muster_model::text::Text;

use crate::context::Context;
use crate::failure::{DONE, Outcome};
use crate::screen::Look;
use state::{Effect, Top};

/// Inputs that wait to be taken in; a sender waits when there are more.
const INPUTS_MAX: usize = 256;

/// Shows the roll call until told to end. `first` is how it begins.
pub(crate) fn run(context: &Context, first: Status) -> Outcome {
    let (sender, inputs) = bounded(INPUTS_MAX);
    let mut top = Top::new(first);
    let mut screen = terminal::Screen::take(&sender)?;
    terminal::listen(&sender)?;
    let feed = feed::start(&context.agent(), &sender)?;
    drop(sender);
    loop {
        screen.draw(&Look::of_output(context.language, &std::io::stdout(), context.now()), &mut top)?;
        // All that waits is taken in before the next drawing.
        let Ok(next) = inputs.recv() else { return Ok(DONE) };
        for input in std::iter::once(next).chain(inputs.try_iter().take(INPUTS_MAX)) {
            match top.update(input) {
                None => {}
                Some(Effect::Leave) => return Ok(DONE),
                Some(Effect::Redraw) => screen.anew()?,
                // One that finds no room is asked again with the next roll call, or typed again.
                Some(effect) => drop(feed.effects.try_send(effect)),
            }
        }
    }
}

/// Why `top` cannot be shown here, if it cannot.
pub(crate) fn refusal(context: &Context) -> Option<Text> {
    use std::io::IsTerminal;
    if context.json {
        return Some(Text::new("top-no-json"));
    }
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    (!std::io::stdout().is_terminal() || dumb).then(|| Text::new("top-no-terminal"))
}

#[cfg(test)]
mod tests;
