//! The list of incidents.

use muster_model::incident::{Incident, State};
use muster_tell::Words;

use super::table::Table;
use super::{Line, Look, Page, Style};

/// The page of a list of incidents.
pub(crate) fn page(look: &Look, incidents: &[Incident]) -> Page {
    let mut page = Page::default();
    if incidents.is_empty() {
        return Page::of_text(look, &look.say("incidents-none", &[]));
    }
    let mut table = Table::new(0);
    table.headings(&[
        look.say("column-incident", &[]),
        look.say("column-service", &[]),
        look.say("column-lost", &[]),
        look.say("column-state", &[]),
        look.say("column-gone-for", &[]),
        look.say("column-cause", &[]),
    ]);
    for incident in incidents {
        table.row([
            Line::of(Style::Code, &incident.id),
            Line::of(Style::Strong, &incident.service),
            Line::of(Style::Plain, look.ago(incident.lost_at)),
            state(look, incident.state),
            Line::of(Style::Plain, look.length(incident.recovered_at.unwrap_or(look.now).since(incident.lost_at))),
            cause(look, incident),
        ]);
    }
    page.lines(table.lines(look.width));
    page
}

/// How far an incident is, with its mark.
pub(super) fn state(look: &Look, state: State) -> Line {
    let (mark, style) = match state {
        State::Open => ("✗", Style::Bad),
        State::Recovering => ("↻", Style::Warn),
        State::Recovered => ("✓", Style::Good),
        State::Escalated => ("!", Style::Bad),
        State::Closed => ("·", Style::Faint),
    };
    Line::of(style, format!("{mark} {}", look.word(Words::State, state.code())))
}

fn cause(look: &Look, incident: &Incident) -> Line {
    match incident.cause() {
        Some(cause) => Line::of(Style::Plain, look.word(Words::Cause, cause.code.code()))
            .and(Style::Faint, format!(" {}", look.percent(cause.confidence))),
        None => Line::of(Style::Faint, look.say("incidents-no-verdict", &[])),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::samples;
    use super::*;

    #[test]
    fn the_list_in_both_languages() {
        let incidents = [samples::killed(), samples::config_broken()];
        let shown = |language| page(&samples::look(language), &incidents).paint(false);
        expect![[r#"
            INCIDENT  SERVICE  LOST       STATE         FOR     CAUSE
            i42       api      2 s ago    ↻ recovering  2 s     somebody killed it 99 %
            i7        web      5 min ago  ✓ recovered   740 ms  its configuration is not valid 97 %
        "#]]
        .assert_eq(&shown(muster_tell::Language::En));
        expect![[r#"
            事件  服务  丢失于    进展      历时      原因
            i42   api   2 秒前    ↻ 恢复中  2 秒      有人终止了它 99 %
            i7    web   5 分钟前  ✓ 已恢复  740 毫秒  配置无效 97 %
        "#]]
        .assert_eq(&shown(muster_tell::Language::ZhCn));
    }
}
