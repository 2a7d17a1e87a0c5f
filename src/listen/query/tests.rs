//! The flags of protocol.md §4 in a query.

use super::wishes;
use crate::hub::Wishes;

/// §4: "`OfferToReceive` ≠ false", and the same for `preferSFU`.
#[test]
fn a_flag_is_set_unless_it_is_false() {
    for (query, offers, prefers_sfu) in [
        (None, false, false),
        (Some(""), false, false),
        (Some("OfferToReceive"), true, false),
        (Some("OfferToReceive="), true, false),
        (Some("OfferToReceive=true"), true, false),
        (Some("OfferToReceive=false"), false, false),
        (Some("OfferToReceive=False"), true, false),
        (Some("OfferToReceive=%66alse"), false, false),
        (Some("Offer%54oReceive=1"), true, false),
        (Some("offertoreceive=true"), false, false),
        (Some("xOfferToReceive=true&OfferToReceivex"), false, false),
        (Some("OfferToReceive=false&OfferToReceive=true"), false, false),
        (Some("token=a.b&preferSFU=true"), false, true),
        (Some("preferSFU=false&OfferToReceive=0&&"), true, false),
        (Some("a=b=c&preferSFU&OfferToReceive=true=false"), true, true),
        (Some("%ff=%fe&preferSFU=%ff"), false, true),
    ] {
        assert_eq!(wishes(query), Wishes { offers, prefers_sfu }, "{query:?}");
    }
}
