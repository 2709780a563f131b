//! Why: the story of a loss, as a good colleague would tell it. First the verdict; then when and by whom; the change that
//! matters; what speaks for the verdict and against it; what else it could have been; what was done; what to do next.

use muster_model::cause::{Cause, Evidence};
use muster_model::incident::{Action, Incident, Said};
use muster_model::plan::Outcome;
use muster_model::request::DiffReport;
use muster_tell::{Words, clock, date_and_clock};

use super::table::Table;
use super::wrap::cut;
use super::{Line, Look, Page, Style};
use super::{diff, incidents, plan};

/// Lines of a change shown here; `muster diff` shows all.
const DIFF_LINES_MAX: usize = 12;
/// Pieces of evidence shown; `--json` has all.
const EVIDENCE_MAX: usize = 8;
/// Other causes shown.
const OTHERS_MAX: usize = 4;
/// How much is shown of the command line of each of an actor's parents.
const PARENT_WIDTH: usize = 40;

/// The page of an incident, with the change that caused it where there is one.
pub(crate) fn page(look: &Look, incident: &Incident, change: Option<&DiffReport>) -> Page {
    let mut page = Page::default();
    page.line(heading(look, incident));
    page.gap();
    verdict(look, incident, &mut page);
    page.gap();
    page.lines(moments(look, incident).lines(look.width));
    if let Some(report) = change {
        altered(look, report, &mut page);
    }
    evidence(look, incident.evidence(), &mut page);
    others(look, &incident.causes, &mut page);
    done(look, incident, &mut page);
    notes(look, incident, &mut page);
    next(look, incident, &mut page);
    page
}

/// The service, its loss, the incident and how far it is.
fn heading(look: &Look, incident: &Incident) -> Line {
    let mut line = Line::of(Style::Strong, &incident.service)
        .and(Style::Plain, "  ")
        .and(if incident.state.is_open() { Style::Bad } else { Style::Plain }, look.word(Words::Loss, incident.loss.code()))
        .and(Style::Plain, "  ")
        .and(Style::Code, &incident.id)
        .and(Style::Plain, "  ");
    line.0.extend(incidents::state(look, incident.state).0);
    line
}

/// The verdict in a sentence, and how sure it is.
fn verdict(look: &Look, incident: &Incident, page: &mut Page) {
    let Some(cause) = incident.cause() else {
        page.lines(look.paragraph(Style::Strong, &look.say("why-no-verdict", &[]), 0));
        return;
    };
    page.lines(look.paragraph(Style::Strong, &look.say("text-sentence", &[("text", &look.text(&cause.summary))]), 0));
    let sure = muster_tell::sureness(look.language, incident).unwrap_or_default();
    page.lines(look.paragraph(Style::Faint, &sure, 0));
}

/// When it was lost, noticed, explained and back; by whom; what it was done to.
fn moments(look: &Look, incident: &Incident) -> Table {
    let mut table = Table::new(2);
    let mut row = |key: &'static str, value: Line| table.row([Line::of(Style::Faint, look.say(key, &[])), value]);
    let after = |moment: muster_model::time::Time| look.length(moment.since(incident.lost_at));
    let lost = look.say("why-moment", &[("at", &date_and_clock(incident.lost_at)), ("ago", &look.ago(incident.lost_at))]);
    row("why-lost", Line::of(Style::Plain, lost));
    let mut noticed = vec![look.say("why-after", &[("after", &after(incident.detected_at))])];
    if let Some(at) = incident.first_verdict_at {
        noticed.push(look.say("why-verdict-after", &[("after", &after(at))]));
    }
    if let Some(at) = incident.settled_at {
        noticed.push(look.say("why-settled-after", &[("after", &after(at))]));
    }
    row("why-noticed", Line::of(Style::Plain, noticed.join(&look.say("list-clause", &[]))));
    if let Some(at) = incident.recovered_at {
        row("why-back", Line::of(Style::Good, look.say("why-back-after", &[("at", &clock(at)), ("after", &after(at))])));
    }
    if let Some(cause) = incident.cause() {
        if let Some(subject) = &cause.subject {
            row("why-subject", Line::of(Style::Plain, subject));
        }
        if let Some(actor) = &cause.actor {
            row("why-by", Line::of(Style::Plain, muster_tell::actor(look.language, actor)));
            if let Some(from) = muster_tell::ancestry(look.language, actor, |parent| cut(parent, PARENT_WIDTH)) {
                row("why-from", Line::of(Style::Faint, from));
            }
        }
    }
    table
}

