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

/// How much of an answer was heard, or read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken<'a> {
    /// Of its audio; `None` where its text is read or spoken by somebody else.
    pub(crate) audio: Option<Duration>,
    /// Of its text.
    pub(crate) text: &'a str,
    /// Whether that is all of the text.
    pub(crate) is_all_text: bool,
}

impl Taken<'_> {
    /// Nothing.
    pub(crate) const NOTHING: Self = Self { audio: Some(Duration::ZERO), text: "", is_all_text: false };
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

    /// The items that were not taken in to their end, when this much of the answer was.
    pub(crate) fn cut(&self, rate: SampleRate, taken: Taken<'_>) -> Vec<Cut> {
        self.0.iter().filter_map(|item| item.cut(rate, taken)).collect()
    }
}

impl Item {
    /// Where it is cut; `None` when it was taken in to its end. What is read, or has no audio, is cut in its text.
    fn cut(&self, rate: SampleRate, taken: Taken<'_>) -> Option<Cut> {
        let until = taken.text.len().min(self.text_from.saturating_add(self.bytes));
        let from = self.text_from.min(until);
        let is_read = taken.is_all_text || until - from == self.bytes;
        let (is_whole, samples) = match taken.audio.filter(|_| self.samples > 0) {
            Some(heard) => {
                let heard = rate.samples_in(heard);
                (
                    // Words may have come of which the sound has not.
                    self.audio_from + self.samples <= heard && is_read,
                    heard.saturating_sub(self.audio_from).min(self.samples),
                )
            }
            None => (is_read, self.samples * (until - from) as u64 / self.bytes.max(1) as u64),
        };
        // The text is that of the captions; where it differs from the model's a boundary may fall within a letter, and
        // then nothing is said of the text.
        let text = taken.text.get(from..until).unwrap_or_default().to_owned();
        (!is_whole).then(|| Cut { item: self.id.clone(), audio: rate.duration_of(samples), text })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use providers_core::{ItemId, SampleRate};

    use super::{Cut, Items, Taken};

    const RATE: SampleRate = SampleRate::VOICE;

    fn id(name: &str) -> ItemId {
        ItemId(name.into())
    }

    fn cut(name: &str, millis: u64, text: &str) -> Cut {
        Cut { item: id(name), audio: Duration::from_millis(millis), text: text.to_owned() }
    }

    fn heard(audio: Duration, text: &str) -> Taken<'_> {
        Taken { audio: Some(audio), text, is_all_text: false }
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
        let cuts = |millis, text: &str| two().cut(RATE, heard(Duration::from_millis(millis), text));
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
        let almost = RATE.duration_of(23_999);
        let cut = items.cut(RATE, heard(almost, ""));
        assert_eq!(cut[0].audio, RATE.duration_of(RATE.samples_in(almost)));
        assert_eq!(items.cut(RATE, heard(Duration::from_secs(1), "")), []);
    }

    #[test]
    fn an_item_is_cut_whose_sound_was_heard_and_some_of_whose_words_have_none() {
        let all = Duration::from_secs(2);
        assert_eq!(two().cut(RATE, heard(all, "one 2two")), [cut("b", 1_000, "two")]);
    }

    #[test]
    fn of_an_item_without_audio_the_text_tells() {
        let mut items = Items::default();
        items.text(&id("a"), "héllo ".len());
        items.text(&id("b"), "there".len());
        let cuts = |text: &str, is_all_text| items.cut(RATE, Taken { audio: None, text, is_all_text });
        assert_eq!(cuts("h", false), [cut("a", 0, "h"), cut("b", 0, "")]);
        assert_eq!(cuts("héllo th", false), [cut("b", 0, "th")]);
        assert_eq!(cuts("héllo there", false), []);
        assert_eq!(cuts("", true), [], "nothing of it was to be heard");
    }

    #[test]
    fn what_is_read_is_cut_where_its_text_is() {
        let taken = |text, is_all_text| Taken { audio: None, text, is_all_text };
        assert_eq!(two().cut(RATE, taken("one 2two 3", false)), []);
        assert_eq!(two().cut(RATE, taken("", true)), []);
        let half = Cut { item: id("b"), audio: RATE.duration_of(24_000 * 2 / 5), text: "tw".to_owned() };
        assert_eq!(two().cut(RATE, taken("one 2tw", false)), [half]);
    }
}
