//! The guided tour.

use anyhow::{Result, ensure};
use e2e::Page;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("tour::it_leads_through_the_page", it_leads_through_the_page),
    ("tour::it_can_be_skipped_and_found_again", it_can_be_skipped_and_found_again),
];

/// The step's title; `None` if the tour is closed.
fn title(page: &Page) -> Result<Option<String>> {
    page.ask(
        "const card = document.querySelector('#tour-card');
         return card.hidden ? null : document.querySelector('#tour-title').textContent || null;",
        vec![],
    )
}

fn begin(page: &Page) -> Result<String> {
    page.click("#tour")?;
    page.wait_until("the tour", 5, || title(page))
}

fn focused(page: &Page) -> Result<String> {
    page.ask("return document.activeElement.id", vec![])
}

fn it_leads_through_the_page(page: &mut Page) -> Result<()> {
    const COVERS: &str = "
        const [card, here] = ['#tour-card', '.tour-here']
            .map(selector => document.querySelector(selector).getBoundingClientRect());
        return card.right > here.left && card.left < here.right && card.bottom > here.top && card.top < here.bottom;";
    page.open("")?;
    let mut titles = vec![begin(page)?];
    ensure!(focused(page)? == "tour-title", "the focus goes with it");
    while let Some(now) = {
        page.click("#tour-next")?;
        title(page)?
    } {
        let seen: bool =
            page.ask("return Boolean(document.querySelector('.tour-here'))", vec![])?;
        ensure!(seen, "{now} shows what it is about");
        ensure!(!titles.contains(&now), "{now} comes twice");
        ensure!(!page.ask::<bool>(COVERS, vec![])?, "the card covers {now}");
        titles.push(now);
    }
    ensure!(titles.len() == 5, "{titles:?}");
    ensure!(focused(page)? == "tour", "the focus goes back");
    Ok(())
}

fn it_can_be_skipped_and_found_again(page: &mut Page) -> Result<()> {
    page.open_on_a_phone("")?;
    ensure!(page.text()?.contains("First time here?"), "it is offered");
    let first = begin(page)?;
    page.click("#tour-next")?;
    page.click("#tour-end")?;
    ensure!(title(page)?.is_none(), "skipped");
    page.browser.reload()?;
    page.wait_for_state("ready", 30)?;
    ensure!(!page.text()?.contains("First time here?"), "offered once");
    ensure!(begin(page)? == first, "found again, from its beginning");
    page.browser.press(&[], '\u{e00c}')?;
    ensure!(title(page)?.is_none(), "Escape ends it");
    Ok(())
}
