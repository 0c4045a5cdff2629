//! A server that never answers.

use anyhow::{Result, ensure};
use e2e::{Fault, Page};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] =
    &[("slowness::a_part_that_never_comes_is_named", a_part_that_never_comes_is_named)];

/// The limit is 30 seconds; here they pass faster.
const FASTER: &str = "
const {setTimeout} = self;
self.setTimeout = (then, time, ...rest) => setTimeout(then, time === 30000 ? 1500 : time, ...rest);
";

fn a_part_that_never_comes_is_named(page: &mut Page) -> Result<()> {
    let part = crate::parts()?.swap_remove(2);
    page.site.inject("worker-start.js", Fault::Prefixed(FASTER));
    page.site.inject(&part, Fault::Held);
    page.load("images=30000&epochs=1&batch=512&net=f,d10s")?;
    let file = part.trim_start_matches("data/");
    let status = page.wait_for("its name", 30, |status| status.error.contains(file))?;
    ensure!(status.error.contains("the server has sent nothing for 30 seconds"), "{status:?}");
    page.site.heal(&part);
    page.click_when_enabled("#data-retry", 10)?;
    page.wait_for("the error to go", 20, |status| status.error.is_empty())?;
    page.train_now()?;
    page.wait_for_state("done", 90)?;
    Ok(())
}
