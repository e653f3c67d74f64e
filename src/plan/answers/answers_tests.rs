use super::*;
use crate::plan::site::{Bucket, ImageDelivery, Quota, SshReach, Storage};
use proptest::prelude::*;

fn problems(text: &str) -> Vec<String> {
    parse(text).expect_err("it has mistakes").iter().map(ToString::to_string).collect()
}

fn good(rest: &str) -> Draft {
    let text = format!("site = \"edge-07\"\n[host]\naddress = \"local\"\n{rest}");
    parse(&text).unwrap_or_else(|p| panic!("{}", report("answers", &p)))
}

fn bad(rest: &str) -> String {
    problems(&format!("site = \"edge-07\"\n[host]\naddress = \"local\"\n{rest}")).join("\n")
}

#[test]
fn the_template_parses_to_the_defaults() {
    let draft = parse(TEMPLATE).unwrap_or_else(|p| panic!("{}", report("template", &p)));
    let reach = Reach::Ssh(SshReach { destination: TEMPLATE_ADDRESS.into(), ..SshReach::default() });
    assert_eq!(draft.site, Site::with_defaults(TEMPLATE_SITE.parse().expect("a label"), reach));
    assert_eq!((draft.extra_ca, draft.components.len()), (None, 0));
}

#[test]
fn the_template_explains_every_key() {
    for (section, keys) in SECTIONS {
        for key in *keys {
            assert!(TEMPLATE.contains(key), "{section}.{key} is not in the template");
        }
    }
}

#[test]
fn every_commented_line_of_the_template_is_valid_when_it_is_switched_on() {
    // `#key = value` without a space is an example that can be switched on; prose has a space.
    let on: String = TEMPLATE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') && !rest.is_empty() => rest,
            _ => line,
        })
        // The two ways of storage exclude each other, and a file that is read needs a reader.
        .filter(|line| !line.starts_with("data_dir"))
        .fold(String::new(), |all, line| all + line + "\n");
    let draft = parse(&on).unwrap_or_else(|p| panic!("{}", report("template", &p)));
    assert!(draft.site.supply.proxy.is_some() && draft.extra_ca.is_some() && draft.components.len() == 1);
}

#[test]
fn all_mistakes_are_reported_at_once_with_their_lines() {
    let text = "site = \"Edge\"\nadpot = true\ncompute = \"tpu\"\n[host]\naddress = \"-oProxyCommand=x\"\n\
                port = 70000\n[registry]\nvolumes = 3\ndata_dir = \"/var/lib/rancher/x\"\nnode_port = 9000\n\
                [[bucket]]\nname = \"My_Models\"\nquota = \"10GB\"\n";
    let found = problems(text);
    let lines: Vec<usize> = parse(text).expect_err("mistakes").iter().map(|p| p.line).collect();
    assert_eq!(lines, [1, 2, 3, 5, 6, 8, 9, 10, 12, 13], "{found:#?}");
    assert_eq!(found[1], "line 2: adpot: this key is not known (did you mean \"adopt\"?)");
    assert_eq!(found[5], "line 8: registry.volumes: found the number 3; valid is 1, or 4 to 16");
}

#[test]
fn a_key_in_the_wrong_section_is_sent_home() {
    assert!(bad("[registry]\ntls_san = []\n").contains("it belongs to [names]"));
    assert!(bad("[names]\nfoo = 1\n").contains("known here: node_name, node_ip, tls_san"));
}

#[test]
fn what_is_missing_is_named() {
    let found = problems("");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("site") && found[1].contains("host.address"), "{found:?}");
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    let found = problems("site = \"edge\"\n[host\naddress = \"local\"\n");
    assert!(found[0].starts_with("line 2: "), "{found:?}");
    assert!(problems("site = \"a\"\nsite = \"b\"\n")[0].starts_with("line 2: "));
}

#[test]
fn no_secret_may_stand_in_it_and_none_is_repeated() {
    let found = bad("[supply.proxy]\nurl = \"http://tech:hunter2@proxy.example:3128\"\n");
    assert!(found.contains("no secret may stand in the answers") && !found.contains("hunter2"), "{found}");
    let found = bad("[[supply.mirror]]\nregistry = \"docker.io\"\nendpoint = \"https://u:hunter2@m.example\"\n");
    assert!(found.contains("no secret") && !found.contains("hunter2"), "{found}");
    let found = problems("site = \"a\"\n[host]\naddress = \"tech:hunter2@edge\"\n").join("");
    assert!(found.contains("password") && !found.contains("hunter2"), "{found}");
}

#[test]
fn networks_must_not_collide() {
    assert!(bad("[names]\nservice_cidr = \"10.42.128.0/17\"\n").contains("overlap"));
    assert!(bad("[names]\nnode_ip = \"10.43.0.9\"\n").contains("lies in the network of services"));
    assert!(bad("[names]\ncluster_cidr = \"10.42.0.1/16\"\n").contains("as in \"10.42.0.0/16\""));
    assert!(bad("[names]\ncluster_cidr = \"10.42.0.0/26\"\n").contains("8 to 24"));
}

