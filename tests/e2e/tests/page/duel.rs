//! Beat the network: ten images, two scores.

use anyhow::{Result, ensure};
use e2e::Page;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[("duel::ten_images_give_two_scores", ten_images)];

fn ten_images(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.click("#open-judge")?;
    page.click_when_enabled("#judge-now", 60)?;
    page.click_when_enabled("#judge-duel-go", 60)?;
    for round in 1..=10 {
        let words = format!("Image {round} of 10. Which digit is it?");
        page.wait_until("the image", 10, || Ok(page.text()?.contains(&words).then_some(())))?;
        page.click("#judge-duel-digits > button:nth-child(4)")?;
        page.wait_until("what it was", 10, || {
            Ok(page.text()?.contains(": you said 3, the network ").then_some(()))
        })?;
        if round < 10 {
            page.click("#judge-duel-go")?;
        }
    }
    let score: String =
        page.ask("return document.querySelector('#judge-duel-score').textContent", vec![])?;
    ensure!(score.starts_with("You ") && score.ends_with(", of 10 images"), "{score}");
    page.click("#judge-duel-go")?;
    page.wait_until("another duel", 10, || Ok(page.text()?.contains("Image 1 of 10").then_some(())))
}
