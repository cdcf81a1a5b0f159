//! Embedders: text in, a vector out.

use crate::{BoxFuture, ProviderError, ProviderInfo};

/// Turns texts into vectors of one length.
pub trait Embedder: Send + Sync {
    /// Who it is.
    fn info(&self) -> &ProviderInfo;

    /// The length of its vectors.
    fn dimensions(&self) -> usize;

    /// One vector for each text, in order.
    fn embed(&self, texts: Vec<String>) -> BoxFuture<'static, Result<Vec<Vec<f32>>, ProviderError>>;
}
