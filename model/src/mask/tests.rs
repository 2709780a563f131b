//! What must not be seen is not, in whatever layout; what is no secret stays as it was written.

use super::{MASK, Masker, mask, mask_json};

/// Each text has a secret, `S3cr3t…`, of which nothing may be left.
fn hides(texts: &[&str]) {
    for text in texts {
        let masked = mask(text);
        assert!(masked.contains(MASK), "nothing is masked in {text:?}");
        for secret in ["S3cr3t", "hunter", "MIIE", "b64b64", "tail="] {
            assert!(!masked.contains(secret), "{text:?} is masked as {masked:?}");
        }
        assert_eq!(mask(&masked), masked, "masked twice it is another");
    }
}

fn keeps(texts: &[&str]) {
    for text in texts {
        assert_eq!(mask(text), *text);
    }
}

#[test]
fn a_value_beside_a_name_that_says_so() {
    hides(&[
        "dbpass=S3cr3t",
        "userpass: S3cr3t",
        "user[password]=S3cr3t&user[name]=bob",
        "password[0]=S3cr3t",
        "[PASSWORD] = S3cr3t",
        "a=b%26password%3DS3cr3t",
        "<Password encrypted=\"no\">S3cr3t</Password>",
        "AUTH S3cr3t",
        "openssl enc -pass pass:S3cr3t",
        "password=S3cr3t",
        "password = S3cr3t",
        "password: S3cr3t",
        "PASSWORD=\"S3cr3t\"",
        "password = 'S3cr3t word'",
        "db_password=S3cr3t",
        "DB_PASS=S3cr3t",
        "dbPassword: S3cr3t",
        "spring.datasource.password=S3cr3t",
        "export PGPASSWORD=S3cr3t",
        "MYSQL_ROOT_PASSWORD=S3cr3t",
        "api_key=S3cr3t",
        "X-Api-Key: S3cr3t",
        "apiKey=\"S3cr3t\"",
        "client_secret=S3cr3t&grant_type=x",
        "AWS_SECRET_ACCESS_KEY=S3cr3tS3cr3tS3cr3t",
        "aws_secret_access_key = S3cr3t",
        "authToken: S3cr3t",
        "auth-token=S3cr3t",
        "{\"password\":\"S3cr3t\"}",
        "{\"password\" : \"S3cr3t\" , \"a\": 1}",
        "{'password': 'S3cr3t'}",
        "{\"pin_code\": 1, \"passwd\": \"a\\\"S3cr3t\"}",
        "'password' => 'S3cr3t',",
        "define('DB_PASSWORD', 'S3cr3t');",
        "$cfg['db']['password'] = 'S3cr3t';",
        "$password = \"S3cr3t\";",
        "<password>S3cr3t</password>",
        "<add key=\"password\" value=\"S3cr3t\"/>",
        "<x password=\"S3cr3t\"/>",
        "password := \"S3cr3t\"",
        "password : S3cr3t with blanks",
        "password = S3cr3t # S3cr3t",
        "  password: \"S3cr3t: still S3cr3t\"",
        "口令：S3cr3t",
        "数据库密码=S3cr3t",
        "Server=db;User Id=sa;Password=S3cr3t;Encrypt=true",
        "host=x user=y password=S3cr3t dbname=z",
        "log: user=bob, token=S3cr3t, action=login",
        "GET /x?access_token=S3cr3t&a=b HTTP/1.1",
        "GET /?a=b&password=S3cr3t HTTP/1.1\" 200",
        "Set-Cookie: sid=S3cr3t; Path=/",
        "Cookie: a=S3cr3t; b=S3cr3t",
        "PHPSESSID=S3cr3t",
        "secret:S3cr3t",
        "passphrase = S3cr3t S3cr3t",
        "Failed: password=S3cr3t,user=x",
        "totp_secret=S3cr3t",
        "\"privateKey\": \"S3cr3t\"",
        "smtp_pass: S3cr3t",
        "pass=S3cr3t",
    ]);
}

