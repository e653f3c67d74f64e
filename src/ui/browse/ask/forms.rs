//! The forms, as they open.

use super::{Ask, Entry, Form, What};
use crate::base::sanitise::visible;
use crate::plan::change::size_text;
use crate::ports::objects::{At, ObjectInfo, UploadRow, VersionRow};
use crate::registry::change::{DeletePlan, Doomed, Scope};
use crate::registry::places::Location;
use crate::ui::browse::Browse;
use crate::ui::browse::msg::Effect;
use crate::ui::browse::status::grouped;
use crate::ui::browse::work::{Steps, Tags, Work};
use crate::ui::theme::Role;
use crate::ui::widgets::Field;

fn number(n: u64) -> String {
    grouped(usize::try_from(n).unwrap_or(usize::MAX))
}

fn form(browse: &Browse, what: What, title: &str, why: Vec<(Role, String)>, fields: Vec<Entry>) -> Ask {
    let title = browse.shell.text.t(title);
    Ask::Form(Box::new(Form { what, title, why, fields, at: 0, wrong: None }))
}

fn one(label: &'static str, text: &str) -> Entry {
    Entry { label, field: Field::line(text) }
}

/// The last part of a key, with its `/` where it is a prefix.
pub(super) fn last_part(key: &str) -> &str {
    let inner = key.strip_suffix('/').unwrap_or(key);
    key.get(inner.rfind('/').map_or(0, |at| at + 1)..).unwrap_or(key)
}

/// What has to be typed before something is deleted: the name where a hand can type it, else how many there are.
fn word(names: &[&str], count: u64) -> String {
    match names {
        [name] if name.len() <= 40 && name.chars().all(|c| c.is_ascii_graphic()) => (*name).to_owned(),
        _ => count.to_string(),
    }
}

impl Browse {
    /// Where to fetch these to.
    pub(in crate::ui::browse) fn ask_get(&mut self, from: Vec<At>) -> Vec<Effect> {
        let Some(first) = from.first() else { return Vec::new() };
        let text = &self.shell.text;
        let home = if from.len() == 1 { self.proposed(&first.key) } else { self.proposed(&self.spot.prefix) };
        let names = visible(last_part(&first.key)).into_owned();
        let why = if from.len() == 1 {
            text.with(if first.key.ends_with('/') { "get-prefix" } else { "get-one" }, [("name", names.into())])
        } else {
            text.with("get-many", [("count", from.len().into())])
        };
        let why = vec![(Role::Text, why), (Role::Dim, text.t("get-how"))];
        self.ask = Some(form(self, What::Get(from), "get-title", why, vec![one("ask-into", &home)]));
        Vec::new()
    }

    /// What to send here.
    pub(in crate::ui::browse) fn ask_put(&mut self) -> Vec<Effect> {
        let Some(spot) = self.upload_spot() else { return Vec::new() };
        let to = At::new(spot.bucket.unwrap_or_default(), spot.prefix);
        let path = visible(&format!("{}/{}", to.bucket, to.key)).into_owned();
        let why = vec![
            (Role::Text, self.shell.text.with("put-where", [("path", path.into())])),
            (Role::Dim, self.shell.text.t("put-how")),
        ];
        let home = format!("{}/", self.home.trim_end_matches('/'));
        self.ask = Some(form(self, What::Put(to), "put-title", why, vec![one("ask-from", &home)]));
        Vec::new()
    }

    /// A new prefix here, or a new bucket in the list of buckets.
    pub(in crate::ui::browse) fn ask_new(&mut self) -> Vec<Effect> {
        let text = &self.shell.text;
        let (what, title, why) = if let Some(bucket) = &self.spot.bucket {
            let below = At::new(bucket.clone(), self.spot.prefix.clone());
            (What::NewPrefix(below), "new-prefix-title", text.t("new-prefix-why"))
        } else {
            (What::NewBucket, "new-bucket-title", text.t("new-bucket-why"))
        };
        self.ask = Some(form(self, what, title, vec![(Role::Dim, why)], vec![one("ask-name", "")]));
        Vec::new()
    }

