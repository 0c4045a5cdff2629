//! Rust versions in the output of `rustc --version` and in `rust-version`.

/// Major and minor; a patch does not change what compiles.
pub type Version = (u32, u32);

/// The version in text like `1.88`, `1.88.0` or `1.97.0-nightly`.
pub fn parse(text: &str) -> Option<Version> {
    let mut parts = text.split(['.', '-']);
    let mut number = || parts.next()?.parse().ok();
    Some((number()?, number()?))
}

/// The version in the output of `rustc --version`: `rustc 1.95.0 (59807616e 2026-04-14)`.
pub fn of_rustc(output: &str) -> Option<Version> {
    parse(output.strip_prefix("rustc ")?.split_whitespace().next()?)
}

/// The value of `rust-version` in the text of a Cargo.toml.
pub fn wanted(manifest: &str) -> Option<&str> {
    let line = manifest.lines().find(|line| line.starts_with("rust-version"))?;
    line.split('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(of_rustc("rustc 1.95.0 (59807616e 2026-04-14)\n"), Some((1, 95)));
        assert_eq!(of_rustc("rustc 1.97.0-nightly (e50aa6fba 2026-05-19)"), Some((1, 97)));
        assert_eq!(of_rustc("rustc 1.63.0"), Some((1, 63)));
        assert_eq!(of_rustc("error: no override and no default toolchain set"), None);
        assert!(parse("1.100.0") > parse("1.99.1"), "by number, not by letter");
    }

    #[test]
    fn the_manifest_names_one() {
        let manifest = include_str!("../../../Cargo.toml");
        assert!(wanted(manifest).and_then(parse).is_some());
    }
}
