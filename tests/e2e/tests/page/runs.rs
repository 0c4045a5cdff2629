//! The panel Runs: runs are kept, compared and loaded again.

use anyhow::{Result, ensure};
use e2e::Page;
use serde_json::{Value, json};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("runs::a_run_is_kept_and_survives_a_reload", a_run_is_kept_and_survives_a_reload),
    ("runs::deleting_can_be_undone", deleting_can_be_undone),
    ("runs::weights_come_back", weights_come_back),
    ("runs::are_saved_to_files", are_saved_to_files),
    ("runs::fit_a_phone_as_experiment_does", fit_a_phone_as_experiment_does),
];

const SHORT: &str = "images=1000&epochs=2&batch=32&lr=0.002&seed=1";

/// What such a run is called.
const NAME: &str = "Keras reference, epochs 2, lr 0.002";

/// The table's figures for each run, after its name: test accuracy, epochs, network and so on.
fn rows(page: &Page) -> Result<Vec<Vec<String>>> {
    const ROWS: &str = "
        return [...document.querySelectorAll('#runs-rows tr')].map(row => [
            row.querySelector('[data-do=name]').value,
            ...[...row.querySelectorAll('td')].slice(1, -1).map(cell => cell.textContent),
        ]);";
    page.ask(ROWS, vec![])
}

fn wait_for_rows(page: &Page, count: usize) -> Result<Vec<Vec<String>>> {
    page.wait_until(&format!("{count} runs"), 10, || {
        Ok(Some(rows(page)?).filter(|rows| rows.len() == count))
    })
}

/// Trains with these settings to the end, with or without the panel open.
fn train(page: &Page, hash: &str) -> Result<()> {
    page.train(hash)?;
    page.wait_for_state("done", 90)?;
    Ok(())
}

fn names(page: &Page) -> Result<Vec<String>> {
    Ok(rows(page)?.into_iter().filter_map(|row| row.into_iter().next()).collect())
}

fn a_run_is_kept_and_survives_a_reload(page: &mut Page) -> Result<()> {
    page.open(SHORT)?;
    page.click("#open-runs")?;
    page.wait_until("the empty panel", 10, || {
        Ok(page.text()?.contains("No runs yet: train one epoch").then_some(()))
    })?;
    page.click_when_enabled("#train", 30)?;
    page.wait_for_state("done", 60)?;
    let kept = wait_for_rows(page, 1)?;
    let tested = page.epochs()?.pop().unwrap_or_default();
    ensure!(kept[0][0] == NAME && kept[0][2..4] == ["2", "Keras reference"], "{kept:?}");
    ensure!(kept[0][1] == tested[4] && kept[0][4] == tested[2], "{kept:?}, {tested:?}");
    ensure!(kept[0][6] == "34,826" && kept[0][5].ends_with(" s"), "{kept:?}");
    let drawn: bool =
        page.ask("return Boolean(document.querySelector('#runs-chart canvas'))", vec![])?;
    ensure!(drawn, "there is a chart");
    page.fill("#runs-rows [data-do=name]", "Baseline")?;

    train(page, "images=1000&epochs=1&batch=64&net=f,d10s")?;
    page.click("#open-runs")?;
    let kept = wait_for_rows(page, 2)?;
    ensure!(kept[0][0] == "Dense 10, epochs 1, batch 64" && kept[0][3] == "f,d10s", "{kept:?}");
    ensure!(kept[1][0] == "Baseline" && kept[1][1] == tested[4], "{kept:?}");
    Ok(())
}

fn deleting_can_be_undone(page: &mut Page) -> Result<()> {
    train(page, SHORT)?;
    train(page, "images=500&epochs=1")?;
    page.click("#open-runs")?;
    wait_for_rows(page, 2)?;
    page.click("#runs-rows tr:last-child [data-do=delete]")?;
    wait_for_rows(page, 1)?;
    let focused: String = page.ask("return document.activeElement.id", vec![])?;
    ensure!(focused == "runs-undo", "{focused}");
    page.click("#runs-undo")?;
    ensure!(names(page)? == ["Keras reference, epochs 1, images 500", NAME], "{:?}", names(page)?);

    page.click("#runs-rows tr:first-child [data-do=delete]")?;
    wait_for_rows(page, 1)?;
    page.open(SHORT)?;
    page.click("#open-runs")?;
    wait_for_rows(page, 1)?;
    ensure!(names(page)? == [NAME], "{:?}", names(page)?);
    Ok(())
}

