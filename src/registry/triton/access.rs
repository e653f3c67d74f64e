//! Whether a key may do what Triton does with it. The four requests were tried by whoever has the
//! key; this says what their answers mean.

use super::rule::{Finding, Rule, Severity};

/// The answer to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It was answered.
    Allowed,
    /// It was refused, with what the service said: its code and message, or only a status in the answer to a HEAD.
    Denied(String),
    /// It was not tried, or the answer says nothing about permissions.
    #[default]
    Unknown,
}

/// What a key may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// `HeadBucket`.
    pub head_bucket: Verdict,
    /// `ListObjectsV2`.
    pub list: Verdict,
    /// `HeadObject`.
    pub head_object: Verdict,
    /// `GetObject`.
    pub get_object: Verdict,
}

impl Access {
    /// Whether all four were allowed.
    pub fn is_enough(&self) -> bool {
        self.all().iter().all(|verdict| **verdict == Verdict::Allowed)
    }

    /// Whether one was refused, so that Triton loads nothing.
    pub fn is_denied(&self) -> bool {
        self.all().iter().any(|verdict| matches!(verdict, Verdict::Denied(_)))
    }

    fn all(&self) -> [&Verdict; 4] {
        [&self.head_bucket, &self.list, &self.head_object, &self.get_object]
    }
}

/// What a key lacks for Triton, in the order in which Triton notices it.
pub fn judge_access(access: &Access, bucket: &str) -> Vec<Finding> {
    let list = format!("allow s3:ListBucket and s3:GetBucketLocation on arn:aws:s3:::{bucket}");
    let read = format!("allow s3:GetObject on arn:aws:s3:::{bucket}/*");
    let rows = [
        (
            Rule::DeniedBucket,
            &access.head_bucket,
            "HeadBucket",
            // The built-in policy `readonly` of MinIO lacks it.
            "Unable to create S3 filesystem client. Check account credentials. …".to_owned(),
            &list,
        ),
        (
            Rule::DeniedList,
            &access.list,
            "ListObjectsV2",
            format!("Could not list contents of directory at s3://{bucket}/… due to exception: …"),
            &list,
        ),
        (
            Rule::DeniedHead,
            &access.head_object,
            "HeadObject",
            format!("Could not get MetaData for object at s3://{bucket}/… due to exception: …"),
            &read,
        ),
        (
            Rule::DeniedRead,
            &access.get_object,
            "GetObject",
            format!("Failed to get object at s3://{bucket}/… due to exception: …"),
            &read,
        ),
    ];
    rows.into_iter()
        .filter_map(|(rule, verdict, request, says, fix)| {
            let Verdict::Denied(code) = verdict else { return None };
            let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
            let what = format!("the key may not do {request}{code}, and Triton does");
            Some(Finding::new(rule, Severity::Error, bucket, what).says(says).fix(fix))
        })
        .collect()
}
