use std::time::Duration;

use tokio::time::Instant;

use crate::auth::attributes::Attributes;
use crate::auth::grant::{EXPIRED, TOO_LONG};
use crate::auth::{Grant, Refusal, Until};

const NOW: Duration = Duration::from_secs(1_000_000);

fn grant(json: &str) -> Result<Grant, Refusal> {
    serde_json::from_str::<Attributes>(json).unwrap().grant(NOW, Duration::from_secs(30))
}

#[tokio::test(start_paused = true)]
async fn nothing_said_is_everything_granted() {
    assert_eq!(grant("{}"), Ok(Grant::default()));
}

#[tokio::test(start_paused = true)]
async fn streamers_are_one_or_many_or_none() {
    let allows = |json: &str, id: &str| grant(json).unwrap().scope.allows(id);
    assert!(allows(r#"{"streamers":"Foo"}"#, "Foo") && !allows(r#"{"streamers":"Foo"}"#, "Bar"));
    assert!(allows(r#"{"streamers":["Foo","B*"]}"#, "Bar"));
    assert!(!allows(r#"{"streamers":[]}"#, "Foo"));
    let many = format!(r#"{{"streamers":[{}"x"]}}"#, r#""x","#.repeat(64));
    assert_eq!(grant(&many), Err(Refusal::Wrong));
}

#[tokio::test(start_paused = true)]
async fn the_earlier_end_counts() {
    let at = |seconds| Instant::now() + Duration::from_secs(seconds);
    let until = |json: &str| grant(json).unwrap().until.map(|Until { at, why }| (at, why));
    assert_eq!(until(r#"{"exp":1000060}"#), Some((at(90), EXPIRED)));
    assert_eq!(until(r#"{"max_session":60}"#), Some((at(60), TOO_LONG)));
    assert_eq!(until(r#"{"exp":1000060,"max_session":60}"#), Some((at(60), TOO_LONG)));
    assert_eq!(until(r#"{"exp":1000020,"max_session":60}"#), Some((at(50), EXPIRED)));
    assert_eq!(until(r#"{"exp":1e300,"max_session":1e300}"#), None, "beyond the end of the clock");
}

#[tokio::test(start_paused = true)]
async fn what_is_over_is_over_after_the_leeway() {
    assert_eq!(grant(r#"{"exp":999970}"#), Err(Refusal::Expired));
    assert!(grant(r#"{"exp":999970.5}"#).is_ok());
    assert_eq!(grant(r#"{"exp":-1}"#), Err(Refusal::Wrong));
    assert_eq!(grant(r#"{"max_session":-1}"#), Err(Refusal::Wrong));
}
