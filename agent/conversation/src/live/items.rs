//! Where the items of an answer lie in its audio and in its text, and where they are cut when it was not heard to its
//! end. Pure.

use std::time::Duration;

use providers_core::{ItemId, SampleRate};

/// The items of one answer, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Items(Vec<Item>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    id: ItemId,
    /// Where its samples begin in the answer's, and how many it has.
    audio_from: u64,
    samples: u64,
    /// The same of its text, in bytes.
    text_from: usize,
    bytes: usize,
}

/// An item that was not heard to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) item: ItemId,
    /// How much of its audio was heard.
    pub(crate) audio: Duration,
    /// How much of its text.
    pub(crate) text: String,
}

impl Items {
    /// More samples of an item.
    pub(crate) fn audio(&mut self, id: &ItemId, samples: u64) {
        self.item(id).samples += samples;
    }

    /// More text of an item.
    pub(crate) fn text(&mut self, id: &ItemId, bytes: usize) {
        self.item(id).bytes += bytes;
    }

    fn item(&mut self, id: &ItemId) -> &mut Item {
        let at = self.0.iter().position(|item| item.id == *id).unwrap_or_else(|| {
            let (audio_from, text_from) = self
                .0
                .last()
                .map_or((0, 0), |last| (last.audio_from + last.samples, last.text_from + last.bytes));
            self.0.push(Item { id: id.clone(), audio_from, samples: 0, text_from, bytes: 0 });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// The items that were not heard to their end, when so much of the answer was, and this of its text. Of an item
    /// without audio the text tells; `was_whole`: all of the text was heard.
    pub(crate) fn cut(&self, rate: SampleRate, heard: Duration, text: &str, was_whole: bool) -> Vec<Cut> {
        let heard_samples = rate.samples_in(heard);
        let heard_bytes = if was_whole { usize::MAX } else { text.len() };
        let is_cut = |item: &&Item| {
            if item.samples > 0 {
                item.audio_from + item.samples > heard_samples
            } else {
                item.text_from + item.bytes > heard_bytes
            }
        };
        let cut = |item: &Item| {
            let samples = heard_samples.saturating_sub(item.audio_from).min(item.samples);
            let until = text.len().min(item.text_from.saturating_add(item.bytes));
            // The heard text is that of the captions; where it differs from the model's a boundary may fall within a
            // letter, and then nothing is said of the text.
            let text = text.get(item.text_from.min(until)..until).unwrap_or_default().to_owned();
            Cut { item: item.id.clone(), audio: rate.duration_of(samples), text }
        };
        self.0.iter().filter(is_cut).map(cut).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use providers_core::{ItemId, SampleRate};

    use super::{Cut, Items};

    const RATE: SampleRate = SampleRate::VOICE;

    fn id(name: &str) -> ItemId {
        ItemId(name.into())
    }

    fn cut(name: &str, millis: u64, text: &str) -> Cut {
        Cut { item: id(name), audio: Duration::from_millis(millis), text: text.to_owned() }
    }

    /// Two items of a second each, five letters of text each.
    fn two() -> Items {
        let mut items = Items::default();
        for name in ["a", "b"] {
            items.text(&id(name), 5);
            items.audio(&id(name), 12_000);
            items.audio(&id(name), 12_000);
        }
        items
    }

    #[test]
    fn an_item_is_cut_where_it_was_heard_and_those_after_it_at_their_beginning() {
        let cuts = |millis, text: &str| two().cut(RATE, Duration::from_millis(millis), text, false);
        assert_eq!(cuts(0, ""), [cut("a", 0, ""), cut("b", 0, "")]);
        assert_eq!(cuts(600, "one"), [cut("a", 600, "one"), cut("b", 0, "")]);
        assert_eq!(cuts(1_000, "one 2"), [cut("b", 0, "")], "the first was heard to its end");
        assert_eq!(cuts(1_250, "one 2tw"), [cut("b", 250, "tw")]);
        assert_eq!(cuts(2_000, "one 2two 3"), []);
        assert_eq!(cuts(9_000, "one 2two 3"), []);
    }

    #[test]
    fn a_cut_is_exact_to_the_sample() {
        let mut items = Items::default();
        items.audio(&id("a"), 24_000);
        let heard = RATE.duration_of(23_999);
        assert_eq!(items.cut(RATE, heard, "", false)[0].audio, RATE.duration_of(RATE.samples_in(heard)));
        assert_eq!(items.cut(RATE, Duration::from_secs(1), "", false), []);
    }

    #[test]
    fn of_an_item_without_audio_the_text_tells() {
        let mut items = Items::default();
        items.text(&id("a"), "héllo ".len());
        items.text(&id("b"), "there".len());
        let cuts = |text: &str, is_whole| items.cut(RATE, Duration::from_secs(7), text, is_whole);
        assert_eq!(cuts("h", false), [cut("a", 0, "h"), cut("b", 0, "")]);
        assert_eq!(cuts("héllo th", false), [cut("b", 0, "th")]);
        assert_eq!(cuts("héllo there", false), []);
        assert_eq!(cuts("", true), [], "nothing of it was to be heard");
    }
}
