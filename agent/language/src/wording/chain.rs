//! Steps one after the other, as one: the pieces that come out still know what was written in the first place.

use std::collections::VecDeque;

use super::{Transform, plain};
use crate::reading::Said;

/// Steps one after the other.
#[derive(Default)]
pub struct Chain {
    links: Vec<Link>,
}

impl Chain {
    /// These steps, in this order. None at all says everything as it is written.
    #[must_use]
    pub fn new(steps: Vec<Box<dyn Transform>>) -> Self {
        Self { links: steps.into_iter().map(Link::new).collect() }
    }

    /// Adds a step after all others, before the first text.
    pub fn add(&mut self, step: Box<dyn Transform>) {
        self.links.push(Link::new(step));
    }

    fn run(&mut self, mut pieces: Vec<Said>, is_end: bool, out: &mut Vec<Said>) {
        for link in &mut self.links {
            let mut next = Vec::new();
            for piece in pieces {
                link.push(piece, &mut next);
            }
            if is_end {
                link.finish(&mut next);
            }
            pieces = next;
        }
        for piece in pieces {
            append(out, piece);
        }
    }
}

impl Transform for Chain {
    fn push(&mut self, text: &str, out: &mut Vec<Said>) {
        self.run(vec![Said::Plain(text.to_owned())], false, out);
    }

    fn finish(&mut self, out: &mut Vec<Said>) {
        self.run(Vec::new(), true, out);
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").field("steps", &self.links.len()).finish()
    }
}

/// One step, and what it holds back of the pieces before it.
struct Link {
    step: Box<dyn Transform>,
    pending: VecDeque<Pending>,
}

/// A piece that was given to the step. How many bytes of what it says did not come out yet.
struct Pending {
    piece: Said,
    left: usize,
}

impl Link {
    fn new(step: Box<dyn Transform>) -> Self {
        Self { step, pending: VecDeque::new() }
    }

    fn push(&mut self, piece: Said, out: &mut Vec<Said>) {
        let mut said = Vec::new();
        self.step.push(piece.spoken(), &mut said);
        self.pending.push_back(Pending { left: piece.spoken().len(), piece });
        self.give(said, out);
    }

    fn finish(&mut self, out: &mut Vec<Said>) {
        let mut said = Vec::new();
        self.step.finish(&mut said);
        self.give(said, out);
    }

    /// Brings what the step said together with what was written for it.
    fn give(&mut self, said: Vec<Said>, out: &mut Vec<Said>) {
        self.give_unsaid(out);
        for piece in said {
            match piece {
                Said::Plain(text) => self.give_plain(&text, out),
                Said::Read { written, spoken } => {
                    let written = self.take(written.len());
                    append(out, Said::Read { written, spoken });
                }
            }
            self.give_unsaid(out);
        }
    }

    /// What the step let through: each piece before it stays what it was.
    fn give_plain(&mut self, text: &str, out: &mut Vec<Said>) {
        let mut rest = text;
        while !rest.is_empty() {
            let Some(first) = self.pending.front_mut() else { return plain(out, rest) };
            let length = first.left.min(rest.len());
            let (passed, after) = rest.split_at(length);
            rest = after;
            match &first.piece {
                Said::Plain(_) => {
                    first.left -= length;
                    plain(out, passed);
                    if first.left == 0 {
                        self.pending.pop_front();
                    }
                }
                Said::Read { .. } => {
                    let written = self.take(length);
                    append(out, Said::Read { written, spoken: passed.to_owned() });
                }
            }
            self.give_unsaid(out);
        }
    }

    /// Takes so many bytes of what was said before the step; what was written for them. A piece that is said otherwise
    /// counts as written where its last byte is.
    fn take(&mut self, mut bytes: usize) -> String {
        let mut written = String::new();
        while bytes > 0
            && let Some(first) = self.pending.front_mut()
        {
            let length = first.left.min(bytes);
            if let Said::Plain(text) = &first.piece {
                let from = text.len() - first.left;
                written.push_str(&text[from..from + length]);
            }
            bytes -= length;
            first.left -= length;
            if first.left == 0
                && let Some(Pending { piece: Said::Read { written: own, .. }, .. }) = self.pending.pop_front()
            {
                written.push_str(&own);
            }
        }
        written
    }

