//! Redis, PostgreSQL and MariaDB as Debian ships them.

use std::process::Command;

use muster_model::probe::{Ask, Peer};
use rcgen::KeyPair;

use super::certificates::{authority, keep, server, trust};
use super::programs::{self, Program, answer, as_user, free_port, free_ports, installed, peer, right, waits_for};

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
    assert!(wrong.text().starts_with("WRONGPASS") && wrong.kind() == "wrong", "{wrong:?}");
    let none = answer(Ask::Redis(Peer { password_file: password("none"), ..peer(&address) }));
    assert_eq!(none.kind(), "unasked", "{none:?}");
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
        assert_eq!(answer(Ask::Postgres(user(name))).kind(), "unasked", "it asks for a password, and there is none");
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
    assert_eq!(none.kind(), "wrong", "{none:?}");
}
