//! Everything that the screens say, in the user's language: `assets/locale/`, in Fluent's format.
//!
//! Texts are named by their keys, and no screen holds words of its own. A key that a language lacks is
//! shown in English; that none is lacking is kept by a test.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::Arc;
use unic_langid::LanguageIdentifier;

/// A language of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    ZhHans,
}

impl Lang {
    /// Every language.
    pub const ALL: &'static [Lang] = &[Self::En, Self::ZhHans];

    /// Its name on the command line.
    pub const fn id(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhHans => "zh-Hans",
        }
    }

    /// The language that a locale such as `zh_CN.UTF-8` asks for; English where it is none of ours.
    pub fn of_locale(locale: &str) -> Self {
        let name = locale.split(['.', '@']).next().unwrap_or_default().to_ascii_lowercase().replace('_', "-");
        let traditional = ["zh-tw", "zh-hk", "zh-mo", "zh-hant"].iter().any(|t| name.starts_with(t));
        if (name == "zh" || name.starts_with("zh-")) && !traditional { Self::ZhHans } else { Self::En }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::En => include_str!("../../assets/locale/en.ftl"),
            Self::ZhHans => include_str!("../../assets/locale/zh-Hans.ftl"),
        }
    }
}

impl std::str::FromStr for Lang {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|l| l.id().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|l| l.id()).collect();
            format!("{text:?} is no language of the interface; there are {}", known.join(", "))
        })
    }
}

/// A value that stands in a text.
pub type Arg<'a> = FluentValue<'a>;

/// The texts of one language.
#[derive(Clone)]
pub struct Text {
    lang: Lang,
    own: Arc<FluentBundle<FluentResource>>,
    english: Arc<FluentBundle<FluentResource>>,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({})", self.lang.id())
    }
}

fn bundle(lang: Lang) -> FluentBundle<FluentResource> {
    let id: LanguageIdentifier = lang.id().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Marks of direction around each value would be cells of their own on a terminal.
    bundle.set_use_isolating(false);
    // What cannot be parsed is left out by Fluent itself; a test reads both files without an error.
    let resource = FluentResource::try_new(lang.source().to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

impl Text {
    /// The texts of a language.
    pub fn of(lang: Lang) -> Self {
        let english = Arc::new(bundle(Lang::En));
        let own = if lang == Lang::En { english.clone() } else { Arc::new(bundle(lang)) };
        Self { lang, own, english }
    }

    /// The language.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// A text without values.
    pub fn t(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// A text with values.
    pub fn with<'a, const N: usize>(&self, key: &str, values: [(&'a str, Arg<'a>); N]) -> String {
        let mut args = FluentArgs::with_capacity(N);
        for (name, value) in values {
            args.set(name, value);
        }
        self.format(key, Some(&args))
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        for bundle in [&self.own, &self.english] {
            if let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) {
                // A value that is missing stands in the text as its name; a test formats every text.
                return bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned();
            }
        }
        key.to_owned()
    }

    /// Whether there is a text of this key in the language itself.
    pub fn has(&self, key: &str) -> bool {
        self.own.has_message(key)
    }
}

/// Sentences one after the other. A wide full stop brings its own space.
pub fn sentences(parts: &[String]) -> String {
    let mut all = String::new();
    for part in parts {
        if !all.is_empty() && !all.ends_with('。') {
            all.push(' ');
        }
        all.push_str(part);
    }
    all
}

/// `3:07`, or `1:02:09` from an hour on.
pub fn clock(seconds: u64) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
