//! A plan: what would be done, in which order, and whether it may be.

use muster_model::plan::{Leave, Plan, Step};
use muster_tell::Words;

use super::wrap::wrap;
use super::{Line, Look, Page, Style};

/// The page of a plan.
pub(crate) fn page(look: &Look, service: &str, plan: Option<&Plan>) -> Page {
    let Some(plan) = plan else { return Page::of_text(look, &look.say("recover-nothing", &[("service", &service)])) };
    let mut page = Page::default();
    page.lines(look.paragraph(Style::Strong, &look.text(&plan.why), 0));
    page.lines(steps(look, plan, 2));
    page.lines(look.paragraph(Style::Plain, &leave(look, service, plan.leave), 0));
    page
}

/// The steps in order.
pub(super) fn steps(look: &Look, plan: &Plan, indent: usize) -> Vec<Line> {
    let numbered = plan.steps.iter().enumerate().map(|(place, step)| {
        let line = Line::of(Style::Faint, format!("{}. ", place + 1)).and(Style::Plain, look.word(Words::Step, step.code()));
        match target(step) {
            Some(target) => line.and(Style::Plain, " ").and(Style::Code, target),
            None => line,
        }
    });
    numbered.flat_map(|line| wrap(&line, indent, indent + 3, look.width)).collect()
}

/// What a step is done to, where that is not the service itself.
fn target(step: &Step) -> Option<String> {
    match step {
        Step::ConfigRestore { files } => Some(files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>().join(" ")),
        Step::KillRestart { process } => Some(process.pid.to_string()),
        Step::Start | Step::Restart | Step::Reload | Step::Enable | Step::Unmask | Step::Await { .. } => None,
    }
}

/// Whether it may be run.
pub(super) fn leave(look: &Look, service: &str, leave: Leave) -> String {
    match leave {
        Leave::Granted => look.say("leave-granted", &[]),
        Leave::Asked => look.say("leave-asked", &[("service", &service)]),
        Leave::Withheld => look.say("leave-withheld", &[("service", &service)]),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::samples;
    use super::*;

    #[test]
    fn a_plan_in_both_languages() {
        let plan = samples::config_broken().plan;
        let shown = |language, plan| page(&samples::look(language), "web", plan).paint(false);
        expect![[r#"
            Put the last good /etc/nginx/nginx.conf back (its configuration is not valid)
              1. restore the last good configuration /etc/nginx/nginx.conf
              2. start
            Muster may do this by itself.
        "#]]
        .assert_eq(&shown(muster_tell::Language::En, plan.as_ref()));
        expect![[r#"
            恢复最近一次良好的 /etc/nginx/nginx.conf（配置无效）
              1. 恢复最近一次良好的配置 /etc/nginx/nginx.conf
              2. 启动
            Muster 可以自行执行。
        "#]]
        .assert_eq(&shown(muster_tell::Language::ZhCn, plan.as_ref()));
        expect![[r#"
            web is there: there is nothing to do.
        "#]]
        .assert_eq(&shown(muster_tell::Language::En, None));
    }
}
