//! Probes that speak a protocol, against the real programs and certificates broken in every usual way. Each program runs as
//! a child of the test, on a port of its own, in a folder of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod programs;

use std::path::Path;
use std::process::Command;

use muster_model::probe::{Answer, Ask, Peer, Record, Trust};
use programs::{Program, answer, as_user, free_port, free_ports, installed, kind, right, waits_for};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};

/// An authority whose certificate is in `ca.pem` of the folder.
fn authority(folder: &Path, name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), authority.pem()).unwrap();
    authority
}

/// A server's certificate for these names, valid for so many days from so many on.
fn server(names: &[&str], from_days: i64, days: i64) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let day = |n: i64| {
        let now = muster_sense::clock::now().0.0 / 1_000_000_000;
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(u64::try_from(now + n * 86_400).unwrap())
    };
    (params.not_before, params.not_after) = (day(from_days), day(from_days + days));
    params
}

/// Writes `NAME.crt` and `NAME.key` for a server to use.
fn keep(folder: &Path, name: &str, chain: &str, key: &KeyPair) {
    std::fs::write(folder.join(format!("{name}.crt")), chain).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

fn trust(folder: &Path, name: &str) -> Trust {
    Trust { name: Some(name.to_owned()), roots: Some(folder.join("ca.pem").to_str().unwrap().to_owned()) }
}

fn peer(address: impl ToString) -> Peer {
    Peer { address: address.to_string(), ..Peer::default() }
}

/// The text with what differs from run to run left out.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { 'N' } else { c }).collect()
}

#[test]
fn every_usual_way_for_a_certificate_to_be_broken_is_told_in_its_own_words() {
    let nginx = "/usr/sbin/nginx";
    if !installed(nginx) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let (ca, other) = (authority(folder, "ca"), authority(folder, "other"));
    let key = KeyPair::generate().unwrap();
    let middle_key = KeyPair::generate().unwrap();
    let mut middle_params = CertificateParams::default();
    middle_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    middle_params.distinguished_name.push(DnType::CommonName, "middle");
    let middle = CertifiedIssuer::signed_by(middle_params, middle_key, &ca).unwrap();
    let mut client = server(&["good.test"], -1, 90);
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let by = |issuer: &CertifiedIssuer<'static, KeyPair>, params: CertificateParams| params.signed_by(&key, issuer).unwrap().pem();
    let good = || server(&["good.test", "127.0.0.1"], -1, 90);
    let cases = [
        ("good", by(&ca, good()), "right: TLSvN_N, the certificate is valid for NN days, until NNNN-NN-NN"),
        ("short", by(&ca, server(&["good.test"], -80, 90)), "warning: TLSvN_N, the certificate is valid for N days, until NNNN-NN-NN"),
        ("expired", by(&ca, server(&["good.test"], -100, 90)), "wrong: its certificate expired on NNNN-NN-NN, NNd ago"),
        ("early", by(&ca, server(&["good.test"], 3, 90)), "wrong: its certificate is not valid before NNNN-NN-NN; is the clock right?"),
        ("named", by(&ca, server(&["a.test", "b.test"], -1, 90)), "wrong: its certificate is made out to a.test, b.test, not to good.test"),
        ("self", good().self_signed(&key).unwrap().pem(), "wrong: its certificate is signed by itself and not trusted"),
        (
            "foreign",
            by(&other, good()),
            "wrong: its certificate was issued by CN=other, which is not trusted, and it sent no other that leads to one that is",
        ),
        ("chain", by(&other, good()) + &other.pem(), "wrong: its chain ends at CN=other, which is not trusted"),
        (
            "cut",
            by(&middle, good()),
            "wrong: its certificate was issued by CN=middle, which is not trusted, and it sent no other that leads to one that is",
        ),
        ("whole", by(&middle, good()) + &middle.pem(), "right: TLSvN_N, the certificate is valid for NN days, until NNNN-NN-NN"),
        ("client", by(&ca, client), "wrong: its certificate is not one for servers"),
    ];
    let all = free_ports(cases.len() + 2);
    let (ports, &[clear, old]) = all.split_at(cases.len()) else { panic!("{all:?}") };
    let mut servers = String::new();
    for ((name, chain, _), port) in cases.iter().zip(ports) {
        keep(folder, name, chain, &key);
        let dir = folder.display();
        servers.push_str(&format!(
            "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {dir}/{name}.crt; ssl_certificate_key {dir}/{name}.key; \
             location /r {{ return 302 /; }} location / {{ return 200 fine; }} }}\n"
        ));
    }
    servers.push_str(&format!("server {{ listen 127.0.0.1:{clear}; }}\n"));
    let dir = folder.display();
    servers.push_str(&format!(
        "server {{ listen 127.0.0.1:{old} ssl; ssl_certificate {dir}/good.crt; ssl_certificate_key {dir}/good.key; \
         ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0; }}\n"
    ));
    let _nginx = Program::nginx(nginx, folder, &servers);
    waits_for(ports[0]);
    for ((name, _, expected), port) in cases.iter().zip(ports) {
        let told = answer(Ask::Tls { address: format!("127.0.0.1:{port}"), trust: trust(folder, "good.test"), days: 14 });
        assert_eq!(format!("{}: {}", kind(&told), plain(told.text())), plain(expected), "{name}");
    }
    let https = |host: &str, path: &str, expect| {
        let url = format!("https://{host}:{}{path}", ports[0]);
        answer(Ask::Http { url, expect, body: None, roots: trust(folder, "").roots })
    };
    let told = https("127.0.0.1", "/r", Some(200));
    let Answer::Right { perfdata, .. } = &told else { panic!("{told:?}") };
    assert_eq!(perfdata.iter().filter(|p| p.starts_with("tls=")).count(), 1, "{perfdata:?}");
    assert_eq!(https("localhost", "/", None).text(), "its certificate is made out to good.test, 127.0.0.1, not to localhost");
    // Who trusts the very certificate need not ask who signed it.
    std::fs::copy(folder.join("self.crt"), folder.join("pinned.pem")).unwrap();
    let pinned = Trust { name: Some("good.test".to_owned()), roots: Some(folder.join("pinned.pem").to_str().unwrap().to_owned()) };
    right(&answer(Ask::Tls { address: format!("127.0.0.1:{}", ports[5]), trust: pinned.clone(), days: 14 }));
    let misnamed = Trust { name: Some("bad.test".to_owned()), ..pinned };
    assert_eq!(kind(&answer(Ask::Tls { address: format!("127.0.0.1:{}", ports[5]), trust: misnamed, days: 14 })), "wrong");
    let told = answer(Ask::Tls { address: format!("127.0.0.1:{clear}"), trust: trust(folder, "good.test"), days: 14 });
    assert_eq!((kind(&told), told.text()), ("wrong", "it does not speak TLS"));
    let told = answer(Ask::Tls { address: format!("127.0.0.1:{old}"), trust: trust(folder, "good.test"), days: 14 });
    assert_eq!((kind(&told), told.text()), ("wrong", "it speaks only versions of TLS that are older than 1.2"));
    // The system's roots know nothing of an authority that was made a moment ago.
    let by_system = answer(Ask::Tls { address: format!("127.0.0.1:{}", ports[0]), trust: Trust::default(), days: 14 });
    assert!(!by_system.is_right(), "{by_system:?}");
    // A file that is not there is no fault of the server.
    let none = Trust { name: None, roots: Some("/nonexistent".to_owned()) };
    assert_eq!(kind(&answer(Ask::Tls { address: format!("127.0.0.1:{}", ports[0]), trust: none, days: 14 })), "unasked");
}

