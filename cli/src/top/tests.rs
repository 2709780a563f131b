//! Keys and news in, drawn screens out, on ratatui's own test terminal.

use expect_test::expect;
use muster_model::event::Command;
use muster_model::health::Health;
use muster_model::id::{IncidentId, ServiceName};
use muster_model::request::{ServiceStatus, Status};
use muster_model::text::Text;
use muster_tell::Language;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::draw;
use super::keys::Key;
use super::state::{Column, Effect, Input, Told, Top, View};
use crate::screen::{Look, samples};

fn top() -> Top {
    Top::new(samples::status())
}

fn drawn(look: &Look, top: &mut Top, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let look = Look { width: usize::from(width), ..*look };
    terminal.draw(|frame| draw::draw(frame, &look, top)).unwrap();
    terminal.backend().buffer().clone()
}

/// The screen as text: a wide character fills two cells, the second of which is passed over.
fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer.content().chunks(usize::from(buffer.area.width).max(1)) {
        let mut line = String::new();
        let mut covered = 0;
        for cell in row {
            if covered == 0 {
                line.push_str(cell.symbol());
            }
            covered = if covered > 0 { covered - 1 } else { cell.symbol().width().saturating_sub(1) };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn shown(language: Language, top: &mut Top) -> String {
    text(&drawn(&samples::look(language), top, 80, 24))
}

fn press(top: &mut Top, keys: impl IntoIterator<Item = Key>) -> Vec<Effect> {
    keys.into_iter().filter_map(|key| top.update(Input::Key(key))).collect()
}

fn typed(words: &str) -> impl Iterator<Item = Key> + '_ {
    words.chars().map(Key::Char)
}

/// A roll call of so many services, of which every tenth is lost.
fn many(services: usize) -> Status {
    let mut status = samples::status();
    let (well, lost) = (status.services[0].clone(), status.services[1].clone());
    status.services = (0..services)
        .map(|n| ServiceStatus { name: format!("service-{n:04}").as_str().into(), ..if n % 10 == 3 { lost.clone() } else { well.clone() } })
        .collect();
    status
}

fn names(top: &Top) -> Vec<&str> {
    top.rows.iter().map(|place| top.status.services[*place].name.as_str()).collect()
}

#[test]
fn the_roll_call_on_80_columns_in_both_languages() {
    let mut top = top();
    expect![[r#"
        db-7  1 lost, 1 paused, 1 present  muster 0.1.0, up 3 h
        ! No Muster runs on /var/lib/muster. `muster up` starts one; --data names anoth…
        ! Since 14:13:08.000 UTC not all was seen of file changes: the kernel's queue f…

           SERVICE   HEALTH▼    SINCE        KIND   PORTS
        >! api       ✗ lost     2 s          run    –       killed by a signal i42
           postgres  ‖ paused   3 h          unit   5432    paused for 25 min more: 换…
           web       ● present  3 h          unit   80 443















        ↑↓ move  Enter why  / filter  s sort  r recover  p pause  a ack  ? help  q quit
    "#]]
    .assert_eq(&shown(Language::En, &mut top));
    expect![[r#"
        db-7  1 个丢失、1 个已暂停、1 个正常  muster 0.1.0，已运行 3 小时
        ! /var/lib/muster 上没有运行 Muster。`muster up` 可启动；--data 可指定其他目录。
        ! 自 14:13:08.000 UTC 起未能观测到全部文件变动：内核为 files 准备的队列已满，至…

           服务      状态▼     持续         类型   端口
        >! api       ✗ 丢失    2 秒         run    –       被信号终止 i42
           postgres  ‖ 已暂停  3 小时       unit   5432    还将暂停 25 分钟：换磁盘 (di…
           web       ● 正常    3 小时       unit   80 443















        ↑↓ 移动  Enter 原因  / 筛选  s 排序  r 恢复  p 暂停  a 知悉  ? 帮助  q 退出
    "#]]
    .assert_eq(&shown(Language::ZhCn, &mut top));
}

#[test]
fn the_story_of_a_service_is_that_of_why() {
    let mut top = top();
    assert_eq!(press(&mut top, [Key::Enter]), [Effect::Ask { of: "api".to_owned() }]);
    let told = Told { incident: Some(samples::killed()), change: None };
    assert_eq!(top.update(Input::Story { of: "api".to_owned(), told: Ok(Box::new(told)) }), None);
    expect![[r#"
        ! No Muster runs on /var/lib/muster. `muster up` s…  and 1 more: `muster status`
        api  killed by a signal  i42  ↻ recovering

        api got SIGKILL from alice (as root, pts/0, pid 2211): kill -9 1234.
        operator.killed, 99 % sure; more evidence is being gathered

          lost     2026-09-21 14:13:18.000 UTC (2 s ago)
          noticed  after 140 µs, first verdict after 310 µs
          what     pid 1234
          who      alice (as root, pts/0): kill -9 1234
          from     pid 2211 ← sudo -s ← -bash ← sshd: alice@pts/0

        For (+) and against (−)
          +  14:13:18.000  ebpf    SIGKILL was sent by alice (as root, pts/0, pid 2211):
                                   kill -9 1234
          +  14:13:18.000  kernel  the process was ended by SIGKILL

        Also considered
          1 %  unknown  the evidence does not decide

        What Muster did
          It is down: start it.
          …  14:13:18.000  start api: under way
        Esc back  ↑↓ scroll  r recover  p pause  a ack  ? help
    "#]]
    .assert_eq(&shown(Language::En, &mut top));
    expect![[r#"
        ! /var/lib/muster 上没有运行 Muster。`muster up` 可…  另有 1 条：`muster status`
        api  被信号终止  i42  ↻ 恢复中

        api 收到 SIGKILL 信号，发送者：alice (as root, pts/0, pid 2211): kill -9 1234。
        operator.killed，把握 99 %；仍在收集证据

          丢失    2026-09-21 14:13:18.000 UTC（2 秒前）
          发现    140 微秒后，310 微秒后作出初步判断
          对象    pid 1234
          操作者  alice（以 root 身份、pts/0）：kill -9 1234
          来自    进程 2211 ← sudo -s ← -bash ← sshd: alice@pts/0

        支持（+）与反对（−）的证据
          +  14:13:18.000  ebpf    SIGKILL 的发送者：alice (as root, pts/0, pid 2211):
                                   kill -9 1234
          +  14:13:18.000  kernel  进程被 SIGKILL 终止

        其他可能
          1 %  unknown  证据不足以判定

        Muster 采取的操作
          服务未运行：启动它。
          …  14:13:18.000  启动 api：进行中
        Esc 返回  ↑↓ 滚动  r 恢复  p 暂停  a 知悉  ? 帮助
    "#]]
    .assert_eq(&shown(Language::ZhCn, &mut top));
    // What does not fit is scrolled to, and no further than its end.
    press(&mut top, [Key::End]);
    assert!(shown(Language::En, &mut top).contains("Nothing: it is being brought back."));
    press(&mut top, [Key::Up, Key::Home]);
    assert!(shown(Language::En, &mut top).starts_with("! No Muster runs"));
    press(&mut top, [Key::Escape]);
    assert!(matches!(top.view, View::Roll));
    // A story that comes late is not shown in another's place.
    top.update(Input::Story { of: "api".to_owned(), told: Err(Text::new("top-asking")) });
    assert!(matches!(top.view, View::Roll));
}

#[test]
fn the_keys_are_told_in_both_languages() {
    let mut top = top();
    press(&mut top, [Key::Char('?')]);
    expect![[r#"
        muster top: the keys

          ↑ ↓  j k  PgUp PgDn  Home End  move; in a text, scroll
          Enter                          why: the open incident of the service, else its
                                         latest
          Esc                            back; in the roll call, all services again
          /                              only services with these letters in name, kind,
                                         health, loss, program or pack
          s  S                           sort by the next column; the other way round
          r                              bring the service back now; a yes to a plan
                                         that waits for one
          p                              leave the service alone for a while; end that
          a                              I have seen it; on a stop: it is meant to be so
          Ctrl-L                         draw the screen anew
          q  Ctrl-C                      leave; Muster goes on

        `!` before a name: an incident is open. Nothing is done before it is confirmed.






        Esc back  ↑↓ scroll
    "#]]
    .assert_eq(&shown(Language::En, &mut top));
    expect![[r#"
        muster top 的按键

          ↑ ↓  j k  PgUp PgDn  Home End  移动；查看文本时滚动
          Enter                          原因：该服务未解决的事件，否则取最近一次
          Esc                            返回；在总览中恢复显示全部服务
          /                              仅显示名称、类型、状态、丢失方式、程序或知识包
                                         中含有这些字符的服务
          s  S                           按下一列排序；反向排序
          r                              立即恢复该服务；对等待批准的方案表示同意
          p                              让该服务暂停一段时间；结束暂停
          a                              已知悉；若为停止操作，表示确属有意
          Ctrl-L                         重画屏幕
          q  Ctrl-C                      退出；Muster 继续运行

        名称前的 `!` 表示有未解决的事件。确认之前不会执行任何操作。








        Esc 返回  ↑↓ 滚动
    "#]]
    .assert_eq(&shown(Language::ZhCn, &mut top));
}

#[test]
fn a_muster_that_is_away_is_told_and_the_last_roll_call_stays() {
    let mut top = top();
    top.update(Input::Away(Text::new("error-not-running").with("data", "/var/lib/muster")));
    let seen = shown(Language::En, &mut top);
    assert!(seen.contains("! Muster is away; this is how it was 0 µs ago. No Muster runs on"), "{seen}");
    assert!(seen.contains(">! api"), "{seen}");
    top.update(Input::Status(Box::new(samples::status())));
    assert!(!shown(Language::En, &mut top).contains("away"));
}

#[test]
fn who_needs_somebody_stands_first_and_the_order_can_be_changed() {
    let mut top = top();
    assert_eq!(names(&top), ["api", "postgres", "web"]);
    press(&mut top, [Key::Char('s')]);
    assert_eq!((top.column, names(&top)), (Column::Name, vec!["api", "postgres", "web"]));
    press(&mut top, [Key::Char('S')]);
    assert_eq!(names(&top), ["web", "postgres", "api"]);
    press(&mut top, [Key::Char('S'), Key::Char('s')]);
    assert_eq!((top.column, names(&top)), (Column::Since, vec!["api", "postgres", "web"]));
    press(&mut top, typed("ssss"));
    assert_eq!(top.column, Column::Health);
}

#[test]
fn who_is_lost_comes_to_the_top_and_the_chosen_service_stays_chosen() {
    let mut top = Top::new(many(100));
    drawn(&samples::look(Language::En), &mut top, 80, 24);
    assert_eq!((top.service().unwrap().name.as_str(), top.at), ("service-0003", 0));
    press(&mut top, [Key::Down, Key::Down]);
    assert_eq!(top.service().unwrap().name.as_str(), "service-0023");
    let mut status = many(100);
    status.services[0].health = Health::Lost;
    status.services[0].incident = Some(IncidentId::from("i1"));
    top.update(Input::Status(Box::new(status)));
    assert_eq!((names(&top)[0], top.service().unwrap().name.as_str(), top.at), ("service-0000", "service-0023", 3));
    press(&mut top, [Key::End]);
    drawn(&samples::look(Language::En), &mut top, 80, 24);
    assert_eq!((top.at, top.first), (99, 99 + 1 - 18));
    press(&mut top, [Key::PageUp]);
    assert_eq!(top.at, 99 - 18);
}

#[test]
fn a_filter_is_typed_and_dropped() {
    let mut top = top();
    press(&mut top, [Key::Char('/')].into_iter().chain(typed("GUNIx")).chain([Key::Backspace]));
    assert_eq!(names(&top), ["api"], "the pack's name, in any case");
    assert!(shown(Language::En, &mut top).ends_with("Filter (Enter keeps, Esc drops it): GUNI\n"));
    press(&mut top, [Key::Enter]);
    assert!(shown(Language::En, &mut top).ends_with("1 with `GUNI`  Esc all  / change  Enter why  ? help  q quit\n"));
    press(&mut top, [Key::Char('/')].into_iter().chain(typed("zz")).chain([Key::Enter]));
    assert!(shown(Language::ZhCn, &mut top).contains("没有符合 `GUNIzz` 的服务。按 Esc 显示全部。"));
    // Nothing is chosen where nothing is shown.
    assert_eq!(press(&mut top, [Key::Enter, Key::Char('r'), Key::Char('a'), Key::Char('p')]), []);
    press(&mut top, [Key::Escape]);
    assert_eq!(names(&top).len(), 3);
}

#[test]
fn nothing_is_done_before_it_is_confirmed() {
    let mut top = top();
    let recover = Effect::Tell {
        command: Command::Recover { service: ServiceName::from("api") },
        taken: Text::new("recover-taken").with("service", "api"),
    };
    for (answer, done) in [("", false), ("y", false), ("no", false), ("yes", true), ("YES", true)] {
        let effects = press(&mut top, [Key::Char('r')].into_iter().chain(typed(answer)).chain([Key::Enter]));
        assert_eq!(effects.first(), done.then_some(&recover), "{answer}");
    }
    assert_eq!(press(&mut top, [Key::Char('r')].into_iter().chain(typed("yes")).chain([Key::Escape, Key::Enter])).len(), 1, "the story");
    press(&mut top, [Key::Escape]);
    assert_eq!(press(&mut top, [Key::Char('r'), Key::Interrupt]), [Effect::Leave], "Ctrl-C leaves wherever one is");
}

#[test]
fn a_pause_needs_a_length_and_a_reason() {
    let mut top = top();
    let keys = |length: &str, why: &str| {
        [vec![Key::Char('p')], typed(length).collect(), vec![Key::Enter], typed(why).collect(), vec![Key::Enter]].concat()
    };
    let effects = press(&mut top, keys("30m", "new disk"));
    let Some(Effect::Tell { command, .. }) = effects.first() else { panic!("{effects:?}") };
    let length = "30m".parse().unwrap();
    assert_eq!(*command, Command::Pause { service: Some("api".into()), length, reason: "new disk".to_owned() });
    assert_eq!(press(&mut top, keys("30m", "")), []);
    assert_eq!(press(&mut top, [Key::Char('p')].into_iter().chain(typed("soon")).chain([Key::Enter])), []);
    assert!(shown(Language::En, &mut top).ends_with("`soon` is not a length of time: write 30m, 2h. Nothing was done.\n"));
    // What is paused is taken up again with the same key.
    let effects = press(&mut top, [Key::Down, Key::Char('p')].into_iter().chain(typed("yes")).chain([Key::Enter]));
    assert!(matches!(&effects[..], [Effect::Tell { command: Command::Resume { service: Some(name) }, .. }] if name.as_str() == "postgres"));
}

#[test]
fn an_open_incident_is_acknowledged_also_from_its_story() {
    let mut top = top();
    press(&mut top, [Key::Enter]);
    let effects = press(&mut top, [Key::Char('a')].into_iter().chain(typed("yes")).chain([Key::Enter]));
    assert!(matches!(&effects[..], [Effect::Tell { command: Command::Acknowledge { incident }, .. }] if incident.as_str() == "i42"));
    top.update(Input::Said(Ok(Text::new("incident-acknowledged").with("id", "i42"))));
    assert!(shown(Language::En, &mut top).ends_with("i42: noted that you have seen it.\n"));
    press(&mut top, [Key::Escape, Key::End, Key::Char('a')]);
    assert!(shown(Language::En, &mut top).ends_with("web has no open incident.\n"));
}

#[test]
fn an_open_story_is_asked_for_again_with_every_roll_call() {
    let mut top = top();
    press(&mut top, [Key::Enter]);
    assert_eq!(top.update(Input::Status(Box::new(samples::status()))), Some(Effect::Ask { of: "api".to_owned() }));
    press(&mut top, [Key::Char('q')]);
    assert_eq!(top.update(Input::Status(Box::new(samples::status()))), None);
    assert_eq!(press(&mut top, [Key::Char('q')]), [Effect::Leave]);
}

#[test]
fn without_colour_everything_can_still_be_told_apart() {
    let mut top = top();
    let plain = drawn(&samples::look(Language::En), &mut top, 80, 24);
    assert!(plain.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let said = text(&plain);
    assert!(said.contains(">! api") && said.contains("✗ lost") && said.contains("● present"), "{said}");
    assert!(plain.content().iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)));
    let coloured = drawn(&Look { colour: true, ..samples::look(Language::En) }, &mut top, 80, 24);
    assert!(coloured.content().iter().any(|cell| cell.fg == Color::Red));
    assert_eq!(text(&coloured), said);
}

#[test]
fn every_size_of_terminal_is_drawn_and_no_line_is_longer_than_it() {
    let looks = Language::ALL.map(samples::look);
    let told = || Told { incident: Some(samples::config_broken()), change: Some(samples::diff()) };
    for (width, height) in (0..140).step_by(7).flat_map(|width| (0..30).step_by(3).map(move |height| (width, height))) {
        for look in &looks {
            let mut top = Top::new(many(50));
            press(&mut top, [Key::End]);
            drawn(look, &mut top, width, height);
            for keys in ["?", "q/web", "\n", "r\n", "p30m"] {
                press(&mut top, keys.chars().map(|c| if c == '\n' { Key::Enter } else { Key::Char(c) }));
                drawn(look, &mut top, width, height);
                press(&mut top, [Key::Escape]);
            }
            press(&mut top, [Key::Escape, Key::Enter]);
            if let View::Story(story) = &mut top.view {
                story.told = Some(Ok(Box::new(told())));
            }
            press(&mut top, [Key::End]);
            drawn(look, &mut top, width, height);
        }
    }
}

#[test]
fn on_a_narrow_terminal_the_name_and_the_health_stay() {
    let seen = text(&drawn(&samples::look(Language::En), &mut top(), 32, 8));
    assert!(seen.contains(">! api") && seen.contains("✗ lost"), "{seen}");
    assert!(seen.ends_with("? help  q back, quit\n"), "{seen}");
    let mut asked = top();
    press(&mut asked, [Key::Char('r')].into_iter().chain(typed("ye")));
    let seen = text(&drawn(&samples::look(Language::En), &mut asked, 28, 8));
    assert!(seen.ends_with("Bring api back now? Type\nyes:\nye\n"), "{seen}");
    let seen = text(&drawn(&samples::look(Language::ZhCn), &mut top(), 24, 8));
    assert!(seen.contains(">! api") && seen.contains("✗ 丢失"), "{seen}");
}
