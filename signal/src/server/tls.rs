//! A certificate and its key, from PEM to what shakes hands with them.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use super::stream::Upgrade;

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificates are not PEM, or there are none.
    #[error("the certificate file holds no certificate in PEM: {0}")]
    Certificates(pem::Error),
    /// The key is not PEM, or there is none.
    #[error("the key file holds no private key in PEM: {0}")]
    Key(pem::Error),
    /// They do not belong together, or are of a kind that is not supported.
    #[error("the certificate cannot be used with this key: {0}")]
    Unusable(#[from] rustls::Error),
}

/// The handshake with a certificate chain, the server's own first, and its key.
pub(super) fn upgrade(certificates: &[u8], key: &[u8]) -> Result<Upgrade, TlsError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificates)
        .collect::<Result<_, _>>()
        .map_err(TlsError::Certificates)?;
    if chain.is_empty() {
        return Err(TlsError::Certificates(pem::Error::NoItemsFound));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(TlsError::Key)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Upgrade::Tls(TlsAcceptor::from(Arc::new(config))))
}
