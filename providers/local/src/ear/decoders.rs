//! What a pool's threads hear with: pocketsphinx, and the block of samples that goes into it at once.

use super::{
    pool::Hears,
    recogniser::{Recipe, Recogniser},
    utterance::{BLOCK, Manner, Outcome, Utterance},
};
use crate::error::LocalError;

/// Makes decoders.
pub(super) struct Decoders {
    pub(super) recipe: Recipe,
    pub(super) manner: Manner,
}

impl Hears for Decoders {
    type Decoder = (Recogniser, Vec<i16>);

    fn make(&self) -> Result<Self::Decoder, LocalError> {
        Ok((self.recipe.make()?, Vec::with_capacity(BLOCK as usize)))
    }

    fn hear(&self, (recogniser, block): &mut Self::Decoder, utterance: &Utterance) -> Outcome {
        utterance.be_heard(recogniser, self.manner, block)
    }
}
