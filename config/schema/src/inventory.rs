//! The list of all settings, made from the structs that hold them: one line is field, key, rule, default and reason.

use std::collections::BTreeMap;

use crate::{
    rule::Rule,
    settings::SECTIONS,
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

/// Every setting, in the order of the document.
pub(crate) fn inventory() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().flat_map(|section| section.keys)
}

/// The setting at a path.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    inventory().find(|key| key.path == path)
}

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
    inventory().map(|key| KeyDescription {
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

        impl $crate::value::Setting for $name {
            fn take(value: &$crate::value::Value) -> Option<Self> {
                let $crate::value::Value::Text(text) = value else { return None };
                match text.as_str() {
                    $( $word => Some(Self::$variant), )+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use {choice, section};
