//! One service of the roll call, with all that is known of it.

use muster_model::probe::Answer;
use muster_model::request::{ProbeStatus, ServiceStatus};

use super::status::{few, remark};
use super::table::Table;
use super::{Line, Look, Page, Style};

/// The page of a service.
pub(crate) fn page(look: &Look, service: &ServiceStatus) -> Page {
    let mut page = Page::default();
    let mut heading = Line::of(Style::Strong, &service.name).and(Style::Plain, "  ");
    heading.0.extend(look.health(service.health).0);
    if let Some(since) = service.since {
        heading = heading.and(
            Style::Faint,
            format!("  {}", look.say("service-since", &[("at", &muster_tell::date_and_clock(since)), ("ago", &look.ago(since))])),
        );
    }
    page.line(heading);
    page.gap();
    let mut table = Table::new(2);
    let mut row = |key: &'static str, value: Line| table.row([Line::of(Style::Faint, look.say(key, &[])), value]);
    let remark = remark(look, service);
    if remark.width() > 0 {
        row("service-remark", remark);
    }
    row("service-found-by", Line::of(Style::Plain, format!("{} {}", service.kind, service.target)));
    if let Some(pack) = &service.pack {
        row("service-pack", Line::of(Style::Plain, pack));
    }
    row("service-processes", Line::of(Style::Plain, few(&service.pids)));
    row("service-ports", Line::of(Style::Plain, few(&service.ports)));
    if !service.sources.is_empty() {
        row("service-seen-by", Line::of(Style::Plain, service.sources.join(&look.say("list-comma", &[]))));
    }
    for probe in &service.probes {
        row("service-probe", answer(look, probe));
    }
    page.lines(table.lines(look.width));
    if let Some(incident) = &service.incident {
        page.gap();
        page.lines(look.paragraph(Style::Plain, &look.say("service-why", &[("incident", incident)]), 0));
    }
    page
}

fn answer(look: &Look, probe: &ProbeStatus) -> Line {
    let asked = Line::of(Style::Plain, format!("{} {}  ", probe.kind, probe.target));
    let (key, style) = match &probe.answer {
        None => return asked.and(Style::Faint, look.say("probe-not-yet", &[])),
        Some(Answer::Right { .. }) => ("probe-right", Style::Good),
        Some(Answer::Warning { .. }) => ("probe-warning", Style::Warn),
        Some(Answer::Late { .. }) => ("probe-late", Style::Warn),
        Some(Answer::Refused { .. }) => ("probe-refused", Style::Bad),
        Some(Answer::Unreached { .. }) => ("probe-unreached", Style::Bad),
        Some(Answer::Unresolved { .. }) => ("probe-unresolved", Style::Bad),
        Some(Answer::CutOff { .. }) => ("probe-cut-off", Style::Bad),
        Some(Answer::Expired { .. }) => ("probe-expired", Style::Bad),
        Some(Answer::Silent { .. }) => ("probe-silent", Style::Bad),
        Some(Answer::Wrong { .. }) => ("probe-wrong", Style::Bad),
        Some(Answer::Unasked { .. }) => ("probe-unasked", Style::Warn),
    };
    let took = look.length(muster_model::time::Length((probe.ms.max(0.0) * 1e6) as u64));
    let said = probe.answer.as_ref().map_or("", Answer::text);
    let line = asked.and(style, look.say(key, &[])).and(Style::Faint, format!(" {took}"));
    if said.is_empty() { line } else { line.and(Style::Plain, format!("  {said}")) }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::samples;
    use super::*;

    #[test]
    fn a_service_in_both_languages() {
        let status = samples::status();
        let shown = |language| page(&samples::look(language), &status.services[1]).paint(false);
        expect![[r#"
            api  ✗ lost  since 2026-09-21 14:13:18.000 UTC (2 s ago)

              state      killed by a signal i42
              found by   run /srv/api/serve --port 8080
              pack       gunicorn
              processes  –
              ports      –
              seen by    dbus, ebpf
              probe      http http://127.0.0.1:8080/health  refused 300 µs  connection refused

            `muster why i42` tells what happened.
        "#]]
        .assert_eq(&shown(muster_tell::Language::En));
        expect![[r#"
            api  ✗ 丢失  自 2026-09-21 14:13:18.000 UTC 起（2 秒前）

              情况      被信号终止 i42
              识别依据  run /srv/api/serve --port 8080
              知识包    gunicorn
              进程      –
              端口      –
              观测来源  dbus、ebpf
              探测      http http://127.0.0.1:8080/health  被拒绝 300 微秒  connection refused

            `muster why i42` 可查看来龙去脉。
        "#]]
        .assert_eq(&shown(muster_tell::Language::ZhCn));
    }
}
