//! What can be typed. The help texts are in the catalogue (`tell/messages/*/help.ftl`), in every language; `usage` puts
//! them into this tree, so none stand here.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand};
use muster_model::time::Length;
use muster_model::user::Right;
use muster_tell::Language;

use crate::commands::Shell;
use crate::since::Since;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "muster", version, disable_help_flag = true, disable_version_flag = true, disable_help_subcommand = true)]
#[command(arg_required_else_help = true, subcommand_required = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What goes with every command, before it or after it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[arg(long, global = true, value_name = "LANGUAGE")]
    pub(crate) lang: Option<Language>,
}

/// The commands; each has its file in `commands`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Up,
    Down(Down),
    Demo(Demo),
    #[command(subcommand, arg_required_else_help = true)]
    Config(Config),
    Status(Status),
    Top,
    Discover(Discover),
    Why(Why),
    Incidents,
    Incident(Incident),
    Events(Events),
    Changes(Changes),
    Diff(Diff),
    Restore(Restore),
    Recover(Recover),
    Pause(Pause),
    Resume(Resume),
    Check(Check),
    #[command(subcommand, arg_required_else_help = true)]
    Ledger(Ledger),
    #[command(subcommand, arg_required_else_help = true)]
    Pack(Pack),
    #[command(subcommand, arg_required_else_help = true)]
    User(User),
    /// The process that has the pages and the API; `up` starts it.
    #[command(hide = true)]
    Hub,
    Completions(Completions),
    Man(Man),
    /// What the scripts of `completions` ask.
    #[command(hide = true)]
    Complete(Complete),
    Support(Support),
    Install(Install),
    Uninstall(Uninstall),
    /// A small web service for `demo`, so that nothing has to be installed for it.
    #[command(hide = true)]
    SampleService(SampleService),
}

#[derive(Debug, Args)]
pub(crate) struct Down {
    #[arg(long)]
    pub(crate) services: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    Check(ConfigCheck),
}

#[derive(Debug, Args)]
pub(crate) struct ConfigCheck {
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Discover {
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    #[arg(value_name = "SERVICE|INCIDENT")]
    pub(crate) of: String,
}

#[derive(Debug, Args)]
#[command(subcommand_precedence_over_arg = true)]
pub(crate) struct Incident {
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(subcommand)]
    pub(crate) action: Option<IncidentAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentAction {
    Ack,
    Note(Note),
    Assign(Assign),
    Resolve,
}

#[derive(Debug, Args)]
pub(crate) struct Note {
    #[arg(value_name = "TEXT", required = true, num_args = 1..)]
    pub(crate) text: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Assign {
    #[arg(value_name = "WHO")]
    pub(crate) who: String,
}

#[derive(Debug, Args)]
pub(crate) struct Events {
    #[arg(long)]
    pub(crate) follow: bool,
    #[arg(long, value_name = "T")]
    pub(crate) since: Option<Since>,
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    #[arg(long, value_name = "WORDS")]
    pub(crate) search: Option<String>,
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Changes {
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    #[arg(long, value_name = "T")]
    pub(crate) since: Option<Since>,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    #[arg(value_name = "CHANGE")]
    pub(crate) change: String,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: String,
}

#[derive(Debug, Args)]
pub(crate) struct Recover {
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).args(["service", "all"]))]
pub(crate) struct Pause {
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    #[arg(long)]
    pub(crate) all: bool,
    #[arg(long = "for", value_name = "LENGTH")]
    pub(crate) length: Length,
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).args(["service", "all"]))]
pub(crate) struct Resume {
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    #[arg(short, long, value_name = "SECONDS", default_value_t = 9, hide_default_value = true, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    Verify,
    Export,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Pack {
    Check(PackCheck),
    List,
}

#[derive(Debug, Args)]
pub(crate) struct PackCheck {
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    Add(UserAdd),
    List,
    Remove(UserRemove),
}

#[derive(Debug, Args)]
pub(crate) struct UserAdd {
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[arg(long, value_name = "RIGHT", default_value = "act")]
    pub(crate) may: Right,
    #[arg(long = "for", value_name = "LENGTH")]
    pub(crate) length: Option<Length>,
}

#[derive(Debug, Args)]
pub(crate) struct UserRemove {
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Complete {
    /// What was typed after the program's name; the last word is still being typed.
    #[arg(last = true)]
    pub(crate) words: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Support {
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    pub(crate) output: Option<PathBuf>,
    #[arg(long)]
    pub(crate) list: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[arg(long)]
    pub(crate) no_start: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Uninstall {
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[arg(long)]
    pub(crate) purge: bool,
    #[arg(long)]
    pub(crate) services: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SampleService {
    pub(crate) name: String,
    #[arg(long)]
    pub(crate) port: u16,
    #[arg(long)]
    pub(crate) settings: PathBuf,
    /// Only look whether the settings are valid.
    #[arg(long)]
    pub(crate) check: bool,
}
