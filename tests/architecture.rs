//! The house rules that the compiler does not know: who may use whom, what the pure core must not touch, what the
//! package is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each part of `src`, and the parts that it may use. Nothing else, and no cycles.
const MAY_USE: &[(&str, &[&str])] = &[
    ("id", &[]),
    ("wire", &["id"]),
    ("hub", &["wire", "id"]),
    ("metrics", &["wire"]),
    ("limits", &[]),
    ("router", &["hub", "wire", "id", "limits", "metrics"]),
    ("transport", &["wire", "id"]),
    ("files", &[]),
    ("tls", &["files"]),
    ("config", &["hub", "id", "transport", "wire"]),
    ("auth", &["config", "hub", "id", "limits", "wire"]),
    ("session", &["auth", "transport", "router", "hub", "limits", "metrics", "wire", "id"]),
    ("telemetry", &["config", "session"]),
    ("announce", &["config", "files", "tls"]),
    ("banner", &["announce", "config", "tls", "wire"]),
    ("listen", &["auth", "session", "transport", "tls", "hub", "limits", "metrics", "config", "wire", "id"]),
    ("web", &["auth", "config", "listen", "tls"]),
    ("admin", &["config", "limits", "metrics", "router", "tls", "wire"]),
    ("matchmaker", &["config", "router", "session", "wire"]),
    ("drain", &["listen", "router", "wire"]),
    ("client", &["transport", "tls", "wire", "id"]),
    (
        "gateway",
        &[
            "admin",
            "announce",
            "auth",
            "config",
            "drain",
            "hub",
            "limits",
            "listen",
            "matchmaker",
            "metrics",
            "router",
            "session",
            "tls",
            "web",
            "wire",
        ],
    ),
    ("keys", &["router"]),
    ("reload", &["config", "gateway", "telemetry", "tls"]),
    ("serve", &["announce", "banner", "config", "files", "gateway", "keys", "reload", "telemetry"]),
    ("health", &["config"]),
    ("token", &["auth", "config"]),
    ("demo", &["client", "config", "gateway", "serve", "telemetry", "wire"]),
    ("bench", &["client", "config", "serve", "telemetry", "tls", "transport", "wire"]),
    ("fuzzing", &["auth", "config", "gateway", "hub", "id", "listen", "session", "transport", "wire"]),
    ("main", &["bench", "config", "demo", "health", "serve", "token"]),
];

/// What the pure core must not know: tasks, clocks, chance, locks, logs.
const IMPURE: &[&str] =
    &["tokio", "Instant", "SystemTime", "rand::", "tracing::", "parking_lot", "std::net", "std::fs"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("readable").path()) {
        if entry.is_dir() {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    files
}

/// The part of the house that a file belongs to, and whether it is test code.
fn part_of(file: &Path) -> (String, bool) {
    let inside = file.strip_prefix(root().join("src")).expect("a file of src");
    let names: Vec<_> = inside.iter().map(|name| name.to_string_lossy().replace(".rs", "")).collect();
    let test = names[1..].iter().any(|name| name == "tests" || name == "testing");
    (names[0].clone(), test)
}

fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("readable");
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The parts that a file names by `crate::` or, in the binary, by `pixelgate::`.
fn parts_named(code: &str) -> BTreeSet<String> {
    let mut parts = BTreeSet::new();
    for marker in ["crate::", "pixelgate::"] {
        for (at, _) in code.match_indices(marker) {
            let rest = &code[at + marker.len()..];
            let group = rest.strip_prefix('{').and_then(|rest| rest.split_once("};")).map(|(group, _)| group);
            let names = group.map_or(vec![rest], |group| top_level(group));
            parts.extend(names.iter().map(|name| {
                let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
                name[..end].to_owned()
            }));
        }
    }
    parts.retain(|part| part.starts_with(char::is_lowercase));
    parts
}

/// The items of a `use` group, without what is nested in them.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(group[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(group[start..].trim());
    items
}

