//! Files and manifests with places to fill.
