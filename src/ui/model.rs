//! Everything that the screens know. All state is here, and only `update` changes it.

use super::effect::{Effect, Leaving};
use super::keys::{Command, Keymap, Scope};
use super::msg::{Live, Msg};
use super::run::{Input, Own, Screens, Word};
use super::text::Text;
use super::theme::Theme;
use super::walk::{self, Walk};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Frame;
use std::sync::Arc;
use std::time::Duration;

/// What all screens share.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a matter of its own")]
pub struct Shell {
    /// The texts.
    pub text: Text,
    /// The look.
    pub theme: Theme,
    /// The keys.
    pub keymap: Arc<Keymap>,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
    /// Whether this is a rehearsal.
    pub rehearsal: bool,
    /// How many times faster than life it goes.
    pub speed: u32,
    /// Whether the keys of this place are shown.
    pub help: bool,
    /// A sentence that is shown until the next key.
    pub notice: Option<String>,
    /// Whether the line is so bad that nothing is shown which nobody asked for: clocks go slowly, and what a screen
    /// would fetch by itself it fetches when a key asks for it.
    pub frugal: bool,
    /// Whether this program could be copied to a host and go on there.
    pub hand_over: bool,
}

impl Shell {
    /// What all screens share when they begin.
    pub fn new(text: Text, theme: Theme, rehearsal: bool, speed: u32) -> Self {
        Self {
            text,
            theme,
            keymap: Arc::new(Keymap::built_in()),
            size: (80, 24),
            now_ms: 0,
            rehearsal,
            speed,
            help: false,
            notice: None,
            frugal: false,
            hand_over: false,
        }
    }

    /// Shows a word of the loop until the next key.
    pub fn say(&mut self, word: Word) {
        self.notice = Some(self.text.t(match word {
            Word::Copied => "notice-copied",
            Word::TooLong => "notice-too-long",
            Word::Busy => "notice-busy",
        }));
    }
}

/// The whole model.
#[derive(Clone, Debug)]
pub struct Model {
    /// What all screens share.
    pub shell: Shell,
    /// The walk.
    pub walk: Walk,
    /// What moves by itself.
    pub live: Live,
}

impl Model {
    /// A model before anything has happened.
    pub fn new(text: Text, theme: Theme, rehearsal: bool) -> Self {
        let shell = Shell::new(text, theme, rehearsal, 60);
        Self { shell, walk: Walk::default(), live: Live::default() }
    }

    /// A text.
    pub fn t(&self, key: &str) -> String {
        self.shell.text.t(key)
    }

    /// Where a key is pressed now.
    pub fn scope(&self) -> Scope {
        walk::scope(self)
    }

    /// Takes in what happened and says what is to be done.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
            Msg::Key(key) => self.key(&key),
            Msg::Paste(text) => {
                walk::paste(self, &text);
                Vec::new()
            }
            Msg::Resize(columns, rows) => {
                walk::credentials::hide(self);
                self.shell.size = (columns, rows);
                Vec::new()
            }
            Msg::Tick(now_ms) => {
                self.shell.now_ms = now_ms;
                walk::tick(self)
            }
            Msg::Live(live) => {
                self.live = live;
                walk::install::moved(self);
                Vec::new()
            }
            other => walk::heard(self, other),
        }
    }

    fn key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        walk::credentials::before_key(self, key);
        self.shell.notice = None;
        if self.shell.help {
            self.shell.help = false;
            // Leaving is never swallowed by what lies on top.
            if !is_ctrl(key, 'c') {
                return Vec::new();
            }
        }
        if walk::raw(self, key) {
            return Vec::new();
        }
        let scope = self.scope();
        match self.shell.keymap.command(scope, key) {
            Some(Command::Help) => {
                self.shell.help = true;
                Vec::new()
            }
            Some(Command::Suspend) => vec![Effect::Suspend],
            Some(Command::Redraw) => vec![Effect::Redraw],
            Some(Command::Quit) => walk::quit(self),
            Some(command) => walk::command(self, command),
            None => Vec::new(),
        }
    }
}

impl Screens for Model {
    type Msg = Msg;
    type Effect = Effect;
    type Live = Live;

    fn first(&mut self) -> Vec<Effect> {
        vec![Effect::LookAround]
    }

    fn hear(&mut self, input: Input<Msg, Live>) -> Vec<Effect> {
        self.update(match input {
            Input::Key(key) => Msg::Key(key),
            Input::Paste(text) => Msg::Paste(text),
            Input::Resize(columns, rows) => Msg::Resize(columns, rows),
            Input::Tick(now_ms) => Msg::Tick(now_ms),
            Input::Lines(lines, all) => Msg::Lines(lines, all),
            Input::Live(live) => Msg::Live(live),
            Input::Said(msg) => msg,
            // The walk leaves the mouse to the terminal, which selects text with it.
            Input::Mouse(_) => return Vec::new(),
        })
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        super::view(self, frame);
    }

    fn moving(&self) -> Option<Duration> {
        walk::moving(self)
    }

    fn told_to_end(&self) -> Leaving {
        if walk::running(self) { Leaving::Detach } else { Leaving::Quit }
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
}

fn is_ctrl(key: &KeyEvent, c: char) -> bool {
    key.code == KeyCode::Char(c) && key.modifiers.contains(KeyModifiers::CONTROL)
}
