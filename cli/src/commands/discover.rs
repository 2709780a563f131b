//! `discover [--write FILE]`: what runs here, what it needs, which of it nobody watches.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use muster_model::request::{Discovered, Reply, Request, Watching};
use muster_model::roster::Kind;
use muster_model::text::Text;
use muster_tell::document::DiscoverDocument;

use crate::arguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::screen;
use crate::socket::odd;

pub(super) fn run(context: &Context, typed: &arguments::Discover) -> Outcome {
    let all = match context.agent().ask(&Request::Discover)? {
        Reply::Discovered(all) => all,
        other => return Err(odd(&other)),
    };
    match &typed.write {
        Some(file) => write(context, file, &all),
        None => context.show(|| DiscoverDocument::new(&all), |look| screen::discover::page(look, &all)),
    }
}

/// Writes a roster of what nobody declares. What is there already is somebody's work and is not overwritten.
fn write(context: &Context, file: &Path, all: &[Discovered]) -> Outcome {
    let open: Vec<&Discovered> = all.iter().filter(|found| found.watched != Watching::Declared).collect();
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Failed(Text::new("discover-exists").with("file", file.display())),
        _ => Failure::Failed(Text::new("discover-unwritten").with("file", file.display()).with("error", error)),
    };
    let roster = roster(context, &open);
    OpenOptions::new().write(true).create_new(true).open(file).and_then(|mut f| f.write_all(roster.as_bytes())).map_err(failed)?;
    context.tell(&Text::new("discover-written").with("file", file.display()).with("services", open.len()))
}

/// The roster: what each service is, and in comments what Muster knows of it without being told.
fn roster(context: &Context, all: &[&Discovered]) -> String {
    let say = |key: &'static str| muster_tell::say(context.language, &Text::new(key));
    let mut out = String::new();
    let comment = |out: &mut String, text: &str| text.lines().for_each(|line| out.push_str(&format!("# {line}\n")));
    comment(&mut out, &say("discover-head"));
    for found in all {
        let service = &found.service;
        out.push_str("\n[[service]]\n");
        out.push_str(&format!("name = {}\n", quoted(service.name.as_str())));
        match &service.kind {
            Kind::Unit(unit) => out.push_str(&format!("unit = {}\n", quoted(unit))),
            Kind::Run(command) => out.push_str(&format!("run = {}\n", quoted(command))),
            Kind::Url(url) => out.push_str(&format!("url = {}\n", quoted(url.as_str()))),
            Kind::Own => {} // is in no roster
            Kind::Process(wanted) => {
                let exe = wanted.exe.as_ref().map(|exe| format!("exe = {}", quoted(exe)));
                let args = wanted.args.as_ref().map(|args| format!("args = {}", quoted(args)));
                let both: Vec<String> = exe.into_iter().chain(args).collect();
                out.push_str(&format!("process = {{ {} }}\n", both.join(", ")));
            }
        }
        let mut known: Vec<(&'static str, String)> = Vec::new();
        known.push(("discover-pack", service.pack.clone().unwrap_or_default()));
        known.push(("discover-ports", found.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" ")));
        known.push(("discover-user", found.user.clone().unwrap_or_default()));
        known.push(("discover-config", service.config.join(" ")));
        // Where a pack's check is a script, it is the pack's affair.
        known.push(("discover-validate", service.validate.clone().filter(|v| !v.contains('\n')).unwrap_or_default()));
        known.push(("discover-data", service.data.join(" ")));
        for (key, text) in known.into_iter().filter(|(_, text)| !text.is_empty()) {
            comment(&mut out, &format!("{}{text}", say(key)));
        }
    }
    out
}

/// A basic string of TOML: JSON's escapes are a part of its own (<https://toml.io/en/v1.0.0#string>).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_read_back_as_it_was() {
        for text in ["plain", r#"^a\.b "c" \d+$"#, "名册"] {
            let file = format!("[[service]]\nname = \"x\"\nprocess = {{ exe = {} }}\n", quoted(text));
            let config = muster_model::config::parse(&[("roster.toml".to_owned(), file)]);
            let service = &config.unwrap_or_else(|e| panic!("{e:?}")).services[0];
            assert!(matches!(&service.kind, Kind::Process(wanted) if wanted.exe.as_deref() == Some(text)), "{text}");
        }
    }
}
