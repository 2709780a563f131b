//! `user add|list|remove`: who may use the API.

use muster_model::request::{Reply, Request};
use muster_model::text::Text;
use muster_model::time::Time;
use muster_model::user::{Admission, Right, User};
use serde::Serialize;

use crate::arguments;
use crate::context::{Context, print};
use crate::failure::Outcome;
use crate::screen;
use crate::socket::odd;

/// Somebody who was let in, with their token.
#[derive(Serialize)]
struct Admitted<'a> {
    user: &'a str,
    right: Right,
    until: Option<Time>,
    token: &'a str,
}

/// All who may use the API.
#[derive(Serialize)]
struct Users<'a> {
    users: &'a [User],
}

pub(super) fn run(context: &Context, typed: arguments::User) -> Outcome {
    match typed {
        arguments::User::Add(typed) => add(context, typed),
        arguments::User::List => match context.agent().ask(&Request::Users)? {
            Reply::Users(users) => context.show(|| Users { users: &users }, |look| screen::users::page(look, &users)),
            other => Err(odd(&other)),
        },
        arguments::User::Remove(typed) => {
            let taken = Text::new("user-dismissed").with("user", &typed.name);
            match context.agent().ask(&Request::Dismiss { user: typed.name })? {
                Reply::Taken => context.tell(&taken),
                other => Err(odd(&other)),
            }
        }
    }
}

fn add(context: &Context, typed: arguments::UserAdd) -> Outcome {
    let wanted = Admission { user: typed.name, right: typed.may, length: typed.length };
    let token = match context.agent().ask(&Request::Admit(wanted.clone()))? {
        Reply::Token(token) => token,
        other => return Err(odd(&other)),
    };
    let until = wanted.length.map(|length| context.now().after(length));
    if context.json {
        return context.json(&Admitted { user: &wanted.user, right: wanted.right, until, token: &token });
    }
    let said = Text::new(if until.is_some() { "user-admitted-until" } else { "user-admitted" })
        .with("user", &wanted.user)
        .with("right", wanted.right)
        .with("until", until.map(|until| until.to_string()).unwrap_or_default());
    // As it is, not wrapped: a token is copied.
    print(&format!("{}\n\n    {token}\n", muster_tell::say(context.language, &said)))
}
