use std::net::{IpAddr, Ipv4Addr};

use crate::auth::{Ask, Credentials, Grant, Policy, Refusal};
use crate::config::{Auth, Secret};
use crate::wire::{CloseCode, Role};

fn ask(role: Role, token: Option<&str>) -> Ask {
    let credentials = Credentials::of_hello(token);
    Ask { role, remote: IpAddr::V4(Ipv4Addr::LOCALHOST), counted: None, transport: "ws", path: None, credentials }
}

#[tokio::test]
async fn a_role_without_a_rule_is_open() {
    let policy = Policy::new(&Auth::default());
    for role in Role::ALL {
        assert_eq!(policy.authorise(ask(role, None)).await, Ok(Grant::default()));
        assert_eq!(policy.authorise(ask(role, Some("whatever"))).await, Ok(Grant::default()));
        let credentials = Credentials::of_session(Some("token=one"), Some("Bearer two"));
        assert_eq!(policy.authorise(Ask { credentials, ..ask(role, None) }).await, Ok(Grant::default()));
    }
}

#[tokio::test]
async fn a_shared_token_is_asked_of_its_role_alone() {
    let auth = Auth { player_token: Some(Secret::for_tests("right")), ..Auth::default() };
    let policy = Policy::new(&auth);
    let granted = policy.authorise(ask(Role::Player, Some("right"))).await.unwrap();
    let holder = granted.holder.clone().expect("it has shown a token");
    assert_eq!(granted, Grant { holder: Some(holder.clone()), ..Grant::default() });
    // The first half of `printf right | sha256sum`.
    assert_eq!(&*holder, "27042f4e6eca7d0b2a7ee4026df2ecfa");
    for wrong in ["wrong", "righ", "right ", "Right", "rightright"] {
        assert_eq!(policy.authorise(ask(Role::Player, Some(wrong))).await, Err(Refusal::Wrong), "{wrong}");
    }
    assert_eq!(policy.authorise(ask(Role::Player, None)).await, Err(Refusal::NoToken));
    assert_eq!(policy.authorise(ask(Role::Streamer, None)).await, Ok(Grant::default()));
}

#[tokio::test]
async fn a_changed_policy_is_for_newcomers() {
    let policy = Policy::new(&Auth::default());
    policy.change(&Auth { sfu_token: Some(Secret::for_tests("t")), ..Auth::default() });
    assert_eq!(policy.authorise(ask(Role::Sfu, None)).await, Err(Refusal::NoToken));
}

#[test]
fn each_refusal_has_a_name_of_its_own_and_says_whose_fault_it_is() {
    let all = [
        Refusal::NoToken,
        Refusal::Conflict,
        Refusal::TooLong,
        Refusal::Wrong,
        Refusal::Expired,
        Refusal::Early,
        Refusal::Role,
        Refusal::Denied("".into()),
        Refusal::Unavailable,
        Refusal::Busy,
        Refusal::BusyWithAddress,
    ];
    let names: Vec<_> = all.iter().map(Refusal::name).collect();
    assert_eq!(names, Refusal::NAMES);
    for refusal in &all {
        let ours = matches!(refusal, Refusal::Unavailable | Refusal::Busy | Refusal::BusyWithAddress);
        let code = if ours { CloseCode::TRY_AGAIN } else { CloseCode::POLICY };
        assert_eq!(refusal.close().code, code, "{refusal}");
    }
    assert_eq!(Refusal::Denied("".into()).to_string(), "not authorised");
    assert_eq!(Refusal::Denied("ask Ann".into()).to_string(), "not authorised: ask Ann");
}
