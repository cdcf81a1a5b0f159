//! An account at one server: its address, its key, its connections.

use providers_core::ProviderError;
use providers_http::{Auth, Endpoint, HttpOptions, Secret};

use crate::{EarConfig, MindConfig, OpenAiEar, OpenAiMind, OpenAiVoice, VoiceConfig};

/// The name of this provider.
pub(crate) const PROVIDER: &str = "openai";

/// Where the server is and who asks.
#[derive(Clone, Debug)]
pub struct OpenAiConfig {
    /// The address up to and with the version, such as [`OpenAi::BASE_URL`] or `http://127.0.0.1:8080/v1`.
    pub base_url: String,
    /// The key; servers of one's own often want none.
    pub api_key: Option<Secret>,
    /// The organisation that is billed, where a key belongs to several.
    pub organisation: Option<String>,
    /// The project that is billed, where a key belongs to several.
    pub project: Option<String>,
    /// How connections are made and kept.
    pub http: HttpOptions,
}

/// An account. Its connections are shared by all that it makes.
#[derive(Clone, Debug)]
pub struct OpenAi {
    endpoint: Endpoint,
}

impl OpenAi {
    /// The API of OpenAI itself.
    pub const BASE_URL: &'static str = "https://api.openai.com/v1";

    /// An account; nothing is sent yet.
    ///
    /// # Errors
    /// When the address, the key or a header value cannot be used; see [`Endpoint::new`].
    pub fn new(config: OpenAiConfig) -> Result<Self, ProviderError> {
        let auth = config.api_key.map_or(Auth::None, Auth::Bearer);
        let mut endpoint = Endpoint::new(PROVIDER, &config.base_url, auth, &config.http)?;
        if let Some(organisation) = &config.organisation {
            endpoint = endpoint.with_header("openai-organization", organisation)?;
        }
        if let Some(project) = &config.project {
            endpoint = endpoint.with_header("openai-project", project)?;
        }
        Ok(Self { endpoint })
    }

    /// A mind at this account.
    #[must_use]
    pub fn mind(&self, config: MindConfig) -> OpenAiMind {
        OpenAiMind::new(self.endpoint.clone(), config)
    }

    /// An ear at this account.
    #[must_use]
    pub fn ear(&self, config: EarConfig) -> OpenAiEar {
        OpenAiEar::new(self.endpoint.clone(), config)
    }

    /// A voice at this account.
    #[must_use]
    pub fn voice(&self, config: VoiceConfig) -> OpenAiVoice {
        OpenAiVoice::new(self.endpoint.clone(), config)
    }
}
