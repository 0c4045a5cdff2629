//! Test's map: the test images as points, the drawing among them.

use anyhow::{Result, ensure};
use e2e::Page;
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("map::it_shows_the_test_images_and_follows_the_pen", it_follows_the_pen),
    ("map::mistakes_open_look_inside", mistakes_open_look_inside),
    ("map::it_follows_a_run_and_its_moments", it_follows_a_run),
];

/// The map's pixels, once they stand still.
fn settled(page: &Page) -> Result<String> {
    const READ: &str = "
        const canvas = document.querySelector('#judge-map-canvas');
        return canvas.offsetParent && canvas.width !== 300 ? canvas.toDataURL() : null;";
    let mut last = String::new();
    page.wait_until("the map", 20, || {
        let now = page.ask::<Option<String>>(READ, vec![])?.unwrap_or_default();
        let stands = !now.is_empty() && now == last;
        last = now;
        std::thread::sleep(std::time::Duration::from_millis(100));
        Ok(stands.then(|| last.clone()))
    })
}

fn words(page: &Page) -> Result<String> {
    page.ask("return document.querySelector('#judge-map-words').textContent", vec![])
}

fn open(page: &Page, hash: &str) -> Result<()> {
    page.open(hash)?;
    page.wait_until("the test images", 60, || {
        Ok(page.text()?.contains("60,000 training images").then_some(()))
    })?;
    page.click("#open-judge")
}

fn it_follows_the_pen(page: &mut Page) -> Result<()> {
    open(page, "")?;
    let empty = settled(page)?;
    ensure!(words(page)?.starts_with("2,000 test images, "), "{}", words(page)?);
    page.draw_on("#rail-pad", e2e::Pointer::Mouse, &e2e::digits::strokes(3))?;
    page.wait_until("the drawing on the map", 10, || Ok((settled(page)? != empty).then_some(())))?;
    page.click("#clear")?;
    page.wait_until("no drawing", 10, || Ok((settled(page)? == empty).then_some(())))
}

fn mistakes_open_look_inside(page: &mut Page) -> Result<()> {
    open(page, "")?;
    settled(page)?;
    page.click("#judge-map-next")?;
    let said = words(page)?;
    ensure!(said.starts_with("Test image ") && said.contains(", read as "), "{said}");
    page.click("#judge-map-look")?;
    let name = said.split(':').next().unwrap_or_default().to_owned();
    page.wait_until("the image in Look inside", 10, || {
        let subject: String =
            page.ask("return document.querySelector('#inside-subject').textContent", vec![])?;
        Ok(subject.contains(&name).then_some(()))
    })
}

fn it_follows_a_run(page: &mut Page) -> Result<()> {
    const GO: &str = "
        const slider = document.querySelector('#timeline');
        slider.value = arguments[0];
        slider.dispatchEvent(new Event('input'));";
    open(page, "images=3000&epochs=2&batch=32&seed=1")?;
    let shipped = settled(page)?;
    page.train_now()?;
    page.wait_for_state("done", 60)?;
    page.wait_until("the run's map", 20, || Ok((settled(page)? != shipped).then_some(())))?;
    page.ask::<()>(GO, vec![json!(0)])?;
    page.wait_until("many mistakes before the first minibatch", 20, || {
        let mistakes: u32 = words(page)?
            .split(", ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next()?.parse().ok())
            .unwrap_or_default();
        Ok((mistakes > 1000).then_some(()))
    })
}
