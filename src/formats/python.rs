//! What the Python scripts for Keras and PyTorch have in common.

use std::fmt::Write as _;

use crate::config::{Form, TrainConfig};
use crate::protocol::{FileFormat, NetworkInfo};

/// Minibatches of a run on `images` training images.
pub(super) fn steps(settings: &TrainConfig, images: u32) -> u32 {
    let (trained, _) = settings.split(images as usize);
    (trained as u32).div_ceil(settings.batch_size.max(1)) * settings.epochs
}

/// A script's doc: what it is and what it needs.
pub(super) fn introduction(
    info: &NetworkInfo,
    format: FileFormat,
    library: &str,
    packages: &str,
) -> String {
    let (name, origin, this) = (quotable(&info.name), quotable(&info.origin), format.file_name());
    let file = FileFormat::Safetensors.file_name();
    format!(
        r#""""Inkling's {name} in {library}. {origin}

Needs: pip install {packages}
Reads {file}, or the file named, which the page saves of the same network.

    python {this}            compares a prediction with the page's, then evaluates on MNIST
    python {this} --check    only the former
    python {this} --train    both, and then trains on with the same settings
"""

"#
    )
}

/// Python that saves `trained`.
pub(super) fn save(info: &NetworkInfo, form: &Form, library: &str) -> String {
    format!(
        r#"metadata = {{
    "architecture": "{}",
    "settings": "{}",
    "name": "{}, trained on in {library}",
}}
save_file(trained, "inkling-network-trained.safetensors", metadata)
"#,
        form.settings.architecture,
        form.to_hash(),
        quotable(&info.name),
    )
}

/// Python that says how far `difference` is, and ends there if the script was only to check it.
pub(super) fn agree(code: &mut String, library: &str) {
    let _ = write!(
        code,
        r#"print(f"The page and {library} differ by at most {{difference:.1e}} of a probability.")
assert difference <= 1e-5
if "--check" in sys.argv:
    sys.exit()

"#
    );
}

/// A list of numbers in Python, some to a line.
pub(super) fn list(code: &mut String, name: &str, numbers: &[f32], per_line: usize) {
    let _ = writeln!(code, "{name} = [");
    for line in numbers.chunks(per_line) {
        code.push_str("   ");
        for number in line {
            let _ = write!(code, " {number},");
        }
        code.push('\n');
    }
    code.push_str("]\n");
}

/// Text inside a Python string in double quotes, also one of three.
fn quotable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect()
}