/// The lines of the change that matter.
fn altered(look: &Look, report: &DiffReport, page: &mut Page) {
    page.gap();
    let (subject, ago) = (&report.change.change.subject, look.ago(report.change.at));
    let heading = look.say("why-change", &[("subject", subject), ("ago", &ago), ("change", &report.change.id)]);
    page.lines(look.paragraph(Style::Strong, &heading, 0));
    match diff::lines(report, DIFF_LINES_MAX) {
        Some(lines) => page.lines(lines),
        None => page.lines(look.paragraph(Style::Faint, &look.say("content-unknown", &[]), 2)),
    }
}

/// What speaks for the verdict, and what against it, the weightiest first.
fn evidence(look: &Look, evidence: &[Evidence], page: &mut Page) {
    if evidence.is_empty() {
        return;
    }
    page.gap();
    page.lines(look.paragraph(Style::Strong, &look.say("why-evidence", &[]), 0));
    let mut table = Table::new(2);
    for fact in evidence.iter().take(EVIDENCE_MAX) {
        let (mark, style) = match fact.weight {
            weight if weight > 0.0 => ("+", Style::Good),
            weight if weight < 0.0 => ("−", Style::Bad),
            _ => ("·", Style::Faint),
        };
        table.row([
            Line::of(style, mark),
            Line::of(Style::Faint, clock(fact.at)),
            Line::of(Style::Faint, &fact.source),
            Line::of(Style::Plain, look.text(&fact.text)),
        ]);
    }
    page.lines(table.lines(look.width));
    if let Some(more) = evidence.len().checked_sub(EVIDENCE_MAX).filter(|more| *more > 0) {
        page.lines(look.paragraph(Style::Faint, &look.say("why-more", &[("n", &more)]), 2));
    }
}

/// What else was weighed.
fn others(look: &Look, causes: &[Cause], page: &mut Page) {
    let mut others = causes.iter().skip(1).take(OTHERS_MAX).peekable();
    if others.peek().is_none() {
        return;
    }
    page.gap();
    page.lines(look.paragraph(Style::Strong, &look.say("why-others", &[]), 0));
    let mut table = Table::new(2);
    for cause in others {
        table.row([
            Line::of(Style::Plain, look.percent(cause.confidence)),
            Line::of(Style::Faint, cause.code.code()),
            Line::of(Style::Plain, look.word(Words::Cause, cause.code.code())),
        ]);
    }
    page.lines(table.lines(look.width));
}

/// What was done, and what is being done.
fn done(look: &Look, incident: &Incident, page: &mut Page) {
    if incident.actions.is_empty() && incident.plan.is_none() {
        return;
    }
    page.gap();
    page.lines(look.paragraph(Style::Strong, &look.say("why-done", &[]), 0));
    if let Some(plan) = &incident.plan {
        page.lines(look.paragraph(Style::Plain, &look.say("text-sentence", &[("text", &look.text(&plan.why))]), 2));
    }
    let mut table = Table::new(2);
    for action in &incident.actions {
        table.row(act(look, action));
    }
    page.lines(table.lines(look.width));
    if let Some(plan) = incident.plan.as_ref().filter(|_| incident.actions.is_empty()) {
        page.lines(plan::steps(look, plan, 2));
    }
}

fn act(look: &Look, action: &Action) -> [Line; 3] {
    let (mark, style) = match action.outcome {
        Some(Outcome::Done) => ("✓", Style::Good),
        Some(Outcome::Failed) => ("✗", Style::Bad),
        Some(Outcome::Undone) => ("↺", Style::Warn),
        Some(Outcome::Skipped) => ("·", Style::Faint),
        None => ("…", Style::Warn),
    };
    let mut what = Line::of(Style::Plain, look.word(Words::Step, &action.step));
    if !action.target.is_empty() {
        what = what.and(Style::Plain, " ").and(Style::Code, &action.target);
    }
    let outcome = match action.outcome {
        Some(outcome) => {
            look.say("why-took", &[("outcome", &look.word(Words::Outcome, outcome.code())), ("took", &look.length(action.took))])
        }
        None => look.say("why-under-way", &[]),
    };
    what = what.and(Style::Plain, look.say("why-colon", &[])).and(style, outcome);
    if action.rehearsed {
        what = what.and(Style::Faint, look.say("list-clause", &[])).and(Style::Faint, look.say("why-rehearsed", &[]));
    }
    if let Some(said) = action.said.lines().find(|line| !line.trim().is_empty()) {
        what = what.and(Style::Faint, look.say("why-colon", &[])).and(Style::Faint, said.trim());
    }
    [Line::of(style, mark), Line::of(Style::Faint, clock(action.at)), what]
}