#[test]
fn redis_is_asked_with_and_without_a_password_and_a_wrong_one_is_told() {
    let redis = "/usr/bin/redis-server";
    if !installed(redis) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let ca = authority(folder, "ca");
    let key = KeyPair::generate().unwrap();
    keep(folder, "redis", &server(&["redis.test"], -1, 90).signed_by(&key, &ca).unwrap().pem(), &key);
    let &[port, tls_port] = free_ports(2).as_slice() else { panic!("two ports") };
    let socket = folder.join("socket");
    std::fs::write(folder.join("key"), "secret\n").unwrap();
    std::fs::write(folder.join("wrong"), "guess\n").unwrap();
    let password = |file: &str| Some(folder.join(file).to_str().unwrap().to_owned());
    let mut command = Command::new(redis);
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--requirepass", "secret", "--unixsocket", socket.to_str().unwrap()]);
    command.args(["--tls-port", &tls_port.to_string(), "--tls-auth-clients", "no", "--tls-cert-file", "redis.crt"]);
    command.args(["--tls-key-file", "redis.key", "--tls-ca-cert-file", "ca.pem"]);
    let _program = Program::start(command.current_dir(folder));
    waits_for(port);
    let address = format!("127.0.0.1:{port}");
    assert_eq!(right(&answer(Ask::Redis(peer(&address)))), "it answers, and asks for a password");
    right(&answer(Ask::Redis(Peer { password_file: password("key"), ..peer(&address) })));
    right(&answer(Ask::Redis(Peer { password_file: password("key"), user: Some("default".to_owned()), ..peer(socket.display()) })));
    let wrong = answer(Ask::Redis(Peer { password_file: password("wrong"), ..peer(&address) }));
    assert!(wrong.text().starts_with("WRONGPASS") && kind(&wrong) == "wrong", "{wrong:?}");
    let none = answer(Ask::Redis(Peer { password_file: password("none"), ..peer(&address) }));
    assert_eq!(kind(&none), "unasked", "{none:?}");
    let encrypted =
        |name| Peer { password_file: password("key"), encrypt: Some(trust(folder, name)), ..peer(format!("127.0.0.1:{tls_port}")) };
    right(&answer(Ask::Redis(encrypted("redis.test"))));
    assert_eq!(answer(Ask::Redis(encrypted("x.test"))).text(), "its certificate is made out to redis.test, not to x.test");
}

