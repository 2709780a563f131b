//! What a running Muster cannot take up from a changed configuration: it was used when the record was opened. That it
//! waits for a restart is said, and taken back where the key is what it was.

use muster_model::config::Config;
use muster_model::text::Text;

/// The keys as they were at the start.
pub(crate) struct Fixed {
    started: Config,
}

impl Fixed {
    /// As this configuration has them.
    pub(crate) fn of(config: &Config) -> Fixed {
        Fixed { started: Config { services: Vec::new(), ..config.clone() } }
    }

    /// What is to be said of a configuration that came into force later.
    pub(crate) fn trouble(&self, now: &Config) -> Option<Text> {
        let was = &self.started;
        let keys = [
            ("keep", was.keep != now.keep),
            ("keep_bytes", was.keep_bytes != now.keep_bytes),
            ("checkpoint_file", was.checkpoint_file != now.checkpoint_file),
        ];
        let changed: Vec<&str> = keys.into_iter().filter_map(|(key, changed)| changed.then_some(key)).collect();
        (!changed.is_empty()).then(|| Text::new("trouble-restart").with("count", changed.len()).with("keys", changed.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waits_for_a_restart_is_said() {
        let parse = |text: &str| muster_model::config::parse(&[("muster.toml".to_owned(), text.to_owned())]).unwrap();
        let fixed = Fixed::of(&parse("[muster]\nkeep = \"31d\"\n"));
        let keys = |text: &str| fixed.trouble(&parse(text)).map(|text| text.args["keys"].clone());
        assert_eq!(keys("[muster]\nkeep = \"31d\"\nlanguage = \"en\"\n[[service]]\nname = \"a\"\nrun = \"b\"\n"), None);
        assert_eq!(keys("[muster]\nkeep_bytes = \"1 GiB\"\nkeep = \"30d\"\n").as_deref(), Some("keep, keep_bytes"));
        assert_eq!(keys("[muster]\nkeep = \"31d\"\ncheckpoint_file = \"/x\"\n").as_deref(), Some("checkpoint_file"));
    }
}
