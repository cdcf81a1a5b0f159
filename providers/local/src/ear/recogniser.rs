//! What a decoder thread hears with: the grammar, the language model, or both and a judge between them.

use std::{path::PathBuf, time::Duration};

use providers_core::Word;

use super::{
    EarConfig, EarMode,
    dictionary::{self, Entry},
};
use crate::{
    error::LocalError,
    intents::Intents,
    sys::pocketsphinx::{Decoder, Mean, Segment},
};

/// A frame of the decoder.
const FRAME: Duration = Duration::from_millis(10);

/// What recognisers are made of. Shared by all of a pool.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    mode: EarMode,
    model: PathBuf,
    jsgf: String,
    entries: Vec<Entry>,
    margin: f32,
}

/// Hears one utterance at a time.
pub(super) enum Recogniser {
    One(Decoder),
    Both { grammar: Decoder, open: Decoder, margin: f32 },
}

/// What was heard in an utterance.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Heard {
    pub(super) text: String,
    /// Times count from the utterance's first sample.
    pub(super) words: Vec<Word>,
}

impl Recipe {
    pub(super) fn new(config: &EarConfig, intents: &Intents) -> Result<Self, LocalError> {
        let wanted = match config.mode {
            EarMode::Open => ["en-us/mdef", "en-us.lm.bin", "cmudict-en-us.dict"].as_slice(),
            EarMode::Grammar => &["en-us/mdef"],
            EarMode::Both => &["en-us/mdef", "en-us.lm.bin"],
        };
        for file in wanted {
            let path = config.model.join(file);
            if let Err(source) = std::fs::metadata(&path) {
                let remedy =
                    "run `apt-get install pocketsphinx-en-us`, or name the model's folder".to_owned();
                return Err(LocalError::ModelMissing { path, remedy, source });
            }
        }
        let (jsgf, entries) = match config.mode {
            EarMode::Open => (String::new(), Vec::new()),
            EarMode::Grammar | EarMode::Both => {
                (intents.grammar(), dictionary::of_grammar(&config.model, intents)?)
            }
        };
        Ok(Self { mode: config.mode, model: config.model.clone(), jsgf, entries, margin: config.margin })
    }

    /// Makes a recogniser: 20 ms for the grammar, half a second for the language model.
    pub(super) fn make(&self) -> Result<Recogniser, LocalError> {
        match self.mode {
            EarMode::Open => Ok(Recogniser::One(self.open()?)),
            EarMode::Grammar => Ok(Recogniser::One(self.grammar()?)),
            EarMode::Both => {
                Ok(Recogniser::Both { grammar: self.grammar()?, open: self.open()?, margin: self.margin })
            }
        }
    }

    /// A decoder that knows the grammar's words and no others: 12 MB in place of the whole dictionary's 28. Its beams
    /// are wide, as the search is small: with the library's own, 3 of 54 sentences were lost on the way.
    fn grammar(&self) -> Result<Decoder, LocalError> {
        let acoustic = self.path("en-us");
        let mut decoder = Decoder::new(&[
            ("-hmm", &acoustic),
            ("-remove_silence", "no"),
            ("-beam", "1e-80"),
            ("-pbeam", "1e-80"),
            ("-wbeam", "1e-60"),
        ])?;
        for Entry { spelling, phones } in &self.entries {
            decoder.add_word(spelling, phones)?;
        }
        decoder.set_grammar(&self.jsgf)?;
        Ok(decoder)
    }

    /// A decoder with the language model. Silence stays in, so that times are right; the voice detector has cut
    /// already. The second pass is left out: on 71 + 256 test words it made no fewer errors, and a final 400 ms later.
    fn open(&self) -> Result<Decoder, LocalError> {
        let (acoustic, language, words) =
            (self.path("en-us"), self.path("en-us.lm.bin"), self.path("cmudict-en-us.dict"));
        Decoder::new(&[
            ("-hmm", &acoustic),
            ("-lm", &language),
            ("-dict", &words),
            ("-remove_silence", "no"),
            ("-fwdflat", "no"),
        ])
    }

    fn path(&self, file: &str) -> String {
        self.model.join(file).to_string_lossy().into_owned()
    }
}

impl Recogniser {
    pub(super) fn begin(&mut self, mean: Option<Mean>) -> Result<(), LocalError> {
        self.each(|decoder| decoder.begin(mean))
    }

    pub(super) fn hear(&mut self, samples: &[i16]) -> Result<(), LocalError> {
        self.each(|decoder| decoder.hear(samples))
    }

    pub(super) fn end(&mut self) -> Result<(), LocalError> {
        self.each(Decoder::end)
    }

    /// The speaker's cepstral mean after an utterance, for the next one.
    pub(super) fn mean(&mut self) -> Mean {
        match self {
            Self::One(decoder) | Self::Both { open: decoder, .. } => decoder.mean(),
        }
    }

    /// The words so far.
    pub(super) fn words_so_far(&mut self) -> String {
        self.better().hypothesis().map(|(words, _)| words).unwrap_or_default()
    }

    /// The words of the utterance, after its end.
    pub(super) fn heard(&mut self) -> Heard {
        let better = self.better();
        let Some((text, _)) = better.hypothesis() else {
            return Heard::default();
        };
        Heard { text, words: better.segments().into_iter().filter_map(|segment| word(&segment)).collect() }
    }

    /// The decoder whose words count: the grammar's where its score is near enough to the language model's.
    fn better(&mut self) -> &mut Decoder {
        match self {
            Self::One(decoder) => decoder,
            Self::Both { grammar, open, margin } => match fits(grammar, open, *margin) {
                true => grammar,
                false => open,
            },
        }
    }

    fn each(
        &mut self,
        mut act: impl FnMut(&mut Decoder) -> Result<(), LocalError>,
    ) -> Result<(), LocalError> {
        match self {
            Self::One(decoder) => act(decoder),
            Self::Both { grammar, open, .. } => act(grammar).and_then(|()| act(open)),
        }
    }
}

/// Whether the grammar's words fit the sound well enough.
fn fits(grammar: &mut Decoder, open: &mut Decoder, margin: f32) -> bool {
    match (grammar.hypothesis(), open.hypothesis()) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some((said, _)), Some((heard, _))) if said == heard => true,
        (Some((_, grammar_score)), Some((_, open_score))) => {
            let frames = grammar.frames().max(1) as f32;
            (grammar_score - open_score) as f32 / frames >= margin
        }
    }
}

/// A segment as a word; `None` for silence and noise.
fn word(segment: &Segment) -> Option<Word> {
    let text = segment.word.split_once('(').map_or(segment.word.as_str(), |(word, _)| word);
    if text.is_empty() || text.starts_with(['<', '[', '+']) {
        return None;
    }
    let (start, end) = (FRAME * segment.first, FRAME * (segment.last + 1));
    Some(Word { text: text.to_owned(), start, end, confidence: None })
}
