//! The configuration file: `RawConfig` (serde, unknown keys refused) → `validate` (pure) → `Config`.
