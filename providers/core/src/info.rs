//! Who a provider is, and what was used of it.

/// Who stands behind a port: for logs, metrics and prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderInfo {
    /// The provider's name, one of a fixed few, such as `openai` or `local`.
    pub provider: &'static str,
    /// The model's or voice's name as the provider spells it.
    pub model: String,
}

/// What a request used, as the provider counted it, or as we did where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read, those from a cache included.
    pub input_tokens: u64,
    /// Of them, tokens read from the provider's cache.
    pub cached_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Audio heard, in milliseconds.
    pub audio_in_ms: u64,
    /// Audio spoken, in milliseconds.
    pub audio_out_ms: u64,
    /// Characters spoken.
    pub characters: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens += other.input_tokens;
        self.cached_tokens += other.cached_tokens;
        self.output_tokens += other.output_tokens;
        self.audio_in_ms += other.audio_in_ms;
        self.audio_out_ms += other.audio_out_ms;
        self.characters += other.characters;
    }
}
