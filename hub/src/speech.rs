//! In which language to answer: that of `?lang=`, else the one that was chosen before (a cookie), else what the browser asks for (`Accept-Language`, RFC 9110 §12.5.4), else
//! the configuration's.

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use muster_tell::Language;

use crate::Hub;

/// The cookie in which a browser keeps the language that was chosen.
pub(crate) const LANGUAGE_COOKIE: &str = "muster_lang";

/// The language of whoever does not say theirs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Speech {
    usual: Language,
}

impl Speech {
    /// As the configuration has it.
    pub(crate) fn of(configured: Option<&str>) -> Speech {
        Speech { usual: configured.and_then(|tag| tag.parse().ok()).unwrap_or_default() }
    }

    /// The language of a request.
    pub(crate) fn language(self, parts: &Parts) -> Language {
        let asked = parts.uri.query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("lang=")));
        let accepted = || parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| preferred(value.to_str().ok()?));
        let chosen = || crate::page::cookie(&parts.headers, LANGUAGE_COOKIE)?.parse().ok();
        asked.and_then(|tag| tag.parse().ok()).or_else(chosen).or_else(accepted).unwrap_or(self.usual)
    }
}

/// The first language of the list that there are texts in, by weight and then by place.
fn preferred(list: &str) -> Option<Language> {
    let mut best: Option<(Language, f32)> = None;
    for item in list.split(',').take(32) {
        let mut parts = item.split(';');
        let tag = parts.next().unwrap_or_default().trim();
        let weight = parts.find_map(|p| p.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
        // Chinese in whatever country and script is nearer to the Chinese texts than to the English ones.
        let known = match tag.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "zh" => Some(Language::ZhCn),
            "en" => Some(Language::En),
            _ => None,
        };
        if let Some(language) = known.filter(|_| weight > 0.0 && best.is_none_or(|(_, heaviest)| weight > heaviest)) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

impl FromRequestParts<Hub> for Tongue {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Tongue, Self::Rejection> {
        Ok(Tongue(hub.speech.language(parts)))
    }
}

/// The language of this request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tongue(pub(crate) Language);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_most_of_what_there_is_is_spoken() {
        for (list, language) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Some(Language::ZhCn)),
            ("de, en-GB;q=0.5", Some(Language::En)),
            ("en;q=0.2, zh-TW;q=0.7", Some(Language::ZhCn)),
            ("zh;q=0", None),
            ("de", None),
            (";;q=,,=", None),
            ("en, zh", Some(Language::En)),
        ] {
            assert_eq!(preferred(list), language, "{list}");
        }
    }
}
