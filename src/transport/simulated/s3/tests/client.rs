//! The SDK with the service itself in place of a network.

use super::super::admin::Admin;
use super::super::api::Api;
use super::super::auth::Gate;
use super::super::store::Store;
use crate::base::SystemClock;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use s3s::service::{S3Service, S3ServiceBuilder};
use std::sync::Arc;

/// The root key of these tests.
pub const ROOT: (&str, &str) = ("root-key", "root-secret-0123456789");

/// The name by which these tests call the registry.
pub const HOST: &str = "registry.invalid:9000";

#[derive(Clone)]
struct InProcess(S3Service);

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let service = self.0.clone();
        HttpConnectorFuture::new(async move {
            let other = |e: Box<dyn std::error::Error + Send + Sync>| ConnectorError::other(e, None);
            let mut request = request.try_into_http1x().map_err(|e| other(e.into()))?;
            // What an HTTP client adds on the wire, and what is part of the signature.
            request.headers_mut().insert("host", http::HeaderValue::from_static(HOST));
            let answer = service.call(request.map(s3s::Body::http_body_unsync)).await.map_err(|e| other(e.into()))?;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.map_err(other)?.to_bytes();
            let answer = http::Response::from_parts(parts, SdkBody::from(body));
            HttpResponse::try_from(answer).map_err(|e| other(e.into()))
        })
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// A store with its service.
pub struct Bench {
    /// The store behind it.
    pub store: Arc<Store>,
    service: S3Service,
}

impl Bench {
    /// An empty registry whose root key is [`ROOT`].
    pub fn new() -> Self {
        let store = Store::new(Arc::new(SystemClock));
        store.set_root(ROOT.0, ROOT.1);
        let mut builder = S3ServiceBuilder::new(Api(Arc::clone(&store)));
        builder.set_auth(Gate(Arc::clone(&store)));
        builder.set_access(Gate(Arc::clone(&store)));
        builder.set_route(Admin(Arc::clone(&store)));
        Self { store, service: builder.build() }
    }

    /// The service, for requests that the SDK does not make.
    pub fn service(&self) -> &S3Service {
        &self.service
    }

    /// A client with this key.
    pub fn client(&self, key: (&str, &str)) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url("http://registry.invalid:9000")
            .force_path_style(true)
            .credentials_provider(Credentials::new(key.0, key.1, None, None, "test"))
            .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
            .request_checksum_calculation(RequestChecksumCalculation::WhenSupported)
            .response_checksum_validation(ResponseChecksumValidation::WhenSupported)
            .http_client(InProcess(self.service.clone()))
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// A client with root's key and a bucket `models`.
    pub async fn with_bucket(versioned: bool) -> (Self, aws_sdk_s3::Client) {
        let bench = Self::new();
        let s3 = bench.client(ROOT);
        s3.create_bucket().bucket("models").send().await.expect("a bucket can be made");
        if versioned {
            bench
                .store
                .with(|s| s.bucket("models").map(|b| b.keeps = super::super::store::Keeps::On))
                .expect("it is there");
        }
        (bench, s3)
    }
}

/// The S3 code of a refusal, or its HTTP status where it has none.
pub fn code<E, T>(answer: Result<T, aws_sdk_s3::error::SdkError<E>>) -> String
where
    E: aws_sdk_s3::error::ProvideErrorMetadata,
{
    match answer {
        Ok(_) => "done".into(),
        Err(e) => match e.as_service_error().and_then(|s| s.code().map(str::to_owned)) {
            Some(code) => code,
            None => e.raw_response().map_or_else(|| "no answer".into(), |r| r.status().as_u16().to_string()),
        },
    }
}
