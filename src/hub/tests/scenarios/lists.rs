//! `listStreamers` (protocol.md §3).

use super::World;
use crate::hub::Dialect;
use crate::wire::{DropReason, Role};

/// §3: P sees those that are streaming, in the order of registration.
#[test]
fn a_player_sees_what_streams_in_the_order_of_registration() {
    let mut w = World::standard();
    w.streamer("S");
    w.streamer("T").says_id("Bar");
    w.sfu("F").says_id("Mix");
    w.streamer("U");
    w.the("S").says_id("Foo");
    w.the("F").subscribes("Foo");
    w.player("P");
    w.forget();
    assert_eq!(w.the("P").lists().heard(), ["streamerList [Foo, Bar]"]);
    w.the("F").starts_streaming();
    assert_eq!(w.the("P").lists().heard(), ["streamerList [Foo, Bar, Mix]"]);
    w.the("S").says_id("Baz");
    assert_eq!(w.the("P").lists().heard(), ["streamerList [Baz, Bar, Mix]"]);
    w.the("T").leaves();
    assert_eq!(w.the("P").lists().heard(), ["streamerList [Baz, Mix]"]);
    w.the("F").stops_streaming();
    assert_eq!(w.the("P").lists().heard(), ["streamerList [Baz]"]);
    w.ends_empty();
}

/// §3: F sees all that have an id, streaming or not; in `standard` never itself.
#[test]
fn an_sfu_sees_everything_but_itself() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.streamer("young");
    w.sfu("F").says_id("Mix");
    w.sfu("G").says_id("Mux");
    w.the("F").starts_streaming();
    w.forget();
    assert_eq!(w.the("F").lists().heard(), ["streamerList [Foo, Mux]"]);
    assert_eq!(w.the("G").lists().heard(), ["streamerList [Foo, Mix]"]);
}

/// §3: "itself included in dialect wilbur", hidden ones too.
#[test]
fn in_wilbur_an_sfu_sees_itself_too() {
    for dialect in [Dialect::WILBUR, Dialect::WILBUR_5_5] {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.streamer("hidden");
        w.sfu("F").says_id("Mix");
        w.forget();
        assert_eq!(w.the("F").lists().heard(), ["streamerList [Foo, UnknownStreamer, Mix]"]);
    }
}

/// §3: in `wilbur*` an SFU counts as streaming from its id on.
#[test]
fn in_wilbur_an_sfu_is_listed_from_its_id_on() {
    let mut w = World::wilbur();
    w.sfu("F");
    w.player("P");
    w.forget();
    assert_eq!(w.the("P").lists().heard(), ["streamerList []"]);
    w.the("F").says_id("Mix");
    assert_eq!(w.the("P").lists().heard(), ["streamerList [Mix]"]);
}

/// §3: ids are written as JSON strings whatever is in them.
#[test]
fn ids_in_a_list_are_escaped() {
    let mut w = World::standard();
    w.streamer("S").says_id(r#"a"b\c"#);
    w.player("P");
    w.forget();
    assert_eq!(w.the("P").lists().heard(), [r#"streamerList [a"b\c]"#]);
}

/// §3: P and F ask; S does not.
#[test]
fn a_streamer_gets_no_list() {
    let mut w = World::standard();
    w.connect("S", Role::Streamer, Dialect::STANDARD);
    w.forget();
    w.the("S").lists();
    assert_eq!(w.dropped(), [DropReason::WrongRole]);
    w.assert_silence();
}
