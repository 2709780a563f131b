//! The message catalogue: `messages/LANGUAGE/SUBJECT.ftl` in the Fluent syntax (projectfluent.org), built into the program.
//!
//! A message may call four functions on its arguments: `WORD($loss, of: "loss")` puts a code, or codes with commas, into
//! words ([`crate::word`]); `LENGTH($after)` puts a length of time as the model writes it into the language's own units;
//! `MOMENT($at)` puts a time as the model writes it into date and clock; `WHO($who)` says of `?` that it is not known. What
//! is none of these is said as it is.

use std::fmt::Display;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use muster_model::text::Text;
use unic_langid::LanguageIdentifier;

use crate::language::Language;
use crate::moment;
use crate::word::{Words, word};

/// The files of each language, by subject.
macro_rules! subjects {
    ($($subject:literal)*) => {
        const EN: &[&str] = &[$(include_str!(concat!("../messages/en/", $subject, ".ftl"))),*];
        const ZH_CN: &[&str] = &[$(include_str!(concat!("../messages/zh-CN/", $subject, ".ftl"))),*];
    };
}

subjects! {
    "terminal" "help" "manual" "word" "status" "top" "incident" "record" "verdict" "evidence" "plan" "trouble" "demo"
    "hub" "page" "support" "reference" "install"
}

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::En, EN));
static CHINESE: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::ZhCn, ZH_CN));

fn of(language: Language) -> &'static Bundle {
    match language {
        Language::En => &ENGLISH,
        Language::ZhCn => &CHINESE,
    }
}

/// Builds a language's messages. What does not parse is left out here and found by the tests.
fn bundle(language: Language, sources: &[&str]) -> Bundle {
    // The identifier chooses the plural rules; "und", if it came to that, would have only one form.
    let id: LanguageIdentifier = language.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // The marks that isolate arguments of another writing direction would stand in paths that people copy.
    bundle.set_use_isolating(false);
    for source in sources {
        let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(usable, _errors)| usable);
        bundle.add_resource_overriding(resource);
    }
    // A function can only be refused when there is one of its name already.
    let _ = bundle.add_function("WORD", move |values, options| {
        let family = options.get("of").and_then(|of| if let FluentValue::String(of) = of { Words::named(of) } else { None });
        written(values, |codes| {
            let words = codes.split(", ").map(|code| family.map_or_else(|| code.to_owned(), |family| word(language, family, code)));
            Some(words.collect::<Vec<_>>().join(&say_key(language, "list-comma", &[])))
        })
    });
    let _ = bundle.add_function("LENGTH", move |values, _options| written(values, |s| Some(moment::length(language, s.parse().ok()?))));
    let _ = bundle
        .add_function("MOMENT", |values, _options| written(values, |s| Some(format!("{} UTC", moment::date_and_clock(s.parse().ok()?)))));
    let _ = bundle
        .add_function("WHO", move |values, _options| written(values, |who| (who == "?").then(|| say_key(language, "by-unknown", &[]))));
    bundle
}

/// A function's value: its one argument in other words, or as it is where there are none.
fn written<'a>(values: &[FluentValue<'a>], in_words: impl Fn(&str) -> Option<String>) -> FluentValue<'a> {
    match values.first() {
        Some(FluentValue::String(value)) => in_words(value).map_or_else(|| FluentValue::from(value.to_string()), FluentValue::from),
        Some(other) => other.clone(),
        None => FluentValue::Error,
    }
}

/// Whether the catalogue of this language has the message.
pub fn has(language: Language, key: &str) -> bool {
    of(language).get_message(key).is_some_and(|message| message.value().is_some())
}

/// A message in words. A key that the language lacks is said in English; one that English lacks too (a ledger written by
/// a newer Muster) is said as the key with its arguments. An argument that is missing shows as `{$name}`.
pub fn say(language: Language, text: &Text) -> String {
    let mut args = FluentArgs::with_capacity(text.args.len());
    for (name, value) in &text.args {
        args.set(name.as_str(), argument(value));
    }
    for (name, phrase) in &text.phrases {
        args.set(name.as_str(), phrase.said(language.code()));
    }
    [language, Language::En].into_iter().find_map(|language| format(language, &text.key, &args)).unwrap_or_else(|| bare(text))
}

