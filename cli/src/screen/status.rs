//! The roll call.

use muster_model::health::Health;
use muster_model::observation::Rung;
use muster_model::request::{Lateness, ServiceStatus, Status, Unwatched};
use muster_tell::Words;

use super::table::Table;
use super::wrap::wrap;
use super::{Line, Look, Page, Style};

/// The page of a roll call.
pub(crate) fn page(look: &Look, status: &Status) -> Page {
    let mut page = Page::default();
    page.line(heading(look, status));
    if let Some((until, reason)) = &status.paused {
        let left = look.length(until.since(look.now));
        page.lines(look.paragraph(Style::Warn, &look.say("status-paused-all", &[("left", &left), ("reason", reason)]), 0));
    }
    for trouble in &status.troubles {
        page.lines(wrap(&Line::of(Style::Bad, "! ").and(Style::Plain, look.text(trouble)), 0, 2, look.width));
    }
    for spot in &status.blind {
        let said = look.say("status-blind", &[("at", &muster_tell::clock(spot.since)), ("why", &look.text(&spot.why))]);
        page.lines(wrap(&Line::of(Style::Bad, "! ").and(Style::Plain, said), 0, 2, look.width));
    }
    page.gap();
    if status.services.is_empty() {
        page.lines(look.paragraph(Style::Plain, &look.say("status-empty", &[]), 2));
    } else {
        page.lines(services(look, &status.services).0);
    }
    if !status.unwatched.is_empty() {
        page.gap();
        page.lines(look.paragraph(Style::Strong, &look.say("status-unwatched", &[("n", &status.unwatched.len())]), 0));
        page.lines(unwatched(look, &status.unwatched).lines(look.width));
    }
    sight(look, &status.rungs, &mut page);
    if status.lateness.asked > 0 {
        let Lateness { p99, max, .. } = status.lateness;
        let said = look.say("status-late", &[("p99", &look.length(p99)), ("max", &look.length(max))]);
        page.lines(wrap(&Line::of(Style::Faint, said), 0, 2, look.width));
    }
    if !status.addresses.is_empty() {
        pages(look, status, &mut page);
    }
    page
}

/// Where the pages are, and how well the hub is locked in: it sees nothing, so it does not stand among those that see.
fn pages(look: &Look, status: &Status, page: &mut Page) {
    let said = look.say("status-pages", &[("addresses", &status.addresses.join(" "))]);
    let mut line = Line::of(Style::Faint, said);
    if let Some(rung) = status.rungs.iter().find(|rung| rung.fact == HUB) {
        line = line.and(Style::Faint, look.say("status-locked", &[("source", &rung.source)]));
        if let Some(why) = &rung.why {
            line = line.and(Style::Warn, look.say("status-not-locked", &[("why", why)]));
        }
    }
    page.lines(wrap(&line, 0, 2, look.width));
}

/// The kind of rung that is the hub's.
const HUB: &str = "hub";

pub(super) fn heading(look: &Look, status: &Status) -> Line {
    let count = |health: Health| status.services.iter().filter(|service| service.health == health).count();
    let mut line = Line::of(Style::Strong, &status.host).and(Style::Plain, "  ");
    let mut first = true;
    for health in [Health::Lost, Health::Degraded, Health::Unknown, Health::Paused, Health::Present] {
        let n = count(health);
        if n > 0 {
            let style = match health {
                Health::Lost => Style::Bad,
                Health::Degraded | Health::Unknown => Style::Warn,
                Health::Paused => Style::Faint,
                Health::Present => Style::Good,
            };
            let comma = if first { String::new() } else { look.say("list-comma", &[]) };
            let counted = look.say("status-count", &[("n", &n), ("health", &look.word(Words::Health, health.code()))]);
            line = line.and(Style::Plain, comma).and(style, counted);
            first = false;
        }
    }
    let running = look.say("status-running", &[("version", &status.version), ("length", &look.length(status.at.since(status.up_since)))]);
    line.and(Style::Plain, if first { "" } else { "  " }).and(Style::Faint, running)
}

