//! Names under which secrets stand: in configuration files, headers, environments and logs.

/// How a flattened name ends whose value is a secret. Access keys are no secrets by themselves; they are kept with
/// them.
const ENDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secretkey",
    "token",
    "apikey",
    "accesskey",
    "accesskeyid",
    "privatekey",
    "clientkey",
    "clientkeydata",
    "tlskey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "sharedkey",
    "sessionkey",
    "credential",
    "credentials",
    "signature",
    "authorization",
    "cookie",
    "rootuser",
    "registryauth",
];

/// Whole names of a registry's login in `registries.yaml` and in Docker's configuration. As ends they would take too
/// much.
const WHOLE: &[&str] = &["auth", "username", "pass", "pw"];

/// Names whose value reaches to the end of what holds it: it has blanks of its own.
const HEADERS: &[&str] = &["authorization", "cookie"];

/// Values that tell nothing, and that a reader needs.
const NOTHING: &[&str] = &["true", "false", "null", "none", "nil", "yes", "no", "~", "-", "<none>", "<nil>", "***"];

/// A name in lower case and without what separates its words.
fn flat(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a secret stands under this name.
pub fn secret(name: &str) -> bool {
    let flat = flat(name);
    // `password2` is one as well.
    let flat = flat.trim_end_matches(|c: char| c.is_ascii_digit());
    let last = name.rsplit(['_', '-', '.', '/']).next().unwrap_or(name);
    WHOLE.contains(&flat) || last.eq_ignore_ascii_case("pass") || ENDS.iter().any(|end| flat.ends_with(end))
}

/// Whether its value may have blanks without being quoted.
pub fn header(name: &str) -> bool {
    let flat = flat(name);
    HEADERS.iter().any(|end| flat.ends_with(end))
}

/// Whether a value under such a name is no secret, and stays.
pub fn tells_nothing(value: &str) -> bool {
    value.is_empty() || NOTHING.iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_about_secrets() {
        for name in [
            "password",
            "MINIO_ROOT_PASSWORD",
            "aws_secret_access_key",
            "SecretAccessKey",
            "secretKey",
            "client-key-data",
            "identity_token",
            "identitytoken",
            "X-Amz-Security-Token",
            "Authorization",
            "DB_PASS",
            "auth",
            "username",
            "password2",
            "tls.key",
            "set-cookie",
        ] {
            assert!(secret(name), "{name}");
        }
        for name in [
            "secretName",
            "credentials_file",
            "externalCertSecretName",
            "automountServiceAccountTokens",
            "key",
            "tokenExpirationSeconds",
            "bypass",
            "author",
            "user",
            "certificate-authority-data",
            "access_key_rotation",
        ] {
            assert!(!secret(name), "{name}");
        }
    }
}