#[test]
fn a_value_in_odd_layouts() {
    hides(&[
        r#"msg="{\"password\":\"S3cr3t\"}""#,
        r#"msg="{\\\"password\\\":\\\"S3cr3t a\\\",\\\"b\\\":1}""#,
        r#"{"password":"S3cr3t\\"}"#,
        "Environment=\"PASSWORD=S3cr3t S3cr3t\" \"OTHER=x\"",
        "Environment=A=b PASSWORD=S3cr3t",
        "[\"PASSWORD=S3cr3t S3cr3t\", \"A=b\"]",
        "docker run -e \"POSTGRES_PASSWORD=S3cr3t S3cr3t\" postgres",
        "PASSWORD=S3cr3t\\ S3cr3t ./run",
        "password=\"S3cr3t",
        "{\n  \"password\":\n    \"S3cr3t\",\n  \"user\": \"bob\"\n}",
        "{\"password\": {\"value\": \"S3cr3t\", \"n\": [\"S3cr3t\"]}}",
        "\"tokens\": [\"S3cr3t\", \"S3cr3t\"],",
        "\"tokens\": [\n  \"S3cr3t\",\n  \"S3cr3t\"\n]\n",
        "password: |\n  S3cr3t\n  S3cr3t\nuser: x",
        "  password: >-\n    S3cr3t\n\n    S3cr3t\n",
        "password: !vault |\n  S3cr3t\n",
        "password = \"\"\"\nS3cr3t\nS3cr3t\n\"\"\"",
        "- name: DB_PASSWORD\n  value: S3cr3t\n",
        "{\"name\": \"DB_PASSWORD\", \"value\": \"S3cr3t\"}",
        "password\t=\tS3cr3t",
        "password=S3cr3t\r\n",
        "\"password\":\"\u{1F600}S3cr3t\"",
        "ÄPASSWORD=S3cr3t",
        "password = b'S3cr3t'",
        "password:\"S3cr3t\",",
        "{password:S3cr3t}",
        "(password=S3cr3t)",
    ]);
    assert_eq!(mask("{\n \"password\":\n  \"S3cr3t\",\n \"user\": \"bob\"\n}"), "{\n \"password\":\n  \"***\",\n \"user\": \"bob\"\n}");
    assert_eq!(mask("password: |\n  S3cr3t\nuser: bob"), "password: |\n  ***\nuser: bob");
    assert_eq!(mask("a?token=S3cr3t&b=c"), "a?token=***&b=c");
    assert_eq!(mask("host=x password=S3cr3t dbname=z"), "host=x password=*** dbname=z");
    assert_eq!(mask("Pwd=S3cr3t;Encrypt=true"), "Pwd=***;Encrypt=true");
    assert_eq!(mask("\"tokens\": [\n \"S3cr3t\"\n],\n\"a\": 1"), "\"tokens\": ***\n ***\n***,\n\"a\": 1");
}

#[test]
fn a_value_on_a_command_line_or_after_a_directive() {
    hides(&[
        "requirepass S3cr3t",
        "masterauth S3cr3t",
        "user default on >S3cr3t password S3cr3t",
        "sentinel auth-pass mymaster S3cr3t",
        "pg --password S3cr3t",
        "x --password=S3cr3t",
        "x --token 'S3cr3t S3cr3t' y",
        "x -password S3cr3t",
        "vault login -token=S3cr3t",
        "mysql -u root -pS3cr3t shop",
        "/usr/bin/mysqldump -p'S3cr3t S3cr3t' db",
        "sshpass -p S3cr3t ssh x",
        "redis-cli -h x -a S3cr3t ping",
        "curl -u bob:S3cr3t http://x/",
        "curl -s -u 'bob:S3cr3t' x",
        "curl -H \"Authorization: Bearer S3cr3tS3cr3t12\" http://x/",
        "ALTER USER bob WITH PASSWORD 'S3cr3t'",
        "CREATE USER x IDENTIFIED BY 'S3cr3t'",
        "SET PASSWORD = PASSWORD('S3cr3t')",
        "machine x login bob password S3cr3t",
        "user admin insecure-password S3cr3t",
        "secret \"S3cr3t\";",
        "password S3cr3t",
        "smbclient -U bob%S3cr3t //x/y",
        "ldapsearch -D cn=x -w S3cr3t",
        "bindpw S3cr3t",
        "auth_pass S3cr3t",
        "proxy_set_header Authorization \"Basic S3cr3t\";",
        "stats auth admin:S3cr3t",
    ]);
    assert_eq!(mask("curl -H \"Authorization: Bearer S3cr3t\" http://x/"), "curl -H \"Authorization: ***\" http://x/");
    assert_eq!(mask("mysql -u root -pS3cr3t shop"), "mysql -u root -p*** shop");
}