/// The services, a row each.
pub(crate) fn services(look: &Look, services: &[ServiceStatus]) -> Page {
    let mut table = Table::new(2);
    table.headings(&[
        look.say("column-service", &[]),
        look.say("column-health", &[]),
        look.say("column-since", &[]),
        look.say("column-kind", &[]),
        look.say("column-pids", &[]),
        look.say("column-ports", &[]),
        String::new(),
    ]);
    for service in services {
        table.row([
            Line::of(Style::Strong, &service.name),
            look.health(service.health),
            Line::of(Style::Plain, service.since.map_or("–".to_owned(), |since| look.length(look.now.since(since)))),
            Line::of(Style::Plain, &service.kind),
            Line::of(Style::Plain, few(&service.pids)),
            Line::of(Style::Plain, few(&service.ports)),
            remark(look, service),
        ]);
    }
    let mut page = Page::default();
    page.lines(table.lines(look.width));
    page
}

/// How it is lost, or why it is left alone.
pub(super) fn remark(look: &Look, service: &ServiceStatus) -> Line {
    let mut line = Line::default();
    if let Some(loss) = service.loss {
        line = line.and(Style::Bad, look.word(Words::Loss, loss.code()));
    }
    if let Some(incident) = &service.incident {
        let before = if service.loss.is_some() { " " } else { "" };
        line = line.and(Style::Plain, before).and(Style::Code, incident);
    }
    if let Some((until, reason)) = &service.paused {
        let left = look.length(until.since(look.now));
        line = line.and(Style::Faint, look.say("status-paused", &[("left", &left), ("reason", reason)]));
    }
    line
}

/// The first few of a list, and how many more there are.
pub(super) fn few<T: ToString>(items: &[T]) -> String {
    const SHOWN: usize = 3;
    let mut shown: Vec<String> = items.iter().take(SHOWN).map(ToString::to_string).collect();
    match items.len() {
        0 => return "–".to_owned(),
        n if n > SHOWN => shown.push(format!("+{}", n - SHOWN)),
        _ => {}
    }
    shown.join(" ")
}

fn unwatched(look: &Look, unwatched: &[Unwatched]) -> Table {
    let mut table = Table::new(2);
    for found in unwatched {
        let ports = look.say("status-listens", &[("ports", &few(&found.ports))]);
        let pid = found.pid.map_or("–".to_owned(), |pid| pid.to_string());
        let belongs = match (&found.unit, found.pid) {
            (Some(unit), _) => unit.clone(),
            (None, Some(_)) => found.command.clone(),
            (None, None) => look.say("status-holder-unseen", &[]),
        };
        table.row([
            Line::of(Style::Plain, &found.program),
            Line::of(Style::Plain, pid),
            Line::of(Style::Plain, ports),
            Line::of(Style::Faint, belongs),
        ]);
    }
    table
}

