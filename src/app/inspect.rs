//! Looking at a host and judging it. Nothing is changed; the disk probe's own file, which is removed
//! again, is the one exception.

use crate::base::{Clock, Secret};
use crate::plan::asked::{self, Asked, Need};
use crate::plan::components::Components;
use crate::plan::facts::Facts;
use crate::plan::preflight::{self, Finding, Verdict};
use crate::plan::site::Site;
use crate::plan::{Failure, HostId};
use crate::ports::{Host, ScriptId, World};
use std::sync::Arc;

/// How long one source may take to answer, in seconds. A host behind a silent firewall pays it a few
/// times over, because several are asked at once.
const SOURCE_LIMIT: &str = "15";

/// What was found.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// What the host said.
    pub facts: Facts,
    /// What it found out by trying.
    pub asked: Asked,
    /// What the rules make of it, in the order of [`preflight::Row::ALL`].
    pub findings: Vec<Finding>,
    /// This computer's clock at the moment of `facts.clock_ms`, as far as that can be known.
    pub operator_ms: u64,
}

impl Inspection {
    /// The worst verdict.
    pub fn verdict(&self) -> Verdict {
        preflight::worst(&self.findings)
    }
}

/// Looks at a host and judges it. `table` is loaded for the host's architecture by `components`.
///
/// Two round trips: the facts, because the table depends on the architecture, then disk and sources
/// side by side. A disk or a source that cannot be asked is a finding and not a failure; only a host
/// that cannot be reached is.
pub async fn inspect(
    world: &Arc<dyn World>,
    host: HostId,
    site: &Site,
    components: impl FnOnce(&Facts) -> Result<Components, Failure> + Send,
    clock: &dyn Clock,
) -> Result<Inspection, Failure> {
    let reached = world.host(host).await?;
    let (facts, operator_ms) = facts(reached.as_ref(), site, clock).await?;
    let table = components(&facts)?;
    let asked = ask(reached.as_ref(), site, &table).await?;
    let findings = preflight::judge(site, &facts, &asked, operator_ms);
    Ok(Inspection { facts, asked, findings, operator_ms })
}

/// The facts of a host, in one round trip, with this computer's clock at the moment of the host's.
///
/// The host's clock was read somewhere between the question and the answer. Where it lies between the
/// two times here, nothing is known to be wrong; else the nearer of them is taken, so that a slow
/// link never makes a clock look wrong.
pub async fn facts(host: &dyn Host, site: &Site, clock: &dyn Clock) -> Result<(Facts, u64), Failure> {
    facts_as_said(host, site, clock).await.map(|(facts, operator_ms, _)| (facts, operator_ms))
}

/// The same with the host's own lines.
pub async fn facts_as_said(host: &dyn Host, site: &Site, clock: &dyn Clock) -> Result<(Facts, u64, Vec<u8>), Failure> {
    let before = clock.now_ms();
    let output = host.run(ScriptId::Facts, &[&site.registry.data_dir], None).await?;
    let after = clock.now_ms().max(before);
    let said = output.success("looking at the host")?.out;
    let facts = Facts::parse(&said);
    let operator_ms = facts.clock_ms.map_or(after, |host| host.clamp(before, after));
    Ok((facts, operator_ms, said))
}

/// Disk and sources, side by side.
pub async fn ask(host: &dyn Host, site: &Site, table: &Components) -> Result<Asked, Failure> {
    let needs = asked::needs(site, table);
    let (sync, needs) = futures_util::join!(disk_sync(host), sources(host, site, needs));
    Ok(Asked { sync: Some(sync?), needs: needs? })
}

/// The disk on which etcd writes: it is the one whose speed decides.
async fn disk_sync(host: &dyn Host) -> Result<Result<asked::DiskSync, String>, Failure> {
    let output = host.run(ScriptId::DiskSync, &["/var/lib/rancher"], None).await?;
    Ok(match output.success("writing to the disk") {
        Ok(output) => asked::disk_sync(&output.out).ok_or_else(|| "the answer makes no sense".to_owned()),
        Err(failure) => Err(failure.line()),
    })
}

