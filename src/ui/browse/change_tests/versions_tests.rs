//! Versions that are looked at again, had back and deleted.

use super::*;

#[test]
fn a_look_again_at_versions_moves_no_row_under_the_cursor() {
    let mut browse = versions(Lang::En);
    let asked = press(&mut browse, "jr");
    let [.., Effect::Versions { id, .. }] = &asked[..] else { panic!("{asked:?}") };
    let id = *id;
    let restored = |browse: &mut Browse| {
        let asked = press(browse, "R");
        let Work::Restore(at) = work(&asked).1 else { panic!("{asked:?}") };
        at.version.clone()
    };
    // As it was, until all is there.
    let here = Some("2a9d8e7f-31".to_owned());
    assert_eq!(restored(&mut browse.clone()), here);
    let rows = vec![
        version("resnet50/config.pbtxt", "9e8d7c6b-02", 0, true, true),
        version("resnet50/config.pbtxt", "3f0c1b2a-77", 0, true, false),
        version("resnet50/config.pbtxt", "2a9d8e7f-31", 412, false, false),
    ];
    said(&mut browse, Msg::Versions { id, rows });
    assert_eq!(restored(&mut browse.clone()), here);
    said(&mut browse, Msg::RowsEnded { id, end: Ended::Whole(Vec::new()) });
    assert!(drawn(&browse, 120, 40).contains("9e8d7c6b"));
    assert_eq!(restored(&mut browse), here);
}

#[test]
fn a_version_is_had_back_and_deleted_by_its_name() {
    let mut browse = versions(Lang::En);
    let Some(Over::Versions(list)) = &browse.over else { panic!("versions") };
    assert_eq!(list.rows.len(), 3, "another key that begins so is none of it");
    let undeleted = press(&mut browse, "u");
    let (_, undelete) = work(&undeleted);
    assert_eq!(*undelete, Work::Undelete { bucket: "models".into(), key: "resnet50/config.pbtxt".into() });
    let mut browse = versions(Lang::En);
    let restored = press(&mut browse, "jR");
    let (_, restored) = work(&restored);
    let Work::Restore(at) = restored else { panic!("{restored:?}") };
    assert_eq!(at.version.as_deref(), Some("2a9d8e7f-31"));
    let mut browse = versions(Lang::En);
    assert_eq!(press(&mut browse, "jx"), []);
    let deleted = press(&mut browse, "config.pbtxt\n");
    let Work::Delete(plan) = work(&deleted).1 else { panic!("{deleted:?}") };
    assert_eq!(plan.doomed, [Doomed { key: "resnet50/config.pbtxt".into(), version: Some("2a9d8e7f-31".into()) }]);
    let mut browse = versions(Lang::En);
    press(&mut browse, "j");
    let looked = browse.hear(Input::Tick(60_000));
    assert!(
        matches!(&looked[..], [Effect::Preview { at, .. }] if at.version.as_deref() == Some("2a9d8e7f-31")),
        "a version that the cursor rests on is looked into: {looked:?}"
    );
}
