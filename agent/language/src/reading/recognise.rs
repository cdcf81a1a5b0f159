//! What is it? Rules that each know one kind of writing, asked in an order in which the more special comes first.

mod address;
mod amount;
mod date;
mod mixed;
mod numeral;
mod phone;
mod short;
mod time;

use super::{
    Conventions, Expression,
    words::{Wait, Words},
};

/// What the first words are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hit {
    /// How many words it takes.
    pub(super) words: usize,
    /// What they mean.
    pub(super) what: Expression,
    /// How many bytes of the marks after the last word belong to it.
    pub(super) eats: usize,
}

impl Hit {
    const fn of(words: usize, what: Expression) -> Self {
        Self { words, what, eats: 0 }
    }
}

/// A rule's answer. A rule that says anything but `Wait` says the same however the text goes on.
type Verdict = Result<Option<Hit>, Wait>;

type Rule = fn(&Words<'_>, &Conventions) -> Verdict;

const RULES: &[Rule] = &[
    short::abbreviation,
    date::month_first,
    date::weekday,
    address::address,
    phone::phone,
    numeral::fraction,
    date::in_digits,
    time::time,
    numeral::height,
    numeral::ordinal,
    amount::range,
    amount::amount,
    numeral::version,
    short::roman,
    mixed::sign,
    mixed::parts,
];

/// What the first words are, if they are anything but words.
pub(super) fn recognise(words: &Words<'_>, of: &Conventions) -> Verdict {
    for rule in RULES {
        if let Some(hit) = rule(words, of)? {
            return Ok(Some(hit));
        }
    }
    Ok(None)
}

/// How much of the full stop after the first `n` words is theirs: not, where it ends the sentence as well.
fn own_stop(words: &Words<'_>, n: usize, of: &Conventions) -> Result<usize, Wait> {
    let trail = words.word(n - 1).trail;
    if !trail.starts_with('.') {
        return Ok(0);
    }
    if trail.len() > 1 {
        return Ok(1);
    }
    let goes_on = words.after(n)?.is_some_and(|next| {
        let name = next.core.to_lowercase();
        !next.is_capitalised()
            || of.weekdays.iter().any(|(short, long)| *short == name || *long == next.core)
            || of.months.iter().any(|(month, _)| *month == name)
    });
    Ok(usize::from(goes_on))
}
