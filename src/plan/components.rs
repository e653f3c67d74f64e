//! Every version, address and digest that is installed, from `assets/components.toml` and the user's
//! own tables over it.
