//! The network as one picture: it follows the drawing, fits every network, and opens Look inside.

use anyhow::{Result, ensure};
use e2e::Page;
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("network::it_follows_the_drawing", it_follows_the_drawing),
    ("network::it_follows_a_run_of_another_network", it_follows_a_run_of_another_network),
    ("network::a_layer_opens_look_inside", a_layer_opens_look_inside),
];

/// The picture, once it is drawn.
fn picture(page: &Page) -> Result<String> {
    const READ: &str = "
        const canvas = document.querySelector('#network');
        canvas.scrollIntoView({block: 'center', behavior: 'instant'});
        const drawn = document.querySelector('#network-layers button') && canvas.width !== 300;
        return drawn ? canvas.toDataURL() : null;";
    page.wait_until("the network's picture", 10, || page.ask(READ, vec![]))
}

/// Waits until it has stopped to change, and is another one than before.
fn settled(page: &Page, before: &str) -> Result<String> {
    let mut last = before.to_owned();
    page.wait_until("another picture of the network", 10, || {
        let now = picture(page)?;
        let is_settled = now == last && now != before;
        last = now;
        Ok(is_settled.then(|| last.clone()))
    })
}

fn labels(page: &Page) -> Result<Vec<String>> {
    page.ask(
        "return [...document.querySelectorAll('#network-layers button')].map(b => b.title)",
        vec![],
    )
}

fn it_follows_the_drawing(page: &mut Page) -> Result<()> {
    page.open("")?;
    let blank = picture(page)?;
    let names = labels(page)?;
    let expected =
        ["input", "conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1", "dense"].as_slice();
    ensure!(names == expected, "{names:?}");
    page.draw(3)?;
    let three = settled(page, &blank)?;
    page.click("#clear")?;
    let cleared = settled(page, &three)?;
    ensure!(cleared == blank, "an empty pad's network is as blank as before");
    page.draw(1)?;
    ensure!(settled(page, &cleared)? != three, "another digit gives other maps");
    Ok(())
}

fn it_follows_a_run_of_another_network(page: &mut Page) -> Result<()> {
    page.open("images=3000&epochs=1&batch=16&seed=1&net=c6k5rz,a2,c16k5r,a2,f,d120r,d84r,d10s")?;
    page.draw(5)?;
    let shipped = picture(page)?;
    page.train_now()?;
    page.wait_until("the run's network", 10, || Ok((labels(page)?.len() == 8).then_some(())))?;
    page.wait_for_state("done", 60)?;
    settled(page, &shipped)?;
    Ok(())
}

fn a_layer_opens_look_inside(page: &mut Page) -> Result<()> {
    const TOP: &str = "
        const stage = document.querySelector(arguments[0]);
        const top = stage?.getBoundingClientRect().top;
        return top >= 0 && top < innerHeight / 2 ? top : null;";
    page.open("")?;
    page.draw(4)?;
    picture(page)?;
    page.click("#network-layers button:nth-child(4)")?;
    page.wait_until::<f64>("its layer in sight", 10, || page.ask(TOP, vec![json!("#stage-2")]))?;
    // By keys: one stop for Tab, arrows from layer to layer.
    let stops: usize = page.ask(
        "const stops = document.querySelectorAll('#network-layers [tabindex=\"0\"]');
         stops[0].focus();
         return stops.length",
        vec![],
    )?;
    ensure!(stops == 1, "{stops} stops for Tab");
    let (left, enter) = ('\u{e012}', '\u{e007}');
    for key in [left, left, enter] {
        page.browser.press(&[], key)?;
    }
    page.wait_until::<f64>("the first layer", 10, || page.ask(TOP, vec![json!("#stage-0")]))?;
    Ok(())
}
