//! A key that does not print.

use std::fmt;

use reqwest::header::{HeaderValue, InvalidHeaderValue};

/// A key, token or password. It can be sent, not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret without the white space around it; `None` when nothing is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The header value `<prefix><secret>`, marked sensitive.
    ///
    /// # Errors
    /// When the secret has characters that no header may carry. The error does not show it.
    pub fn header(&self, prefix: &str) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{prefix}{}", self.0))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_shows_itself_in_no_form() {
        let secret = Secret::new(" sk-very-secret\n").unwrap();
        let header = secret.header("Bearer ").unwrap();
        assert_eq!(header.to_str().unwrap(), "Bearer sk-very-secret");
        assert!(!format!("{secret:?} {header:?}").contains("very"));
        assert!(
            !format!("{:?}", Secret::new("sk-\u{7}bad").unwrap().header("").unwrap_err()).contains("bad")
        );
        assert_eq!(Secret::new("  "), None);
    }
}
