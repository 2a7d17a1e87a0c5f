//! What the project is built from: versions that are known to be sound, pinned, and fetched as they were locked.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The oldest versions without a fault that concerns us (design of the house).
const SOUND: [(&str, (u64, u64, u64)); 4] =
    [("quinn-proto", (0, 11, 15)), ("rustls", (0, 23, 18)), ("rustls-webpki", (0, 103, 13)), ("h2", (0, 4, 16))];

/// HTTP/2 is not spoken; should it be, then not by an older one.
const ABSENT: [&str; 1] = ["h2"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn locked() -> Vec<(String, (u64, u64, u64), toml::Table)> {
    let lock: toml::Table = read("Cargo.lock").parse().expect("the lock file is TOML");
    let package = |package: &toml::Value| {
        let package = package.as_table().expect("a table").clone();
        let text = |key: &str| package[key].as_str().expect("a text").to_owned();
        (text("name"), version(&text("version")), package)
    };
    lock["package"].as_array().expect("a list").iter().map(package).collect()
}

/// Without what stands behind the three numbers.
fn version(text: &str) -> (u64, u64, u64) {
    let mut numbers = text.split(['.', '-', '+']).map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

#[test]
fn versions_are_compared_as_numbers() {
    assert!(version("0.11.9") < version("0.11.15") && version("0.103.13") > version("0.23.18"));
    assert_eq!(version("1.2.3-rc.1+build"), (1, 2, 3));
}

#[test]
fn locked_versions_are_sound() {
    let locked = locked();
    for (name, least) in SOUND {
        let found: Vec<_> = locked.iter().filter(|(locked, ..)| locked == name).collect();
        assert!(!found.is_empty() || ABSENT.contains(&name), "{name} is not in Cargo.lock");
        for (_, version, _) in found {
            assert!(*version >= least, "{name} {version:?} is older than {least:?}");
        }
    }
}

/// From one registry, each with its checksum.
#[test]
fn every_crate_is_locked_with_its_checksum() {
    let own = |name: &str| name == "pixelgate" || name.starts_with("pixelgate-");
    for (name, _, package) in locked().iter().filter(|(name, ..)| !own(name)) {
        let source = package["source"].as_str().expect("a text");
        assert_eq!(source, "registry+https://github.com/rust-lang/crates.io-index", "{name}");
        assert!(package["checksum"].as_str().is_some_and(|sum| sum.len() == 64), "{name}");
    }
}

/// Everything that resolves dependencies does so as they were locked.
#[test]
fn builds_are_locked() {
    let scripts = ["tests/run", "deploy/docker/Dockerfile", "deploy/README.md", ".github/workflows/ci.yml"];
    let resolves = |line: &&str| {
        let words = ["build", "test", "run", "clippy", "doc", "deb", "install", "tree", "deny"];
        let starts =
            |word: &&str| line.contains(&format!("cargo {word} ")) || line.contains(&format!("cargo nextest {word} "));
        words.iter().any(starts) && !line.trim_start().starts_with('#') && !line.contains("--version >/dev/null")
    };
    let mut seen = 0;
    for script in scripts {
        // A command goes on over lines that end with a backslash.
        let text = read(script).replace("\\\n", " ");
        for line in text.lines().filter(resolves) {
            seen += 1;
            assert!(line.contains("--locked"), "{script}: {line}");
        }
    }
    assert!(seen > 7, "only {seen} commands were found");
}

/// The folders of JavaScript: every dependency exact, and locked with what its archive hashes to.
#[test]
fn npm_packages_are_pinned_and_locked() {
    let folders = found("package.json");
    assert!(folders.len() >= 4, "{folders:?}");
    for manifest in folders {
        let folder = manifest.parent().expect("a folder");
        let json = |name: &str| -> Value {
            let path = folder.join(name);
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            serde_json::from_str(&text).expect("JSON")
        };
        let manifest = json("package.json");
        let kinds =
            ["dependencies", "devDependencies"].map(|kind| manifest[kind].as_object().cloned().unwrap_or_default());
        for (name, version) in kinds.iter().flatten() {
            let version = version.as_str().expect("a text");
            let exact = version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains([' ', '|', 'x', '*']);
            assert!(exact, "{}: {name} {version} is not one version", folder.display());
        }
        if kinds.iter().all(serde_json::Map::is_empty) {
            continue;
        }
        let lock = json("package-lock.json");
        for (path, package) in
            lock["packages"].as_object().expect("packages").iter().filter(|(path, _)| !path.is_empty())
        {
            let linked = package["link"] == true || !path.contains("node_modules/");
            let hashed = package["integrity"].as_str().is_some_and(|sum| sum.starts_with("sha512-"));
            assert!(linked || hashed, "{}: {path} has no sum", folder.display());
        }
    }
}

#[test]
fn python_packages_are_pinned() {
    let files = found("requirements.txt");
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).expect("readable");
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            assert!(line.contains("=="), "{}: {line}", file.display());
        }
    }
}

/// Tools that tests install are of one version, and the documentation names the same.
#[test]
fn tools_are_pinned() {
    let (run, page) = (read("tests/run"), read("deploy/README.md"));
    for (tool, variable) in [
        ("cargo-deny", "CARGO_DENY_VERSION"),
        ("cargo-deb", "CARGO_DEB_VERSION"),
        ("cargo-cyclonedx", "CARGO_CYCLONEDX_VERSION"),
    ] {
        let prefix = format!("readonly {variable}=");
        let version = run.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("{variable}"));
        assert!(self::version(version) > (0, 0, 0), "{tool} {version}");
        for line in page.lines().filter(|line| line.contains(&format!("install --locked {tool} "))) {
            assert!(line.ends_with(&format!("--version {version}")), "{line}");
        }
    }
}

/// Actions are run as they were when somebody looked at them.
#[test]
fn actions_of_the_ci_are_pinned_by_their_hash() {
    let text = read(".github/workflows/ci.yml");
    let uses: Vec<_> =
        text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: ")).collect();
    assert!(!uses.is_empty());
    for action in uses {
        let hash = action.split_once('@').expect("a version").1;
        assert!(hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
    }
    assert!(text.contains("tests/run advisories") && text.contains("permissions:\n  contents: read"));
}

/// What is claimed to be defended has a test, or code, to be looked at.
#[test]
fn the_threat_model_names_what_is_there() {
    let text = read("SECURITY.md");
    let spans: Vec<_> = text.split('`').skip(1).step_by(2).collect();
    let paths: Vec<_> = spans.iter().filter(|span| !span.contains(' ') && span.contains('/')).collect();
    assert!(paths.len() > 15, "{paths:?}");
    for path in paths {
        assert!(root().join(path).exists(), "{path} is not there");
    }
    let suites = read("tests/run");
    for suite in spans.iter().filter_map(|span| span.strip_prefix("tests/run ")) {
        assert!(suites.contains(&format!("suite_{suite}()")), "{suite} is no suite");
    }
}

/// Files of that name that belong to the project, not to what was installed.
fn found(name: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path()) {
            let last = entry.file_name().expect("a name").to_string_lossy().into_owned();
            if entry.is_dir() && !last.starts_with('.') && !["node_modules", "target"].contains(&last.as_str()) {
                folders.push(entry);
            } else if last == name {
                files.push(entry);
            }
        }
    }
    files
}
