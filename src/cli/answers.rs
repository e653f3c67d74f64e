//! `modelquay answers`.

use super::output;
use crate::app::Exit;
use crate::plan::answers::TEMPLATE;

pub fn run() -> Exit {
    output::data(TEMPLATE)
}
