//! What is said piece by piece, in any language: digits, and the parts of an address.

/// Each digit by its name; anything else is a pause.
pub(super) fn digits(text: &str, name: impl Fn(u64) -> &'static str) -> String {
    let names: Vec<&str> =
        text.chars().filter_map(|c| c.to_digit(10)).map(|digit| name(u64::from(digit))).collect();
    names.join(" ")
}

/// Runs of letters as they are, the marks between them by name, digits as a number or one by one.
pub(super) fn address(
    address: &str,
    whole: impl Fn(u64) -> String,
    one_by_one: impl Fn(&str) -> String,
    sign: impl Fn(char) -> &'static str,
) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut rest = address;
    while let Some(first) = rest.chars().next() {
        let alike =
            |c: char| c.is_alphabetic() == first.is_alphabetic() && c.is_numeric() == first.is_numeric();
        let end = if first.is_alphanumeric() {
            rest.find(|c: char| !alike(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (part, after) = rest.split_at(end);
        rest = after;
        said.push(match part.parse::<u64>() {
            Ok(value) if part.len() < 3 && (part.len() == 1 || !part.starts_with('0')) => whole(value),
            Ok(_) => one_by_one(part),
            Err(_) if part == "www" => "w w w".to_owned(),
            Err(_) if first.is_alphanumeric() => part.to_owned(),
            Err(_) => sign(first).to_owned(),
        });
    }
    said.retain(|part| !part.is_empty());
    said.join(" ")
}
