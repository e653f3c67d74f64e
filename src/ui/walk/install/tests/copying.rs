use super::*;
use crate::ports::Copied;
use crate::ui::effect::Leaving;

#[test]
fn the_program_is_copied_beside_the_run_and_then_the_host_has_it() {
    let mut model = rke2_starts();
    model.shell.hand_over = true;
    assert_eq!(press(&mut model, "d down down enter"), [Effect::CopyAhead]);
    assert_eq!(status(&model).1, model.t("copying-begins"));
    let mut live = model.live.clone();
    live.copied = Some(Copied { done: 4 << 20, all: 10 << 20, left: Some(Duration::from_secs(40)) });
    model.update(Msg::Live(live));
    let said = status(&model).1;
    assert!(said.contains("4.0 MiB of 10.0 MiB") && said.contains("0:40"), "{said}");
    assert!(picture(&model, 80, 24).contains("Copying this program"), "{}", picture(&model, 80, 24));
    // It can be stopped, and what comes of it after all is nobody's wish any more.
    assert_eq!(press(&mut model, "d down enter"), [Effect::StopCopy]);
    assert_eq!(model.update(Msg::CopiedAhead), []);
    assert_eq!(model.update(Msg::NotCopied(Failure::permanent("stopped"))), []);
    assert_eq!(model.shell.notice, None);
    // What cannot be done is said, and the run goes on.
    press(&mut model, "d down down enter");
    assert_eq!(model.update(Msg::NotCopied(Failure::permanent("no gzip").help("install it"))), []);
    assert_eq!(model.shell.notice.as_deref(), Some("no gzip: install it"));
    assert!(model.walk.install.running);
    press(&mut model, "d down down enter");
    let mut over = model.clone();
    let failure = Some(Failure::permanent("gave up"));
    let ended = Ended { how: How::Failed, step: None, failure, log: String::new() };
    assert_eq!(over.update(Msg::RunEnded(ended)), [Effect::StopCopy], "there is nothing left to hand over");
    assert_eq!(model.update(Msg::CopiedAhead), [Effect::Leave(Leaving::HandOver)]);
}
