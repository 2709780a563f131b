//! `events`: the ledger, as far as it is asked for; with `--follow`, what comes too.

use muster_model::request::{EventQuery, Reply, Request};
use muster_tell::document::{EventDocument, Events};

use crate::arguments;
use crate::context::Context;
use crate::failure::{DONE, Outcome};
use crate::screen;
use crate::socket::odd;

pub(super) fn run(context: &Context, typed: arguments::Events) -> Outcome {
    let query = EventQuery {
        follow: typed.follow,
        since: typed.since.map(|since| since.moment(context.now())),
        subject: typed.service,
        kind: typed.kind,
        words: typed.search,
        limit: typed.limit,
        ..EventQuery::default()
    };
    if query.follow {
        return follow(context, query);
    }
    match context.agent().ask(&Request::Events(query))? {
        Reply::Events(records) => context.show(|| Events::new(context.language, &records), |look| screen::events::page(look, &records)),
        other => Err(odd(&other)),
    }
}

/// Shows events as they come, one line each, until the agent ends or the reader leaves.
fn follow(context: &Context, query: EventQuery) -> Outcome {
    let mut line = context.agent().open()?;
    line.send(&Request::Events(query))?;
    line.wait_for_ever()?;
    while let Some(answer) = line.next()? {
        let records = match answer {
            Reply::Events(records) => records,
            other => return Err(odd(&other)),
        };
        for record in &records {
            context.show(|| EventDocument::new(context.language, record), |look| screen::events::line(look, record))?;
        }
    }
    Ok(DONE)
}
