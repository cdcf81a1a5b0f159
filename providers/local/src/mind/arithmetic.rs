//! Sums: numbers and operators, and the result as it is said. Times and divided by go before plus and minus.

/// What comes of a sum: `7 plus 5 times 3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    /// The result, as it is said.
    Is(String),
    /// There is none: something is divided by zero.
    Undefined,
    /// It is none of this engine's: malformed, or too great to be exact.
    Unknown,
}

/// The result of a sum.
pub(super) fn result(sum: &str) -> Sum {
    let words: Vec<&str> = sum.split_whitespace().filter(|word| *word != "by").collect();
    let (Some((first, rest)), true) = (words.split_first(), words.len() % 2 == 1) else {
        return Sum::Unknown;
    };
    let Ok(first) = first.parse() else { return Sum::Unknown };
    let (mut total, mut term) = (Fraction::whole(0), Fraction::whole(first));
    for pair in rest.chunks_exact(2) {
        let Ok(number) = pair[1].parse::<i128>().map(Fraction::whole) else { return Sum::Unknown };
        let next = match pair[0] {
            "times" => term.times(number).map(|term| (total, term)),
            "divided" if number.upper == 0 => return Sum::Undefined,
            "divided" => term.times(number.turned()).map(|term| (total, term)),
            "plus" => total.plus(term).map(|total| (total, number)),
            "minus" => total.plus(term).map(|total| (total, number.negated())),
            _ => None,
        };
        let Some(next) = next else { return Sum::Unknown };
        (total, term) = next;
    }
    total.plus(term).map_or(Sum::Unknown, |total| Sum::Is(total.said()))
}

/// An exact number; the lower part is above zero.
#[derive(Clone, Copy)]
struct Fraction {
    upper: i128,
    lower: i128,
}

impl Fraction {
    const fn whole(upper: i128) -> Self {
        Self { upper, lower: 1 }
    }

    const fn negated(self) -> Self {
        Self { upper: -self.upper, ..self }
    }

    /// One divided by it, which is above zero.
    const fn turned(self) -> Self {
        Self { upper: self.lower, lower: self.upper }
    }

    fn times(self, other: Self) -> Option<Self> {
        Self::reduced(self.upper.checked_mul(other.upper)?, self.lower.checked_mul(other.lower)?)
    }

    fn plus(self, other: Self) -> Option<Self> {
        let (one, two) = (self.upper.checked_mul(other.lower)?, other.upper.checked_mul(self.lower)?);
        Self::reduced(one.checked_add(two)?, self.lower.checked_mul(other.lower)?)
    }

    fn reduced(upper: i128, lower: i128) -> Option<Self> {
        let (mut common, mut rest) = (upper.checked_abs()?, lower);
        while rest != 0 {
            (common, rest) = (rest, common % rest);
        }
        Some(Self { upper: upper / common, lower: lower / common })
    }

    /// Whole as it is, else with two decimals; with marks between thousands, so that it is not read as a year.
    fn said(self) -> String {
        let sign = if self.upper < 0 { "minus " } else { "" };
        let (size, lower) = (self.upper.unsigned_abs(), self.lower.unsigned_abs());
        let hundredths = size.saturating_mul(200).saturating_add(lower) / (2 * lower);
        let (whole, rest) = (hundredths / 100, hundredths % 100);
        let about = if size.saturating_mul(100) % lower == 0 { "" } else { "about " };
        let decimals = match rest {
            0 => String::new(),
            rest => format!(".{rest:02}").trim_end_matches('0').to_owned(),
        };
        format!("{about}{sign}{}{decimals}", grouped(if lower == 1 { size } else { whole }))
    }
}

fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::{Sum, result};

    #[test]
    fn sums_are_right() {
        for (sum, expected) in [
            ("7 plus 5", "12"),
            ("99 minus 42", "57"),
            ("3 minus 5", "minus 2"),
            ("12 times 11", "132"),
            ("45 times 45", "2,025"),
            ("999 times 999 times 999", "997,002,999"),
            ("100 divided by 8", "12.5"),
            ("100 divided by 4", "25"),
            ("1 divided by 3", "about 0.33"),
            ("1 divided by 3 times 3", "1"),
            ("1 divided by 999", "about 0"),
            ("0 minus 1 divided by 3", "about minus 0.33"),
            ("1000 divided by 16", "62.5"),
            ("7 plus 5 plus 3", "15"),
            ("7 plus 5 times 3", "22"),
            ("20 minus 6 divided by 2 minus 1", "16"),
            ("7", "7"),
        ] {
            assert_eq!(result(sum), Sum::Is(expected.to_owned()), "{sum}");
        }
    }

    #[test]
    fn what_has_no_result_or_is_too_great_has_none() {
        for (sum, expected) in [
            ("1 divided by 0", Sum::Undefined),
            ("1 plus 1 divided by 0 plus 1", Sum::Undefined),
            ("x plus 1", Sum::Unknown),
            ("1 plus", Sum::Unknown),
            ("", Sum::Unknown),
        ] {
            assert_eq!(result(sum), expected, "{sum}");
        }
        assert_eq!(result(&["999"; 20].join(" times ")), Sum::Unknown);
    }
}
