use super::*;
use crate::plan::FailureKind;
use std::collections::HashMap;

#[derive(Default)]
struct Played {
    variables: HashMap<&'static str, &'static str>,
    files: HashMap<&'static str, &'static str>,
}

impl Surroundings for Played {
    fn variable(&self, name: &str) -> Option<String> {
        if name == "HOME" { Some("/home/t".to_owned()) } else { self.variables.get(name).map(|v| (*v).to_owned()) }
    }

    fn file(&self, path: &Path) -> io::Result<Option<Secret<String>>> {
        Ok(self.files.get(path.to_str().expect("these are text")).map(|text| Secret::from(*text)))
    }
}

const CONFIG: &str = "[default]\nregion = eu-north-1\n[profile site]\nendpoint_url = https://10.0.0.1:9000/\n\
                      ca_bundle = /ca.pem\n[profile nested]\nservices = s\n[services s]\ns3 =\n  endpoint_url = http://n:1\n\
                      [profile sso]\nsso_session = work\n[profile virtual]\nendpoint_url = https://o.example\n\
                      s3 =\n  addressing_style = virtual\n";
const CREDENTIALS: &str = "[default]\naws_access_key_id = D\naws_secret_access_key = d-secret\n[site]\n\
                           aws_access_key_id = S\naws_secret_access_key = s-secret\naws_session_token = s-token\n\
                           [nested]\naws_access_key_id = N\naws_secret_access_key = n-secret\n";

fn played(variables: &[(&'static str, &'static str)]) -> Played {
    let files = HashMap::from([
        ("/home/t/.aws/config", CONFIG),
        ("/home/t/.aws/credentials", CREDENTIALS),
        ("/ca.pem", "the CA"),
        ("/other.pem", "another CA"),
    ]);
    Played { variables: variables.iter().copied().collect(), files }
}

fn profile(name: &str) -> Flags {
    Flags { profile: Some(name.to_owned()), ..Flags::default() }
}

fn key(found: &Found) -> Option<(&str, &str)> {
    found.service.keys.as_ref().map(|k| (k.access_key.as_str(), k.secret_key.expose().as_str()))
}

#[test]
fn a_profile_says_where_and_who() {
    let found = find(&profile("site"), &played(&[])).expect("it is there");
    assert_eq!(found.service.url, "https://10.0.0.1:9000");
    assert_eq!(found.service.trust, Trust::Only("the CA".to_owned()));
    assert_eq!((key(&found), found.service.path_style), (Some(("S", "s-secret")), true));
    assert_eq!(found.service.session_token, Some("s-token".into()));
    assert_eq!(found.keys, Keys::Profile("site".to_owned()));
    assert!(!format!("{found:?}").contains("s-secret") && !format!("{found:?}").contains("s-token"));
}

#[test]
fn without_a_word_it_is_the_default_profile_at_amazon() {
    let found = find(&Flags::default(), &played(&[])).expect("it is there");
    assert_eq!(found.service.url, "https://s3.eu-north-1.amazonaws.com");
    assert_eq!((found.service.region.as_str(), found.service.path_style), ("eu-north-1", false));
    assert_eq!((key(&found), &found.service.trust), (Some(("D", "d-secret")), &Trust::System));
}

#[test]
fn the_environment_goes_before_the_files_and_a_flag_before_both() {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "E"),
        ("AWS_SECRET_ACCESS_KEY", "e-secret"),
        ("AWS_SESSION_TOKEN", "e-token"),
        ("AWS_PROFILE", "nested"),
        ("AWS_REGION", "r"),
        ("AWS_ENDPOINT_URL", "http://e:1"),
        ("AWS_CA_BUNDLE", "/other.pem"),
    ];
    let found = find(&Flags::default(), &played(&variables)).expect("it is there");
    assert_eq!((key(&found), found.service.url.as_str()), (Some(("E", "e-secret")), "http://e:1"));
    assert_eq!((found.service.region.as_str(), &found.keys), ("r", &Keys::Environment));
    assert_eq!(found.service.trust, Trust::Only("another CA".to_owned()));
    assert_eq!(found.service.session_token, Some("e-token".into()));

    let flags = Flags { endpoint: Some("https://f:2".into()), ca: Some("/ca.pem".into()), ..profile("site") };
    let found = find(&flags, &played(&variables)).expect("it is there");
    assert_eq!((key(&found), found.service.url.as_str()), (Some(("S", "s-secret")), "https://f:2"));
    assert_eq!(found.service.trust, Trust::Only("the CA".to_owned()));

    let s3 = [("AWS_ENDPOINT_URL_S3", "http://s3:1"), ("AWS_ENDPOINT_URL", "http://e:1")];
    assert_eq!(find(&Flags::default(), &played(&s3)).expect("it is there").service.url, "http://s3:1");
    let ignored = [("AWS_ENDPOINT_URL", "http://e:1"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
    assert!(find(&Flags::default(), &played(&ignored)).expect("it is there").service.url.ends_with(AMAZON));
}

#[test]
fn endpoints_and_styles_may_be_nested() {
    assert_eq!(find(&profile("nested"), &played(&[])).expect("it is there").service.url, "http://n:1");
    let found = find(&profile("virtual"), &played(&[])).expect("it is there");
    assert_eq!((found.service.path_style, &found.keys), (false, &Keys::None));
}

#[test]
fn what_cannot_be_done_is_said_by_name() {
    let failure = find(&profile("sso"), &played(&[])).expect_err("it has no keys");
    assert!(failure.message.contains("sso_session") && failure.hint.is_some(), "{failure}");
    let failure = find(&profile("none"), &played(&[])).expect_err("there is none");
    assert!(failure.hint.as_ref().is_some_and(|h| h.contains("site")), "{failure:?}");
    let half = find(&Flags::default(), &played(&[("AWS_ACCESS_KEY_ID", "E")])).expect_err("half is missing");
    assert!(half.message.contains("AWS_SECRET_ACCESS_KEY"), "{half}");
    let missing = Flags { ca: Some("/none.pem".into()), ..Flags::default() };
    let failure = find(&missing, &played(&[])).expect_err("the file is not there");
    assert_eq!(failure.kind, FailureKind::Permanent);
    let mut broken = played(&[]);
    broken.files.insert("/home/t/.aws/config", "[default]\nnonsense d-secret\n");
    let failure = find(&Flags::default(), &broken).expect_err("it cannot be read");
    assert!(failure.message.contains("line 2") && !failure.line().contains("d-secret"), "{failure}");
}

#[test]
fn nobodys_keys_and_no_files_are_fine() {
    let flags = Flags { unsigned: true, endpoint: Some("http://x:1".into()), ..Flags::default() };
    let found = find(&flags, &played(&[])).expect("nothing is needed");
    assert_eq!((key(&found), &found.keys), (None, &Keys::Unsigned));
    let found = find(&Flags::default(), &Played::default()).expect("nothing is needed");
    assert_eq!((key(&found), &found.keys), (None, &Keys::None));
    let elsewhere = Played {
        variables: HashMap::from([("AWS_CONFIG_FILE", "~/c"), ("AWS_SHARED_CREDENTIALS_FILE", "/s")]),
        files: HashMap::from([("/home/t/c", "[default]\nregion = x\n"), ("/s", CREDENTIALS)]),
    };
    let found = find(&Flags::default(), &elsewhere).expect("they are there");
    assert_eq!((found.service.region.as_str(), key(&found)), ("x", Some(("D", "d-secret"))));
}