#[test]
fn postgresql_is_signed_in_to_in_every_way_it_asks_for() {
    let bin = "/usr/lib/postgresql/15/bin";
    let exe = format!("{bin}/postgres");
    if !installed(&exe) || !programs::root() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let data = folder.join("data");
    let ca = authority(folder, "ca");
    let key = KeyPair::generate().unwrap();
    keep(folder, "pg", &server(&["pg.test"], -1, 90).signed_by(&key, &ca).unwrap().pem(), &key);
    std::fs::write(folder.join("key"), "secret").unwrap();
    std::fs::write(folder.join("wrong"), "guess").unwrap();
    programs::own(folder, "postgres");
    std::fs::set_permissions(folder.join("pg.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let made = as_user("postgres", &format!("{bin}/initdb")).args(["--no-sync", "-A", "trust", "-D"]).arg(&data).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let made = "CREATE ROLE scram LOGIN PASSWORD 'secret';\nSET password_encryption = md5;\nCREATE ROLE md LOGIN PASSWORD 'secret';\n\
                CREATE ROLE clear LOGIN PASSWORD 'secret';\n";
    let mut single = as_user("postgres", &exe)
        .args(["--single", "-D"])
        .arg(&data)
        .arg("postgres")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut single.stdin.take().unwrap(), made.as_bytes()).unwrap();
    assert!(single.wait().unwrap().success());
    let rules = "host all scram 127.0.0.1/32 scram-sha-256\nhost all md 127.0.0.1/32 md5\nhost all clear 127.0.0.1/32 password\n\
                 host all postgres 127.0.0.1/32 trust\nlocal all all trust\n";
    std::fs::write(data.join("pg_hba.conf"), rules).unwrap();
    let port = free_port();
    let dir = folder.display();
    let mut command = as_user("postgres", &exe);
    command.arg("-D").arg(&data).arg("-k").arg(folder).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "ssl=on"]);
    command.args(["-c", &format!("ssl_cert_file={dir}/pg.crt"), "-c", &format!("ssl_key_file={dir}/pg.key")]);
    let _program = Program::start(&mut command);
    waits_for(port);
    let address = format!("127.0.0.1:{port}");
    let file = |name: &str| Some(folder.join(name).to_str().unwrap().to_owned());
    let user = |user: &str| Peer { user: Some(user.to_owned()), database: Some("postgres".to_owned()), ..peer(&address) };
    // It may take connections before it is ready; then it says so, in its own words.
    programs::until(|| answer(Ask::Postgres(user("postgres"))).is_right());
    assert_eq!(right(&answer(Ask::Postgres(peer(&address)))), "it takes sessions");
    for name in ["scram", "md", "clear"] {
        let told = answer(Ask::Postgres(Peer { password_file: file("key"), ..user(name) }));
        assert!(right(&told).starts_with("version 15."), "{name}: {told:?}");
        let wrong = answer(Ask::Postgres(Peer { password_file: file("wrong"), ..user(name) }));
        assert_eq!(wrong.text(), format!("FATAL 28P01: password authentication failed for user \"{name}\""));
        assert_eq!(kind(&answer(Ask::Postgres(user(name)))), "unasked", "it asks for a password, and there is none");
    }
    right(&answer(Ask::Postgres(Peer { encrypt: Some(trust(folder, "pg.test")), password_file: file("key"), ..user("scram") })));
    right(&answer(Ask::Postgres(Peer { encrypt: Some(trust(folder, "pg.test")), ..peer(&address) })));
    let misnamed = answer(Ask::Postgres(Peer { encrypt: Some(trust(folder, "x.test")), ..peer(&address) }));
    assert_eq!(misnamed.text(), "its certificate is made out to pg.test, not to x.test");
    let socket = folder.join(format!(".s.PGSQL.{port}"));
    right(&answer(Ask::Postgres(Peer { address: socket.display().to_string(), ..user("postgres") })));
    let none = answer(Ask::Postgres(Peer { database: Some("none".to_owned()), ..user("postgres") }));
    assert_eq!(none.text(), "FATAL 3D000: database \"none\" does not exist");
}

