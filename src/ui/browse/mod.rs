//! The bucket browser: what is in a registry, a prefix at a time. It shows and asks; what is fetched comes from
//! the driver, page by page, and nothing here waits for it.

mod ask;
#[cfg(test)]
mod change_tests;
mod copy;
mod draw;
#[cfg(test)]
mod hands_tests;
mod keys;
mod lacks;
mod models;
mod models_draw;
#[cfg(test)]
mod models_tests;
pub mod msg;
mod over;
pub mod places;
pub mod preview;
mod screens;
mod spot;
mod status;
mod table;
#[cfg(test)]
mod tests;
mod transfers;
#[cfg(test)]
mod trust_tests;
mod trusts;
mod typing;
mod uploads;
mod usage;
mod versions;
mod who;
pub mod work;
mod writing;

use super::Shell;
use super::keys::{Command, Scope};
use super::text::Text;
use super::theme::Theme;
use super::widgets::list::Cursor;
use crate::ports::objects::{BucketRow, ListQuery, ObjectError};
use crate::registry::features::Features;
use crate::registry::listing::{End, Kind, Listing, Row};
use crate::registry::places::Places;
pub use draw::render;
pub use msg::{Effect, Live, Msg};
pub use spot::Spot;
use std::collections::{BTreeSet, HashMap};
pub use typing::Typing;
pub use who::{Vouched, Who};

/// The browser.
#[derive(Clone, Debug)]
pub struct Browse {
    /// What all screens share.
    pub shell: Shell,
    /// Whose registry it is.
    pub who: Who,
    /// Where it stands.
    pub spot: Spot,
    /// The buckets, as soon as they are known.
    pub buckets: Option<Vec<BucketRow>>,
    /// What lies under the prefix.
    pub listing: Listing,
    /// Why the buckets are not known.
    pub failure: Option<ObjectError>,
    /// What is being typed.
    pub typing: Option<Typing>,
    /// The object under the cursor.
    pub preview: preview::State,
    /// Whether what is known of the object stands beside the list.
    pub pane: bool,
    /// What stands in front of the list.
    pub over: Option<over::Over>,
    /// What wants an answer.
    pub ask: Option<ask::Ask>,
    /// Whether changes may be made.
    pub writing: writing::Writing,
    /// What is on its way, and what has ended.
    pub carried: Vec<work::Carried>,
    /// The directory that is proposed for what is fetched.
    pub home: String,
    /// Bookmarks, and where one has been.
    pub places: Places,
    /// The disk under the registry, where its host can be asked: size and free bytes.
    space: Option<(u64, u64)>,
    /// What the service can do with the buckets that were looked at.
    features: HashMap<String, Features>,
    /// Rows that were marked.
    marked: BTreeSet<u32>,
    cursor: Cursor,
    /// The name that the cursor is to stand on as soon as it comes.
    wanted: Option<String>,
    /// Where it was before.
    trail: Vec<Spot>,
    /// The name from which on the listing was asked for, where that is not its begin.
    from: Option<String>,
    /// Whether the rows that are seen are those of before: they stay until the first of the new ones come, because on
    /// a bad line that takes a while.
    stale: bool,
    list_id: u64,
    look_id: u64,
    work_id: u64,
}

/// How many places back are remembered.
const TRAIL: usize = 100;

impl Browse {
    /// A browser that begins at a place.
    pub fn new(text: Text, theme: Theme, rehearsal: bool, who: Who, spot: Spot) -> Self {
        let shell = Shell::new(text, theme, rehearsal, 1);
        Self {
            shell,
            who,
            spot,
            buckets: None,
            listing: Listing::default(),
            failure: None,
            typing: None,
            preview: preview::State::default(),
            pane: true,
            marked: BTreeSet::new(),
            cursor: Cursor::default(),
            wanted: None,
            trail: Vec::new(),
            from: None,
            stale: false,
            list_id: 0,
            look_id: 0,
            work_id: 0,
            over: None,
            ask: None,
            writing: writing::Writing::default(),
            carried: Vec::new(),
            home: ".".to_owned(),
            places: Places::default(),
            space: None,
            features: HashMap::new(),
        }
    }

    /// Where a key is pressed now.
    pub fn scope(&self) -> Scope {
        match (&self.ask, &self.over, &self.typing, &self.spot.bucket) {
            (Some(ask), ..) => ask.scope(),
            (None, Some(over), ..) => over.scope(),
            (None, None, Some(_), _) => Scope::Typing,
            (None, None, None, Some(_)) => Scope::Browse,
            (None, None, None, None) => Scope::Buckets,
        }
    }

    /// How many rows the list has.
    pub fn len(&self) -> usize {
        match self.spot.bucket {
            Some(_) => self.listing.len(),
            None => self.buckets.as_ref().map_or(0, Vec::len),
        }
    }

