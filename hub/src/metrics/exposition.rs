//! Metrics as text. Two formats that differ in little: OpenMetrics names a counter without its `_total`, and ends in `# EOF`,
//! which the older one takes for a comment.

use std::fmt::{Display, Write};

/// Which format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus 0.0.4.
    Text,
}

impl Format {
    /// The one that an `Accept` header asks for.
    pub(crate) fn accepted(accept: &str) -> Format {
        if accept.contains("application/openmetrics-text") { Format::OpenMetrics } else { Format::Text }
    }

    /// Its media type.
    pub(crate) const fn media(self) -> &'static str {
        match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Gauge,
    Counter,
    Histogram,
}

/// Metrics, as they are written.
pub(crate) struct Exposition {
    format: Format,
    text: String,
}

/// The labels of a sample.
pub(crate) type Labels<'a> = &'a [(&'a str, &'a dyn Display)];

impl Exposition {
    pub(crate) fn new(format: Format) -> Exposition {
        Exposition { format, text: String::new() }
    }

    /// Begins a metric. A counter's name is without `_total`.
    pub(crate) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let (kind, suffix) = match (kind, self.format) {
            (Kind::Gauge, _) => ("gauge", ""),
            (Kind::Counter, Format::OpenMetrics) => ("counter", ""),
            (Kind::Counter, Format::Text) => ("counter", "_total"),
            (Kind::Histogram, _) => ("histogram", ""),
        };
        let _ = writeln!(self.text, "# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {kind}");
    }

    /// A sample of the metric that was begun last.
    pub(crate) fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.text.push_str(name);
        for (i, (label, value)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{label}=\"", if i == 0 { '{' } else { ',' });
            for c in value.to_string().chars() {
                match c {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    c => self.text.push(c),
                }
            }
            self.text.push('"');
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// A metric of one sample.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, Kind::Gauge, help);
        self.sample(name, &[], value);
    }

    /// A counter of one sample; its name is without `_total`.
    pub(crate) fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, Kind::Counter, help);
        self.sample(&format!("{name}_total"), &[], value);
    }

    /// One histogram of the metric that was begun last: how many were not more than each bound, then how many there were.
    pub(crate) fn histogram(&mut self, name: &str, labels: Labels<'_>, bounds: &[f64], counts: &[u64], sum: f64) {
        let all = counts.last().copied().unwrap_or(0);
        let bucket = format!("{name}_bucket");
        let ends = bounds.iter().map(|bound| float(*bound)).chain(["+Inf".to_owned()]);
        for (i, end) in ends.enumerate() {
            let labels: Vec<(&str, &dyn Display)> = labels.iter().copied().chain([("le", &end as &dyn Display)]).collect();
            self.sample(&bucket, &labels, counts.get(i).copied().unwrap_or(all));
        }
        self.sample(&format!("{name}_sum"), labels, sum);
        self.sample(&format!("{name}_count"), labels, all);
    }

    /// All of it.
    pub(crate) fn finish(mut self) -> String {
        self.text.push_str("# EOF\n");
        self.text
    }
}

/// OpenMetrics wants bounds to be written as floating-point numbers.
fn float(bound: f64) -> String {
    if bound.fract() == 0.0 { format!("{bound:.1}") } else { bound.to_string() }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_two_formats_differ_in_the_names_of_counters() {
        let text = |format| {
            let mut out = Exposition::new(format);
            out.counter("muster_x", "What it is.", 3);
            out.family("muster_y", Kind::Gauge, "Labels.");
            out.sample("muster_y", &[("service", &"a\"b\\c\nd"), ("n", &1)], 0.5);
            out.family("muster_z_seconds", Kind::Histogram, "Lengths.");
            out.histogram("muster_z_seconds", &[("route", &"/")], &[0.5, 1.0], &[1, 2, 4], 9.25);
            out.finish()
        };
        expect![[r##"
            # HELP muster_x What it is.
            # TYPE muster_x counter
            muster_x_total 3
            # HELP muster_y Labels.
            # TYPE muster_y gauge
            muster_y{service="a\"b\\c\nd",n="1"} 0.5
            # HELP muster_z_seconds Lengths.
            # TYPE muster_z_seconds histogram
            muster_z_seconds_bucket{route="/",le="0.5"} 1
            muster_z_seconds_bucket{route="/",le="1.0"} 2
            muster_z_seconds_bucket{route="/",le="+Inf"} 4
            muster_z_seconds_sum{route="/"} 9.25
            muster_z_seconds_count{route="/"} 4
            # EOF
        "##]]
        .assert_eq(&text(Format::OpenMetrics));
        let old = text(Format::Text);
        assert!(old.contains("# TYPE muster_x_total counter\nmuster_x_total 3\n"), "{old}");
        assert_eq!(Format::accepted("text/plain;q=0.5, application/openmetrics-text;version=1.0.0"), Format::OpenMetrics);
        assert_eq!(Format::accepted("*/*"), Format::Text);
    }
}
