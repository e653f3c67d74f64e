//! What a plan costs over a long line, counted and timed, with Ansible beside it.

use crate::far::Far;
use crate::finished::REACHED;
use crate::harness::{Host, python, sh};
use crate::product::Product;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The line's round trip.
const RTT: Duration = Duration::from_millis(200);

/// What a finished site may cost after connecting.
const MOST: usize = 25;

/// Facts, disk and sources: what has been asked when the findings are shown.
const PREFLIGHT: usize = 3;

/// What something cost.
struct Cost {
    trips: usize,
    after_connecting: usize,
    took: Duration,
    said: String,
}

/// The plan over the line. The findings are printed when preflight has ended, which splits the count.
fn plan(far: &Far, product: &Product) -> Cost {
    let answers = product.path("site.toml").display().to_string();
    let command = product.command(&["plan", "--answers", &answers, "--password-fd", "3"]);
    let begun = Instant::now();
    far.trips.take();
    let mut child = far.bring_inside(&command).stdout(Stdio::piped()).spawn().expect("the product can be started");
    let (mut said, mut connecting) = (String::new(), None);
    let lines = BufReader::new(child.stdout.take().expect("it is a pipe")).lines();
    for line in lines.map_while(Result::ok) {
        connecting.get_or_insert_with(|| far.trips.so_far().saturating_sub(PREFLIGHT));
        let _ = writeln!(said, "{line}");
    }
    let (took, trips) = (begun.elapsed(), far.trips.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{said}");
    Cost { trips, after_connecting: trips - connecting.unwrap_or_default(), took, said }
}

/// Ansible wants a Python on the host: this machine's, which is the same Debian's.
fn lend_python(host: &Host) {
    let labctl = std::env::var("LABCTL").expect("tests/lab/run sets it");
    sh(&format!(
        "cd / && tar -ch usr/bin/python3 usr/lib/python3* usr/lib/x86_64-linux-gnu/libffi.so.8 \
         | {labctl} host-exec {} tar -xh -C /",
        host.name
    ));
}

/// Twenty tasks that find nothing to do, as its own documentation makes them fast: pipelining, no facts,
/// one connection kept.
fn twenty_tasks(far: &Far, product: &Product, host: &Host) -> Cost {
    let home = product.path("ansible");
    fs::create_dir(&home).expect("the home is writable");
    let write = |name: &str, text: String| fs::write(home.join(name), text).expect("the home is writable");
    let mut play = String::from("- hosts: all\n  gather_facts: false\n  become: true\n  tasks:\n");
    for n in 1..=20 {
        let _ = write!(play, "    - name: task {n}\n      ansible.builtin.file: {{path: /etc, state: directory}}\n");
    }
    write("play.yml", play);
    write("pass", format!("{}\n", crate::harness::TECH_PASSWORD));
    write("known", crate::harness::labctl(&["host-key", &host.name]));
    write(
        "ansible.cfg",
        format!(
            "[defaults]\nhome = {0}\ninterpreter_python = /usr/bin/python3\n\
             [ssh_connection]\npipelining = true\n\
             ssh_args = -F none -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile={0}/known\n",
            home.display()
        ),
    );
    let program = python("ansible", "ansible-core==2.18.6").join("ansible-playbook");
    let begun = Instant::now();
    far.trips.take();
    let output = far
        .inside(&program.display().to_string())
        .args(["-i", &format!("{},", host.ip), "-u", "tech", "--private-key"])
        .arg(product.path("private/key"))
        .arg("--become-password-file")
        .arg(home.join("pass"))
        .arg(home.join("play.yml"))
        .env("ANSIBLE_CONFIG", home.join("ansible.cfg"))
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("Ansible can be started");
    let (took, trips) = (begun.elapsed(), far.trips.take());
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("ok=20   changed=0"), "{said}");
    Cost { trips, after_connecting: 0, took, said }
}

/// A finished host is planned in at most 25 round trips of 200 ms.
pub fn a_plan_over_a_long_line(host: &Host, product: &Product) {
    let far = Far::to(&host.ip, &[22, 30900].map(|port| (port, format!("{}:{port}", host.ip))));
    let near = plan(&far, product);
    far.round_trip(RTT);
    let cost = plan(&far, product);
    assert!(cost.said.contains(REACHED), "{}", cost.said);
    println!(
        "plan of a finished host: {:.1} s at 200 ms ({:.1} s without a delay), {} round trips in all, {} after connecting",
        cost.took.as_secs_f64(),
        near.took.as_secs_f64(),
        cost.trips,
        cost.after_connecting
    );
    assert!(cost.after_connecting <= MOST, "{} round trips after connecting", cost.after_connecting);

    lend_python(host);
    let beside = twenty_tasks(&far, product, host);
    println!(
        "Ansible, 20 tasks without a change: {:.1} s at 200 ms, {} round trips in all",
        beside.took.as_secs_f64(),
        beside.trips
    );
}
