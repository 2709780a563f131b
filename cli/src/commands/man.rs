//! `man DIR`: the manual pages, made from the one table of commands in every language: `man1/muster-status.1`,
//! `zh_CN/man1/muster-status.1`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use muster_model::text::Text;
use muster_tell::{Language, say_key};

use crate::arguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::usage;

pub(super) fn run(context: &Context, typed: &arguments::Man) -> Outcome {
    let mut written = 0;
    for (path, page) in all_pages()? {
        write(&typed.folder.join(path), &page)?;
        written += 1;
    }
    context.tell(&Text::new("man-written").with("n", written).with("folder", typed.folder.display()))
}

/// The pages of all languages, by their paths below a folder of manual pages.
pub(super) fn all_pages() -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let mut all = Vec::new();
    for language in Language::ALL {
        all.extend(pages(language)?.into_iter().map(|(name, page)| (Path::new(folder(language)).join(name), page)));
    }
    Ok(all)
}

fn write(file: &Path, page: &[u8]) -> Result<(), Failure> {
    fs::create_dir_all(file.parent().unwrap_or(Path::new("/")))
        .and_then(|()| fs::write(file, page))
        .map_err(|error| Failure::Failed(Text::new("man-unwritten").with("file", file.display()).with("error", error)))
}

/// Where the pages of a language are looked for, below a folder of manual pages (man(1)).
fn folder(language: Language) -> &'static str {
    match language {
        Language::En => "man1",
        Language::ZhCn => "zh_CN/man1",
    }
}

/// The pages of the program and of each of its commands, by file name.
fn pages(language: Language) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut root = usage::command(language);
    root.build(); // flags of all commands stand with each
    let mut pages = Vec::new();
    collect(language, &root, None, &mut pages)?;
    Ok(pages)
}

fn collect(language: Language, command: &Command, above: Option<&str>, pages: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    let name = above.map_or_else(|| command.get_name().to_owned(), |above| format!("{above}-{}", command.get_name()));
    pages.push((format!("{name}.1"), page(language, command, &name, above)?));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        collect(language, below, Some(&name), pages)?;
    }
    Ok(())
}

fn page(language: Language, command: &Command, name: &str, above: Option<&str>) -> std::io::Result<Vec<u8>> {
    let say = |key: &'static str| say_key(language, key, &[]);
    let mut page = Vec::new();
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .section("1")
        .date("")
        .source(concat!("muster ", env!("CARGO_PKG_VERSION")))
        .manual(say("man-manual"));
    man.render_title(&mut page)?;
    let mut words = Roff::new();
    // Where there are few blanks, as in Chinese, lines cannot be stretched to the margin.
    words.control("ad", ["l"]);
    // A path in two pieces cannot be copied.
    words.control("nh", []);
    words.control("SH", [say("man-name").as_str()]);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    words.text([roman(format!("{name} - {about}"))]);
    words.control("SH", [say("man-synopsis").as_str()]);
    let usage = command.clone().render_usage().to_string();
    words.text([bold(usage.trim_start_matches("Usage:").trim())]);
    if above.is_none() {
        words.control("SH", [say("man-description").as_str()]);
        words.text([roman(say("man-muster"))]);
    }
    words.to_writer(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut words = Roff::new();
    let below: Vec<&Command> = command.get_subcommands().filter(|below| !below.is_hide_set()).collect();
    if !below.is_empty() {
        words.control("SH", [say("help-heading-commands").to_uppercase().as_str()]);
        for command in &below {
            words.control("TP", []);
            words.text([bold(format!("{name}-{}(1)", command.get_name()))]);
            words.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
        }
    }
    words.control("SH", [say("man-exit").as_str()]);
    words.text([roman(if name == "muster-check" { say("man-exit-check") } else { say("man-exit-codes") })]);
    if above.is_none() {
        words.control("SH", [say("man-files").as_str()]);
        for (file, meaning) in
            [("/etc/muster/muster.toml, /etc/muster/services.d/*.toml", say("man-file-config")), ("/var/lib/muster", say("man-file-data"))]
        {
            words.control("TP", []);
            words.text([bold(file)]);
            words.text([roman(meaning)]);
        }
    }
    if let Some(above) = above {
        words.control("SH", [say("man-see").as_str()]);
        words.text([bold(above), roman("(1)")]);
    }
    words.to_writer(&mut page)?;
    Ok(page)
}
