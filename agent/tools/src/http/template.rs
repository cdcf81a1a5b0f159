//! Texts with places that are filled in: `{name}`; `{{` and `}}` stand for braces.

/// A text with places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(String),
}

impl Template {
    /// Reads a template; otherwise what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            if let Some(after) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err("has a } without its {; write }} for a brace");
            }
            let Some((slot, after)) = after.split_once('}') else {
                return Err("has a { without its }; write {{ for a brace");
            };
            if slot.is_empty() || slot.contains(|c: char| c == '{' || c.is_whitespace() || c.is_control()) {
                return Err("has a place without a name, such as {city}");
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Slot(slot.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The names of its places, in order.
    pub(super) fn slots(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Slot(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The name of its place, if it is nothing but that.
    pub(super) fn only_slot(&self) -> Option<&str> {
        match &self.0[..] {
            [Piece::Slot(name)] => Some(name),
            _ => None,
        }
    }

    /// What stands before the first place.
    pub(super) fn beginning(&self) -> &str {
        match self.0.first() {
            Some(Piece::Text(text)) => text,
            Some(Piece::Slot(_)) | None => "",
        }
    }

    /// The text with its places filled in.
    ///
    /// # Errors
    /// The first error of `fill`.
    pub(super) fn render<E>(&self, mut fill: impl FnMut(&str) -> Result<String, E>) -> Result<String, E> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Slot(name) => text.push_str(&fill(name)?),
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::Template;

    #[test]
    fn places_are_filled_in_and_doubled_braces_are_braces() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("{a}", "<a>"),
            ("x{a}y{b.c}z", "x<a>y<b.c>z"),
            ("{{a}} {a}{a}", "{a} <a><a>"),
            ("{/tables/0}", "</tables/0>"),
            ("{{{a}}}", "{<a>}"),
            ("ü{ä}", "ü<ä>"),
        ] {
            let template = Template::parse(text).unwrap();
            let Ok(rendered) = template.render(|name| Ok::<_, Infallible>(format!("<{name}>")));
            assert_eq!(rendered, expected, "{text}");
        }
        assert_eq!(Template::parse("{a}").unwrap().only_slot(), Some("a"));
        assert_eq!(Template::parse("{a} ").unwrap().only_slot(), None);
    }

    #[test]
    fn a_template_that_is_none_is_told() {
        for text in ["{", "}", "a{b", "a}b", "{}", "{ a }", "{a{b}", "{a}}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn any_text_can_be_written_as_a_template_and_no_text_ends_the_process() {
        let seed = fastrand::u64(..);
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..20_000 {
            let text: String =
                (0..random.usize(..12)).map(|_| ["{", "}", "a", "é", " "][random.usize(..5)]).collect();
            drop(Template::parse(&text));
            let written = text.replace('{', "{{").replace('}', "}}");
            let template =
                Template::parse(&written).unwrap_or_else(|why| panic!("seed {seed}: {written}: {why}"));
            assert_eq!(template.slots().count(), 0, "seed {seed}: {written}");
            let Ok(rendered) = template.render(|_| Ok::<_, Infallible>(String::new()));
            assert_eq!(rendered, text, "seed {seed}");
        }
    }
}
