//! Style, script and icons. Each has its content in its name, so that a browser may keep it for ever and an upgraded Muster
//! is not shown in an old dress.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use muster_model::health::Health;

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

struct Asset {
    name: String,
    media: &'static str,
    content: &'static str,
}

/// All of them, under the names by which pages link them.
static ASSETS: LazyLock<[Asset; 5]> = LazyLock::new(|| {
    let of = |name: &str, kind: &str, media, content: &'static str| Asset {
        name: format!("{name}.{:016x}.{kind}", hash(&content)),
        media,
        content,
    };
    [
        of("muster", "css", "text/css; charset=utf-8", include_str!("../../assets/muster.css")),
        of("muster", "js", "text/javascript; charset=utf-8", include_str!("../../assets/muster.js")),
        of("present", "svg", "image/svg+xml", include_str!("../../assets/present.svg")),
        of("degraded", "svg", "image/svg+xml", include_str!("../../assets/degraded.svg")),
        of("lost", "svg", "image/svg+xml", include_str!("../../assets/lost.svg")),
    ]
});

/// A number for what something says; the same wherever this program runs.
pub(super) fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

fn path(place: usize) -> String {
    format!("/assets/{}", ASSETS[place].name)
}

pub(super) fn style() -> String {
    path(0)
}

pub(super) fn script() -> String {
    path(1)
}

/// The icon of a page on which this is the worst.
pub(super) fn icon(worst: Health) -> String {
    path(match worst {
        Health::Lost => 4,
        Health::Degraded | Health::Unknown => 3,
        Health::Present | Health::Paused => 2,
    })
}

/// Which assets this program has: another one has others.
pub(super) fn edition() -> String {
    format!("{:016x}", hash(&ASSETS.iter().map(|asset| &asset.name).collect::<Vec<_>>()))
}

/// Gives one out.
pub(super) async fn show(Path(name): Path<String>) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let media = HeaderValue::from_static(asset.media);
            ([(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, FOR_EVER)], asset.content).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