    /// Pieces that are not said at all follow those before them at once.
    fn give_unsaid(&mut self, out: &mut Vec<Said>) {
        while self.pending.front().is_some_and(|first| first.left == 0) {
            if let Some(Pending { piece, .. }) = self.pending.pop_front() {
                append(out, piece);
            }
        }
    }
}

fn append(out: &mut Vec<Said>, piece: Said) {
    match piece {
        Said::Plain(text) => plain(out, &text),
        Said::Read { written, spoken } if written.is_empty() && spoken.is_empty() => {}
        piece @ Said::Read { .. } => out.push(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::Chain;
    use crate::{
        reading::{Said, normaliser},
        wording::{Transform, Wording},
    };

    fn wording() -> Wording {
        Wording {
            markdown: true,
            emoji: true,
            replacements: vec![("LiveKit".into(), "Live Kit".into()), ("asap".into(), "at 5pm".into())],
            pronunciations: vec![("Kit".into(), "Kitt".into())],
            normaliser: normaliser("en"),
        }
    }

    fn said(mut chain: Chain, text: &str, size: usize) -> Vec<Said> {
        let letters: Vec<char> = text.chars().collect();
        let mut out = Vec::new();
        for piece in letters.chunks(size.max(1)) {
            chain.push(&piece.iter().collect::<String>(), &mut out);
        }
        chain.finish(&mut out);
        out
    }

    #[test]
    fn the_voice_is_given_words_and_the_caption_keeps_what_was_written() {
        for (written, spoken) in [
            ("**LiveKit** costs $5 🙂.", "Live Kitt costs five dollars ."),
            ("Call me *asap*!", "Call me at five PM!"),
            ("On **Nov 21**, [here](http://x.org)", "On November twenty-first, here"),
            ("Plain text.", "Plain text."),
            ("$**5**", "five dollars"),
            ("", ""),
        ] {
            for size in 1..=50 {
                let pieces = said(wording().chain(), written, size);
                assert_eq!(pieces.iter().map(Said::written).collect::<String>(), written, "by {size}");
                assert_eq!(pieces.iter().map(Said::spoken).collect::<String>(), spoken, "by {size}");
            }
        }
    }

    #[test]
    fn each_piece_stands_for_what_was_written_there() {
        let pieces = said(wording().chain(), "At **5pm** in Kit.", usize::MAX);
        let pairs: Vec<(&str, &str)> = pieces.iter().map(|piece| (piece.written(), piece.spoken())).collect();
        assert_eq!(
            pairs,
            [
                ("At ", "At "),
                ("**", ""),
                ("5pm", "five PM"),
                ("**", ""),
                (" in ", " in "),
                ("Kit", "Kitt"),
                (".", ".")
            ]
        );
    }

    #[test]
    fn nothing_is_lost_at_any_chunking() {
        let seed = fastrand::u64(..);
        let mut random = fastrand::Rng::with_seed(seed);
        let parts = [
            "*", "**", "_", "`", "LiveKit", "kit", "asap", " ", " ", "5", "pm", "$", "🙂", "Nov", "21", "\n",
            ".", "é", "你", "[a](b)",
        ];
        for _ in 0..2_000 {
            let text: String = (0..random.usize(..20)).map(|_| parts[random.usize(..parts.len())]).collect();
            let spoken =
                |size| -> String { said(wording().chain(), &text, size).iter().map(Said::spoken).collect() };
            let pieces = said(wording().chain(), &text, random.usize(1..9));
            assert_eq!(pieces.iter().map(Said::written).collect::<String>(), text, "seed {seed}");
            assert_eq!(spoken(1), spoken(usize::MAX), "seed {seed}: {text:?}");
        }
    }

    #[test]
    fn without_steps_everything_is_said_as_it_is_written() {
        assert_eq!(said(Wording::default().chain(), "a *b* 5", 2), [Said::Plain("a *b* 5".to_owned())]);
    }
}
