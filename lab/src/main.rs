//! The fault laboratory (DESIGN §12): boots a real systemd and real services, breaks them in front of Muster, and scores
//! what Muster says and does. It drives `muster` from outside, as a person would, and shares no code with it but the nouns.
#![forbid(unsafe_code)]

mod bench;
mod clock;
mod document;
mod install;
mod person;
mod report;
mod roll_call;
mod root;
mod run;
mod scenario;
mod score;
mod stage;
mod systemd_box;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};

use crate::bench::Bench;
use crate::root::Furniture;
use crate::run::Paths;
use crate::scenario::{Kind, load};
use crate::stage::Stage;
use crate::systemd_box::SystemdBox;

/// Breaks real services in a box and scores what Muster makes of it. Needs root.
#[derive(Debug, Parser)]
#[command(name = "lab", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios and score them; exit 1 when one fails.
    Run(RunArgs),
    /// List the scenarios.
    List(Choice),
    /// Play a scenario without Muster, and show what systemd makes of it.
    Try(Choice),
    /// Measure Muster beside other guardians.
    #[command(subcommand)]
    Bench(Bench),
    /// Run a program of this machine in a box, as root, with what it says; its exit code decides.
    Exec {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Install, break, recover, upgrade, uninstall: by `muster install`, and by a Debian package.
    Install(install::Options),
    /// Make the root file system of the boxes, where it is not cached yet, and print where it is.
    Root,
}

#[derive(Debug, Args)]
struct Choice {
    /// Only scenarios whose name fits this glob pattern.
    #[arg(long, value_name = "GLOB")]
    only: Option<String>,
    /// Where the scenarios are.
    #[arg(long, value_name = "DIR", default_value = "lab/scenarios")]
    scenarios: PathBuf,
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    choice: Choice,
    /// Decides the order in which they run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Write the whole result here, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the table here, as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// The program to be tested; the one built beside this one where not given.
    #[arg(long, value_name = "PATH", env = "MUSTER")]
    muster: Option<PathBuf>,
    /// Where the records of failed scenarios are kept.
    #[arg(long, value_name = "DIR", default_value = "target/lab")]
    keep: PathBuf,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run(&args),
        Command::List(choice) => list(&choice).map(|()| true),
        Command::Try(choice) => try_out(&choice).map(|()| true),
        Command::Bench(bench) => bench::run(&bench).map(|()| true),
        Command::Exec { program, arguments } => exec(&program, &arguments),
        Command::Install(options) => install::run(&options).map(|()| true),
        Command::Root => root::cached(Furniture::Services).map(|root| {
            println!("{}", root.display());
            true
        }),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("lab: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &RunArgs) -> Result<bool> {
    let scenarios = load(&args.choice.scenarios, args.choice.only.as_deref())?;
    let muster = program(args.muster.as_deref(), "muster")?;
    let paths = Paths { root: root::cached(Furniture::Services)?, muster, keep: args.keep.clone() };
    println!("{} scenarios with {}, seed {}, {} at a time.", scenarios.len(), paths.muster.display(), args.seed, args.jobs);
    let outcomes = run::run_all(&scenarios, &paths, args.jobs, args.seed);
    println!("\n{}", report::table(&outcomes));
    let sum = report::summary(&outcomes);
    for sentence in report::sentences(&sum) {
        println!("{sentence}");
    }
    if let Some(file) = &args.json {
        fs::write(file, format!("{:#}\n", report::json(&outcomes, args.seed)))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    if let Some(file) = &args.markdown {
        fs::write(file, report::markdown(&outcomes)).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(sum.passed == sum.scenarios)
}

fn list(choice: &Choice) -> Result<()> {
    for scenario in load(&choice.scenarios, choice.only.as_deref())? {
        let kind = if scenario.kind == Kind::Fault { "fault" } else { "healthy" };
        println!("{:<34} {kind:<8} {}", scenario.name, scenario.title);
    }
    Ok(())
}

fn try_out(choice: &Choice) -> Result<()> {
    let root = root::cached(Furniture::Services)?;
    for scenario in load(&choice.scenarios, choice.only.as_deref())? {
        println!("== {}: {}", scenario.name, scenario.title);
        let mut stage = Stage::set(&root, &scenario)?;
        print!("{}", stage.units()?);
        let since = Stage::moment();
        for deed in &scenario.fault {
            let lines = [&deed.run, &deed.until];
            if deed.on_event.is_some() || lines.into_iter().flatten().any(|line| line.contains("muster")) {
                println!("-- left out, it needs Muster: {deed:?}");
                continue;
            }
            match stage.act(deed, since) {
                Ok(()) => println!("-- {:?}: {}", deed.hand, deed.run.as_deref().unwrap_or("waited")),
                Err(e) => println!("-- FAILED {e:#}"),
            }
        }
        print!("{}", stage.units()?);
        for (line, said) in stage.checks()? {
            println!("-- check `{line}`: {said}");
        }
        print!("{}", stage.tail(since)?);
    }
    Ok(())
}

fn exec(program: &Path, arguments: &[String]) -> Result<bool> {
    const INSIDE: &str = "/usr/local/bin/muster-lab-exec";
    let place = SystemdBox::boot(&root::cached(Furniture::Services)?)?;
    place.install(program, INSIDE)?;
    let status = place.command(INSIDE).args(arguments).status().with_context(|| format!("cannot run {}", program.display()))?;
    Ok(status.success())
}

/// A program to be tested: as given, else the one built beside this one.
fn program(given: Option<&Path>, name: &str) -> Result<PathBuf> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => std::env::current_exe().context("cannot tell where this program is")?.with_file_name(name),
    };
    ensure!(path.is_file(), "there is no {}; build it: cargo build --release", path.display());
    path.canonicalize().with_context(|| format!("cannot find {}", path.display()))
}
