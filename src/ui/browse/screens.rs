//! The browser as the loop sees it.

use super::msg::{Effect, Live, Msg};
use super::{Browse, over, places, render};
use crate::ui::effect::Leaving;
use crate::ui::run::{Input, Own, Screens, Word};
use ratatui::Frame;
use std::time::Duration;

impl Screens for Browse {
    type Msg = Msg;
    type Effect = Effect;
    type Live = Live;

    fn first(&mut self) -> Vec<Effect> {
        let mut effects = self.ask();
        effects.push(Effect::Keep(places::Keep::Load));
        effects.extend(self.note_visit());
        effects
    }

    fn hear(&mut self, input: Input<Msg, Live>) -> Vec<Effect> {
        match input {
            Input::Key(key) if key.kind == crossterm::event::KeyEventKind::Release => Vec::new(),
            Input::Key(key) => self.key_pressed(&key),
            Input::Paste(text) => {
                if !self.asked_paste(&text) {
                    self.pasted(&text);
                }
                Vec::new()
            }
            Input::Resize(columns, rows) => {
                self.shell.size = (columns, rows);
                Vec::new()
            }
            Input::Mouse(mouse) => self.mouse(mouse),
            Input::Tick(now_ms) => {
                self.shell.now_ms = now_ms;
                self.preview_when_resting()
            }
            Input::Said(msg) => self.heard(msg),
            Input::Live(live) => self.moved_on(live.carried),
            Input::Lines(..) => Vec::new(),
        }
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        render(self, area, frame.buffer_mut());
    }

    fn moving(&self) -> Option<Duration> {
        // What the cursor rests on is not seen below what stands in front.
        self.preview.waits(self.shell.now_ms).filter(|_| self.over.as_ref().is_none_or(over::Over::has_pane))
    }

    fn told_to_end(&self) -> Leaving {
        Leaving::Quit
    }

    fn own(effect: Effect) -> Own<Effect> {
        match effect {
            Effect::Leave(leaving) => Own::Leave(leaving),
            Effect::Suspend => Own::Suspend,
            Effect::Redraw => Own::Redraw,
            Effect::Copy(text) => Own::Copy(text),
            effect => Own::No(effect),
        }
    }

    fn say(&mut self, word: Word) {
        self.shell.say(word);
    }

    fn patient(&self, msg: &Msg) -> bool {
        // The first rows are what somebody waits for.
        matches!(msg, Msg::Batch { .. }) && !self.listing.rows().is_empty()
    }
}