#[test]
fn mariadb_is_greeted_and_signed_in_to() {
    let exe = "/usr/sbin/mariadbd";
    if !installed(exe) || !programs::root() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let dir = folder.display();
    let ca = authority(folder, "ca");
    let key = KeyPair::generate().unwrap();
    keep(folder, "db", &server(&["db.test"], -1, 90).signed_by(&key, &ca).unwrap().pem(), &key);
    std::fs::write(folder.join("key"), "secret").unwrap();
    std::fs::write(folder.join("wrong"), "guess").unwrap();
    let init = "CREATE USER 'm'@'127.0.0.1' IDENTIFIED BY 'secret'; CREATE USER 'e'@'127.0.0.1';";
    std::fs::write(folder.join("init.sql"), init.replace("; ", ";\n")).unwrap();
    // What `mariadb-install-db` does, whose helpers come in another package.
    let sql = |name: &str| std::fs::read_to_string(format!("/usr/share/mysql/{name}.sql")).unwrap();
    let tables = format!(
        "create database mysql;\nuse mysql;\nSET @auth_root_socket=NULL;\n{}{}",
        sql("mysql_system_tables"),
        sql("mysql_system_tables_data")
    );
    std::fs::write(folder.join("tables.sql"), tables).unwrap();
    std::fs::create_dir(folder.join("data")).unwrap();
    let tables = std::fs::File::open(folder.join("tables.sql")).unwrap();
    let bootstrap = ["--no-defaults", "--bootstrap", "--user=root", "--lc-messages-dir=/usr/share/mysql"];
    let made = Command::new(exe).args(bootstrap).arg(format!("--datadir={dir}/data")).stdin(tables).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let port = free_port();
    let socket = folder.join("socket");
    let _program = Program::start(Command::new(exe).args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1"]).args([
        format!("--datadir={dir}/data"),
        format!("--socket={}", socket.display()),
        format!("--port={port}"),
        format!("--pid-file={dir}/pid"),
        format!("--init-file={dir}/init.sql"),
        format!("--ssl-cert={dir}/db.crt"),
        format!("--ssl-key={dir}/db.key"),
    ]));
    waits_for(port);
    let address = format!("127.0.0.1:{port}");
    let file = |name: &str| Some(folder.join(name).to_str().unwrap().to_owned());
    let user = |user: &str| Peer { user: Some(user.to_owned()), ..peer(&address) };
    assert!(right(&answer(Ask::Mysql(peer(&address)))).contains("MariaDB"));
    right(&answer(Ask::Mysql(Peer { password_file: file("key"), ..user("m") })));
    right(&answer(Ask::Mysql(user("e"))));
    right(&answer(Ask::Mysql(Peer { address: socket.display().to_string(), ..user("root") })));
    right(&answer(Ask::Mysql(Peer { password_file: file("key"), encrypt: Some(trust(folder, "db.test")), ..user("m") })));
    let wrong = answer(Ask::Mysql(Peer { password_file: file("wrong"), ..user("m") }));
    assert!(wrong.text().starts_with("error 1045: Access denied for user 'm'@'"), "{wrong:?}");
    let none = answer(Ask::Mysql(Peer { password_file: file("key"), database: Some("none".to_owned()), ..user("m") }));
    assert_eq!(kind(&none), "wrong", "{none:?}");
}

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
    assert_eq!(kind(&answer(nobody)), "refused");
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

/// A server of gRPC that knows the services `""` and `up` as serving and `down` as not.
fn grpc_server() -> u16 {
    use hyper::body::{Bytes, Frame};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = |request: hyper::Request<hyper::body::Incoming>| async move {
        use http_body_util::{BodyExt, Full};
        assert_eq!((request.uri().path(), request.method().as_str()), ("/grpc.health.v1.Health/Check", "POST"));
        let asked = request.into_body().collect().await?.to_bytes();
        let (health, status): (&[u8], &str) = match asked.get(7..).unwrap_or_default() {
            b"" | b"up" => (b"\0\0\0\0\x02\x08\x01", "0"),
            b"down" => (b"\0\0\0\0\x02\x08\x02", "0"),
            _ => (b"", "5"),
        };
        let trailers: hyper::HeaderMap = [("grpc-status".parse().unwrap(), status.parse().unwrap())].into_iter().collect();
        let body =
            Full::new(Bytes::copy_from_slice(health)).map_frame(|f: Frame<Bytes>| f).with_trailers(async move { Some(Ok(trailers)) });
        Ok::<_, hyper::Error>(hyper::Response::builder().header("content-type", "application/grpc").body(body).unwrap())
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                tokio::spawn(server.serve_connection(TokioIo::new(stream), hyper::service::service_fn(serve)));
            }
        });
    });
    port
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
