//! How versions are named, and words that are stored.

use super::*;

#[test]
fn versions_are_named_by_number_or_hash() {
    let name = |text: &str| text.parse::<VersionName>();
    assert_eq!(name("12"), Ok(VersionName::Number(12)));
    assert_eq!(
        name("12345678"),
        Ok(VersionName::Hash("12345678".to_owned()))
    );
    assert_eq!(
        name("deadbeef"),
        Ok(VersionName::Hash("deadbeef".to_owned()))
    );
    for wrong in ["", "v1", "dead", "DEADBEEF", "-1", "deadbeeg"] {
        assert!(name(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn words_are_read_as_they_are_written() {
    for kind in [ReleaseKind::Registered, ReleaseKind::Beside] {
        assert_eq!(kind.as_str().parse(), Ok(kind));
    }
    for origin in [WorkflowOrigin::Pack, WorkflowOrigin::Api] {
        assert_eq!(origin.as_str().parse(), Ok(origin));
    }
    assert!("nonsense".parse::<ReleaseKind>().is_err());
}