/// What people and Muster said of it.
fn notes(look: &Look, incident: &Incident, page: &mut Page) {
    if incident.notes.is_empty() {
        return;
    }
    page.gap();
    page.lines(look.paragraph(Style::Strong, &look.say("why-notes", &[]), 0));
    let mut table = Table::new(2);
    for note in &incident.notes {
        let said = match &note.said {
            Said::Text(text) => look.text(text),
            Said::Words(words) => words.clone(),
        };
        table.row([Line::of(Style::Faint, clock(note.at)), Line::of(Style::Faint, &note.by), Line::of(Style::Plain, said)]);
    }
    page.lines(table.lines(look.width));
}

/// What a person can do now.
fn next(look: &Look, incident: &Incident, page: &mut Page) {
    let hints = muster_tell::next(look.language, incident);
    if hints.is_empty() {
        return;
    }
    page.gap();
    page.lines(look.paragraph(Style::Strong, &look.say("why-next", &[]), 0));
    page.lines(hints.iter().flat_map(|hint| look.paragraph(Style::Plain, hint, 2)));
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use muster_tell::Language;

    use super::super::samples;
    use super::*;

    #[test]
    fn a_kill_that_is_being_mended_in_both_languages() {
        let shown = |language| page(&samples::look(language), &samples::killed(), None).paint(false);
        expect![[r#"
            api  killed by a signal  i42  ↻ recovering

            api got SIGKILL from alice (as root, pts/0, pid 2211): kill -9 1234.
            operator.killed, 99 % sure; more evidence is being gathered

              lost     2026-09-21 14:13:18.000 UTC (2 s ago)
              noticed  after 140 µs, first verdict after 310 µs
              what     pid 1234
              who      alice (as root, pts/0): kill -9 1234
              from     pid 2211 ← sudo -s ← -bash ← sshd: alice@pts/0

            For (+) and against (−)
              +  14:13:18.000  ebpf    SIGKILL was sent by alice (as root, pts/0, pid 2211): kill -9 1234
              +  14:13:18.000  kernel  the process was ended by SIGKILL

            Also considered
              1 %  unknown  the evidence does not decide

            What Muster did
              It is down: start it.
              …  14:13:18.000  start api: under way

            What to do
              Nothing: it is being brought back. `muster events --follow --service api` shows it live.
        "#]]
        .assert_eq(&shown(Language::En));
        expect![[r#"
            api  被信号终止  i42  ↻ 恢复中

            api 收到 SIGKILL 信号，发送者：alice (as root, pts/0, pid 2211): kill -9 1234。
            operator.killed，把握 99 %；仍在收集证据

              丢失    2026-09-21 14:13:18.000 UTC（2 秒前）
              发现    140 微秒后，310 微秒后作出初步判断
              对象    pid 1234
              操作者  alice（以 root 身份、pts/0）：kill -9 1234
              来自    进程 2211 ← sudo -s ← -bash ← sshd: alice@pts/0

            支持（+）与反对（−）的证据
              +  14:13:18.000  ebpf    SIGKILL 的发送者：alice (as root, pts/0, pid 2211): kill -9 1234
              +  14:13:18.000  kernel  进程被 SIGKILL 终止

            其他可能
              1 %  unknown  证据不足以判定

            Muster 采取的操作
              服务未运行：启动它。
              …  14:13:18.000  启动 api：进行中

            接下来
              无需操作：正在恢复。`muster events --follow --service api` 可实时查看。
        "#]]
        .assert_eq(&shown(Language::ZhCn));
    }

    #[test]
    fn a_broken_configuration_that_was_taken_back_in_both_languages() {
        let shown = |language| page(&samples::look(language), &samples::config_broken(), Some(&samples::diff())).paint(false);
        expect![[r#"
            web  ended by itself  i7  ✓ recovered

            The configuration of web is no longer valid at /etc/nginx/nginx.conf:3, after an edit by alice (as
            root, pts/0, pid 2211): vim /etc/nginx/nginx.conf.
            config.invalid, 97 % sure, and confirmed: undoing it brought the service back

              lost     2026-09-21 14:08:20.000 UTC (5 min ago)
              noticed  after 2 ms, first verdict after 3 ms, settled after 95 ms
              back     14:08:20.740, after 740 ms
              what     /etc/nginx/nginx.conf
              who      alice (as root, pts/0): vim /etc/nginx/nginx.conf
              from     pid 2211 ← sudo -s ← -bash ← sshd: alice@pts/0

            /etc/nginx/nginx.conf was changed 5 min ago (c41)
                1   events {}
                2   http {
                3 -   server { listen 80; }
                3 +   server { listen 80x; }
                4   }

            For (+) and against (−)
              +  14:08:20.030  validate  the validator refuses the configuration: nginx: [emerg] invalid port in
                                         "80x" of the "listen" directive in /etc/nginx/nginx.conf:3
              +  14:07:40.000  fanotify  /etc/nginx/nginx.conf: edited by alice (as root, pts/0, pid 2211): vim
                                         /etc/nginx/nginx.conf
              −  14:08:20.000  guard     the way it was lost speaks against it: crashing again and again

            Also considered
              2 %  crash.bug  a fault of the program itself

            What Muster did
              Put the last good /etc/nginx/nginx.conf back (its configuration is not valid).
              ✓  14:08:20.100  restore the last good configuration /etc/nginx/nginx.conf: done in 38 ms, tried
                               on a copy first
              ✓  14:08:20.140  start nginx.service: done in 590 ms

            Notes
              14:09:20.000  bob  told alice

            What to do
              Nothing: it is back.
              `muster diff c41` shows the whole change; what was overwritten is kept as a version.
        "#]]
        .assert_eq(&shown(Language::En));
        expect![[r#"
            web  自行退出  i7  ✓ 已恢复

            web 的配置在 /etc/nginx/nginx.conf:3 处已无效，修改者：alice (as root, pts/0, pid 2211): vim
            /etc/nginx/nginx.conf。
            config.invalid，把握 97 %，已证实：消除该原因后服务恢复

              丢失    2026-09-21 14:08:20.000 UTC（5 分钟前）
              发现    2 毫秒后，3 毫秒后作出初步判断，95 毫秒后判断确定
              恢复    14:08:20.740，历时 740 毫秒
              对象    /etc/nginx/nginx.conf
              操作者  alice（以 root 身份、pts/0）：vim /etc/nginx/nginx.conf
              来自    进程 2211 ← sudo -s ← -bash ← sshd: alice@pts/0

            /etc/nginx/nginx.conf 的改动（5 分钟前，c41）
                1   events {}
                2   http {
                3 -   server { listen 80; }
                3 +   server { listen 80x; }
                4   }

            支持（+）与反对（−）的证据
              +  14:08:20.030  validate  校验程序不接受该配置：nginx: [emerg] invalid port in "80x" of the
                                         "listen" directive in /etc/nginx/nginx.conf:3
              +  14:07:40.000  fanotify  /etc/nginx/nginx.conf：修改，操作者 alice (as root, pts/0, pid 2211):
                                         vim /etc/nginx/nginx.conf
              −  14:08:20.000  guard     丢失的方式与此不符：反复崩溃

            其他可能
              2 %  crash.bug  程序自身的缺陷

            Muster 采取的操作
              恢复最近一次良好的 /etc/nginx/nginx.conf（配置无效）。
              ✓  14:08:20.100  恢复最近一次良好的配置 /etc/nginx/nginx.conf：完成，用时 38 毫秒，已先在副本上试
                               过
              ✓  14:08:20.140  启动 nginx.service：完成，用时 590 毫秒

            备注
              14:09:20.000  bob  told alice

            接下来
              无需操作：服务已恢复。
              `muster diff c41` 可查看全部改动；被覆盖的内容已存为一个版本。
        "#]]
        .assert_eq(&shown(Language::ZhCn));
    }

    #[test]
    fn a_loss_without_a_verdict_yet() {
        let incident = Incident { causes: Vec::new(), plan: None, actions: Vec::new(), first_verdict_at: None, ..samples::killed() };
        expect![[r#"
            api  killed by a signal  i42  ↻ recovering

            Why is being looked into; nothing can be said yet.

              lost     2026-09-21 14:13:18.000 UTC (2 s ago)
              noticed  after 140 µs

            What to do
              Nothing: it is being brought back. `muster events --follow --service api` shows it live.
        "#]]
        .assert_eq(&page(&samples::look(Language::En), &incident, None).paint(false));
    }

    #[test]
    fn in_a_narrow_terminal_no_line_is_longer_than_it_save_what_has_no_room() {
        for language in Language::ALL {
            let look = Look { width: 60, ..samples::look(language) };
            let page = page(&look, &samples::config_broken(), None);
            let long: Vec<&Line> = page.0.iter().filter(|line| line.width() > 60).collect();
            assert!(long.is_empty(), "{language}: {long:#?}");
        }
    }
}
