//! The documentation against itself and against the program: no link leads nowhere, every page is in the table of contents,
//! every example is a roster that Muster takes, what Prometheus and Grafana are told is what they take.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.append(&mut files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text without what is shown as code.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            prose.extend(line.split('`').step_by(2));
            prose.push('\n');
        }
    }
    prose
}

/// Where the links of a page lead.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    prose.match_indices("](").filter_map(|(at, _)| Some(prose[at + 2..].split_once(')')?.0.to_owned())).collect()
}

/// The anchors of a page, as GitHub and mdBook make them of its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let anchor = |heading: String| -> String {
        heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn no_link_leads_nowhere() {
    let root = workspace();
    let top = ["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(|name| root.join(name));
    let pages = files(&root.join("docs"), "md");
    let (mut seen, mut dead) = (0, Vec::new());
    for page in top.iter().chain(&pages) {
        let text = std::fs::read_to_string(page).unwrap();
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let known = |anchor: &str| anchors(&std::fs::read_to_string(&target).unwrap_or_default()).contains(anchor);
            if !target.exists() || anchor.is_some_and(|anchor| !known(anchor)) {
                dead.push(format!("{}: {link}", page.display()));
            }
            // The site has only what is below docs.
            if pages.contains(page) && !target.canonicalize().is_ok_and(|target| target.starts_with(root.join("docs"))) {
                dead.push(format!("{}: {link} leads out of the site", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
    assert!(seen > 50, "only {seen} links were found: does the scan still fit?");
}

#[test]
fn every_page_is_in_the_table_of_contents_once() {
    let docs = workspace().join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed = links(&summary);
    let unique: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(unique.len(), listed.len(), "a page is listed twice");
    for page in files(&docs, "md") {
        let name = page.strip_prefix(&docs).unwrap().display().to_string();
        assert!(name == "SUMMARY.md" || unique.contains(&name), "{name} is not in SUMMARY.md");
    }
}

#[test]
fn every_example_is_a_roster_that_is_taken() {
    let examples = files(&workspace().join("docs/examples"), "toml");
    assert!(examples.len() >= 6);
    for example in examples {
        let output = Command::new(env!("CARGO_BIN_EXE_muster")).args(["--json", "config", "check"]).arg(&example).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// What is shown as TOML in the pages, where it is a whole roster.
#[test]
fn every_roster_in_the_pages_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for page in files(&workspace().join("docs"), "md") {
        let text = std::fs::read_to_string(&page).unwrap();
        for block in text.split("```toml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)) {
            // A pack is a file of another kind.
            if block.contains("[recognise]") {
                continue;
            }
            let file = folder.path().join("muster.toml");
            std::fs::write(&file, block).unwrap();
            let output = Command::new(env!("CARGO_BIN_EXE_muster")).args(["config", "check"]).arg(&file).output().unwrap();
            assert!(output.status.success(), "{}: {}\n{block}", page.display(), String::from_utf8_lossy(&output.stderr));
            checked += 1;
        }
    }
    assert!(checked >= 5, "only {checked} rosters were found");
}

/// The names of Muster's metrics in a text; a histogram's and a counter's go by the name of the whole.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| word.starts_with("muster_"));
    words
        .map(|word| ["_bucket", "_sum", "_count"].iter().fold(word, |word, end| word.strip_suffix(end).unwrap_or(word)).to_owned())
        .collect()
}

#[test]
fn alerts_and_panels_ask_for_metrics_that_are_documented() {
    let docs = workspace().join("docs");
    let read = |name: &str| std::fs::read_to_string(docs.join(name)).unwrap();
    let documented = metrics(&read("reference/metrics.md"));
    assert!(documented.len() >= 20);
    for name in ["monitoring/prometheus-rules.yml", "monitoring/prometheus-rules.test.yml", "monitoring/grafana-dashboard.json"] {
        let unknown: Vec<String> = metrics(&read(name)).difference(&documented).cloned().collect();
        assert!(unknown.is_empty(), "{name} asks for {unknown:?}");
    }
}

/// What promtool says, or nothing where it is not.
fn promtool(arguments: &[&str]) -> Option<(bool, String)> {
    match Command::new("promtool").args(arguments).current_dir(workspace().join("docs/monitoring")).output() {
        Ok(output) => {
            let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
            Some((output.status.success(), said))
        }
        Err(error) => {
            println!("skipped: promtool: {error}");
            None
        }
    }
}

#[test]
fn prometheus_takes_the_alerts_and_they_go_off_when_they_should() {
    for arguments in [["check", "rules", "prometheus-rules.yml"], ["test", "rules", "prometheus-rules.test.yml"]] {
        let Some((good, said)) = promtool(&arguments) else { return };
        assert!(good, "{said}");
    }
}

#[test]
fn the_dashboard_is_one_and_prometheus_takes_what_its_panels_ask() {
    let text = std::fs::read_to_string(workspace().join("docs/monitoring/grafana-dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let (mut ids, mut rules) = (BTreeSet::new(), Vec::new());
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()) && !panel["title"].as_str().unwrap().is_empty(), "{panel}");
        for target in panel["targets"].as_array().unwrap() {
            let asked = target["expr"].as_str().unwrap();
            let asked =
                asked.replace("$__rate_interval", "1m").replace("$__range", "6h").replace("$instance", ".*").replace("$service", ".*");
            rules.push(serde_json::json!({ "record": "a:b", "expr": asked, "labels": { "n": rules.len().to_string() } }));
        }
    }
    assert!(rules.len() >= 15);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.json");
    std::fs::write(&file, serde_json::json!({ "groups": [{ "name": "panels", "rules": rules }] }).to_string()).unwrap();
    let Some((good, said)) = promtool(&["check", "rules", &file.display().to_string()]) else { return };
    assert!(good, "{said}");
}
