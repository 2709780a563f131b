//! What passes messages, names and the time on: unbound, mosquitto, PHP-FPM, chrony, mail and gRPC.

use std::process::Command;

use muster_model::probe::{Answer, Ask, Peer, Record, Trust};
use rcgen::KeyPair;

use super::certificates::{authority, server, trust};
use super::programs::{self, Program, answer, free_port, free_ports, installed, peer, right, waits_for};
use super::servers::{grpc_server, mail_server};

#[test]
fn unbound_is_asked_for_records_of_every_type() {
    let exe = "/usr/sbin/unbound";
    if !installed(exe) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let port = free_port();
    // Too many addresses for a datagram of 512 bytes.
    let many: String = (1..60).map(|n| format!("local-data: \"many.test. A 192.0.2.{n}\"\n")).collect();
    let conf = format!(
        "server:\n interface: 127.0.0.1\n port: {port}\n do-daemonize: no\n use-syslog: no\n username: \"\"\n chroot: \"\"\n pidfile: \"\"\n \
         directory: \"{}\"\n local-zone: \"test.\" static\n local-data: \"web.test. A 192.0.2.1\"\n local-data: \"web.test. AAAA 2001:db8::1\"\n \
         local-data: \"test. MX 10 mail.test.\"\n local-data: \"test. NS ns.test.\"\n local-data: 'test. TXT \"v=spf1 -all\"'\n \
         local-data: \"www.test. CNAME web.test.\"\n local-data: \"_x._tcp.test. SRV 1 2 3 web.test.\"\n \
         local-data-ptr: \"192.0.2.1 web.test\"\n{many}remote-control:\n control-enable: no\n",
        scratch.path().display()
    );
    std::fs::write(scratch.path().join("conf"), conf).unwrap();
    let _program = Program::start(Command::new(exe).arg("-d").arg("-c").arg(scratch.path().join("conf")));
    waits_for(port);
    let ask = |name: &str, record, expect: Option<&str>| {
        let (expect, server) = (expect.map(str::to_owned), Some(format!("127.0.0.1:{port}")));
        answer(Ask::Dns { name: name.to_owned(), record, expect, server })
    };
    for (name, record, expected) in [
        ("web.test", Record::A, "192.0.2.1"),
        ("WEB.test.", Record::Aaaa, "2001:db8::1"),
        ("test", Record::Mx, "10 mail.test."),
        ("test", Record::Ns, "ns.test."),
        ("test", Record::Txt, "v=spf1 -all"),
        ("www.test", Record::Cname, "web.test."),
        ("_x._tcp.test", Record::Srv, "1 2 3 web.test."),
        ("1.2.0.192.in-addr.arpa", Record::Ptr, "web.test."),
    ] {
        assert_eq!(right(&ask(name, record, Some(expected))), expected);
    }
    right(&ask("many.test", Record::A, Some("192.0.2.59")));
    assert_eq!(ask("web.test", Record::A, Some("192.0.2.2")).text(), "it is 192.0.2.1, not 192.0.2.2");
    assert_eq!(ask("none.test", Record::A, None).text(), "there is no name none.test (NXDOMAIN)");
    assert_eq!(ask("web.test", Record::Mx, None).text(), "web.test has no record of type MX");
    let nobody =
        Ask::Dns { name: "x.test".to_owned(), record: Record::A, expect: None, server: Some(format!("127.0.0.1:{}", free_port())) };
    assert_eq!(answer(nobody).kind(), "refused");
}

#[test]
fn a_mail_server_is_greeted_in_the_clear_and_encrypted() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let ca = authority(folder, "ca");
    let key = KeyPair::generate().unwrap();
    let port = mail_server(&server(&["mail.test"], -1, 90).signed_by(&key, &ca).unwrap().pem(), &key);
    let encrypted = |name| Peer { encrypt: Some(trust(folder, name)), ..peer(format!("127.0.0.1:{port}")) };
    assert_eq!(right(&answer(Ask::Smtp(peer(format!("127.0.0.1:{port}"))))), "mail.test");
    assert_eq!(right(&answer(Ask::Smtp(encrypted("mail.test")))), "mail.test");
    assert_eq!(answer(Ask::Smtp(encrypted("x.test"))).text(), "its certificate is made out to mail.test, not to x.test");
}

#[test]
fn mosquitto_is_connected_to_with_and_without_a_login() {
    let exe = "/usr/sbin/mosquitto";
    if !installed(exe) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let dir = folder.display();
    let &[open, closed] = free_ports(2).as_slice() else { panic!("two ports") };
    std::fs::write(folder.join("key"), "secret\n").unwrap();
    std::fs::write(folder.join("users"), "u:secret\n").unwrap();
    assert!(Command::new("mosquitto_passwd").arg("-U").arg(folder.join("users")).status().unwrap().success());
    let user = if rustix::process::geteuid().is_root() { "user root\n" } else { "" };
    let conf = format!(
        "{user}per_listener_settings true\nlistener {open} 127.0.0.1\nallow_anonymous true\n\
         listener {closed} 127.0.0.1\nallow_anonymous false\npassword_file {dir}/users\n"
    );
    std::fs::write(folder.join("conf"), conf).unwrap();
    let _program = Program::start(Command::new(exe).arg("-c").arg(folder.join("conf")));
    waits_for(closed);
    assert_eq!(right(&answer(Ask::Mqtt(peer(format!("127.0.0.1:{open}"))))), "");
    let closed = peer(format!("127.0.0.1:{closed}"));
    assert_eq!(right(&answer(Ask::Mqtt(closed.clone()))), "it answers, and asks for a login");
    let login = |user: &str| Peer {
        user: Some(user.to_owned()),
        password_file: Some(folder.join("key").to_str().unwrap().to_owned()),
        ..closed.clone()
    };
    right(&answer(Ask::Mqtt(login("u"))));
    assert_eq!(answer(Ask::Mqtt(login("v"))).text(), "it does not let the user in");
}

