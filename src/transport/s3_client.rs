//! Our HTTPS client in the SDK's clothes, and what all clients of S3 are set up alike with.
//!
//! The SDK's retries are off: retries are data of those who call, and ten calls to a closed port
//! took 10.6 s with them.

use super::https;
use super::paced::Paced;
use super::trouble::Trouble;
use crate::base::Secret;
use crate::ports::objects::Pacer;
use crate::ports::world::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Region};
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::retry::RetryConfig;
use std::sync::Arc;

/// MinIO's default, which it also assumes where a request names none.
pub(super) const REGION: &str = "us-east-1";

/// The settings of a client of the service at `url`. Keys are the caller's to add.
pub(super) fn settings(url: String, region: String, https: https::Client<SdkBody>) -> Builder {
    aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .endpoint_url(url)
        .http_client(Sdk { https, pacer: None })
        .retry_config(RetryConfig::disabled())
        // Newer checksums are not understood by every server that speaks S3; TLS guards the way.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
}

/// Keys as the SDK wants them.
pub(super) fn signer(keys: &Credentials, token: Option<&Secret<String>>) -> aws_credential_types::Credentials {
    aws_credential_types::Credentials::new(
        keys.access_key.clone(),
        keys.secret_key.expose().clone(),
        token.map(|t| t.expose().clone()),
        None,
        "modelquay",
    )
}

/// The same settings, with bodies that are sent as somebody says. The signature is made before, of the body as it is.
pub(super) fn paced(like: &aws_sdk_s3::Config, https: https::Client<SdkBody>, pacer: Arc<dyn Pacer>) -> Builder {
    like.to_builder().http_client(Sdk { https, pacer: Some(pacer) })
}

#[derive(Clone, Debug)]
struct Sdk {
    https: https::Client<SdkBody>,
    pacer: Option<Arc<dyn Pacer>>,
}

impl HttpConnector for Sdk {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { https: client, pacer } = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|e| ConnectorError::user(e.into()))?;
            let request = match pacer {
                Some(pacer) => request.map(|body| SdkBody::from_body_1_x(Paced::new(body, pacer))),
                None => request,
            };
            let answer = client.send(request).await.map_err(|trouble| match trouble {
                Trouble::NoAnswer(_) => ConnectorError::timeout(Box::new(trouble)),
                _ => ConnectorError::io(Box::new(trouble)),
            })?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|e| ConnectorError::other(e.into(), None))
        })
    }
}

impl HttpClient for Sdk {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
