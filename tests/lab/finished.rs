//! A finished host, months later: over a slow link, used with its keys, asked again, and beside things
//! that are not the product's.

use crate::console::the_console_opens_in_a_browser;
use crate::harness::{Host, program, python, wait_until};
use crate::install::{differences, versions};
use crate::product::{Product, key};
use crate::reports::{a_report_holds_everything_but_secrets, a_report_says_that_the_cluster_is_down};
use crate::round_trips::a_plan_over_a_long_line;
use crate::saved;
use crate::{browser, screens, tunnel};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What a plan says when the registry is up.
pub const REACHED: &str = "Reached from outside: nothing to do";

/// A finished host that has come up, with a product that has its keys.
fn finished() -> (Host, Product) {
    let host = saved::finished();
    let product = Product::new();
    product.answers(&host, "");
    wait_until("the registry after its boot", Duration::from_mins(4), || product.plan().said.contains(REACHED));
    // The keys are the cluster's: a file of them is written for whoever has none.
    product.install().expect(0);
    (host, product)
}

/// An independent client's answer.
fn s3(product: &Product, host: &Host, name: &str, args: &[&str]) -> String {
    let (access, secret) = key(&product.credentials(), name);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/checks/s3.py");
    let output = Command::new(python("boto3", "boto3==1.42.0").join("python"))
        .arg(script)
        .arg(format!("https://{}:30900", host.ip))
        .args(args)
        .env("AWS_ACCESS_KEY_ID", access)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("AWS_CA_BUNDLE", product.ca(host))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .expect("python can be started");
    assert!(output.status.success(), "{name} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The server's own account of who asks it what. It is read with the root key; its own request is not
/// in it, because the server tells of a request when it has ended.
struct Account {
    child: Child,
    out: std::path::PathBuf,
}

/// A request as the server tells of it.
#[derive(Debug)]
struct Request {
    api: String,
    /// The name by which the server was called: its address on the node, or the service's in the cluster.
    called: String,
    by: String,
}

impl Account {
    fn open(product: &Product, host: &Host) -> Self {
        let (access, secret) = key(&product.credentials(), "root");
        let config = product.path("private/mc");
        std::fs::create_dir_all(config.join("certs/CAs")).expect("the home is writable");
        std::fs::copy(product.ca(host), config.join("certs/CAs/ca.crt")).expect("the home is writable");
        let out = product.path("private/trace.jsonl");
        let file = std::fs::File::create(&out).expect("the home is writable");
        let child = Command::new(program("mc"))
            .arg("--config-dir")
            .arg(&config)
            .args(["admin", "trace", "--all", "--verbose", "--json", "lab"])
            .env("MC_HOST_lab", format!("https://{access}:{secret}@{}:30900", host.ip))
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(Stdio::null())
            .spawn()
            .expect("mc can be started");
        let account = Self { child, out };
        // It is open once it tells of a request that is made for this.
        wait_until("the server's account", Duration::from_mins(2), || {
            s3(product, host, "reader", &["list", "models"]);
            account.by(&key(&product.credentials(), "reader").0).next().is_some()
        });
        account
    }

    /// What was told so far, without the files and disks of the server itself.
    fn requests(&self) -> Vec<Request> {
        let text = std::fs::read_to_string(&self.out).unwrap_or_default();
        let read = |line: &str| -> Option<Request> {
            let told: serde_json::Value = serde_json::from_str(line).ok()?;
            let headers = told["request"]["headers"].as_object()?;
            let signed = headers.get("Authorization").and_then(|v| v.as_str()).unwrap_or_default();
            let by = signed.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            Some(Request { api: text(&told["api"]), called: text(&headers["Host"]), by: by.to_owned() })
        };
        text.lines().filter_map(read).collect()
    }

    /// Those that were signed with this key.
    fn by<'a>(&self, access: &'a str) -> impl Iterator<Item = Request> + use<'a> {
        self.requests().into_iter().filter(move |request| request.by == access)
    }

    /// Waits until the server has told of a last request that is made for this.
    fn settle(&self, product: &Product, host: &Host) {
        let triton = key(&product.credentials(), "triton").0;
        let before = self.by(&triton).count();
        s3(product, host, "triton", &["list", "models"]);
        wait_until("the server's account", Duration::from_mins(2), || self.by(&triton).count() > before);
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The root key is for administration: the registry's use, `status` and `check` ask nothing with it, and
/// an install again only looks. The operator asks for the drives by the service's name in the cluster whenever
/// it looks at its tenant, which may be in between.
fn the_root_key_rests(host: &Host, product: &Product) {
    let root = key(&product.credentials(), "root").0;
    let account = Account::open(product, host);
    let node = format!("{}:30900", host.ip);
    let operators = |request: &Request| {
        request.api == "admin.StorageInfo" && request.called == "minio.model-registry.svc.cluster.local:443"
    };
    s3(product, host, "publisher", &["prepare", "models", "used"]);
    s3(product, host, "reader", &["list", "models"]);
    s3(product, host, "triton", &["list", "models"]);
    product.run(&["status", &host.name]).expect(0);
    product.check().expect(0);
    account.settle(product, host);
    let used: Vec<Request> = account.by(&root).filter(|request| !operators(request)).collect();
    assert!(used.is_empty(), "the root key was used: {used:?}");
    let all = account.requests().len();

    product.install().expect(0).says("nothing was changed");
    account.settle(product, host);
    let looks: Vec<Request> = account.by(&root).filter(|request| !operators(request)).collect();
    assert!(!looks.is_empty() && looks.iter().all(|r| r.called == node), "{looks:?}");
    let writes = ["Put", "Delete", "Set", "Add", "Attach", "Remove", "Make", "Create", "Update"];
    let wrote: Vec<&Request> = looks.iter().filter(|r| writes.iter().any(|word| r.api.contains(word))).collect();
    assert!(wrote.is_empty(), "an install again writes with the root key: {wrote:?}");
    println!("root key: 0 of {all} requests in use; {} looks by an install again", looks.len());
}

/// y for done, n for refused, in the order of `s3.py`.
fn three_keys_do_what_their_policies_say(host: &Host, product: &Product) {
    let version = s3(product, host, "publisher", &["prepare", "models", "k"]);
    // To MinIO whoever may list and read may list and read versions too.
    for (name, expected) in [("triton", "yyyyyynnnnnn"), ("reader", "yyyyyynnnnnn"), ("publisher", "yyyyyyyyyynn")] {
        let said = s3(product, host, name, &["twelve", "models", "k", &version]);
        let letters: String = said.lines().map(|line| if line.ends_with(" yes") { 'y' } else { 'n' }).collect();
        assert_eq!(letters, expected, "{name}:\n{said}");
    }
}

/// Another bucket in the answers, with a quota that can be reached.
fn a_bucket_holds_no_more_than_its_quota(host: &Host, product: &Product) {
    product.answers(host, "[[bucket]]\nname = \"models\"\n[[bucket]]\nname = \"small\"\nquota = \"3MiB\"\n");
    product.install().expect(0);
    assert_eq!(s3(product, host, "publisher", &["put", "small", "fits", "1024"]), "done");
    let refused = s3(product, host, "publisher", &["put", "small", "too-much", "8388608"]);
    assert_eq!(refused, "XMinioAdminBucketQuotaExceeded");
    for bucket in ["models", "small"] {
        let rules = s3(product, host, "root", &["expiry", bucket]);
        let rules: serde_json::Value = serde_json::from_str(&rules).expect("JSON");
        let kept = &rules[0]["NoncurrentVersionExpiration"];
        assert_eq!((&rules[0]["Status"], rules[1].is_null()), (&"Enabled".into(), true), "{rules}");
        assert_eq!(kept, &serde_json::json!({"NoncurrentDays": 30, "NewerNoncurrentVersions": 3}), "{rules}");
    }
    product.install().expect(0).says("nothing was changed");
}

/// What is not the product's is refused with its name, and nothing is changed.
fn nothing_foreign_is_touched(host: &Host, product: &Product) {
    let ours = |host: &Host| {
        let all = versions(host);
        // A tenant's status lives by itself, and with a second tenant beside it the operator gives Service minio to and
        // fro. So what the product has written is looked at too.
        let operators = ["Tenant/", "Service/model-registry/minio ", "Service/model-registry/theirs-"];
        let lives = |line: &str| operators.iter().any(|start| line.starts_with(start));
        let still = all.split_inclusive('\n').filter(|line| !lives(line)).collect::<String>();
        let written = host.writes_of_the_product();
        assert!(written > 0, "the audit log tells nothing of the install");
        format!("{still}written by the product: {written}\n")
    };
    let copy = "get tenants.minio.min.io -n model-registry model-registry -o json";
    let theirs = host.kubectl(copy);
    let mut theirs: serde_json::Value = serde_json::from_str(&theirs).expect("JSON");
    theirs["metadata"] = serde_json::json!({"name": "theirs", "namespace": "model-registry"});
    theirs["status"] = serde_json::Value::Null;
    host.kubectl(&format!("apply -f - <<'JSON'\n{theirs}\nJSON"));
    let state = "get tenants.minio.min.io -n model-registry theirs -o jsonpath={.status.currentState}";
    wait_until("what the operator says of a second tenant", Duration::from_mins(2), || {
        host.kubectl(state).contains("Another MinIO Tenant")
    });
    let before = ours(host);
    product.install().expect(4).says("theirs").says("nothing was changed");
    assert_eq!(differences(&before, &ours(host)), Vec::<String>::new(), "beside a foreign tenant");
    host.kubectl("delete tenants.minio.min.io -n model-registry theirs --wait");

    host.kubectl("create service nodeport theirs --tcp=80:80 --node-port=30950");
    let before = ours(host);
    product.change_answers(|text| text + "[registry]\nnode_port = 30950\n");
    product.install().expect(4).says("node port 30950 is held by Service default/theirs").says("registry.node_port");
    assert_eq!(differences(&before, &ours(host)), Vec::<String>::new(), "beside a foreign service");
    host.kubectl("delete service theirs");
    product.answers(host, "");
}

/// The bucket browser: its commands, its screens, and both through the host's connection.
fn the_bucket_browser_works(host: &Host, product: &Product) {
    let client = browser::client(host, product);
    let site = browser::Site { host, product, client: &client };
    browser::every_command_does_what_it_says(&site);
    screens::every_place_does_what_it_says(&site);
    tunnel::the_registry_is_reached_through_its_host(host, &client);
}

#[test]
fn a_finished_host_is_asked_used_and_left_alone() {
    let (host, product) = finished();
    a_plan_over_a_long_line(&host, &product);
    the_console_opens_in_a_browser(&host);
    a_report_holds_everything_but_secrets(&host, &product);
    the_root_key_rests(&host, &product);
    three_keys_do_what_their_policies_say(&host, &product);
    the_bucket_browser_works(&host, &product);
    nothing_foreign_is_touched(&host, &product);
    a_bucket_holds_no_more_than_its_quota(&host, &product);
    // Last: it is up no more afterwards.
    a_report_says_that_the_cluster_is_down(&host, &product);
}