#[test]
fn php_fpm_is_pinged_over_its_socket() {
    let exe = "/usr/sbin/php-fpm8.2";
    if !installed(exe) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().display();
    let socket = scratch.path().join("socket");
    let user = if rustix::process::geteuid().is_root() { "user = root\n" } else { "" };
    let conf = format!(
        "[global]\nerror_log = {dir}/log\n[p]\n{user}listen = {}\npm = static\npm.max_children = 1\nping.path = /ping\npm.status_path = /status\n",
        socket.display()
    );
    std::fs::write(scratch.path().join("conf"), conf).unwrap();
    let _program = Program::start(Command::new(exe).args(["-n", "-F", "-R", "-y"]).arg(scratch.path().join("conf")));
    programs::until(|| std::os::unix::net::UnixStream::connect(&socket).is_ok());
    let ask = |path: &str, body: Option<&str>| {
        answer(Ask::Fastcgi { peer: peer(socket.display()), path: path.to_owned(), body: body.map(str::to_owned) })
    };
    assert_eq!(right(&ask("/ping", Some("pong"))), "status 200 OK");
    assert_eq!(right(&ask("/status?json", Some("\"pool\":\"p\""))), "status 200 OK");
    assert_eq!(ask("/none", None).text(), "status 404 Not Found");
}

#[test]
fn chrony_tells_its_stratum_and_offset() {
    let exe = "/usr/sbin/chronyd";
    if !installed(exe) || !programs::root() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().display();
    let port = free_port();
    let conf = |stratum: &str| {
        format!("port {port}\ncmdport 0\nbindaddress 127.0.0.1\nbindcmdaddress /\nallow 127.0.0.1\npidfile {dir}/pid\n{stratum}")
    };
    std::fs::write(scratch.path().join("conf"), conf("local stratum 3\n")).unwrap();
    // `-x`: it leaves this machine's clock alone.
    let _program = Program::start(Command::new(exe).args(["-d", "-x", "-u", "root", "-f"]).arg(scratch.path().join("conf")));
    let ask = || answer(Ask::Ntp { address: format!("127.0.0.1:{port}"), offset: muster_model::time::Length::seconds(1) });
    programs::until(|| ask().is_right());
    let Answer::Right { text: Some(text), perfdata } = ask() else { panic!("not right") };
    assert!(text.starts_with("stratum 3, its clock is ") && perfdata.len() == 3, "{text} {perfdata:?}");
}

#[test]
fn this_host_answers_a_ping_over_both_families() {
    for host in ["127.0.0.1", "[::1]"] {
        let told = answer(Ask::Icmp { host: host.to_owned() });
        match &told {
            Answer::Right { perfdata, .. } => assert!(perfdata[0].starts_with("rtt="), "{told:?}"),
            Answer::Unasked { text } => println!("skipped: {text}"),
            // No address of this family on the loopback.
            Answer::Refused { text } if host == "[::1]" => println!("skipped: {text}"),
            _ => panic!("{told:?}"),
        }
    }
}

#[test]
fn grpc_services_tell_their_health() {
    let port = grpc_server();
    let ask = |service: &str| answer(Ask::Grpc { peer: peer(format!("127.0.0.1:{port}")), service: service.to_owned() });
    for (service, expected) in [("", "SERVING"), ("up", "SERVING"), ("down", "NOT_SERVING"), ("none", "it knows no such service")] {
        let told = ask(service);
        assert_eq!((told.text(), told.is_right()), (expected, expected == "SERVING"), "{service}");
    }
}

#[test]
fn a_refused_connection_is_refused_in_every_protocol() {
    let peer = peer(format!("127.0.0.1:{}", free_port()));
    let asks = [
        Ask::Tls { address: peer.address.clone(), trust: Trust { name: None, roots: None }, days: 1 },
        Ask::Redis(peer.clone()),
        Ask::Postgres(peer.clone()),
        Ask::Mysql(peer.clone()),
        Ask::Smtp(peer.clone()),
        Ask::Amqp(peer.clone()),
        Ask::Mqtt(peer.clone()),
        Ask::Grpc { peer: peer.clone(), service: String::new() },
        Ask::Fastcgi { peer: peer.clone(), path: "/".to_owned(), body: None },
        Ask::Ntp { address: peer.address.clone(), offset: muster_model::time::Length::seconds(1) },
    ];
    for ask in asks {
        let told = answer(ask.clone());
        // A machine that trusts nobody cannot ask about certificates.
        assert!(matches!(&told, Answer::Refused { .. }) || matches!((&told, &ask), (Answer::Unasked { .. }, Ask::Tls { .. })), "{told:?}");
    }
}
