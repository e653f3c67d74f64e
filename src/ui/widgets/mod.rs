//! Pieces that several screens are made of. They hold what was typed and nothing else; drawing needs
//! the theme and an area, and never panics at any size.

pub mod boxed;
pub mod field;
pub mod lines;
pub mod list;
pub mod masked;

pub use field::Field;
pub use masked::Masked;
