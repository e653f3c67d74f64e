//! Where an S3 service is, and whose keys ask.

use crate::base::Secret;
use crate::ports::world::{Credentials, Endpoint};

/// Who vouches for a service's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// These CA certificates (PEM) and no others: a site of ours, or a file that was named.
    Only(String),
    /// The CA certificates of this computer.
    System,
}

/// Where an S3 service is and who asks. What a site or a profile of the AWS files says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `https://10.77.0.2:30900` or `http://127.0.0.1:9000`; without a path.
    pub url: String,
    /// The region that requests are signed for; `us-east-1` where nobody says.
    pub region: String,
    /// Who vouches for it; of no meaning where the URL begins with `http:`.
    pub trust: Trust,
    /// Whose keys sign; nobody's where it is read without.
    pub keys: Option<Credentials>,
    /// A token that belongs to keys for a while.
    pub session_token: Option<Secret<String>>,
    /// Whether the bucket is part of the path (`/bucket/key`) and not of the host's name.
    pub path_style: bool,
}

impl Service {
    /// A site of ours, which only its own CA vouches for.
    pub fn of_site(at: &Endpoint, with: &Credentials) -> Self {
        Self {
            url: at.url(),
            // MinIO's default, which an install leaves as it is.
            region: "us-east-1".to_owned(),
            trust: Trust::Only(at.ca_pem.clone()),
            keys: Some(with.clone()),
            session_token: None,
            path_style: true,
        }
    }
}
