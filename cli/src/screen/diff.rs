//! A change, line by line.

use muster_model::request::DiffReport;
use muster_tell::document::sides;
use similar::{ChangeTag, TextDiff};

use super::{Line, Look, Page, Style};

/// Unchanged lines shown around a difference.
const CONTEXT: usize = 3;
/// A larger difference is for `--json` and a pager.
const LINES_MAX: usize = 2_000;

/// The page of a change.
pub(crate) fn page(look: &Look, report: &DiffReport) -> Page {
    let change = &report.change;
    let mut page = Page::default();
    let subject = Line::of(Style::Code, &change.id).and(Style::Plain, "  ").and(Style::Strong, &change.change.subject);
    let mut heading = subject.and(Style::Plain, "  ");
    heading.0.extend(super::changes::what(look, &change.change.what).0);
    page.line(heading);
    let when = look
        .say("change-when", &[("at", &muster_tell::date_and_clock(change.at)), ("ago", &look.ago(change.at)), ("source", &change.source)]);
    page.lines(look.paragraph(Style::Plain, &when, 0));
    let by = match &change.change.actor {
        Some(actor) => look.say("change-by", &[("actor", &muster_tell::actor(look.language, actor))]),
        None => look.say("change-by-unknown", &[]),
    };
    page.lines(look.paragraph(Style::Plain, &by, 0));
    for (key, version) in [("diff-before", &report.before_version), ("diff-after", &report.after_version)] {
        if let Some(version) = version {
            page.lines(look.paragraph(Style::Faint, &look.say(key, &[("version", version)]), 0));
        }
    }
    page.gap();
    let lines = lines(report, LINES_MAX);
    match lines {
        None if report.before.is_none() && report.after.is_none() && !has_content(report) => {}
        None => page.lines(look.paragraph(Style::Faint, &look.say("content-unknown", &[]), 0)),
        Some(lines) if lines.is_empty() => page.lines(look.paragraph(Style::Faint, &look.say("content-same", &[]), 0)),
        Some(lines) => page.lines(lines),
    }
    page
}

/// Whether it is a change of content at all.
fn has_content(report: &DiffReport) -> bool {
    use muster_model::change::Altered;
    !matches!(report.change.change.what, Altered::Permission { .. } | Altered::Enablement { .. })
}

/// The difference as lines, at most so many. `None` where the contents are not there to compare.
pub(super) fn lines(report: &DiffReport, max: usize) -> Option<Vec<Line>> {
    let (before, after) = sides(report)?;
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        if !lines.is_empty() {
            lines.push(Line::of(Style::Faint, "  ⋯"));
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            if lines.len() >= max {
                lines.push(Line::of(Style::Faint, "  ⋯"));
                return Some(lines);
            }
            let (sign, style, number) = match change.tag() {
                ChangeTag::Delete => ("-", Style::Bad, change.old_index()),
                ChangeTag::Insert => ("+", Style::Good, change.new_index()),
                ChangeTag::Equal => (" ", Style::Faint, change.new_index()),
            };
            let number = number.map_or(String::new(), |index| (index + 1).to_string());
            let text = change.value();
            lines.push(
                Line::of(Style::Faint, format!("{number:>5} ")).and(style, format!("{sign} {}", text.trim_end_matches(['\n', '\r']))),
            );
        }
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::samples;
    use super::*;

    #[test]
    fn a_diff_in_both_languages() {
        let shown = |language| page(&samples::look(language), &samples::diff()).paint(false);
        expect![[r#"
            c41  /etc/nginx/nginx.conf  edited
            2026-09-21 14:07:40.000 UTC (5 min ago), seen by fanotify
            by alice (as root, pts/0): vim /etc/nginx/nginx.conf
            before: version 3f2a9c0e51d7
            after: version 77aa01bc9e10

                1   events {}
                2   http {
                3 -   server { listen 80; }
                3 +   server { listen 80x; }
                4   }
        "#]]
        .assert_eq(&shown(muster_tell::Language::En));
        expect![[r#"
            c41  /etc/nginx/nginx.conf  修改
            2026-09-21 14:07:40.000 UTC（5 分钟前），来源 fanotify
            操作者 alice（以 root 身份、pts/0）：vim /etc/nginx/nginx.conf
            变更前：版本 3f2a9c0e51d7
            变更后：版本 77aa01bc9e10

                1   events {}
                2   http {
                3 -   server { listen 80; }
                3 +   server { listen 80x; }
                4   }
        "#]]
        .assert_eq(&shown(muster_tell::Language::ZhCn));
    }

    #[test]
    fn contents_that_were_not_kept_are_not_invented() {
        let report = DiffReport { before: None, ..samples::diff() };
        expect![[r#"
            c41  /etc/nginx/nginx.conf  edited
            2026-09-21 14:07:40.000 UTC (5 min ago), seen by fanotify
            by alice (as root, pts/0): vim /etc/nginx/nginx.conf
            before: version 3f2a9c0e51d7
            after: version 77aa01bc9e10

            The contents were not kept (too large, or not readable), so there is nothing to compare.
        "#]]
        .assert_eq(&page(&samples::look(muster_tell::Language::En), &report).paint(false));
    }
}
