//! Sums: two numbers, an operator, and the result as it is said.

/// The result of `left operator right`; `None` when there is none, or when it cannot be written exactly enough.
pub(super) fn result(left: &str, operator: &str, right: &str) -> Option<String> {
    let (left, right): (i64, i64) = (left.parse().ok()?, right.parse().ok()?);
    match operator {
        "plus" => left.checked_add(right).map(|sum| sum.to_string()),
        "minus" => left.checked_sub(right).map(|difference| match difference {
            0.. => difference.to_string(),
            _ => format!("minus {}", difference.unsigned_abs()),
        }),
        "times" => left.checked_mul(right).map(|product| product.to_string()),
        "divided by" if right == 0 => None,
        "divided by" if left % right == 0 => Some((left / right).to_string()),
        "divided by" => {
            let quotient = format!("{:.2}", left as f64 / right as f64);
            let rounded = quotient.trim_end_matches('0');
            Some(match left * 100 % right {
                0 => rounded.to_owned(),
                _ => format!("about {}", rounded.trim_end_matches('.')),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::result;

    #[test]
    fn sums_are_right() {
        for (sum, expected) in [
            (("7", "plus", "5"), Some("12")),
            (("99", "minus", "42"), Some("57")),
            (("3", "minus", "5"), Some("minus 2")),
            (("12", "times", "11"), Some("132")),
            (("100", "divided by", "8"), Some("12.5")),
            (("100", "divided by", "4"), Some("25")),
            (("1", "divided by", "3"), Some("about 0.33")),
            (("1", "divided by", "999"), Some("about 0")),
            (("1", "divided by", "0"), None),
            (("9223372036854775807", "plus", "1"), None),
            (("x", "plus", "1"), None),
        ] {
            assert_eq!(result(sum.0, sum.1, sum.2).as_deref(), expected, "{sum:?}");
        }
    }
}
