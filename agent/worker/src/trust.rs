//! Whom the worker believes at `wss://`: the roots that browsers have, and the certificates of a file.

use std::{path::PathBuf, sync::Arc};

use config_schema::Livekit;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{
        CertificateDer,
        pem::{self, PemObject},
    },
};

/// Whom to believe, for the worker's link and for the rooms of its calls.
#[derive(Clone, Debug, Default)]
pub struct Trust(Option<Arc<ClientConfig>>);

/// The certificates cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read, or is no PEM.
    #[error("cannot read the certificates in {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// There is none in the file.
    #[error("no certificate in {}: wanted is PEM, with -----BEGIN CERTIFICATE-----", .0.display())]
    Empty(PathBuf),
    /// One of them is none that TLS can believe.
    #[error("a certificate in {} is not one: {source}", path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}

impl Trust {
    /// Reads the file of `livekit.ca_file`; without one, browsers' roots are all there is. [`agent_rtc::install_crypto`]
    /// comes before.
    pub fn read(server: &Livekit) -> Result<Self, TrustError> {
        let Some(path) = server.ca_file.as_ref().map(PathBuf::from) else { return Ok(Self::default()) };
        let failed = |source| TrustError::Read { path: path.clone(), source };
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let n_usual = roots.len();
        for certificate in CertificateDer::pem_file_iter(&path).map_err(failed)? {
            let certificate = certificate.map_err(failed)?;
            roots.add(certificate).map_err(|source| TrustError::Wrong { path: path.clone(), source })?;
        }
        if roots.len() == n_usual {
            return Err(TrustError::Empty(path));
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self(Some(Arc::new(config))))
    }

    /// As TLS wants it; `None` for browsers' roots alone.
    pub(crate) fn tls(&self) -> Option<Arc<ClientConfig>> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(ca_file: &std::path::Path) -> Result<Trust, TrustError> {
        agent_rtc::install_crypto();
        let argument = format!("livekit.ca_file={}", ca_file.display());
        let sources = config_schema::Sources { arguments: &[argument], ..Default::default() };
        Trust::read(&config_schema::load(&sources).unwrap().config.livekit)
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("authority.pem");
        for (content, said) in [
            (None, "cannot read the certificates in"),
            (Some(""), "no certificate in"),
            (
                Some("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
                "cannot read the certificates in",
            ),
            (Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "a certificate in"),
        ] {
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("authority.pem"), "{content:?}: {error}");
        }
    }
}