#[test]
fn every_part_uses_only_what_it_may() {
    let may_use: BTreeMap<_, BTreeSet<_>> =
        MAY_USE.iter().map(|(part, used)| (*part, used.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in rust_files(&root().join("src")) {
        let (part, test) = part_of(&file);
        if test || part == "lib" {
            continue;
        }
        let Some(allowed) = may_use.get(part.as_str()) else {
            wrong.push(format!("{part} has no entry in MAY_USE"));
            continue;
        };
        for used in parts_named(&code(&file)) {
            seen += 1;
            if used != part && !allowed.contains(used.as_str()) {
                wrong.push(format!("{} uses {used}; {part} may not", file.display()));
            }
        }
    }
    assert!(seen > 50, "only {seen} uses were found: does the scan still read the code?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_order_has_no_cycles() {
    for (at, (part, used)) in MAY_USE.iter().enumerate() {
        for used in *used {
            let place = MAY_USE.iter().position(|(name, _)| name == used);
            assert!(place.is_some_and(|place| place < at), "{part} may use {used}, which stands after it");
        }
    }
}

#[test]
fn the_core_is_pure() {
    let core = ["id.rs", "wire", "hub"].map(|part| root().join("src").join(part));
    let files = core.iter().flat_map(|part| if part.is_dir() { rust_files(part) } else { vec![part.clone()] });
    let mut wrong = Vec::new();
    for file in files.filter(|file| !part_of(file).1 && !file.ends_with("tests.rs")) {
        let code = code(&file);
        wrong.extend(IMPURE.iter().filter(|impure| code.contains(**impure)).map(|impure| {
            let file = file.display();
            format!("{file} names {impure}")
        }));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_in_the_opus_binding_only() {
    for file in rust_files(&root().join("src")) {
        let allowed = file.ends_with("demo/opus.rs");
        let code = code(&file);
        let marked = code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("allow(unsafe_code");
        assert!(allowed || !marked, "{} holds unsafe code", file.display());
    }
}

#[test]
fn nothing_is_left_undone() {
    let mut files = rust_files(&root().join("src"));
    files.extend(rust_files(&root().join("tests")));
    for file in files.iter().filter(|file| !file.ends_with("architecture.rs")) {
        let code = code(file);
        for mark in ["todo!(", "unimplemented!(", "#[ignore", "dbg!("] {
            assert!(!code.contains(mark), "{} holds {mark}", file.display());
        }
    }
}

#[test]
fn the_libraries_that_the_project_is_made_of_are_direct_dependencies_and_used() {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .expect("cargo metadata runs");
    let package = metadata.root_package().expect("one package");
    let direct: BTreeSet<_> = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == cargo_metadata::DependencyKind::Normal)
        .map(|dependency| dependency.name.as_str())
        .collect();
    let source: String =
        rust_files(&root().join("src")).iter().filter(|file| !part_of(file).1).map(|file| code(file)).collect();
    for name in ["quinn", "rustls", "wtransport", "tokio", "tokio-tungstenite", "serde_json", "rcgen"] {
        assert!(direct.contains(name), "{name} is no direct dependency");
        let path = format!("{}::", name.replace('-', "_"));
        assert!(source.contains(&path), "{name} is not used in src");
    }
}

#[test]
fn every_direct_dependency_is_used() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("readable");
    let manifest: toml::Table = manifest.parse().expect("the manifest is TOML");
    let source: String = rust_files(&root().join("src")).iter().map(|file| code(file)).collect();
    let dependencies = manifest["dependencies"].as_table().expect("a table");
    let unused: Vec<_> = dependencies
        .keys()
        .filter(|name| {
            let name = name.replace('-', "_");
            !source.contains(&format!("{name}::")) && !source.contains(&format!("use {name};"))
        })
        .collect();
    assert!(unused.is_empty(), "in Cargo.toml and nowhere in src: {unused:?}");
}

#[test]
fn the_visible_top_level_is_what_the_design_lists() {
    let listed = [
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "SECURITY.md",
        "benches",
        "certs",
        "deploy",
        "docs",
        "fuzz",
        "src",
        "target",
        "tests",
        "web",
    ];
    for entry in fs::read_dir(root()).expect("readable") {
        let name = entry.expect("readable").file_name().to_string_lossy().into_owned();
        assert!(name.starts_with('.') || listed.contains(&name.as_str()), "{name} is not of the visible top level");
    }
    for needed in [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "certs",
        "tests",
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "CHANGELOG.md",
    ] {
        assert!(root().join(needed).exists(), "{needed} is missing");
    }
}