/// What can be seen less well than it could be. Where all is at its best a line is enough.
fn sight(look: &Look, rungs: &[Rung], page: &mut Page) {
    let (best, lower): (Vec<&Rung>, Vec<&Rung>) =
        rungs.iter().filter(|rung| rung.fact != HUB).partition(|rung| rung.rung == 1 && rung.source != "none");
    if best.is_empty() && lower.is_empty() {
        return;
    }
    page.gap();
    if !best.is_empty() {
        let named: Vec<String> = best.iter().map(|rung| format!("{} ({})", look.word(Words::Fact, &rung.fact), rung.source)).collect();
        let said = look.say("status-sees", &[("facts", &named.join(&look.say("list-comma", &[])))]);
        page.lines(wrap(&Line::of(Style::Faint, said), 0, 2, look.width));
    }
    if !lower.is_empty() {
        page.lines(look.paragraph(Style::Faint, &look.say("status-sees-less", &[]), 0));
        let mut table = Table::new(2);
        for rung in lower {
            let source = if rung.source == "none" {
                Line::of(Style::Warn, look.say("status-sees-not", &[]))
            } else {
                Line::of(Style::Plain, &rung.source)
            };
            table.row([
                Line::of(Style::Plain, look.word(Words::Fact, &rung.fact)),
                source,
                Line::of(Style::Faint, rung.why.as_deref().unwrap_or_default()),
            ]);
        }
        page.lines(table.lines(look.width));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::samples;
    use super::*;

    #[test]
    fn the_roll_call_in_english() {
        let look = samples::look(muster_tell::Language::En);
        expect![[r#"
            db-7  1 lost, 1 paused, 1 present  muster 0.1.0, up 3 h
            ! No Muster runs on /var/lib/muster. `muster up` starts one; --data names another folder.
            ! Since 14:13:08.000 UTC not all was seen of file changes: the kernel's queue for files was full, at
              least 312 events were lost.

              SERVICE   HEALTH     SINCE  KIND  PROCESSES    PORTS
              web       ● present  3 h    unit  1234         80 443
              api       ✗ lost     2 s    run   –            –       killed by a signal i42
              postgres  ‖ paused   3 h    unit  71 72 73 +2  5432    paused for 25 min more: 换磁盘 (disk swap)

            Listens here, and nobody watches it:
              sshd  800  port 22  ssh.service

            Sees end of a process (ebpf), systemd units (dbus)
            Sees less well than it could:
              file changes  inotify     fanotify_init: Operation not permitted
              log lines     not at all  journalctl is not installed
            Of 100 questions of probes 99 are put at most 4 ms late, the latest 37 ms
            pages and API: http://127.0.0.1:7373
        "#]]
        .assert_eq(&page(&look, &samples::status()).paint(false));
    }

    #[test]
    fn the_roll_call_in_chinese() {
        let look = samples::look(muster_tell::Language::ZhCn);
        expect![[r#"
            db-7  1 个丢失、1 个已暂停、1 个正常  muster 0.1.0，已运行 3 小时
            ! /var/lib/muster 上没有运行 Muster。`muster up` 可启动；--data 可指定其他目录。
            ! 自 14:13:08.000 UTC 起未能观测到全部文件变动：内核为 files 准备的队列已满，至少丢失 312 个事件。

              服务      状态      持续    类型  进程         端口
              web       ● 正常    3 小时  unit  1234         80 443
              api       ✗ 丢失    2 秒    run   –            –       被信号终止 i42
              postgres  ‖ 已暂停  3 小时  unit  71 72 73 +2  5432    还将暂停 25 分钟：换磁盘 (disk swap)

            以下 1 个程序在监听端口，但无人监视：
              sshd  800  端口 22  ssh.service

            可观测：进程结束 (ebpf)、systemd 单元 (dbus)
            以下观测未达最佳：
              文件变动  inotify   fanotify_init: Operation not permitted
              日志      无法观测  journalctl is not installed
            探测准时程度：100 次中有 99 次延迟不超过 4 毫秒，最长 37 毫秒
            网页与 API：http://127.0.0.1:7373
        "#]]
        .assert_eq(&page(&look, &samples::status()).paint(false));
    }

    #[test]
    fn an_empty_roster_says_what_to_do() {
        let look = samples::look(muster_tell::Language::En);
        let status = Status {
            services: Vec::new(),
            unwatched: Vec::new(),
            rungs: Vec::new(),
            troubles: Vec::new(),
            blind: Vec::new(),
            lateness: Lateness::default(),
            ..samples::status()
        };
        expect![[r#"
            db-7  muster 0.1.0, up 3 h

              The roster is empty, and nothing was found that should be watched. Name a service in the
              configuration file.
            pages and API: http://127.0.0.1:7373
        "#]]
        .assert_eq(&page(&look, &status).paint(false));
    }
}