    /// Where to copy or move these to.
    pub(in crate::ui::browse) fn ask_copy(&mut self, moves: bool) -> Vec<Effect> {
        let from = self.chosen();
        let Some(first) = from.first() else { return Vec::new() };
        let text = &self.shell.text;
        let to = match from.as_slice() {
            [one] => format!("{}/{}", one.bucket, one.key),
            _ => format!("{}/{}", first.bucket, self.spot.prefix),
        };
        let count = text.with("copy-what", [("count", from.len().into())]);
        let mut why = vec![(Role::Text, count), (Role::Dim, text.t("copy-how"))];
        if moves {
            why.push((Role::Dim, text.t("move-how")));
        }
        let title = if moves { "move-title" } else { "copy-title" };
        self.ask = Some(form(self, What::Copy { from, moves }, title, why, vec![one("ask-to", &to)]));
        Vec::new()
    }

    /// Counts what deleting the marked rows, or the one of the cursor, comes to.
    pub(in crate::ui::browse) fn ask_delete(&mut self, scope: Scope) -> Vec<Effect> {
        let chosen = self.chosen();
        let Some(bucket) = chosen.first().map(|at| at.bucket.clone()) else { return Vec::new() };
        let keys = chosen.into_iter().map(|at| at.key).collect();
        self.work(Work::Count { bucket, keys, scope })
    }

    /// Asks whether what was counted is to go.
    pub(in crate::ui::browse) fn counted_for_deletion(&mut self, plan: Box<DeletePlan>) {
        if plan.doomed.is_empty() {
            self.shell.notice = Some(self.shell.text.t("delete-nothing"));
            return;
        }
        let keys: Vec<String> = self.chosen().into_iter().map(|at| at.key).collect();
        let names: Vec<&str> = keys.iter().map(|key| last_part(key)).collect();
        let word = word(&names, plan.doomed.len() as u64);
        self.ask = Some(Ask::delete(self, plan, word));
    }

    /// What to publish, and as which model.
    pub(in crate::ui::browse) fn ask_publish(&mut self, root: At, model: &str) -> Vec<Effect> {
        let text = &self.shell.text;
        let path = visible(&format!("{}/{}", root.bucket, root.key)).into_owned();
        let why =
            vec![(Role::Text, text.with("publish-where", [("path", path.into())])), (Role::Dim, text.t("publish-how"))];
        let home = format!("{}/", self.home.trim_end_matches('/'));
        let fields = vec![one("ask-from", &home), one("ask-model", model)];
        self.ask = Some(form(self, What::Publish(root), "publish-title", why, fields));
        Vec::new()
    }

    /// Whether the steps that were listed are to be carried out.
    pub(in crate::ui::browse) fn ask_carry_out(&mut self, steps: &Steps) {
        let text = &self.shell.text;
        let mut why: Vec<(Role, String)> = steps.remarks.iter().map(|words| (Role::Warn, words.clone())).collect();
        let most = usize::from(self.list_rows()).saturating_sub(why.len() + 8).max(3);
        let lines = steps.steps.iter().enumerate().take(most);
        why.extend(lines.map(|(n, step)| (Role::Text, format!("{:2} {step}", n + 1))));
        if steps.steps.len() > most {
            why.push((Role::Dim, text.with("and-more", [("count", (steps.steps.len() - most).into())])));
        }
        let atomic = if steps.atomic { (Role::Good, "publish-atomic") } else { (Role::Warn, "publish-not-atomic") };
        why.push((atomic.0, text.t(atomic.1)));
        let mut fields = Vec::new();
        if let Some(word) = &steps.word {
            why.push((Role::Text, text.with("publish-type", [("word", visible(word).into_owned().into())])));
            fields.push(one("ask-word", ""));
        } else {
            why.push((Role::Text, text.t("publish-enter")));
        }
        let what = What::CarryOut(steps.word.clone());
        let title = steps.title.clone();
        self.ask = Some(Ask::Form(Box::new(Form { what, title, why, fields, at: 0, wrong: None })));
    }

    /// For how long a URL is to open an object, and for what.
    pub(in crate::ui::browse) fn ask_share(&mut self, at: At) -> Vec<Effect> {
        let text = &self.shell.text;
        let why = vec![
            (Role::Text, text.with("share-what", [("name", visible(last_part(&at.key)).into_owned().into())])),
            (Role::Warn, text.t("share-why")),
        ];
        let fields = vec![one("ask-lasts", "1h"), one("ask-may", "read")];
        self.ask = Some(form(self, What::Share(at), "share-title", why, fields));
        Vec::new()
    }

