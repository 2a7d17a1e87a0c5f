use super::*;

#[test]
fn a_mark_comes_through_whatever_is_around_it() {
    let mut template = Template::new(17, "Player3", 300);
    let text = template.numbered(123_456).to_vec();
    assert_eq!(text.len(), 300);
    let spliced = format!("{{\"playerId\":\"Player3\",{}", std::str::from_utf8(&text[1..]).unwrap());
    let mut hint = 0;
    for text in [&text[..], spliced.as_bytes(), &text[..]] {
        let mark = Mark::find(text, &mut hint).expect("a mark");
        assert_eq!((mark.index, mark.number, mark.id), (17, 123_456, &b"Player3"[..]));
    }
    assert_eq!(Mark::find(b"{\"type\":\"config\"}", &mut hint), None);
    assert_eq!(Mark::find(b"pgb:cut", &mut hint), None);
}

#[test]
fn what_is_said_is_json() {
    let mut out = Vec::new();
    let text = Template::new(1, "Player1", 240).numbered(9).to_vec();
    let mark = Mark::find(&text, &mut 0).expect("a mark");
    echo(&mark, 1000, &mut out);
    assert_eq!(out.len(), 1000);
    assert_eq!(Mark::find(&out, &mut 0).map(|echoed| echoed.text), Some(mark.text));
    for text in [&out[..], &text, offer("Player1", 2000).as_bytes(), answer(3, "Player1", 500).as_bytes()] {
        let value: serde_json::Value = serde_json::from_slice(text).expect("JSON");
        assert!(value["type"].is_string(), "{value}");
    }
}
