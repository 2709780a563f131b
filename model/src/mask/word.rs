//! Whether the name of a value says that the value is secret.

/// How much a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// What stands beside it is secret.
    Secret,
    /// It is where it looks like chance: a long number in hexadecimal, a mixture of letters and digits.
    SecretIfRandom,
    /// The rest of the line is: the name of a header.
    Header,
    /// The rest of the line is, also without `=` or `:` between: a directive of a configuration.
    Directive,
}

const NAME_BYTES_MAX: usize = 128;

/// Parts of names that make a secret.
const PARTS: [&str; 28] = [
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pwd",
    "pass",
    "pw",
    "secret",
    "secrets",
    "token",
    "tokens",
    "credential",
    "credentials",
    "apikey",
    "psk",
    "dsn",
    "jsessionid",
    "phpsessid",
    "signature",
    "pgpassword",
    "pin",
    "otp",
    "totp",
    "webhook",
    "accesskey",
    "secretkey",
    "privatekey",
    "sig",
];
/// The same in two parts: `api_key`, `accessKey`, `X-Api-Key`.
const PAIRS: [(&str, &str); 14] = [
    ("api", "key"),
    ("access", "key"),
    ("private", "key"),
    ("secret", "key"),
    ("auth", "key"),
    ("signing", "key"),
    ("encryption", "key"),
    ("master", "key"),
    ("account", "key"),
    ("session", "id"),
    ("master", "auth"),
    ("license", "key"),
    ("shared", "key"),
    ("storage", "key"),
];
/// Ends of names that are written in one word: `dbpassword`, `authtoken`.
const ENDS: [&str; 12] =
    ["password", "passwd", "passphrase", "secret", "token", "apikey", "secretkey", "privatekey", "accesskey", "密码", "口令", "密钥"];
/// Last parts that make it a property of a secret, or where it is kept, and not the secret.
const INNOCENT_LAST: [&str; 42] = [
    "file",
    "files",
    "path",
    "dir",
    "directory",
    "name",
    "type",
    "length",
    "len",
    "min",
    "max",
    "ttl",
    "expiry",
    "expires",
    "expiration",
    "policy",
    "enabled",
    "count",
    "lifetime",
    "timeout",
    "age",
    "stdin",
    "prompt",
    "required",
    "command",
    "cmd",
    "url",
    "uri",
    "endpoint",
    "algorithm",
    "encryption",
    "method",
    "format",
    "ref",
    "version",
    "changed",
    "created",
    "updated",
    "limit",
    "env",
    "map",
    "maps",
];
/// First parts that make it another thing: `max_tokens`, `proxy_pass`, `public_token`.
const INNOCENT_FIRST: [&str; 7] = ["max", "min", "num", "proxy", "fastcgi", "uwsgi", "grpc"];
const OTHER_PASSES: [&str; 7] = ["bypass", "compass", "surpass", "encompass", "trespass", "underpass", "overpass"];
const WEAK: [&str; 9] = ["key", "auth", "salt", "seed", "session", "hmac", "nonce", "cred", "creds"];
const HEADERS: [&str; 9] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-vault-token",
    "x-amz-security-token",
    "x-gitlab-token",
];
const DIRECTIVES: [&str; 9] =
    ["requirepass", "masterauth", "insecure-password", "bindpw", "rootpw", "auth-pass", "auth_pass", "wpa_passphrase", "private-lines"];

