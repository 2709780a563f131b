//! Secrets that are known by how they are written, whatever stands beside them.

/// `AKIA…`: the beginning, and at least so many of these characters after it.
struct Known(&'static str, usize, fn(u8) -> bool);

const fn letters(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

const fn word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

const fn dotted(b: u8) -> bool {
    word(b) || b == b'.'
}

const fn path(b: u8) -> bool {
    word(b) || b == b'/'
}

/// Of crypt(5), argon2 and SCRAM.
const fn hash(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'$' | b'=' | b',' | b'+' | b':' | b'-' | b'_')
}

const KNOWN: [Known; 45] = [
    // A token of the API; the names of metrics are shorter.
    Known("muster_", 40, word),
    Known("AKIA", 16, letters),
    Known("ASIA", 16, letters),
    Known("ghp_", 20, letters),
    Known("gho_", 20, letters),
    Known("ghu_", 20, letters),
    Known("ghs_", 20, letters),
    Known("ghr_", 20, letters),
    Known("github_pat_", 20, word),
    Known("glpat-", 16, word),
    Known("gldt-", 16, word),
    Known("xoxa-", 10, word),
    Known("xoxb-", 10, word),
    Known("xoxp-", 10, word),
    Known("xoxr-", 10, word),
    Known("xoxs-", 10, word),
    Known("xapp-", 10, word),
    Known("sk_live_", 10, letters),
    Known("sk_test_", 10, letters),
    Known("rk_live_", 10, letters),
    Known("whsec_", 16, letters),
    Known("sk-", 24, word),
    Known("AIza", 30, word),
    Known("ya29.", 20, dotted),
    Known("npm_", 30, letters),
    Known("pypi-", 40, word),
    Known("hvs.", 20, word),
    Known("hvb.", 20, word),
    Known("SG.", 30, dotted),
    Known("dop_v1_", 40, letters),
    Known("AGE-SECRET-KEY-1", 40, letters),
    Known("hooks.slack.com/services/", 20, path),
    Known("discord.com/api/webhooks/", 20, path),
    Known("$1$", 24, hash),
    Known("$2a$", 24, hash),
    Known("$2b$", 24, hash),
    Known("$2y$", 24, hash),
    Known("$5$", 24, hash),
    Known("$6$", 24, hash),
    Known("$y$", 24, hash),
    Known("$7$", 24, hash),
    Known("$argon2", 24, hash),
    Known("$scrypt$", 24, hash),
    Known("{SSHA}", 16, hash),
    Known("SCRAM-SHA-256$", 24, hash),
];

/// A longer one is masked up to here, and what follows is looked at anew.
const BYTES_MAX: usize = 16 << 10;

/// How many bytes of the text's beginning are such a secret: those to keep (they say what it is) and all of them.
pub(super) fn known(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let run =
        |from: usize, rule: fn(u8) -> bool| bytes.get(from..).unwrap_or_default().iter().take(BYTES_MAX).take_while(|b| rule(**b)).count();
    if let Some(Known(begin, least, rule)) = KNOWN.iter().find(|known| text.starts_with(known.0)) {
        let length = run(begin.len(), *rule);
        return (length >= *least).then_some((begin.len(), begin.len() + length));
    }
    if text.starts_with("eyJ") {
        // A JSON Web Token: three parts with dots between.
        let length = run(0, dotted);
        let dots = bytes.get(..length).unwrap_or_default().iter().filter(|b| **b == b'.').count();
        return (length >= 30 && dots >= 1).then_some((3, length));
    }
    telegram(text)
}

/// `bot123456789:AA…`, a bot's name and its token.
fn telegram(text: &str) -> Option<(usize, usize)> {
    let number = text.strip_prefix("bot").unwrap_or(text);
    let digits = number.bytes().take(12).take_while(u8::is_ascii_digit).count();
    if !(8..=11).contains(&digits) || number.as_bytes().get(digits) != Some(&b':') {
        return None;
    }
    let begin = text.len() - number.len() + digits + 1;
    let length = text.as_bytes().get(begin..)?.iter().take(64).take_while(|b| word(**b)).count();
    (length >= 30).then_some((begin, begin + length))
}

/// Whether what follows `Bearer ` or `Basic ` is a credential, and how long it is; ordinary words follow them, too.
pub(super) fn credential(text: &str) -> Option<usize> {
    let rule = |b: u8| b.is_ascii_alphanumeric() || b"._~+/=-".contains(&b);
    let length = text.bytes().take(BYTES_MAX).take_while(|b| rule(*b)).count();
    let value = text.get(..length)?;
    let any = |rule: fn(&u8) -> bool| value.bytes().any(|b| rule(&b));
    let mixed = any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase) && value.bytes().skip(1).any(|b| b.is_ascii_uppercase());
    (length >= 20 || (length >= 8 && (any(u8::is_ascii_digit) || value.ends_with('=') || mixed))).then_some(length)
}

/// Where the password is in `USER:PASSWORD@HOST/…`, the part of an address after `://`.
pub(super) fn userinfo(text: &str) -> Option<(usize, usize)> {
    const MAX: usize = 1_024;
    const LONE_MIN: usize = 16;
    let most = text.floor_char_boundary(MAX);
    let end = text.get(..most)?.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`')).unwrap_or(most);
    let all = text.get(..end)?;
    let authority = all.find(['/', '?', '#']).and_then(|at| all.get(..at)).unwrap_or(all);
    // A password may have a `/` of its own: `u:pa/ss@host` is no port.
    let at = match (authority.rfind('@'), authority.rsplit_once(':')) {
        (Some(at), _) => at,
        (None, Some((_, port))) if !port.bytes().all(|b| b.is_ascii_digit()) && !authority.starts_with('[') => all.rfind('@')?,
        _ => return None,
    };
    match all.get(..at)?.find(':') {
        Some(colon) => (colon + 1 < at).then_some((colon + 1, at)),
        None => (at >= LONE_MIN).then_some((0, at)),
    }
}