#[test]
fn one_value_each() {
    for (text, word) in [
        ("[names]\ntls_san = [\"ok.example\", \"Not OK\"]\n", "tls_san"),
        ("[names]\ntls_san = \"a\"\n", "a list of texts"),
        ("[names]\nnode_ip = \"127.0.0.1\"\n", "node_ip"),
        ("[supply]\nimages = \"pulled\"\n", "\"tarballs\" or \"pull\""),
        ("[supply.proxy]\nurl = \"http://proxy.example\"\n", "host:port"),
        ("[supply.proxy]\n", "supply.proxy.url: it is missing"),
        ("[[supply.mirror]]\nregistry = \"docker\"\nendpoint = \"https://m.example\"\n", "docker.io"),
        ("[registry]\ncapacity = \"10MiB\"\n", "1GiB"),
        ("[registry]\nnamespace = \"kube-system\"\n", "namespace of its own"),
        ("[registry]\nconsole_port = 30900\n", "own node_port"),
        ("[registry]\nstorage_class = \"longhorn\"\ndata_dir = \"/srv/x\"\n", "no meaning"),
        ("[registry]\ntenant = \"9models\"\n", "beginning with a letter"),
        ("[[bucket]]\nname = \"models\"\n[[bucket]]\nname = \"models\"\n", "twice"),
        ("[[bucket]]\nname = \"models\"\nkeep_versions = 0\n", "1 to 1000"),
        ("[[bucket]]\nversioning = \"yes\"\n", "true or false"),
    ] {
        assert!(bad(text).contains(word), "{text}: {}", bad(text));
    }
    assert!(problems("bucket = []\nsite = \"a\"\n[host]\naddress = \"local\"\n")[0].contains("at least one"));
    assert!(problems("site = \"a\"\n[host]\naddress = \"local\"\nport = 22\n")[0].contains("no meaning"));
}

#[test]
fn good_values_arrive() {
    let draft = good(
        "[supply]\nimages = \"pull\"\nextra_ca = \"ca.pem\"\ncomponents = [\"a.toml\", \"b.toml\"]\n\
         [[supply.mirror]]\nregistry = \"docker.io\"\nendpoint = \"https://m.example/v2\"\nrewrite = { \"^(.*)$\" = \"hub/$1\" }\n\
         [registry]\nvolumes = 1\ncapacity = \"2TiB\"\nstorage_class = \"longhorn\"\n\
         [[bucket]]\nname = \"a.b\"\nquota = \"10GiB\"\n[[bucket]]\nname = \"free\"\nquota = \"none\"\n",
    );
    assert_eq!(draft.site.supply.images, ImageDelivery::Pull);
    assert_eq!(draft.site.supply.mirrors["docker.io"][0].rewrite["^(.*)$"], "hub/$1");
    assert_eq!(draft.site.registry.storage, Storage::Existing("longhorn".into()));
    assert_eq!(draft.site.registry.capacity, 2 << 40);
    let quotas: Vec<Quota> = draft.site.buckets.iter().map(|b: &Bucket| b.quota).collect();
    assert_eq!(quotas, [Quota::Bytes(10 << 30), Quota::Unlimited]);
}

#[test]
fn named_files_are_read_by_the_caller_and_all_missing_ones_reported() {
    let draft = good("[supply]\nextra_ca = \"ca.pem\"\ncomponents = [\"a.toml\", \"b.toml\"]\n");
    let pem = "-----BEGIN CERTIFICATE-----\n";
    let site = draft.clone().complete(|f| Ok(if f.path == "ca.pem" { pem.into() } else { f.path.clone() }));
    let site = site.expect("every file is there");
    assert_eq!((site.supply.extra_ca.as_deref(), site.supply.components.len()), (Some(pem), 2));
    let missing = draft.clone().complete(|_| Err("no such file".into())).expect_err("none is there");
    assert_eq!(missing.len(), 3);
    let no_pem = draft.complete(|_| Ok("hello".into())).expect_err("the CA is no CA");
    assert!(no_pem[0].to_string().contains("no certificate"), "{no_pem:?}");
}

#[test]
fn a_written_file_reads_back_the_same() {
    let texts = [
        TEMPLATE.to_owned(),
        "site = \"a\"\nadopt = true\ncompute = \"gpu\"\n[host]\naddress = \"t@h\"\nport = 2222\nidentity = \"/k y\"\njump = \"j\"\n\
         ssh_config = \"c\"\n[names]\nnode_name = \"n\"\nnode_ip = \"192.168.1.2\"\ntls_san = [\"x.example\"]\n\
         cluster_cidr = \"10.52.0.0/16\"\nservice_cidr = \"10.53.0.0/16\"\n[supply]\nimages = \"pull\"\nextra_ca = \"ca\"\n\
         components = [\"t\"]\n[supply.proxy]\nurl = \"http://p.example:1\"\nno_proxy = [\".x.example\", \"10.0.0.0/8\"]\n\
         [[supply.mirror]]\nregistry = \"docker.io\"\nendpoint = \"https://m.example\"\nrewrite = { \"a\\\"b\" = \"c\" }\n\
         [registry]\ntenant = \"t\"\nnamespace = \"n\"\nvolumes = 8\ncapacity = \"1536MiB\"\ndata_dir = \"/srv/m\"\n\
         node_port = 31000\nconsole_port = 31001\n[[bucket]]\nname = \"bbb\"\nversioning = false\nkeep_versions = 9\n\
         noncurrent_days = 1\nquota = \"3B\"\n"
            .to_owned(),
    ];
    for text in texts {
        let draft = parse(&text).unwrap_or_else(|p| panic!("{}", report("first", &p)));
        let written = to_toml(&draft);
        let again = parse(&written).unwrap_or_else(|p| panic!("{}\n{written}", report("again", &p)));
        assert_eq!(again.site, draft.site, "{written}");
        let paths = |d: &Draft| d.components.iter().chain(&d.extra_ca).map(|f| f.path.clone()).collect::<Vec<_>>();
        assert_eq!(paths(&again), paths(&draft));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_ends_without_a_panic(text in "(\\[host\\]|\\[\\[bucket\\]\\]|site|address|quota|=|\"|\n|[a-z0-9\\[\\]{}.é]|\u{0}| ){0,60}") {
        match parse(&text) {
            Ok(_) => {}
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }
}
