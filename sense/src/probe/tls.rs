//! A handshake of TLS, and how long the certificate is still good.

use muster_model::probe::{Answer, Trust};
use muster_model::time::Length;

use super::answers::Step;
use super::progress::{Progress, Reached};
use super::wire::server_name;
use super::{tcp, trust};
use crate::clock;

const DAY: Length = Length::seconds(86_400);

pub(super) async fn put(address: &str, wanted: &Trust, days_min: u32, progress: &Progress) -> Step<Answer> {
    let name = server_name(wanted.name.as_deref(), address)?;
    let roots = trust::roots(wanted.roots.as_deref()).await?;
    let stream = tcp::connect(address, progress).await?;
    let hands = trust::shake(Box::new(stream), &roots, name, &[]).await?;
    progress.reached(Reached::Secured);
    let version = hands.stream.get_ref().1.protocol_version().and_then(|v| v.as_str()).unwrap_or("TLS");
    let Some(ends) = hands.ends else {
        return Ok(Answer::Right { text: Some(version.to_owned()), perfdata: progress.steps() });
    };
    let days = ends.since(clock::now().0).0 / DAY.0;
    let text = format!("{version}, the certificate is valid for {days} days, until {}", trust::day(ends));
    let mut perfdata = progress.steps();
    perfdata.push(format!("days={days};{days_min};0"));
    Ok(if days < u64::from(days_min) { Answer::Warning { text, perfdata } } else { Answer::Right { text: Some(text), perfdata } })
}
