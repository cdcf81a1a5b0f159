//! English: how it is read aloud, in America and in Britain.

mod data;
mod numbers;

use super::{
    Conventions, Currency, Date, Expression, HalfDay, Normaliser, Number, Scale, TimeOfDay, spelling,
};
use numbers::{cardinal, digit_by_digit, ordinal, year};

/// English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct English {
    british: bool,
}

impl English {
    /// 11/21/2026 is in November; one hundred five.
    pub const AMERICAN: Self = Self { british: false };
    /// 21/11/2026 is in November; one hundred and five.
    pub const BRITISH: Self = Self { british: true };
}

impl Normaliser for English {
    fn language(&self) -> &'static str {
        if self.british { "en-GB" } else { "en" }
    }

    fn conventions(&self) -> &Conventions {
        if self.british { &data::BRITISH } else { &data::AMERICAN }
    }

    fn say(&self, what: &Expression, before: &str, out: &mut String) {
        out.push_str(&self.said(what, before));
    }
}

impl English {
    fn said(self, what: &Expression, before: &str) -> String {
        match what {
            Expression::Number(number) => self.number(number),
            Expression::Ordinal(value) => ordinal(*value, self.british),
            Expression::Year(value) => year(*value, self.british),
            Expression::Decade(value) => decade(*value, self.british),
            Expression::Digits(digits) => digit_by_digit(digits),
            Expression::Phone(number) => phone(number),
            Expression::Range(from, to) => format!("{} to {}", self.said(from, before), self.said(to, "")),
            Expression::Money(number, currency) => self.money(number, *currency),
            Expression::Percent(number) => format!("{} percent", self.number(number)),
            Expression::Measure(number, unit) if number.is_one() => {
                format!("{}{}", if number.negative { "minus " } else { "" }, unit.one)
            }
            Expression::Measure(number, unit) => format!("{} {}", self.number(number), unit.many),
            Expression::Height(feet, inches) => format!("{} foot {}", self.whole(*feet), self.whole(*inches)),
            Expression::By(left, right) => format!("{} by {}", self.number(left), self.number(right)),
            Expression::Ratio(left, right) => format!("{} to {}", self.whole(*left), self.whole(*right)),
            Expression::Fraction(whole, upper, lower) => self.fraction(*whole, *upper, *lower),
            Expression::Version(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| self.whole(*part)).collect();
                parts.join(if parts.len() == 4 { " dot " } else { " point " })
            }
            Expression::Date(date) => self.date(*date, before),
            Expression::Days(date, to) => {
                format!("{} to {}", self.date(*date, before), ordinal(u64::from(*to), self.british))
            }
            Expression::Time(time) => self.time(*time),
            Expression::Address(address) => {
                spelling::address(address, |value| self.whole(value), digit_by_digit, address_sign)
            }
            Expression::NumberSign(value) => format!("number {}", self.whole(*value)),
            Expression::Hashtag(tag) => format!("hashtag {}", tag.replace('_', " ")),
            Expression::Regnal(value) => format!("the {}", ordinal(*value, self.british)),
            Expression::Short(short) => short.spoken.to_owned(),
            Expression::Sign(sign) => spoken_sign(*sign).to_owned(),
            Expression::Per => "per".to_owned(),
            Expression::Parts(parts) => self.parts(parts),
            Expression::Text(text) => text.clone(),
        }
    }

    fn whole(self, value: u64) -> String {
        cardinal(value, self.british)
    }

    fn number(self, number: &Number) -> String {
        let mut said = if number.negative { "minus ".to_owned() } else { String::new() };
        said.push_str(&self.whole(number.whole));
        if !number.fraction.is_empty() {
            said.push_str(" point ");
            said.push_str(&digit_by_digit(&number.fraction));
        }
        if let Some(scale) = number.scale {
            said.push(' ');
            said.push_str(scale_word(scale));
        }
        said
    }

    /// Two digits after the mark are the smaller coin.
    fn money(self, number: &Number, currency: Currency) -> String {
        let [one, many, small_one, small_many] = coins(currency);
        let cents = match number.fraction.len() {
            0 => Some(0),
            1 => number.fraction.parse::<u64>().ok().map(|tens| tens * 10),
            2 => number.fraction.parse().ok(),
            _ => None,
        };
        let (Some(cents), None) =
            (cents.filter(|_| !small_one.is_empty() || number.fraction.is_empty()), number.scale)
        else {
            return format!("{} {many}", self.number(number));
        };
        let minus = if number.negative { "minus " } else { "" };
        let coin = if cents == 1 { small_one } else { small_many };
        let main = format!("{} {}", self.whole(number.whole), if number.whole == 1 { one } else { many });
        match (number.whole, cents) {
            (_, 0) => format!("{minus}{main}"),
            (0, _) => format!("{minus}{} {coin}", self.whole(cents)),
            _ => format!("{minus}{main} and {} {coin}", self.whole(cents)),
        }
    }

    fn fraction(self, whole: u64, upper: u64, lower: u64) -> String {
        let part = match (upper, lower) {
            (1, 2) => "half".to_owned(),
            (_, 2) => "halves".to_owned(),
            (1, 4) => "quarter".to_owned(),
            (_, 4) => "quarters".to_owned(),
            (1, _) => ordinal(lower, self.british),
            _ => format!("{}s", ordinal(lower, self.british)),
        };
        match (whole, upper) {
            (0, _) => format!("{} {part}", self.whole(upper)),
            (_, 1) => format!("{} and {} {part}", self.whole(whole), if lower == 8 { "an" } else { "a" }),
            _ => format!("{} and {} {part}", self.whole(whole), self.whole(upper)),
        }
    }

    fn date(self, date: Date, before: &str) -> String {
        let month = data::MONTHS[usize::from(date.month.clamp(1, 12)) - 1];
        let mut said = match date.day {
            None => month.to_owned(),
            Some(day) if date.day_first || self.british => {
                let article = if before == "the" { "" } else { "the " };
                format!("{article}{} of {month}", ordinal(u64::from(day), self.british))
            }
            Some(day) => format!("{month} {}", ordinal(u64::from(day), self.british)),
        };
        if let Some(number) = date.year {
            said.push_str(if date.day.is_some() { ", " } else { " " });
            said.push_str(&year(number, self.british));
        }
        said
    }

    fn time(self, time: TimeOfDay) -> String {
        let mut said = self.whole(u64::from(time.hour));
        match (time.minute, time.half) {
            (None, _) | (Some(0), Some(_)) => {}
            (Some(0), None) if time.second.is_some() => said.push_str(" hundred"),
            (Some(0), None) if (1..=12).contains(&time.hour) => said.push_str(" o'clock"),
            (Some(0), None) => said.push_str(" hundred"),
            (Some(minute), _) => {
                said.push_str(if minute < 10 { " oh " } else { " " });
                said.push_str(&self.whole(u64::from(minute)));
            }
        }
        if let Some(second) = time.second {
            said.push_str(" and ");
            said.push_str(&self.whole(u64::from(second)));
            said.push_str(if second == 1 { " second" } else { " seconds" });
        }
        match time.half {
            Some(HalfDay::Morning) => said.push_str(" AM"),
            Some(HalfDay::Afternoon) => said.push_str(" PM"),
            None => {}
        }
        said
    }

    fn parts(self, parts: &[Expression]) -> String {
        let mut said = String::new();
        for part in parts {
            let next = match part {
                Expression::Sign('.') => "point".to_owned(),
                Expression::Sign('/') => "slash".to_owned(),
                part => self.said(part, ""),
            };
            let glued =
                said.is_empty() || said.ends_with(['-', ' ']) || next.starts_with(['-', ',', ';', ':']);
            if !glued {
                said.push(' ');
            }
            said.push_str(&next);
        }
        said
    }
}

