//! The record, a line an event.

use muster_model::event::Body;
use muster_model::request::Record;

use super::table::Table;
use super::{Line, Look, Page, Style};

/// The page of a list of events.
pub(crate) fn page(look: &Look, records: &[Record]) -> Page {
    if records.is_empty() {
        return Page::of_text(look, &look.say("events-none", &[]));
    }
    let mut table = Table::new(0);
    for record in records {
        table.row(cells(look, record));
    }
    let mut page = Page::default();
    page.lines(table.lines(look.width));
    page
}

/// One event as it comes, in columns wide enough for most.
pub(crate) fn line(look: &Look, record: &Record) -> Page {
    const WIDTHS: [usize; 4] = [7, 23, 17, 12];
    let mut line = Line::default();
    for (place, cell) in cells(look, record).into_iter().enumerate() {
        let pad = WIDTHS.get(place).map_or(0, |wide| wide.saturating_sub(cell.width()) + 2);
        line.0.extend(cell.0);
        line = line.and(Style::Plain, " ".repeat(pad));
    }
    let mut page = Page::default();
    page.line(line);
    page
}

fn cells(look: &Look, record: &Record) -> [Line; 5] {
    // A kind of a newer Muster is shown by its name alone.
    let said = serde_json::from_value::<Body>(record.body.clone()).map(|body| muster_tell::event(look.language, &body));
    [
        Line::of(Style::Faint, record.seq.to_string()),
        Line::of(Style::Plain, muster_tell::date_and_clock(record.at)),
        Line::of(style(&record.kind), &record.kind),
        Line::of(Style::Strong, if record.subject.is_empty() { "–" } else { &record.subject }),
        Line::of(Style::Plain, said.unwrap_or_default()),
    ]
}

/// What a person looks for stands out.
fn style(kind: &str) -> Style {
    match kind {
        "incident.opened" | "incident.refined" | "trouble" | "roster.refused" | "memory.kill" => Style::Bad,
        "verdict" | "cause.confirmed" | "plan" | "step.begun" | "step.done" | "incident.state" => Style::Warn,
        _ => Style::Code,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::samples;
    use super::*;

    #[test]
    fn events_in_both_languages() {
        let records = samples::records();
        let shown = |language| page(&samples::look(language), &records).paint(false);
        expect![[r#"
            40  2026-09-21 14:13:18.000  signal.sent      api  SIGKILL to 1234 from alice (as root, pts/0): kill
                                                               -9 1234
            41  2026-09-21 14:13:18.001  process.exited   api  process 1234 was ended by SIGKILL
            42  2026-09-21 14:13:18.002  incident.opened  api  lost: killed by a signal (noticed after 140 µs)
            43  2026-09-21 14:13:18.003  verdict          i42  first verdict, 99 %: api got SIGKILL from alice
                                                               (as root, pts/0, pid 2211): kill -9 1234
            44  2026-09-21 14:13:18.004  incident.state   i42  recovered: it is back, by what Muster did
        "#]]
        .assert_eq(&shown(muster_tell::Language::En));
        expect![[r#"
            40  2026-09-21 14:13:18.000  signal.sent      api  进程 1234 收到 SIGKILL，发送者 alice（以 root 身
                                                               份、pts/0）：kill -9 1234
            41  2026-09-21 14:13:18.001  process.exited   api  进程 1234 被 SIGKILL 终止
            42  2026-09-21 14:13:18.002  incident.opened  api  丢失：被信号终止（140 微秒后发现）
            43  2026-09-21 14:13:18.003  verdict          i42  初步判断，99 %：api 收到 SIGKILL 信号，发送者：
                                                               alice (as root, pts/0, pid 2211): kill -9 1234
            44  2026-09-21 14:13:18.004  incident.state   i42  已恢复：服务已恢复，由 Muster 的操作所致
        "#]]
        .assert_eq(&shown(muster_tell::Language::ZhCn));
    }

    #[test]
    fn an_event_of_a_newer_muster_is_shown_by_its_kind() {
        let mut record = samples::records().remove(0);
        record.body = serde_json::json!({"event": "dreamt", "of": "sheep"});
        record.kind = "muster.dreamt".to_owned();
        expect![[r#"
            40       2026-09-21 14:13:18.000  muster.dreamt      api
        "#]]
        .assert_eq(&line(&samples::look(muster_tell::Language::En), &record).paint(false));
    }
}
