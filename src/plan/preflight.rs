//! Whether a host can carry the registry: rules over facts, each with its evidence and its fix.
