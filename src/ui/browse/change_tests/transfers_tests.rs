//! What is fetched, and what is steered while it goes.

use super::*;

#[test]
fn what_is_fetched_goes_where_it_was_told_and_replaces_nothing_unasked() {
    let mut browse = resnet(Lang::En);
    browse.home = "/home/tech".into();
    press(&mut browse, "jjg");
    assert!(drawn(&browse, 80, 24).contains("/home/tech/config.pbtxt"));
    let asked = press(&mut browse, ".old\n");
    let (id, begun) = work(&asked);
    let Work::Carry(carry) = begun.clone() else { panic!("{begun:?}") };
    let from = vec![At::new("models", "resnet50/config.pbtxt")];
    let way = CarryWay::Get { from, to: "/home/tech/config.pbtxt.old".into() };
    assert_eq!(carry, Carry { way, replace: false });
    let words = vec!["resnet50/config.pbtxt: something is there already".to_owned()];
    said(
        &mut browse,
        Msg::Worked { id, end: Ok(Worked::Clashes { carry: carry.clone(), words, all: 1, replaceable: true }) },
    );
    assert!(drawn(&browse, 80, 24).contains("something is there already"));
    let replaced = press(&mut browse, "\n");
    assert_eq!((replaced, browse.ask.is_none()), (Vec::new(), true), "to leave it comes first");
    browse.ask = None;
    press(&mut browse, "g\n");
    let id = browse.work_id;
    let words = vec!["x".to_owned()];
    said(
        &mut browse,
        Msg::Worked { id, end: Ok(Worked::Clashes { carry: carry.clone(), words, all: 1, replaceable: true }) },
    );
    browse.hear(Input::Key(crossterm::event::KeyCode::Down.into()));
    let replaced = press(&mut browse, "\n");
    assert_eq!(*work(&replaced).1, Work::Carry(Carry { replace: true, ..carry }));
}

#[test]
fn transfers_are_steered_and_leaving_asks_while_one_is_under_way() {
    let mut browse = transfers(Lang::En);
    let order = browse.carried[0].view.id;
    let steer = |steer| Effect::Steer { lane: Lane::Reading, order, steer };
    assert_eq!(press(&mut browse, " "), [steer(Steer::Hold)]);
    assert_eq!(press(&mut browse, "x"), [steer(Steer::Cancel)]);
    assert!(
        matches!(&press(&mut browse, "c")[..], [Effect::Steer { steer: Steer::Forget, .. }]),
        "only what has ended"
    );
    assert!(matches!(&press(&mut browse, "\n")[..], [Effect::Report { .. }]));
    said(&mut browse, Msg::Reported { title: "x".into(), report: Box::new(Report { done: 2, ..Report::default() }) });
    assert!(drawn(&browse, 80, 24).contains("2 objects"));
    press(&mut browse, "\u{1b}");
    assert_eq!(press(&mut browse, "q"), [], "it asks");
    assert!(drawn(&browse, 80, 24).contains("2 transfers are under way"));
    browse.hear(Input::Key(crossterm::event::KeyCode::Down.into()));
    assert_eq!(press(&mut browse, "\n"), [Effect::Leave(Leaving::Quit)]);
    let mut idle = resnet(Lang::En);
    assert_eq!(press(&mut idle, "q"), [Effect::Leave(Leaving::Quit)]);
}

#[test]
fn the_end_of_a_transfer_is_said_once() {
    let mut browse = resnet(Lang::En);
    browse.hear(Input::Live(Live { carried: vec![carried(1, true, State::Running)] }));
    assert!(drawn(&browse, 120, 24).contains("1 transfer, 40 %, 4.0 MiB/s"), "{}", drawn(&browse, 120, 24));
    let effects = browse.hear(Input::Live(Live { carried: vec![carried(1, true, State::Done)] }));
    assert!(matches!(&effects[..], [Effect::List { .. }]), "what came into the registry is seen: {effects:?}");
    assert!(drawn(&browse, 120, 24).contains("Done: resnet50/1/model.onnx"));
    press(&mut browse, "j");
    let effects = browse.hear(Input::Live(Live { carried: vec![carried(1, true, State::Done)] }));
    assert_eq!((effects, browse.shell.notice.clone()), (Vec::new(), None));
}
