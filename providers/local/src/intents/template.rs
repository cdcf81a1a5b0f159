//! Answers with places for values: `Hello again, {name}.`

/// An answer; its values are named in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(String),
}

impl Template {
    /// Reads an answer.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else {
                return Err("a { is not closed".to_owned());
            };
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Value(name.trim().to_owned()));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }

    /// The names of its values.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Value(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text with its values; `None` when one is not known.
    pub(crate) fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.clone()),
                Piece::Value(name) => value(name),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn an_answer_is_said_only_with_all_its_values() {
        let template = Template::parse("Hello { name }, it is {time}.").expect("well formed");
        let value = |name: &str| (name == "name").then(|| "Ada".to_owned());
        assert_eq!(template.fill(value), None);
        assert_eq!(template.fill(|_| Some("x".to_owned())).as_deref(), Some("Hello x, it is x."));
        assert_eq!(template.values().collect::<Vec<_>>(), ["name", "time"]);
        assert_eq!(Template::parse("a {b"), Err("a { is not closed".to_owned()));
    }
}
