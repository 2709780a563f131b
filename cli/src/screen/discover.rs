//! What runs here, and who watches it.

use muster_model::request::{Discovered, Watching};
use muster_model::roster::Kind;

use super::status::few;
use super::table::Table;
use super::{Line, Look, Page, Style};

/// The page of all that was discovered.
pub(crate) fn page(look: &Look, all: &[Discovered]) -> Page {
    if all.is_empty() {
        return Page::of_text(look, &look.say("discover-none", &[]));
    }
    let mut page = Page::default();
    // A command line can be very long.
    let mut table = Table::new(0).one_line();
    table.headings(&[
        look.say("column-service", &[]),
        look.say("column-watched", &[]),
        look.say("column-kind", &[]),
        look.say("column-ports", &[]),
        look.say("column-user", &[]),
        look.say("column-pack", &[]),
        look.say("column-program", &[]),
    ]);
    // First who is not watched: that is the question.
    let mut sorted: Vec<&Discovered> = all.iter().collect();
    sorted.sort_by_key(|found| match found.watched {
        Watching::Nobody => 0,
        Watching::Learned => 1,
        Watching::Declared => 2,
    });
    for found in sorted {
        let watched = match found.watched {
            Watching::Declared => Line::of(Style::Good, look.say("discover-declared", &[])),
            Watching::Learned => Line::of(Style::Plain, look.say("discover-learned", &[])),
            Watching::Nobody => Line::of(Style::Warn, look.say("discover-nobody", &[])),
        };
        table.row([
            Line::of(Style::Strong, &found.service.name),
            watched,
            Line::of(Style::Plain, found.service.kind.code()),
            Line::of(Style::Plain, few(&found.ports)),
            Line::of(Style::Plain, found.user.as_deref().unwrap_or("–")),
            Line::of(Style::Plain, found.service.pack.as_deref().unwrap_or("–")),
            Line::of(Style::Faint, runs(found)),
        ]);
    }
    page.lines(table.lines(look.width));
    if all.iter().any(|found| found.watched != Watching::Declared) {
        page.gap();
        page.lines(look.paragraph(Style::Plain, &look.say("discover-write", &[]), 0));
    }
    page
}

/// What runs: of a process that nobody declared its command line, which tells one interpreter from another; else its program.
/// A program is named without its folder, which would take the room of what tells it apart.
fn runs(found: &Discovered) -> String {
    match &found.command {
        Some(command) if found.watched != Watching::Declared && matches!(found.service.kind, Kind::Process(_)) => {
            let (program, arguments) = command.split_once(' ').unwrap_or((command, ""));
            format!("{} {arguments}", program.rsplit('/').next().unwrap_or_default()).trim_end().to_owned()
        }
        // The kernel says so of a program that was replaced on disk since it was started (proc(5), exe).
        _ => found.program.trim_end_matches(" (deleted)").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::screen::samples;

    fn found(roster: &str, program: &str, ports: &[u16], user: &str, watched: Watching) -> Discovered {
        let config = muster_model::config::parse(&[("roster.toml".to_owned(), roster.to_owned())]).unwrap_or_else(|e| panic!("{e:?}"));
        let service = config.services.into_iter().next().unwrap();
        let command = Some(format!("/usr/bin/{program} -m http.server {} --bind 127.0.0.1", ports[0]));
        Discovered {
            service,
            program: program.to_owned(),
            command,
            pids: vec![77],
            ports: ports.to_vec(),
            user: Some(user.to_owned()),
            watched,
        }
    }

    #[test]
    fn on_80_columns_each_has_a_row_and_the_unwatched_stand_first() {
        let all = [
            found(
                "[[service]]\nname = \"nginx\"\nunit = \"nginx.service\"\npack = \"nginx\"\n",
                "nginx",
                &[80, 443],
                "root",
                Watching::Declared,
            ),
            found(
                "[[service]]\nname = \"python3.11-8000\"\nprocess = { exe = \"/usr/bin/python3.11\", args = '^/usr/bin/python3 \\-m http\\.server 8000 \\-\\-bind 127\\.0\\.0\\.1$' }\n",
                "python3.11",
                &[8000],
                "alice",
                Watching::Nobody,
            ),
        ];
        let shown = |language| page(&Look { width: 80, ..samples::look(language) }, &all).paint(false);
        expect![[r#"
            SERVICE          WATCHED    KIND     PORTS   USER   PACK   PROGRAM
            python3.11-8000  by nobody  process  8000    alice  –      python3.11 -m http.s…
            nginx            declared   unit     80 443  root   nginx  nginx

            `muster discover --write FILE` writes a roster of what is not declared, to be
            put into services.d/ beside the configuration.
        "#]]
        .assert_eq(&shown(muster_tell::Language::En));
        expect![[r#"
            服务             监视      类型     端口    用户   知识包  程序
            python3.11-8000  无人监视  process  8000    alice  –       python3.11 -m http.s…
            nginx            已声明    unit     80 443  root   nginx   nginx

            `muster discover --write 文件` 可将未声明的服务写成名册，放入配置旁的
            services.d/ 即可。
        "#]]
        .assert_eq(&shown(muster_tell::Language::ZhCn));
    }
}