async fn sources(
    host: &dyn Host,
    site: &Site,
    needs: Vec<Need>,
) -> Result<Vec<(Need, Vec<Option<asked::Answer>>)>, Failure> {
    let input = Secret::new(asked::questions(&needs, site.supply.extra_ca.as_deref()).into_bytes());
    let proxy = site.supply.proxy.as_ref();
    let url = proxy.map_or("-", |proxy| proxy.url.as_str());
    let without = proxy.map(|proxy| proxy.no_proxy.join(",")).filter(|list| !list.is_empty());
    let args = [url, without.as_deref().unwrap_or("-"), SOURCE_LIMIT];
    let output = host.run(ScriptId::AskSources, &args, Some(&input)).await?;
    Ok(asked::answers(needs, &output.success("asking the sources")?.out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Cancel;
    use crate::base::clock::SetClock;
    use crate::plan::preflight::Row;
    use crate::plan::site::Reach;
    use crate::ports::host::{Chunk, FileSpec, Look, Output, Seen, UnitSpec};
    use crate::ports::{
        Access, Cluster, Credentials, Endpoint, LinkState, ObjectStore, Objects, OperatorFiles, Probe, RegistryAdmin,
    };
    use async_trait::async_trait;
    use std::sync::Mutex;
    use std::time::Duration;
    use tokio::sync::watch;

    const UBUNTU: &[u8] = include_bytes!("../../tests/fixtures/facts/ubuntu-24.04.txt");

    /// A host that answers the three scripts of an inspection and refuses everything else.
    struct Scripted {
        facts: Vec<u8>,
        sync: Output,
        calls: Mutex<Vec<(ScriptId, Vec<String>)>>,
        asked: Mutex<String>,
        clock: Arc<SetClock>,
    }

    impl Scripted {
        fn new(clock: Arc<SetClock>) -> Self {
            let sync =
                Output { out: b"sync_us=800\nsync_max_us=900\nsync_dir=/var/lib\n".to_vec(), ..Output::default() };
            Self { facts: UBUNTU.to_vec(), sync, calls: Mutex::default(), asked: Mutex::default(), clock }
        }
    }

    fn refused<T>(what: &str) -> Result<T, Failure> {
        Err(Failure::permanent(format!("an inspection does not {what}")))
    }

    #[async_trait]
    impl Host for Scripted {
        async fn look(&self, _: &[Look]) -> Result<Vec<Seen>, Failure> {
            refused("look at files")
        }
        async fn run(
            &self,
            script: ScriptId,
            args: &[&str],
            input: Option<&Secret<Vec<u8>>>,
        ) -> Result<Output, Failure> {
            let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
            self.calls.lock().expect("no panic before").push((script, args.clone()));
            match script {
                ScriptId::Facts => {
                    assert_eq!(args, ["/var/lib/modelquay-data"]);
                    self.clock.advance(3000);
                    Ok(Output { out: self.facts.clone(), ..Output::default() })
                }
                ScriptId::DiskSync => Ok(self.sync.clone()),
                ScriptId::AskSources => {
                    let input = String::from_utf8(input.expect("the questions").expose().clone()).expect("text");
                    let lines = input.lines().filter(|line| !line.starts_with("ca ")).count();
                    let out: Vec<String> = (0..lines).map(|n| format!("{n}\t200\t1\t-\t0\t5\t")).collect();
                    *self.asked.lock().expect("no panic before") = input;
                    Ok(Output { out: out.join("\n").into_bytes(), ..Output::default() })
                }
                _ => refused("run that"),
            }
        }
        async fn write(&self, _: &FileSpec) -> Result<(), Failure> {
            refused("write")
        }
        async fn remove(&self, _: &str) -> Result<(), Failure> {
            refused("remove")
        }
        async fn start(&self, _: &UnitSpec) -> Result<(), Failure> {
            refused("start units")
        }
        async fn unit_output(&self, _: &str, _: u64, _: u32) -> Result<Chunk, Failure> {
            refused("read units")
        }
        async fn stop(&self, _: &str) -> Result<(), Failure> {
            refused("stop units")
        }
    }

    /// A world with nothing but a host.
    struct OnlyHost(Arc<Scripted>);

    #[async_trait]
    impl World for OnlyHost {
        async fn host(&self, _: HostId) -> Result<Arc<dyn Host>, Access> {
            Ok(self.0.clone())
        }
        async fn cluster(&self) -> Result<Arc<dyn Cluster>, Access> {
            Err(Access::Failed(Failure::permanent("an inspection needs no cluster")))
        }
        async fn store(&self, _: &Endpoint, _: &Credentials) -> Result<Arc<dyn ObjectStore>, Access> {
            Err(Access::Failed(Failure::permanent("an inspection needs no store")))
        }
        async fn objects(&self, _: &Endpoint, _: &Credentials) -> Result<Arc<dyn Objects>, Access> {
            Err(Access::Failed(Failure::permanent("an inspection needs no objects")))
        }
        async fn admin(&self, _: &Endpoint, _: &Credentials) -> Result<Arc<dyn RegistryAdmin>, Access> {
            Err(Access::Failed(Failure::permanent("an inspection needs no admin interface")))
        }
        fn probe(&self) -> Arc<dyn Probe> {
            unreachable!("an inspection probes from the host only")
        }
        fn files(&self) -> Arc<dyn OperatorFiles> {
            unreachable!("an inspection has no files")
        }
        fn under_lease(&self, _: u64) {}
        fn link(&self) -> watch::Receiver<LinkState> {
            watch::channel(LinkState::Local).1
        }
        async fn restore(&self, _: Duration, _: &Cancel) -> Result<(), Failure> {
            refused("restore links")
        }
    }

    fn site() -> Site {
        Site::with_defaults("edge-07".parse().expect("a name"), Reach::Local)
    }

    fn components(facts: &Facts) -> Result<Components, Failure> {
        let arch = facts.release_arch().ok_or_else(|| Failure::permanent("unknown architecture"))?;
        Components::load(&[], arch).map_err(|_| Failure::permanent("bad table"))
    }

    async fn run(host: &Arc<Scripted>, site: &Site) -> Result<Inspection, Failure> {
        let world: Arc<dyn World> = Arc::new(OnlyHost(host.clone()));
        inspect(&world, site.name, site, components, host.clock.as_ref()).await
    }

    #[tokio::test]
    async fn a_host_is_looked_at_with_three_scripts_and_nothing_else() {
        let host_ms = Facts::parse(UBUNTU).clock_ms.expect("the fixture has it");
        let host = Arc::new(Scripted::new(Arc::new(SetClock::at(host_ms - 1000))));
        let mut site = site();
        site.supply.extra_ca = Some("-----BEGIN CERTIFICATE-----\n".into());
        let inspection = run(&host, &site).await.expect("the host answers");
        let calls: Vec<ScriptId> = host.calls.lock().expect("no panic").iter().map(|(script, _)| *script).collect();
        assert_eq!(calls, [ScriptId::Facts, ScriptId::DiskSync, ScriptId::AskSources]);
        assert!(host.asked.lock().expect("no panic").starts_with("ca -----BEGIN"));
        // The host's clock lies within the three seconds that the question took: nothing is wrong.
        assert_eq!(inspection.operator_ms, host_ms);
        assert_ne!(inspection.verdict(), Verdict::Fail, "{:?}", inspection.findings);
    }

    #[tokio::test]
    async fn a_wrong_clock_is_measured_from_the_nearer_end() {
        let host_ms = Facts::parse(UBUNTU).clock_ms.expect("the fixture has it");
        let host = Arc::new(Scripted::new(Arc::new(SetClock::at(host_ms + 600_000))));
        let inspection = run(&host, &site()).await.expect("the host answers");
        assert_eq!(inspection.operator_ms, host_ms + 600_000);
        assert!(inspection.findings.iter().any(|f| f.row == Row::Clock && f.verdict == Verdict::Fail));
    }

    #[tokio::test]
    async fn a_disk_that_cannot_be_written_is_a_finding_and_no_failure() {
        let mut host = Scripted::new(Arc::default());
        host.sync = Output { status: 73, err: b"cannot write 80 KiB in /var/lib\n".to_vec(), ..Output::default() };
        let inspection = run(&Arc::new(host), &site()).await.expect("the host answers");
        let disk = inspection.findings.iter().find(|f| f.row == Row::DiskSync).expect("a row");
        assert!(disk.verdict == Verdict::Warn && disk.evidence.contains("cannot write 80 KiB"), "{disk:?}");
    }
}
