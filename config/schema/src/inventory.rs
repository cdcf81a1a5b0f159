//! The list of all settings, made from the structs that hold them: one line is field, key, rule, default and reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    rule::Rule,
    settings::{AGENT_FILE, TOOL_SECTIONS, WORKER_FILE},
    suggest::nearest,
    value::{Setting, Value},
};

/// One table of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section {
    /// Its path, such as `stt.openai`.
    pub(crate) path: &'static str,
    /// What it is for, line by line.
    pub(crate) title: &'static [&'static str],
    /// Its keys, in the order of the document.
    pub(crate) keys: &'static [Key],
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// Its whole path, such as `stt.openai.model`.
    pub(crate) path: &'static str,
    /// What it does and why its default is what it is, line by line.
    pub(crate) reason: &'static [&'static str],
    /// What it may be.
    pub(crate) rule: Rule,
}

impl Key {
    /// The last part of the path.
    pub(crate) fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }
}

/// What a kind of file may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inventory(&'static [&'static [Section]]);

impl Inventory {
    /// The worker's configuration.
    pub(crate) const WORKER: Self = Self(WORKER_FILE);
    /// An agent's file.
    pub(crate) const AGENT: Self = Self(AGENT_FILE);
    /// One `[[tool]]` of either.
    pub(crate) const TOOL: Self = Self(&[TOOL_SECTIONS]);

    /// Every table, in the order of the document.
    pub(crate) fn sections(self) -> impl Iterator<Item = &'static Section> {
        self.0.iter().copied().flatten()
    }

    /// Every setting, in the order of the document.
    pub(crate) fn keys(self) -> impl Iterator<Item = &'static Key> {
        self.sections().flat_map(|section| section.keys)
    }

    /// The setting at a path.
    pub(crate) fn find(self, path: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.path == path)
    }

    /// Whether a path is a table, or a table's parent.
    pub(crate) fn is_section(self, path: &str) -> bool {
        self.sections().any(|section| {
            section.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// The text for a key that does not exist: what was probably meant, or what there is.
    pub(crate) fn unknown(self, path: &str) -> String {
        let (table, name) = path.rsplit_once('.').unwrap_or(("", path));
        let siblings: BTreeSet<&str> = self.names_in(table).collect();
        if let Some(meant) = nearest(name, siblings.iter().copied()) {
            return format!("no such key; did you mean {meant}?");
        }
        if let Some(meant) = self.keys().find(|key| key.name() == name) {
            return format!("no such key; did you mean {}?", meant.path);
        }
        if let Some(meant) = nearest(path, self.keys().map(|key| key.path)) {
            return format!("no such key; did you mean {meant}?");
        }
        let place = if table.is_empty() { "the file".to_owned() } else { format!("[{table}]") };
        let names: Vec<_> = siblings.into_iter().collect();
        if names.is_empty() {
            "no such key".to_owned()
        } else {
            format!("no such key; {place} has {}", names.join(", "))
        }
    }

    /// The keys and tables directly within a table.
    fn names_in(self, table: &str) -> impl Iterator<Item = &'static str> {
        let paths = self.keys().map(|key| key.path).chain(self.sections().map(|section| section.path));
        let prefix = if table.is_empty() { String::new() } else { format!("{table}.") };
        let tools = table.is_empty().then_some(TOOLS);
        paths.filter_map(move |path| path.strip_prefix(prefix.as_str())?.split('.').next()).chain(tools)
    }
}

/// The name of the tables that describe tools: there are as many as a file has.
pub(crate) const TOOLS: &str = "tool";

/// Checked values by path, complete.
pub(crate) type Values = BTreeMap<&'static str, Value>;

/// The value of a field. Rules and field types stand side by side in `settings.rs`, and a test builds them all.
pub(crate) fn take<T: Setting>(values: &Values, path: &'static str) -> T {
    values.get(path).and_then(T::take).expect("every key has a value of the kind that its rule allows")
}

/// A setting as documentation shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription {
    /// Its path, such as `turn.endpointing_min_delay_ms`.
    pub path: &'static str,
    /// Its default, as TOML spells it.
    pub default: String,
    /// What it may be.
    pub allowed: String,
    /// What it does and why.
    pub reason: String,
}

/// Every setting, in the order of the document.
pub fn keys() -> impl Iterator<Item = KeyDescription> {
    Inventory::WORKER.keys().map(|key| KeyDescription {
        path: key.path,
        default: key.rule.default().to_string(),
        allowed: key.rule.allowed(),
        reason: key.reason.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "),
    })
}

/// Declares one table: the struct, its keys, and how the struct takes checked values.
macro_rules! section {
    (
        $(#[doc = $title:literal])+
        pub struct $name:ident at $path:literal {
            $(
                $(#[doc = $reason:literal])+
                $field:ident: $kind:ty = $key:literal $rule:expr;
            )*
            $(
                table
                $(#[doc = $about:literal])+
                $table:ident: $nested:ty;
            )*
        }
    ) => {
        $(#[doc = $title])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $( $(#[doc = $reason])+ pub $field: $kind, )*
            $( $(#[doc = $about])+ pub $table: $nested, )*
        }

        impl $name {
            pub(crate) const SECTION: $crate::inventory::Section = $crate::inventory::Section {
                path: $path,
                title: &[$($title),+],
                keys: &[$(
                    $crate::inventory::Key {
                        path: concat!($path, ".", $key),
                        reason: &[$($reason),+],
                        rule: $rule,
                    },
                )*],
            };

            pub(crate) fn take(values: &$crate::inventory::Values) -> Self {
                Self {
                    $( $field: $crate::inventory::take(values, concat!($path, ".", $key)), )*
                    $( $table: <$nested>::take(values), )*
                }
            }
        }
    };
}

/// Declares a closed choice: the enum, its words, and how it takes a checked value.
macro_rules! choice {
    (
        $(#[doc = $title:literal])+
        pub enum $name:ident {
            $( $(#[doc = $reason:literal])+ $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[doc = $title])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[doc = $reason])+ $variant, )+
        }

        impl $name {
            /// The words of the file, in order.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word of the file.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $( Self::$variant => $word, )+
                }
            }

            pub(crate) const fn rule(self) -> $crate::rule::Rule {
                $crate::rule::Rule::Choice { default: self.word(), allowed: Self::WORDS }
            }
        }

        // A choice that stands in lists only has no rule of its own.
        const _: fn($name) -> $crate::rule::Rule = $name::rule;

        impl $crate::value::Setting for $name {
            fn take(value: &$crate::value::Value) -> Option<Self> {
                let $crate::value::Value::Text(text) = value else { return None };
                match text.as_str() {
                    $( $word => Some(Self::$variant), )+
                    _ => None,
                }
            }
        }

        impl $crate::value::Setting for Vec<$name> {
            fn take(value: &$crate::value::Value) -> Option<Self> {
                let $crate::value::Value::List(words) = value else { return None };
                words.iter().map(|word| $name::take(&$crate::value::Value::Text(word.clone()))).collect()
            }
        }
    };
}

pub(crate) use {choice, section};
