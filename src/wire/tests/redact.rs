use super::super::redacted;

fn one_line(text: &str) -> String {
    redacted(text.as_bytes(), false).unwrap()
}

#[test]
fn what_is_private_is_its_length() {
    let cases = [
        (r#"{"type":"offer","sdp":"v=0\r\n"}"#, r#"{"type":"offer","sdp":"<5 bytes>"}"#),
        (
            r#"{"candidate":{"candidate":"candidate:1 1 udp","sdpMid":"0","usernameFragment":"abcd"}}"#,
            r#"{"candidate":{"candidate":"<17 bytes>","sdpMid":"0","usernameFragment":"<4 bytes>"}}"#,
        ),
        (
            r#"{"iceServers":[{"urls":["turn:t"],"username":"u","Credential":"secret"}]}"#,
            r#"{"iceServers":[{"urls":["turn:t"],"username":"<1 bytes>","Credential":"<6 bytes>"}]}"#,
        ),
        (
            r#"{"urls":["turn:alice:hunter2@t"],"username":["U"],"credential":{"macKey":"M"},"apiKey":"K","turnSecret":"T"}"#,
            r#"{"urls":["turn:[redacted]@t"],"username":"<5 bytes>","credential":"<14 bytes>","apiKey":"<1 bytes>","turnSecret":"<1 bytes>"}"#,
        ),
        (
            r#"{"candidate":["c"],"sdp":{"x":"v=0"},"access_token":"t","data":" {\"sdp\":1}","credentialType":"oauth"}"#,
            r#"{"candidate":"<5 bytes>","sdp":"<11 bytes>","access_token":"<1 bytes>","data":"<10 bytes>","credentialType":"oauth"}"#,
        ),
        (r#"{"TOKEN":12345,"token":null}"#, r#"{"TOKEN":"<5 bytes>","token":null}"#),
    ];
    for (text, expected) in cases {
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&one_line(text)).unwrap(), expected, "{text}");
    }
}

#[test]
fn what_is_no_json_is_not_shown() {
    assert_eq!(redacted(b"sdp: v=0", false), None);
    assert_eq!(redacted(b"{\xff}", true), None);
}

#[test]
fn control_characters_do_not_reach_a_terminal() {
    assert!(!one_line(r#"{"id":"\u001b[2J\n"}"#).contains(['\u{1b}', '\n']));
    let steering = "{\"id\":\"a\u{9b}31m\u{7f}\u{202e}b\"}";
    assert_eq!(one_line(steering), r#"{"id":"a\u009b31m\u007f\u202eb"}"#);
    assert_eq!(one_line(&format!(r#"{{"data":"{}"}}"#, "x".repeat(600))), r#"{"data":"<600 bytes>"}"#);
}
