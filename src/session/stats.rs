//! What a player says in `stats` that its operator should read: that media did not connect though signalling did.

use crate::wire::Message;

/// A longer report is not read for one, in bytes.
const LONGEST_REPORT: usize = 4096;

/// The longest summary that is logged, in characters.
const LONGEST: usize = 300;

/// The summary in `{"type":"stats","data":{"media":"failed","summary":"…"}}`, cut and without control characters: it
/// comes from the peer.
pub(super) fn media_failure(message: &Message) -> Option<String> {
    let data = (message.text().len() <= LONGEST_REPORT).then(|| message.field("data"))??;
    let summary = data.get("summary")?.as_str().filter(|_| data.get("media").is_some_and(|media| media == "failed"))?;
    Some(summary.chars().filter(|character| !character.is_control()).take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(text: &str) -> Option<String> {
        media_failure(&Message::parse(text.to_owned().into()).unwrap())
    }

    #[test]
    fn only_a_failure_with_words_is_one() {
        let said = failure(r#"{"type":"stats","data":{"media":"failed","summary":"no relay"}}"#);
        assert_eq!(said.as_deref(), Some("no relay"));
        for other in [
            r#"{"type":"stats"}"#,
            r#"{"type":"stats","data":"failed"}"#,
            r#"{"type":"stats","data":{"media":"connected","summary":"fine"}}"#,
            r#"{"type":"stats","data":{"media":"failed","summary":7}}"#,
            r#"{"type":"stats","data":{"media":"failed"}}"#,
        ] {
            assert_eq!(failure(other), None, "{other}");
        }
    }

    #[test]
    fn a_summary_is_cut_and_cannot_write_lines_of_its_own() {
        let long = format!(r#"{{"type":"stats","data":{{"media":"failed","summary":"a\nb{}"}}}}"#, "é".repeat(400));
        let said = failure(&long).unwrap();
        assert_eq!(said.chars().count(), LONGEST);
        assert!(said.starts_with("abé"));
    }
}