/// The same for a message that is said at once. Write the key as a literal: a test compares all literals with the catalogue.
pub fn say_key(language: Language, key: &'static str, args: &[(&'static str, &dyn Display)]) -> String {
    let text = args.iter().fold(Text::new(key), |text, (name, value)| text.with(name, value));
    say(language, &text)
}

fn format(language: Language, key: &str, args: &FluentArgs<'_>) -> Option<String> {
    let bundle = of(language);
    let message = bundle.get_message(key)?;
    let mut errors = Vec::new();
    Some(bundle.format_pattern(message.value()?, Some(args), &mut errors).into_owned())
}

/// An argument as Fluent takes it: whole numbers as numbers, so that a message can choose between singular and plural.
/// Anything that would not come out as it went in (`007`, a long hash of digits) stays text.
fn argument(value: &str) -> FluentValue<'_> {
    const EXACT: i64 = 1 << 53; // the largest whole numbers that a double keeps
    match value.parse::<i64>() {
        Ok(number) if number.abs() < EXACT && number.to_string() == value => FluentValue::from(number),
        _ => FluentValue::from(value),
    }
}

/// A message that no catalogue has.
fn bare(text: &Text) -> String {
    let phrases = text.phrases.iter().map(|(name, phrase)| (name, phrase.said(Language::En.code())));
    let values = text.args.iter().map(|(name, value)| (name, value.as_str())).chain(phrases);
    let args: Vec<String> = values.map(|(name, value)| format!("{name}={value}")).collect();
    if args.is_empty() { text.key.clone() } else { format!("{} ({})", text.key, args.join(", ")) }
}

#[cfg(test)]
mod tests {
    use muster_model::text::Phrase;

    use super::*;

    #[test]
    fn a_message_is_said_in_each_language_with_its_arguments() {
        let text = Text::new("error-no-such-service").with("service", "web");
        assert_eq!(say(Language::En, &text), "No service is called web. `muster status` lists them.");
        assert_eq!(say(Language::ZhCn, &text), "没有名为 web 的服务。可用 `muster status` 列出全部服务。");
    }

    #[test]
    fn a_key_nobody_knows_is_said_as_it_is_and_nothing_panics() {
        let mut text = Text::new("from-a-newer-muster").with("path", "/etc/x");
        assert_eq!(say(Language::ZhCn, &text), "from-a-newer-muster (path=/etc/x)");
        text.args.clear();
        assert_eq!(say(Language::En, &text), "from-a-newer-muster");
        text.key = "not a key at all \u{0} { $x".to_owned();
        assert_eq!(say(Language::En, &text), text.key);
    }

    #[test]
    fn what_brings_its_own_languages_is_said_in_that_of_the_message() {
        let means = Phrase::new([("en", "its port is taken"), ("zh-CN", "端口被占用")]);
        let text = Text::new("evidence-known-line").with("line", "bind: in use").with_phrase("means", &means);
        assert_eq!(say(Language::En, &text), "it logged: bind: in use (its port is taken)");
        assert!(say(Language::ZhCn, &text).contains("端口被占用"), "{}", say(Language::ZhCn, &text));
    }

    #[test]
    fn a_missing_argument_shows_its_name() {
        assert_eq!(say(Language::En, &Text::new("error-no-such-service")), "No service is called {$service}. `muster status` lists them.");
    }

    #[test]
    fn numbers_choose_the_plural_and_what_only_looks_like_one_stays_as_written() {
        let said = |n: &str| say(Language::En, &Text::new("config-good").with("file", "a.toml").with("services", n));
        assert_eq!(said("1"), "a.toml: valid, 1 service");
        assert_eq!(said("2"), "a.toml: valid, 2 services");
        for odd in ["007", "+1", "12345678901234567890", "1e3", "0x10", "-0"] {
            assert_eq!(said(odd), format!("a.toml: valid, {odd} services"));
        }
    }
}
