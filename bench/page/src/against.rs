//! Two builds of the page, trained alternately: whether a change made it faster or slower.

use std::path::Path;

use anyhow::{Context, Result};
use e2e::{Browser, Host, Page};

use crate::Effort;
use crate::report::Samples;
use crate::training::Subject;

/// Trains on the site under test and on another one alternately, and prints the ratio of their images a
/// second for each way of training. The last column is the median of the rounds' ratios.
pub(crate) fn run(browser: &Browser, site: &Path, other: &Path, effort: Effort) -> Result<()> {
    let open = |folder: &Path, host| -> Result<Page<'_>> {
        let mut page = Page::of(browser, folder)?;
        page.change_host(folder, host)?;
        page.refuse_service_worker();
        Ok(page)
    };
    let pages = |folder: &Path| -> Result<[Page<'_>; 2]> {
        Ok([open(folder, Host::Isolated)?, open(folder, Host::Plain)?])
    };
    let (ours, theirs) = (pages(site)?, pages(other)?);
    let mut pairs: Vec<(Subject, Subject, Samples)> = Subject::all()
        .into_iter()
        .zip(Subject::all())
        .map(|(ours, theirs)| (ours, theirs, Samples::default()))
        .collect();
    for round in 1..=effort.rounds {
        println!("round {round} of {}", effort.rounds);
        for (our, their, ratios) in &mut pairs {
            let host = usize::from(!our.shared);
            our.measure(&ours[host], effort.images)?;
            their.measure(&theirs[host], effort.images)?;
            ratios.push(our.images_per_second.last() / their.images_per_second.last());
        }
    }
    println!(
        "\n| build | workers | memory | batch | this, images/s | the other | this over the other |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (our, their, ratios) in &pairs {
        let median = |samples: &Samples| samples.median().context("nothing was measured");
        println!(
            "| {} | {} | {} | {} | {:.0} | {:.0} | {:.3} |",
            our.build,
            our.workers,
            if our.shared { "shared" } else { "messages" },
            our.batch,
            median(&our.images_per_second)?,
            median(&their.images_per_second)?,
            median(ratios)?
        );
    }
    Ok(())
}