fn decade(value: u32, british: bool) -> String {
    let word = if value < 100 { cardinal(u64::from(value), british) } else { year(value, british) };
    match word.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{word}s"),
    }
}

/// Groups apart by a pause; `800` is a number, as people say it.
fn phone(number: &str) -> String {
    let (plus, groups) = number.strip_prefix('+').map_or(("", number), |groups| ("plus ", groups));
    let said: Vec<String> = groups
        .split(' ')
        .map(|group| if group == "800" { "eight hundred".to_owned() } else { digit_by_digit(group) })
        .collect();
    format!("{plus}{}", said.join(", "))
}

const fn scale_word(scale: Scale) -> &'static str {
    match scale {
        Scale::Thousand => "thousand",
        Scale::Million => "million",
        Scale::Billion => "billion",
        Scale::Trillion => "trillion",
    }
}

/// One, several, one of the smaller, several of them; empty where there is no smaller one in use.
const fn coins(currency: Currency) -> [&'static str; 4] {
    match currency {
        Currency::Dollar => ["dollar", "dollars", "cent", "cents"],
        Currency::Euro => ["euro", "euros", "cent", "cents"],
        Currency::Pound => ["pound", "pounds", "penny", "pence"],
        Currency::Yen => ["yen", "yen", "", ""],
        Currency::Rupee => ["rupee", "rupees", "paisa", "paise"],
        Currency::Won => ["won", "won", "", ""],
        Currency::Franc => ["franc", "francs", "centime", "centimes"],
        Currency::Rouble => ["rouble", "roubles", "kopeck", "kopecks"],
        Currency::Zloty => ["zloty", "zlotys", "grosz", "groszy"],
        Currency::Cent => ["cent", "cents", "", ""],
    }
}

const fn spoken_sign(sign: char) -> &'static str {
    match sign {
        '&' => "and",
        '+' => "plus",
        '=' => "equals",
        '@' => "at",
        '%' => "percent",
        '*' | '×' => "times",
        '/' | '÷' => "divided by",
        '±' => "plus or minus",
        '~' | '≈' => "about",
        '≠' => "is not equal to",
        '≤' => "at most",
        '≥' => "at least",
        '<' => "less than",
        '>' => "greater than",
        '→' => "to",
        '§' => "section",
        '°' => "degrees",
        '€' => "euro",
        '£' => "pound",
        '$' => "dollar",
        '-' | '−' | '–' => "minus",
        _ => "",
    }
}

const fn address_sign(sign: char) -> &'static str {
    match sign {
        '@' => "at",
        '.' => "dot",
        '/' => "slash",
        '_' => "underscore",
        '-' => "dash",
        '+' => "plus",
        ':' => "colon",
        '?' => "question mark",
        '=' => "equals",
        '&' => "and",
        '#' => "hash",
        '%' => "percent",
        '~' => "tilde",
        _ => "",
    }
}