/// What the name says; `None`: nothing. `assigned`: it is followed by `=`, or stands in quotes, so that it is surely a name.
pub(super) fn says(name: &str, assigned: bool) -> Option<Says> {
    if name.len() > NAME_BYTES_MAX || name.is_empty() {
        return None;
    }
    let lower = name.to_lowercase();
    if HEADERS.contains(&lower.as_str()) {
        return Some(Says::Header);
    }
    if DIRECTIVES.contains(&lower.as_str()) {
        return Some(Says::Directive);
    }
    let parts = parts(name);
    let (first, last) = (parts.first()?.as_str(), parts.last()?.as_str());
    let one = parts.len() == 1;
    if !one && (INNOCENT_LAST.contains(&last) || INNOCENT_FIRST.contains(&first)) {
        return None;
    }
    // `PASS: a test`, `pin 4 of the chip`: alone these are ordinary words.
    let ordinary = one && ["pass", "pw", "pin", "sig", "signature", "webhook", "otp"].contains(&last);
    let named = |part: &String| PARTS.contains(&part.as_str()) || ENDS.iter().any(|end| part.ends_with(end));
    // `dbpass`, and not `bypass`.
    let short = |part: &String| part.len() > 4 && part.ends_with("pass") && !OTHER_PASSES.contains(&part.as_str());
    let paired = parts.windows(2).any(|two| PAIRS.contains(&(two[0].as_str(), two[1].as_str())));
    if (parts.iter().any(|part| named(part) || short(part)) && (assigned || !ordinary)) || paired {
        return Some(Says::Secret);
    }
    WEAK.contains(&last).then_some(Says::SecretIfRandom)
}

/// `db_passWord-x.y` is `db`, `pass`, `word`, `x`, `y`; a word in capitals stays whole.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut small_before = false;
    for c in name.chars() {
        if matches!(c, '_' | '-' | '.') || (c.is_uppercase() && small_before) {
            parts.push(String::new());
        }
        if !matches!(c, '_' | '-' | '.')
            && let Some(part) = parts.last_mut()
        {
            part.extend(c.to_lowercase());
        }
        small_before = c.is_lowercase();
    }
    parts.retain(|part| !part.is_empty());
    // `passWord` is one word after all.
    let joined: String = parts.concat();
    if joined == "password" || joined == "passphrase" {
        return vec![joined];
    }
    parts
}

/// Whether it looks like chance: at least 32 digits in hexadecimal, or 20 letters of both cases and digits.
pub(super) fn random(value: &str) -> bool {
    let all = |rule: fn(&u8) -> bool| value.bytes().all(|b| rule(&b));
    if value.starts_with('/') {
        return false; // a path
    }
    let hexadecimal = value.len() >= 32 && all(u8::is_ascii_hexdigit);
    let any = |rule: fn(&u8) -> bool| value.bytes().any(|b| rule(&b));
    let mixed = value.len() >= 20
        && all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(b))
        && any(u8::is_ascii_digit)
        && any(u8::is_ascii_lowercase)
        && any(u8::is_ascii_uppercase);
    hexadecimal || mixed
}

/// Whether the value is none: a switch, a reference to where the secret is, nothing at all.
pub(super) fn innocent(name: &str, value: &str) -> bool {
    const SWITCHES: [&str; 14] =
        ["true", "false", "yes", "no", "on", "off", "none", "null", "nil", "undefined", "enabled", "disabled", "required", "optional"];
    if !value.chars().any(char::is_alphanumeric) || SWITCHES.contains(&value.to_ascii_lowercase().as_str()) {
        return true;
    }
    let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b));
    let capital = |s: &str| plain(s) && !s.bytes().any(|b| b.is_ascii_lowercase());
    let within = |open: &str, close: &str| value.strip_prefix(open).and_then(|v| v.strip_suffix(close)).is_some_and(|v| plain(v.trim()));
    let reference = value.strip_prefix('$').is_some_and(capital)
        || within("${", "}")
        || within("${{", "}}")
        || within("{{", "}}")
        || within("%(", ")s");
    // How many tokens, not which.
    let counted = name.to_ascii_lowercase().ends_with("tokens") && value.len() <= 7 && value.bytes().all(|b| b.is_ascii_digit());
    let folder = matches!(name, "PWD" | "OLDPWD") && value.starts_with('/');
    reference || counted || folder || matches!(value, "%s" | "%d" | "%v" | "$1" | "$2")
}