    /// Whether the list has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of the cursor, under a prefix.
    fn row(&self) -> Option<Row<'_>> {
        self.spot.bucket.as_ref()?;
        self.listing.get(self.cursor.of(self.len()))
    }

    /// The whole key of a name under the prefix.
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.spot.prefix)
    }

    /// What is asked for at a place.
    fn ask(&mut self) -> Vec<Effect> {
        (self.listing, self.stale) = (Listing::default(), false);
        self.preview.forget();
        self.ask_again()
    }

    /// The same, while the rows of before are still seen.
    fn ask_again(&mut self) -> Vec<Effect> {
        self.list_id += 1;
        self.failure = None;
        self.marked.clear();
        self.from = None;
        let Some(bucket) = self.spot.bucket.clone() else { return vec![Effect::Stop, Effect::Buckets] };
        let query = ListQuery { bucket, prefix: self.spot.prefix.clone(), folded: true, ..ListQuery::default() };
        vec![Effect::List { id: self.list_id, query }]
    }

    /// The rows of before go, because the new ones are there.
    fn renew(&mut self) {
        if std::mem::take(&mut self.stale) {
            let (sort, filter) = (self.listing.sort(), self.listing.filter().clone());
            self.listing = Listing::default();
            self.listing.set_sort(sort);
            self.listing.set_filter(filter);
        }
    }

    /// Goes to a place, with the cursor on a name where it is known.
    pub fn go(&mut self, spot: Spot, on: Option<String>) -> Vec<Effect> {
        if spot != self.spot {
            self.trail.push(std::mem::replace(&mut self.spot, spot));
            if self.trail.len() > TRAIL {
                self.trail.remove(0);
            }
        }
        self.cursor = Cursor::default();
        self.wanted = on;
        let mut effects = self.ask();
        effects.extend(self.note_visit());
        effects
    }

    /// One place up, with the cursor on where it came from.
    fn up(&mut self) -> Vec<Effect> {
        match self.spot.parent() {
            Some(parent) => {
                let name = self.spot.own_name();
                self.go(parent, Some(name))
            }
            None => Vec::new(),
        }
    }

    /// Opens what the cursor is on.
    fn open(&mut self) -> Vec<Effect> {
        let at = self.cursor.of(self.len());
        let spot = match &self.spot.bucket {
            None => {
                let Some(bucket) = self.buckets.as_ref().and_then(|all| all.get(at)) else { return Vec::new() };
                Spot { bucket: Some(bucket.name.clone()), prefix: String::new() }
            }
            Some(bucket) => match self.row() {
                Some(row) if row.kind == Kind::Prefix => {
                    Spot { bucket: Some(bucket.clone()), prefix: self.key(row.name) }
                }
                Some(_) => {
                    self.pane = true;
                    return self.preview_now();
                }
                None => return Vec::new(),
            },
        };
        self.go(spot, None)
    }

    /// What came may hold the name that the cursor is to stand on.
    fn find_wanted(&mut self) {
        let Some(wanted) = &self.wanted else { return };
        let found = if self.spot.bucket.is_some() {
            let at = self.listing.seek(wanted);
            self.listing.get(at).is_some_and(|row| row.name == wanted).then_some(at)
        } else {
            self.buckets.as_ref().and_then(|all| all.iter().position(|bucket| bucket.name == *wanted))
        };
        if let Some(found) = found {
            self.cursor.set(found);
            self.wanted = None;
            self.preview.moved(self.shell.now_ms);
        }
    }

    fn heard(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Buckets(Ok(buckets)) => {
                self.buckets = Some(buckets);
                self.find_wanted();
            }
            Msg::Buckets(Err(error)) => self.failure = Some(error),
            Msg::Batch { id, batch } if id == self.list_id => {
                self.renew();
                let first = self.listing.rows().is_empty();
                let on = self.listing.id(self.cursor.of(self.len()));
                self.listing.absorb(&batch);
                // A row that was sorted in above must not move the cursor to another object.
                if let Some(place) = on.and_then(|id| self.listing.place(id)) {
                    self.cursor.set(place);
                }
                self.find_wanted();
                if first {
                    self.preview.moved(self.shell.now_ms);
                    return self.ask_features();
                }
            }
            Msg::Ended { id, end } if id == self.list_id => {
                // What could not be had anew is still what was there.
                if !matches!(end, End::Failed(_)) {
                    self.renew();
                }
                self.listing.ended(end);
            }
            Msg::Previewed { id, found } => self.preview.found(id, found),
            Msg::ModelsSoFar { id, progress } => self.models_progress(id, progress),
            Msg::Models { id, found } => self.models_found(id, found),
            Msg::Versions { id, rows } => self.versions_came(id, rows),
            Msg::Uploads { id, rows } => self.uploads_came(id, rows),
            Msg::RowsEnded { id, end } => self.rows_ended(id, end),
            Msg::Usage { id, usage } => self.counted(id, usage),
            Msg::Features { bucket, found } => {
                self.features.insert(bucket, found);
            }
            Msg::Space { size, free } => self.space = Some((size, free)),
            Msg::Kept(kept) => self.kept(kept),
            Msg::Trusted { id, found } => self.trusted(id, found),
            Msg::Writing(so) => return self.writes(so),
            Msg::WorkSoFar { id, done } => self.work_so_far(id, done),
            Msg::Worked { id, end } => return self.worked(id, end),
            Msg::Completed { path, longer, found } => self.completed(&path, &longer, found),
            Msg::Reported { title, report } => self.reported(&title, &report),
            Msg::Batch { .. } | Msg::Ended { .. } => {}
        }
        Vec::new()
    }

    fn key_pressed(&mut self, key: &crossterm::event::KeyEvent) -> Vec<Effect> {
        self.shell.notice = None;
        if std::mem::take(&mut self.shell.help) {
            return Vec::new();
        }
        if self.asked_key(key) || (self.ask.is_none() && self.typed(key)) {
            return Vec::new();
        }
        match self.shell.keymap.command(self.scope(), key) {
            Some(Command::Help) => {
                self.shell.help = true;
                Vec::new()
            }
            Some(Command::Suspend) => vec![Effect::Suspend],
            Some(Command::Redraw) => vec![Effect::Redraw],
            Some(Command::Quit) => self.ask_leave(),
            Some(command) => self.command(command),
            None => Vec::new(),
        }
    }
}
