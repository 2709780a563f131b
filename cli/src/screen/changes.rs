//! The list of changes.

use muster_model::change::Altered;
use muster_model::request::ChangeReport;
use muster_tell::Words;

use super::table::Table;
use super::{Line, Look, Page, Style};

/// The page of a list of changes.
pub(crate) fn page(look: &Look, changes: &[ChangeReport]) -> Page {
    if changes.is_empty() {
        return Page::of_text(look, &look.say("changes-none", &[]));
    }
    let mut table = Table::new(0);
    table.headings(
        &["column-change", "column-at", "column-service", "column-what", "column-subject", "column-by"].map(|key| heading(look, key)),
    );
    for report in changes {
        let by = match &report.change.actor {
            Some(actor) => Line::of(Style::Plain, muster_tell::actor(look.language, actor)),
            None => Line::of(Style::Faint, look.say("by-unknown", &[])),
        };
        table.row([
            Line::of(Style::Code, &report.id),
            Line::of(Style::Plain, look.ago(report.at)),
            Line::of(Style::Plain, report.service.as_ref().map_or("–", |service| service.as_str())),
            what(look, &report.change.what),
            Line::of(Style::Strong, &report.change.subject),
            by,
        ]);
    }
    let mut page = Page::default();
    page.lines(table.lines(look.width));
    page
}

fn heading(look: &Look, key: &'static str) -> String {
    look.say(key, &[])
}

/// What was done, with its mark.
pub(super) fn what(look: &Look, altered: &Altered) -> Line {
    let style = match altered {
        Altered::Created { .. } => Style::Good,
        Altered::Deleted { .. } => Style::Bad,
        Altered::Edited { .. } | Altered::Permission { .. } | Altered::Enablement { .. } => Style::Warn,
    };
    let word = look.word(Words::Altered, altered.word());
    match altered {
        Altered::Permission { before, after } | Altered::Enablement { before, after } => {
            Line::of(style, look.say("event-change-from-to", &[("what", &word), ("before", before), ("after", after)]))
        }
        Altered::Created { .. } | Altered::Edited { .. } | Altered::Deleted { .. } => Line::of(style, word),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::samples;
    use super::*;

    #[test]
    fn changes_in_both_languages() {
        let changes = samples::changes();
        let shown = |language| page(&samples::look(language), &changes).paint(false);
        expect![[r#"
            CHANGE  WHEN       SERVICE  WHAT                       SUBJECT                BY
            c41     5 min ago  web      edited                     /etc/nginx/nginx.conf  alice (as root,
                                                                                          pts/0): vim
                                                                                          /etc/nginx/nginx.conf
            c40     5 min ago  web      at boot: enabled → masked  nginx.service          an unknown hand
            c9      5 min ago  –        created                    /etc/hosts.d/新        an unknown hand
        "#]]
        .assert_eq(&shown(muster_tell::Language::En));
        expect![[r#"
            变更  时间      服务  内容                            对象                   操作者
            c41   5 分钟前  web   修改                            /etc/nginx/nginx.conf  alice（以 root 身份、
                                                                                         pts/0）：vim
                                                                                         /etc/nginx/nginx.conf
            c40   5 分钟前  web   开机启动设置：enabled → masked  nginx.service          不明人员
            c9    5 分钟前  –     新建                            /etc/hosts.d/新        不明人员
        "#]]
        .assert_eq(&shown(muster_tell::Language::ZhCn));
    }
}
