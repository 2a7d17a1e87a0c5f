//! Who may connect: nothing that other machines reach is open by oversight.

use super::Places;
use crate::config::Roles;

#[test]
fn beyond_this_machine_each_role_needs_a_rule_or_is_said_to_be_open() {
    let world = || Places::new().flag("http", "[::]:80").flag("http-roles", "player,streamer");
    let cases = [
        (
            world(),
            "--http: whoever reaches [::]:80 could connect as player: nothing says who may; \
          give player-token or another rule, or open = \"player\" if everybody may",
        ),
        (
            world().flag("player-token", "t"),
            "--http: whoever reaches [::]:80 could connect as streamer: nothing says \
          who may; give streamer-token or another rule, or open = \"streamer\" if everybody may",
        ),
        (
            world().flag("open", "sfu,streamer"),
            "--http: whoever reaches [::]:80 could connect as player: nothing says \
          who may; give player-token or another rule, or open = \"player\" if everybody may",
        ),
        (
            Places::new().flag("sfu", "192.0.2.1:9"),
            "--sfu: whoever reaches 192.0.2.1:9 could connect as sfu: nothing \
          says who may; give sfu-token or another rule, or open = \"sfu\" if everybody may",
        ),
    ];
    for (places, expected) in cases {
        assert_eq!(places.message(), expected);
    }
    for places in [
        world().flag("open", "true"),
        world().flag("open", "player,streamer"),
        world().flag("open", "player").flag("streamer-token", "t"),
        world().flag("player-token", "t").flag("streamer-token", "t"),
        Places::new().flag("http", "127.0.0.1:80"),
    ] {
        places.config();
    }
}

#[test]
fn a_listener_of_a_table_may_be_open_for_itself() {
    let table = |more: &str| Places::new().file(&format!("[[listener]]\naddress = '[::]:7'\nname = 'lan'\n{more}"));
    let message = table("").message();
    assert!(message.starts_with("listener \"lan\": whoever reaches [::]:7 could connect as player"), "{message}");
    let config = table("open = 'player'").config();
    assert_eq!(config.listener("lan").unwrap().open, Some(Roles::PLAYERS));
    assert_eq!(config.auth.open, Roles::NONE);
    table("open = true\nlegacy = 'streamer'").config();
}

#[test]
fn whoever_is_not_a_role_is_not_open() {
    assert_eq!(Places::new().flag("open", "plyer").message(), r#"--open: "plyer" is no role; did you mean "player"?"#);
    assert_eq!(Places::new().flag("player-token", "").message(), "--player-token: it is empty; write a secret");
}
