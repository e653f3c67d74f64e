//! The registry's side of TLS, with a certificate that can be changed while it serves.

use crate::plan::Failure;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::{Arc, PoisonError, RwLock};

/// The certificate in use. A tenant's renewed Secret reaches its server without a restart, and so
/// it does here.
#[derive(Debug)]
pub struct Slot(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Slot {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(chain_pem: &str, key_pem: &str) -> Result<CertifiedKey, Failure> {
    let wrong = |what: &str| Failure::permanent(format!("the registry cannot use its {what}"));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain_pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|e| wrong("certificate").because(e.to_string()))?;
    if chain.is_empty() {
        return Err(wrong("certificate").because("it has none"));
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|e| wrong("key").because(e.to_string()))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|e| wrong("key").because(e.to_string()))
}

impl Slot {
    /// A slot with a certificate chain and its key, both in PEM.
    pub fn new(chain_pem: &str, key_pem: &str) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(RwLock::new(Arc::new(read(chain_pem, key_pem)?)))))
    }

    /// Uses another certificate from the next connection on.
    pub fn set(&self, chain_pem: &str, key_pem: &str) -> Result<(), Failure> {
        let key = Arc::new(read(chain_pem, key_pem)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = key;
        Ok(())
    }

    /// The server's configuration with this slot.
    pub fn config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, Failure> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| Failure::permanent("the registry's TLS cannot be set up").because(e.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