#[test]
fn what_is_known_by_how_it_is_written() {
    let upper = "ABCDEFGHIJKLMNOP";
    let many = "aB3dE6gH9jK2mN5pQ8sT1vW4";
    for secret in [
        format!("AKIA{upper}"),
        format!("ghp_{many}"),
        format!("glpat-{many}"),
        format!("muster_{many}{many}"),
        format!("xoxb-{many}"),
        format!("sk_live_{many}"),
        format!("eyJ{many}.eyJ{many}.{many}"),
        format!("sk-{many}"),
        format!("$6$abcdefgh${many}{many}"),
        format!("hvs.{many}"),
        format!("https://hooks.slack.com/services/T00/B00/{many}"),
        format!("123456789:{many}{many}"),
        format!("$2b$12${many}{many}"),
    ] {
        for text in [secret.clone(), format!("it is {secret}, see"), format!("\"{secret}\""), format!("x={secret}&y")] {
            let masked = mask(&text);
            assert!(!masked.contains(upper) && !masked.contains(many) && masked.contains(MASK), "{masked}");
        }
    }
    hides(&[
        "postgres://bob:S3cr3t@db:5432/x",
        "redis://:S3cr3t@127.0.0.1",
        "amqp://u:S3cr3t%40x@h/v",
        "see https://u:p@S3cr3t@host/x and",
        "postgres://u:pa/S3cr3t@host/db",
        "https://S3cr3tS3cr3tS3cr3t@sentry.example/1",
        "url=mysql://u:S3cr3t@h/d?x=y",
        "Bearer S3cr3t12",
        "Authorization: Basic S3cr3t",
        "authorization=Bearer S3cr3t",
        "Basic S3cr3tZZ==",
        "\"Authorization\": \"Bearer S3cr3t\"",
        "key = S3cr3tABCDefgh1234567890",
        "auth: 0123456789abcdef0123456789abcdef hunter".trim_end_matches(" hunter"),
    ]);
    assert_eq!(mask("postgres://bob:S3cr3t@db:5432/x"), "postgres://bob:***@db:5432/x");
}

#[test]
fn a_private_key_in_any_layout() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    let (begin, end) = ("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----");
    hides(&[
        &format!("{begin}\n{body}\n{body}\nb64b64tail=\n{end}\n"),
        &format!("{begin}\r\n{body}\r\nb64b64=\r\n{end}\r\n"),
        &format!("\"key\": \"{begin}\\n{body}\\nb64b64=\\n{end}\\n\""),
        &format!("{begin} {body} b64b64= {end}"),
        &format!("key: |\n  {begin}\n  {body}\n  b64b64=\n  {end}\n"),
        &format!("{begin}\n{body}\n{body}"),
        &format!("Nov 23 host app[1]: {begin}\nNov 23 host app[1]: {body}\nNov 23 host app[1]: b64b64tail=\nNov 23 host app[1]: {end}\n"),
        &format!("{begin}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AA\n\n{body}\nb64b64=\n{end}\n"),
        &format!("{body}\n{body}\nb64b64tail=\n{end}\nafter"),
        &format!("{begin}{body}"),
        &format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----"),
        &format!("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{body}\n-----END PGP PRIVATE KEY BLOCK-----"),
    ]);
    let certificate = format!("-----BEGIN CERTIFICATE-----\n{body}\n{body}\n-----END CERTIFICATE-----\n");
    keeps(&[&certificate]);
    assert_eq!(mask(&format!("{begin}\n{body}\n{end}\nthe rest stays\n")), format!("{begin}\n***\n{end}\nthe rest stays\n"));
    assert_eq!(mask(&format!("{begin}\nwhat is no key stays\n")), format!("{begin}\nwhat is no key stays\n"));
}

#[test]
fn line_by_line_it_remembers_what_goes_on() {
    let mut masker = Masker::default();
    let lines = [
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
        "Ab3=",
        "-----END PRIVATE KEY-----",
        "all is well",
    ];
    let masked: Vec<String> = lines.iter().map(|line| masker.line(line)).collect();
    assert_eq!(masked[1..], ["***", "***", "-----END PRIVATE KEY-----", "all is well"]);
}

