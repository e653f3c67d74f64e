//! A host's kubeconfig, read in memory and taken with care.

use crate::base::Secret;
use crate::plan::Failure;
use base64::Engine;
use kube::config::{KubeConfigOptions, Kubeconfig};

/// The client's configuration and the server's CA in PEM.
///
/// No error of a parser is passed on: such messages quote the text, and the text holds a key.
pub(super) async fn read(kubeconfig: &Secret<Vec<u8>>) -> Result<(kube::Config, String), Failure> {
    let unreadable = || {
        Failure::permanent("the host's kubeconfig cannot be read")
            .help("Look at it on the host: it is RKE2's own, /etc/rancher/rke2/rke2.yaml.")
    };
    let text = std::str::from_utf8(kubeconfig.expose()).map_err(|_| unreadable())?;
    let parsed = Kubeconfig::from_yaml(text).map_err(|_| unreadable())?;
    if let Some(what) = reaches_outside(&parsed) {
        return Err(Failure::permanent(format!("the host's kubeconfig is refused: it {what}"))
            .help("Use a kubeconfig that carries its CA, certificate and key in itself, as RKE2's own does."));
    }
    let ca = parsed
        .clusters
        .iter()
        .filter_map(|named| named.cluster.as_ref()?.certificate_authority_data.as_deref())
        .find_map(|data| base64::engine::general_purpose::STANDARD.decode(data.trim()).ok())
        .and_then(|pem| String::from_utf8(pem).ok())
        .ok_or_else(|| Failure::permanent("the host's kubeconfig names no CA"))?;
    let config =
        kube::Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await.map_err(|_| unreadable())?;
    if config.cluster_url.scheme_str() != Some("https") {
        return Err(Failure::permanent("the host's kubeconfig is refused: its server is not reached by https"));
    }
    Ok((config, ca))
}

/// What in it would reach outside itself. The host may be hostile; this computer is not its to command.
fn reaches_outside(config: &Kubeconfig) -> Option<&'static str> {
    let clusters = config.clusters.iter().filter_map(|named| named.cluster.as_ref());
    for cluster in clusters {
        if cluster.insecure_skip_tls_verify == Some(true) {
            return Some("turns the verification of the server off");
        }
        if cluster.certificate_authority.is_some() {
            return Some("names a CA file on this computer");
        }
        if cluster.proxy_url.is_some() {
            return Some("names a proxy");
        }
    }
    for user in config.auth_infos.iter().filter_map(|named| named.auth_info.as_ref()) {
        if user.exec.is_some() || user.auth_provider.is_some() {
            return Some("would run a program on this computer");
        }
        if user.client_certificate.is_some() || user.client_key.is_some() || user.token_file.is_some() {
            return Some("names a file on this computer");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_reaches_outside_is_refused_and_nothing_is_quoted() {
        let with = |cluster: &str, user: &str| {
            format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
                 clusters: [{{name: k, cluster: {{server: 'https://127.0.0.1:6443', {cluster}}}}}]\n\
                 users: [{{name: u, user: {{{user}}}}}]\n"
            )
        };
        for (cluster, user, says) in [
            ("insecure-skip-tls-verify: true", "", "verification"),
            ("certificate-authority: /etc/ca", "", "CA file"),
            ("proxy-url: 'http://p'", "", "proxy"),
            ("", "exec: {command: sh, apiVersion: client.authentication.k8s.io/v1}", "run a program"),
            ("", "client-key: /etc/key", "a file"),
            ("", "tokenFile: /etc/token", "a file"),
            ("", "token: canary", "names no CA"),
        ] {
            let failure = read(&Secret::new(with(cluster, user).into_bytes())).await.expect_err("it is refused");
            assert!(failure.line().contains(says), "{failure}");
        }
        let failure = read(&Secret::new(b"users: [canary".to_vec())).await.expect_err("it is no YAML");
        assert!(!failure.line().contains("canary"), "{failure}");
    }
}
