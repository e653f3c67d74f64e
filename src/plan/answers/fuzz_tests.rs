//! Answers that are nearly right: they are a site, or mistakes that can be shown.

use super::*;
use crate::base::fuzz;

/// Lines of right answers, to be put together.
const LINES: [&str; 46] = [
    "site = \"edge-07\"",
    "adopt = true",
    "compute = \"gpu\"",
    "[host]",
    "address = \"tech@edge-07.example\"",
    "address = \"local\"",
    "port = 22",
    "identity = \"~/.ssh/id_ed25519\"",
    "jump = \"tech@gateway.example\"",
    "fingerprint = \"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
    "[names]",
    "node_name = \"edge-07\"",
    "node_ip = \"192.168.1.20\"",
    "tls_san = [\"a.example\", \"10.0.0.1\"]",
    "cluster_cidr = \"10.52.0.0/16\"",
    "service_cidr = \"10.53.0.0/16\"",
    "[supply]",
    "images = \"pull\"",
    "extra_ca = \"ca.pem\"",
    "components = [\"mine.toml\", \"more.toml\"]",
    "[supply.proxy]",
    "url = \"http://proxy.example:3128\"",
    "no_proxy = [\".example\", \"10.0.0.0/8\"]",
    "[[supply.mirror]]",
    "registry = \"docker.io\"",
    "endpoint = \"https://mirror.example/v2\"",
    "rewrite = { \"^(.*)$\" = \"proj/$1\" }",
    "[registry]",
    "tenant = \"model-registry\"",
    "namespace = \"models\"",
    "volumes = 4",
    "capacity = \"20GiB\"",
    "data_dir = \"/srv/models\"",
    "storage_class = \"longhorn\"",
    "node_port = 30900",
    "console_port = 30901",
    "[[bucket]]",
    "name = \"models\"",
    "versioning = false",
    "keep_versions = 3",
    "noncurrent_days = 30",
    "quota = \"auto\"",
    "quota = \"10GiB\"",
    "tls_san = '''\n'''",
    "# a comment",
    "x.y.z = 1979-05-27T07:32:00Z",
];

fn file(dice: &mut fuzz::Dice) -> String {
    let mut lines = if dice.once_in(4) { Vec::new() } else { LINES[..1].to_vec() };
    lines.extend([LINES[3], LINES[4]]);
    lines.extend(fuzz::some_lines(dice, &LINES, 4));
    lines.join("\n")
}

#[test]
fn any_answers_are_a_site_or_mistakes_that_can_be_shown() {
    let (mut sites, mut mistaken) = (0_u64, 0_u64);
    fuzz::each(fuzz::CASES, |dice| {
        let whole = file(dice);
        // Few of those that are put together are right: a bent one is as often wrong as one that is not.
        let text = if dice.once_in(2) { whole } else { fuzz::bend_text(dice, &whole) };
        match parse(&text) {
            Ok(draft) => {
                sites += 1;
                // What was understood is written and understood again as the same.
                let again = parse(&to_toml(&draft)).expect("what is written can be read");
                assert_eq!(again.site, draft.site, "{text}");
                let content = fuzz::bend_text(dice, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
                match draft.complete(|file| {
                    if file.key == "supply.extra_ca" { Ok(content.clone()) } else { Err("\u{1b}[2Jno".into()) }
                }) {
                    Ok(site) => assert!(site.supply.extra_ca.is_none_or(|ca| ca == content)),
                    Err(problems) => assert!(!problems.is_empty()),
                }
            }
            Err(problems) => {
                mistaken += 1;
                assert!(!problems.is_empty());
                for problem in &problems {
                    fuzz::shown(&problem.to_string(), 1000);
                    assert!((1..=text.lines().count().max(1) + 1).contains(&problem.line), "{problem}: {text}");
                }
            }
        }
    });
    fuzz::both(sites, mistaken);
}

#[test]
fn what_is_large_or_deep_is_judged_soon() {
    let head = "site = \"edge\"\n[host]\naddress = \"local\"\n";
    let large = fuzz::LARGE.min(LONGEST - head.len() - 20);
    let filled = |piece: &str| piece.repeat(large / piece.len());
    for text in [
        format!("{head}[names]\ntls_san = [{}]", filled("\"A\",")),
        format!("{head}{}", filled("[[bucket]]\nname = \"x\"\n")),
        format!("{head}x = {}", filled("[")),
        format!("{head}x = {}1", filled("{a=")),
        format!("{head}{} = 1", filled("a.")),
        filled("["),
        filled("\""),
        filled("x = 1\n"),
        (0..large / 12).map(|n| format!("k{n} = 1")).collect::<Vec<_>>().join("\n"),
        format!("site = \"{}\"", filled("x")),
        filled("\n"),
        "a\u{1b}".repeat(10_000_000),
    ] {
        let start: String = text.chars().take(60).collect();
        let problems = fuzz::soon(&start, || parse(&text)).expect_err("it is no site");
        let told = report("answers", &problems);
        assert!(told.len() < 200_000, "{} bytes are told of {start:?}", told.len());
        told.lines().for_each(|line| fuzz::shown(line, 4000));
    }
}