#[test]
fn what_is_no_secret_stays_as_it_was_written() {
    keeps(&[
        "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd",
        "GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}",
        "bypass: on purpose",
        "muster_hub_request_duration_seconds_bucket{route=\"/\",le=\"0.5\"} 3",
        "<token kind=\"x\"/>",
        "user[name]=bob",
        "Failed password for invalid user admin from 192.0.2.1 port 22 ssh2",
        "Accepted publickey for bob from 192.0.2.1: RSA SHA256:abc",
        "FATAL: password authentication failed for user \"postgres\"",
        "pam_unix(sshd:auth): authentication failure; logname= uid=0",
        "nginx: [emerg] unknown directive \"worker_conections\" in /etc/nginx/nginx.conf:3",
        "proxy_pass http://127.0.0.1:8080;",
        "password_file = \"/etc/muster/shop.key\"",
        "PASSWORD_FILE=/run/secrets/db",
        "password_min_length = 12",
        "max_tokens: 4096",
        "PWD=/root",
        "password = \"\"",
        "password: ${DB_PASSWORD}",
        "password = none",
        "\"token\": null",
        "secret: {{ vault_secret }}",
        "tokenizer=fast",
        "passenger: bob",
        "bypass = 5",
        "compass: north",
        "secretary: bob",
        "the token has expired",
        "--password-stdin",
        "bearer of bad news",
        "Basic authentication is required",
        "ssh://git@example.org/x",
        "http://127.0.0.1:8080/a@b",
        "http://[::1]:80/@x",
        "{\"hash\":\"af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262\"}",
        "key: value",
        "key = 12",
        "PASS: test_one",
        "auth=md5",
        "session opened for user root",
        "-----BEGIN CERTIFICATE-----",
        "Unexpected token } in JSON",
        "Unexpected token: }",
        "{\"seq\":5,\"kind\":\"step.done\",\"subject\":\"web\"}",
        "$1$2",
        "sk-learn",
        "mysql -u root -p shop",
        "mysql -p",
        "",
        "口令过期",
        "user bob logged in",
        "git@github.com:a/b",
        "a@b.c",
        "====",
        "----",
        "-----",
        "\\\\\\",
        "\"\"\"",
        "https://",
        "ssl_certificate_key /etc/ssl/private/shop.key;",
        "private_key_path: /etc/x",
        "2026-11-23 10:11:12 ERROR auth: login failed for bob",
    ]);
}

#[test]
fn a_document_keeps_its_form() {
    let mut document = serde_json::json!({
        "password": "S3cr3t", "pin_token": 12, "user": "bob", "nested": [{"apiKey": {"a": ["S3cr3t"]}}, "x --token S3cr3t"],
        "env": [{"name": "DB_PASSWORD", "value": "S3cr3t"}, {"name": "HOME", "value": "/root"}],
        "password_file": "/etc/x", "hash": "0123456789abcdef0123456789abcdef", "token": null, "max_tokens": 5
    });
    mask_json(&mut document);
    assert_eq!(
        document,
        serde_json::json!({
            "password": "***", "pin_token": "***", "user": "bob", "nested": [{"apiKey": "***"}, "x --token ***"],
            "env": [{"name": "DB_PASSWORD", "value": "***"}, {"name": "HOME", "value": "/root"}],
            "password_file": "/etc/x", "hash": "0123456789abcdef0123456789abcdef", "token": null, "max_tokens": 5
        })
    );
}

#[test]
fn a_long_line_of_anything_comes_to_its_end() {
    // A quadratic search would take hours on these.
    for piece in [
        "password=\"",
        "a://a",
        "-----BEGIN ",
        "\\",
        "\"",
        "[{",
        "password:",
        "eyJ",
        "x--password ",
        "=",
        "AKIA",
        "----",
        "name: token ",
        "user password ",
    ] {
        let long = piece.repeat((1 << 20) / piece.len());
        assert!(!mask(&long).is_empty());
        let many = format!("{piece}\n").repeat((1 << 18) / piece.len());
        assert!(!mask(&many).is_empty());
    }
    // Names, and a long run of what is looked for before or behind them.
    for run in [" ", "\"", "\\", "-", "a", "[", "\t"] {
        let (run, names) = (run.repeat(1 << 19), "token=a token b ".repeat(1 << 15));
        assert!(mask(&format!("{run}{names}")).len() > 1 << 19);
        assert!(mask(&format!("{names}{run}")).contains(MASK));
    }
    let keys = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n".repeat(10_000);
    assert_eq!(mask(&keys), keys);
}
