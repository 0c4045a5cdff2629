//! Recognises a full disk, which most programs report as something else.

use std::path::Path;
use std::process::Command;

/// MiB below which a build cannot go on.
const LEAST: u64 = 100;

/// Warns on stderr if the disk with the repository or with the build's output is full. Silent if `df` does
/// not say.
pub fn warn_if_full(root: &Path) {
    // Often a disk of its own.
    let target = root.join("target");
    for folder in [target.as_path(), root] {
        let output = Command::new("df").args(["-P", "-m"]).arg(folder).output();
        let left =
            output.ok().and_then(|output| available(&String::from_utf8_lossy(&output.stdout)));
        if let Some(left) = left.filter(|left| *left < LEAST) {
            eprintln!(
                "The disk that holds {} is full ({} MiB left): a build needs about 4 GiB there. Free some room and run \
                 the command again.",
                folder.display(),
                left
            );
            return;
        }
    }
}

/// MiB available: the fourth column of the second line of `df -P -m`.
fn available(df: &str) -> Option<u64> {
    df.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::available;

    #[test]
    fn the_room_left_is_read() {
        let df = "Filesystem 1048576-blocks Used Available Capacity Mounted on\n\
                  /dev/vda1 257000 17000 80123 18% /\n";
        assert_eq!(available(df), Some(80_123));
        assert_eq!(available(""), None);
        assert_eq!(available("a\nb"), None);
    }
}