    /// What is noted of an object, to be changed.
    pub(in crate::ui::browse) fn ask_notes(&mut self, at: At, info: Box<ObjectInfo>, tags: Option<Tags>) {
        let pairs =
            |pairs: &[(String, String)]| pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("\n");
        let mut fields = vec![
            one("ask-type", info.content_type.as_deref().unwrap_or_default()),
            Entry { label: "ask-notes", field: Field::lines(&pairs(&info.metadata)) },
        ];
        let text = &self.shell.text;
        let mut why = vec![(Role::Dim, text.t("notes-how"))];
        match &tags {
            Some(tags) => fields.push(Entry { label: "ask-tags", field: Field::lines(&pairs(tags)) }),
            None => why.push((Role::Warn, text.t("notes-no-tags"))),
        }
        self.ask = Some(form(self, What::Note { at, info, tags }, "notes-title", why, fields));
    }
}

impl Ask {
    /// Whether what was counted is to go.
    fn delete(browse: &Browse, plan: Box<DeletePlan>, word: String) -> Self {
        let text = &browse.shell.text;
        let mut why = vec![(
            Role::Text,
            text.with(
                "delete-what",
                [
                    ("count", usize::try_from(plan.objects).unwrap_or(usize::MAX).into()),
                    ("objects", number(plan.objects).into()),
                    ("bytes", size_text(plan.bytes).into()),
                ],
            ),
        )];
        if plan.scope == Scope::AllVersions {
            let words = [("versions", number(plan.versions).into()), ("markers", number(plan.markers).into())];
            why.push((Role::Warn, text.with("delete-versions", words)));
        } else if plan.can_be_undone() {
            why.push((Role::Dim, text.t("delete-stays")));
        } else {
            why.push((Role::Warn, text.t("delete-for-good")));
        }
        if !plan.doubts.is_empty() {
            why.push((Role::Warn, text.t("delete-doubts")));
        }
        why.push((Role::Text, text.with("delete-type", [("word", word.as_str().into())])));
        form(browse, What::Delete { plan, word }, "delete-title", why, vec![one("ask-word", "")])
    }

    /// What to call a place.
    pub(in crate::ui::browse) fn bookmark(browse: &Browse, at: Location) -> Self {
        let text = &browse.shell.text;
        let why =
            vec![(Role::Text, text.with("bookmark-what", [("path", visible(&at.to_string()).into_owned().into())]))];
        let name = if at.prefix.is_empty() {
            at.bucket.clone()
        } else {
            last_part(&at.prefix).trim_end_matches('/').to_owned()
        };
        let fields = vec![one("ask-name", &visible(&name))];
        form(browse, What::Bookmark(at), "bookmark-title", why, fields)
    }

    /// Whether these versions are to go, for good.
    pub(in crate::ui::browse) fn delete_versions(browse: &Browse, bucket: &str, rows: Vec<VersionRow>) -> Option<Self> {
        let first = rows.first()?;
        let names = [last_part(&first.key)];
        let word = word(if rows.len() == 1 { &names } else { &[] }, rows.len() as u64);
        let count = |wanted: fn(&VersionRow) -> bool| rows.iter().filter(|row| wanted(row)).count() as u64;
        let plan = DeletePlan {
            bucket: bucket.to_owned(),
            scope: Scope::AllVersions,
            keeps_versions: None,
            objects: count(|row| row.latest && !row.marker),
            bytes: rows.iter().map(|row| row.size).fold(0, u64::saturating_add),
            versions: count(|row| !row.marker),
            markers: count(|row| row.marker),
            doubts: Vec::new(),
            doomed: rows.into_iter().map(|row| Doomed { key: row.key, version: Some(row.version) }).collect(),
        };
        Some(Self::delete(browse, Box::new(plan), word))
    }

    /// Whether these uploads are to be thrown away.
    pub(in crate::ui::browse) fn abort(browse: &Browse, bucket: &str, uploads: Vec<UploadRow>) -> Option<Self> {
        let first = uploads.first()?;
        let names = [last_part(&first.key)];
        let word = word(if uploads.len() == 1 { &names } else { &[] }, uploads.len() as u64);
        let text = &browse.shell.text;
        let why = vec![
            (Role::Text, text.with("abort-what", [("count", uploads.len().into())])),
            (Role::Warn, text.t("abort-why")),
            (Role::Text, text.with("delete-type", [("word", word.as_str().into())])),
        ];
        let what = What::Abort { bucket: bucket.to_owned(), uploads, word };
        Some(form(browse, what, "abort-title", why, vec![one("ask-word", "")]))
    }
}
