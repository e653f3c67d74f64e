//! The log's pane: what is seen of it, searched, copied and saved.

use super::*;

#[test]
fn scrolling_up_pauses_and_the_end_follows_again() {
    let mut model = rke2_starts();
    let step = id(StepKind::ClusterStart);
    assert!(model.walk.install.log.seen(step).follows);
    press(&mut model, "pgup");
    let end = model.walk.install.log.seen(step).end;
    say(&mut model, StepKind::ClusterStart, 2000);
    let seen = model.walk.install.log.seen(step);
    assert!(!seen.follows && seen.lines.len() == 40 && seen.end == end, "what is read does not move");
    press(&mut model, "end");
    let seen = model.walk.install.log.seen(step);
    assert!(seen.follows && seen.lines.len() == tail::KEPT, "no more is kept than that");
    press(&mut model, "pgup f");
    assert!(model.walk.install.log.seen(step).follows);
    press(&mut model, "tab up up down down down");
    assert!(model.walk.install.log.seen(step).follows);
}

#[test]
fn hits_are_gone_to_in_both_directions_and_around() {
    let mut model = rke2_starts();
    press(&mut model, "/ E T C D enter");
    let at = |model: &Model| model.walk.install.log.search.as_ref().and_then(|search| search.at);
    assert_eq!(at(&model), Some(39), "the newest hit first");
    press(&mut model, "N");
    assert_eq!(at(&model), Some(36));
    press(&mut model, "n n");
    assert_eq!(at(&model), Some(0), "around the end");
    press(&mut model, "N");
    assert_eq!(at(&model), Some(39));
    press(&mut model, "esc");
    assert_eq!(model.walk.install.log.search, None);
    assert_eq!(log::hits("etcd ETCD", "etcd"), [(0, 4), (5, 9)]);
    assert_eq!((log::hits("模型", "型").len(), log::hits("x", "").len()), (1, 0));
}

/// Time enough passes for the log to follow the cursor.
fn rest(model: &mut Model) -> Vec<Effect> {
    assert!(walk::moving(model).is_some_and(|after| after <= REST), "nothing would wake it");
    model.update(Msg::Tick(model.shell.now_ms + 300))
}

#[test]
fn the_log_follows_at_once_where_something_is_done_with_it() {
    let package = id(StepKind::ClusterPackage);
    for keys in ["up z", "up w", "up end", "up tab up"] {
        let mut model = rke2_starts();
        assert_eq!(press(&mut model, keys), [Effect::ReadLog { step: package }], "{keys}");
        assert_eq!(log::shown(&model), Some(package));
    }
    // Back where it was, nothing has happened.
    for keys in ["up down end", "up f end"] {
        let mut model = rke2_starts();
        assert_eq!(press(&mut model, keys), [], "{keys}");
        assert_eq!(log::shown(&model), Some(id(StepKind::ClusterStart)));
    }
}

#[test]
fn another_step_shows_its_kept_lines() {
    let mut model = rke2_starts();
    let package = id(StepKind::ClusterPackage);
    assert_eq!(press(&mut model, "up"), [], "somebody may go on to the next one");
    let start = id(StepKind::ClusterStart);
    assert_eq!((log::shown(&model), pointed(&model)), (Some(start), Some(package)));
    assert_eq!(rest(&mut model), [Effect::ReadLog { step: package }]);
    assert_eq!(walk::moving(&model), Some(Duration::from_secs(1)));
    model.update(Msg::Log(package, (0..tail::KEPT + 7).map(|n| format!("line {n}")).collect()));
    let seen = model.walk.install.log.seen(package);
    assert_eq!((seen.lines.len(), seen.lines[0]), (tail::KEPT, "line 7"));
    model.update(Msg::Log(id(StepKind::PrepareHost), vec!["late".into()]));
    assert_eq!(model.walk.install.log.seen(package).lines[0], "line 7", "an answer that nobody waits for");
    press(&mut model, "down");
    assert_eq!(rest(&mut model), [], "the step under way needs no file");
    assert_eq!(log::shown(&model), Some(start));
    press(&mut model, "down");
    assert_eq!(rest(&mut model), [], "nor one that has not begun");
    assert!(model.walk.install.log.seen(id(StepKind::ClusterAccess)).lines.is_empty());
    press(&mut model, "f");
    assert_eq!(log::shown(&model), Some(id(StepKind::ClusterStart)));
}

#[test]
fn what_is_seen_is_sent_to_the_clipboard_and_all_of_it_saved_to_a_file() {
    let mut model = rke2_starts();
    model.update(Msg::Resize(80, 24));
    let copied = press(&mut model, "y");
    let [Effect::Copy(text)] = copied.as_slice() else { panic!("{copied:?}") };
    let lines: Vec<&str> = text.expose().lines().collect();
    assert!(
        lines.len() > 5 && lines.len() < 20 && lines.last().is_some_and(|line| line.ends_with("(39)")),
        "{lines:?}"
    );
    press(&mut model, "s");
    let step = id(StepKind::ClusterStart);
    assert_eq!(press(&mut model, "enter"), [Effect::SaveLog { step, path: "edge-07-cluster-start.log".into() }]);
    model.update(Msg::Refused(Failure::permanent("write x")));
    assert!(model.walk.install.ended.is_none(), "a file that cannot be written ends no run");
}