fn weights_come_back(page: &mut Page) -> Result<()> {
    train(page, "images=1000&epochs=1&seed=5&net=c4k5r,p2,f,d10s")?;
    page.draw(3)?;
    let answered = page.bars()?;
    let tested = page.status()?.test_accuracy;

    page.open("")?;
    page.draw(3)?;
    page.click("#open-runs")?;
    wait_for_rows(page, 1)?;
    page.click("#runs-rows [data-do=load]")?;
    let status = page.wait_for_state("done", 10)?;
    ensure!(status.test_accuracy == tested, "{status:?}");
    ensure!(page.bars()? == answered, "{:?}, not {answered:?}", page.bars()?);
    ensure!(page.hash()?.contains("net=c4k5r,p2,f,d10s") && page.hash()?.contains("seed=5"));
    ensure!(page.epochs()?.len() == 1, "its curves are back");
    Ok(())
}

fn are_saved_to_files(page: &mut Page) -> Result<()> {
    train(page, SHORT)?;
    page.click("#open-runs")?;
    wait_for_rows(page, 1)?;
    // The file that the page hands to the browser for saving, instead of the browser's own folder.
    const BLOBS: &str = "
        window.blobs = [];
        const make = URL.createObjectURL;
        URL.createObjectURL = blob => { blobs.push(blob.text()); return make.call(URL, blob); };
        window.saved = [];
        HTMLAnchorElement.prototype.click = function () { saved.push([this.download, this.href]); };";
    page.browser.script(BLOBS, vec![])?;
    for (count, button) in (1..).zip(["#runs-csv", "#runs-json", "#runs-png"]) {
        page.click(button)?;
        page.wait_until(button, 10, || {
            Ok((page.ask::<usize>("return saved.length", vec![])? == count).then_some(()))
        })?;
    }
    let saved: Vec<(String, String)> = page.ask("return saved", vec![])?;
    let files: Vec<&str> = saved.iter().map(|(file, _)| file.as_str()).collect();
    ensure!(files == ["inkling-runs.csv", "inkling-runs.json", "inkling-runs.png"], "{files:?}");
    ensure!(saved[2].1.starts_with("data:image/png;base64,") && saved[2].1.len() > 10_000);
    let texts: Vec<String> = page.ask("return Promise.all(blobs)", vec![])?;
    ensure!(
        texts[0].lines().count() == 3 && texts[0].contains(&format!("\"{NAME}\",")),
        "{}",
        texts[0]
    );
    page.click("#runs-rows [data-do=show]")?;
    ensure!(!page.is_enabled("#runs-png")?, "an empty chart is no picture");
    let json: Value = serde_json::from_str(&texts[1])?;
    ensure!(
        json[0]["name"] == json!(NAME) && json[0]["epochs"].as_array().map(Vec::len) == Some(2)
    );
    ensure!(json[0]["losses"].as_array().map(Vec::len) == Some(64), "{}", json[0]["losses"]);
    Ok(())
}

fn fit_a_phone_as_experiment_does(page: &mut Page) -> Result<()> {
    page.open_on_a_phone(SHORT)?;
    page.train_now()?;
    page.wait_for_state("done", 60)?;
    for panel in ["runs", "experiment"] {
        page.click(&format!("#open-{panel}"))?;
        if panel == "runs" {
            wait_for_rows(page, 1)?;
        }
        const SIDEWAYS: &str = "
            return document.documentElement.scrollWidth - document.documentElement.clientWidth;";
        let sideways: i32 = page.ask(SIDEWAYS, vec![])?;
        ensure!(sideways == 0, "{panel} is {sideways} px too wide");
    }
    Ok(())
}
