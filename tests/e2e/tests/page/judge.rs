//! The panel Test: figures and the confusion matrix, the images behind its cells, a gallery that follows
//! a run, and pinned drawings.

use anyhow::{Context, Result, ensure};
use e2e::{Fault, Page};
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("judge::figures_follow_from_the_matrix", figures_follow_from_the_matrix),
    ("judge::a_run_is_tested_and_watched", a_run_is_tested_and_watched),
    ("judge::a_cell_leads_to_look_inside", a_cell_leads_to_look_inside),
    ("judge::arrow_keys_go_through_the_cells", arrow_keys_go_through_the_cells),
    ("judge::pinned_drawings_are_kept", pinned_drawings_are_kept),
    ("judge::pinned_drawings_have_a_history", pinned_drawings_have_a_history),
    ("judge::nothing_is_read_while_it_is_closed", nothing_is_read_while_it_is_closed),
    ("judge::what_is_missing_is_reported", what_is_missing_is_reported),
    ("judge::fits_a_phone", fits_a_phone),
    ("judge::pictures_need_no_reading_back", pictures_need_no_reading_back),
];

/// A run that ends soon and leaves some digits misread.
const SHORT: &str = "images=1000&epochs=1&batch=32&seed=1";

fn content(page: &Page, selector: &str) -> Result<String> {
    page.ask("return document.querySelector(arguments[0]).textContent", vec![json!(selector)])
}

fn wait_for_content(page: &Page, selector: &str, words: &str) -> Result<()> {
    page.wait_until(&format!("{words:?} in {selector}"), 30, || {
        Ok((content(page, selector)? == words).then_some(()))
    })
}

fn judge_now(page: &Page) -> Result<()> {
    page.click("#open-judge")?;
    page.click_when_enabled("#judge-now", 30)?;
    wait_for_content(page, "#judge-status", "Tested: pre-trained network.")
}

/// The matrix's counts, `[label][answer]`.
fn matrix(page: &Page) -> Result<Vec<Vec<u32>>> {
    page.ask(
        "return [...document.querySelectorAll('#judge-matrix tr')].map(row =>
            [...row.querySelectorAll('button')].map(cell => cell.hidden ? 0 : Number(cell.textContent)))",
        vec![],
    )
}

/// How each image shown is read: `right`, `wrong` or not yet.
fn frames(page: &Page) -> Result<Vec<String>> {
    page.ask(
        "document.querySelector('#judge-images').scrollIntoView({behavior: 'instant'});
         return [...document.querySelectorAll('#judge-images button')].map(tile => tile.dataset.read)",
        vec![],
    )
}

/// Browsers that guard against being told apart give noise for what is read from a canvas.
fn pictures_need_no_reading_back(page: &mut Page) -> Result<()> {
    const NOISE: &str = "
        HTMLCanvasElement.prototype.toDataURL = () => {
            throw new Error('a canvas was read');
        };\n";
    const DIFFERENT: &str = "
        const tiles = [...document.querySelectorAll('#judge-images canvas, #judge-pinned canvas')];
        const pictures = tiles.map(tile => tile.getContext('2d').getImageData(0, 0, 28, 28).data.join());
        return [tiles.length, new Set(pictures).size];";
    page.site.inject("start.js", Fault::Prefixed(NOISE));
    // It is this test that reads them.
    page.expect_on_console("Multiple readback operations");
    page.open("")?;
    page.draw(6)?;
    page.click("#open-judge")?;
    page.click_when_enabled("#judge-pin button", 5)?;
    page.wait_until("a different picture in each tile", 30, || {
        page.browser.script("document.querySelector('#judge-images').scrollIntoView()", vec![])?;
        let (tiles, pictures): (usize, usize) = page.ask(DIFFERENT, vec![])?;
        Ok((tiles > 20 && pictures > 20).then_some(()))
    })
}

fn figures_follow_from_the_matrix(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.click("#open-judge")?;
    ensure!(!page.text()?.contains("Confusion matrix"), "nothing is tested yet");
    page.wait_until("an invitation", 30, || {
        Ok(page.text()?.contains("Not tested yet. Press Test now").then_some(()))
    })?;
    ensure!(!page.is_enabled("#judge-mistakes")?, "without a test nothing is a mistake");
    page.click_when_enabled("#judge-now", 30)?;
    wait_for_content(page, "#judge-status", "Tested: pre-trained network.")?;

    let counts = matrix(page)?;
    let images: u32 = counts.iter().flatten().sum();
    ensure!(images == 10_000, "{images} images");
    let right: u32 = (0..10).map(|class| counts[class][class]).sum();
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    ensure!(content(page, "#judge-accuracy")? == percent(f64::from(right) / 10_000.0));
    let told = content(page, "#judge-right")?.replace(',', "");
    ensure!(told == format!("{right} of 10000"), "{told}");
    let scores: Vec<Vec<String>> = page.ask(
        "return [...document.querySelectorAll('#judge-scores tr')].map(row =>
            [...row.querySelectorAll('td')].map(cell => cell.textContent))",
        vec![],
    )?;
    let mut means = [0.0; 3];
    for class in 0..10 {
        let hits = f64::from(counts[class][class]);
        let recall = hits / f64::from(counts[class].iter().sum::<u32>());
        let precision = hits / f64::from(counts.iter().map(|row| row[class]).sum::<u32>());
        let wanted = [precision, recall, 2.0 * precision * recall / (precision + recall)];
        ensure!(scores[class][..3] == wanted.map(percent), "{class}: {:?}", scores[class]);
        for (mean, value) in means.iter_mut().zip(wanted) {
            *mean += value / 10.0;
        }
    }
    ensure!(scores[10][..3] == means.map(percent), "{:?}", scores[10]);
    ensure!(scores[10][3] == "10,000", "{:?}", scores[10]);
    Ok(())
}

fn a_run_is_tested_and_watched(page: &mut Page) -> Result<()> {
    page.open(SHORT)?;
    page.click("#open-judge")?;
    page.wait_until("all images read right by the shipped weights", 30, || {
        let frames = frames(page)?;
        Ok((frames.len() == 60 && frames.iter().all(|read| read == "right")).then_some(()))
    })?;
    page.click_when_enabled("#train", 30)?;
    page.wait_until("images that turn wrong", 30, || {
        Ok(frames(page)?.iter().any(|read| read == "wrong").then_some(()))
    })?;
    page.wait_for_state("done", 60)?;
    wait_for_content(page, "#judge-status", "Tested: my network, epoch 1.")?;
    ensure!(content(page, "#judge-accuracy")? == content(page, "#test-accuracy")?);
    ensure!(matrix(page)?.iter().flatten().sum::<u32>() == 10_000);
    page.wait_until("what is read right, in words", 10, || {
        let right = frames(page)?.iter().filter(|read| *read == "right").count();
        let words = content(page, "#judge-tally")?;
        Ok((words == format!("{right} of 60 correct") && right < 60).then_some(()))
    })
}

fn a_cell_leads_to_look_inside(page: &mut Page) -> Result<()> {
    page.open("")?;
    judge_now(page)?;
    let counts = matrix(page)?;
    let mistakes = (0..100).map(|at| (counts[at / 10][at % 10], at / 10, at % 10));
    let (count, label, answer) = mistakes
        .filter(|(_, label, answer)| label != answer)
        .max()
        .context("the matrix is empty")?;
    page.click(&format!(
        "#judge-matrix tr:nth-child({}) td:nth-child({}) button",
        label + 1,
        answer + 2
    ))?;
    let title = format!("{label} predicted as {answer}: {count} images, most confident first");
    wait_for_content(page, "#judge-images-title", &title)?;
    let focused: String = page.ask("return document.activeElement.id", vec![])?;
    ensure!(focused == "judge-images-title", "{focused}");
    let names: Vec<String> = page.wait_until("its images", 10, || {
        let names: Vec<String> = page.ask(
            "return [...document.querySelectorAll('#judge-images button')].map(tile => tile.textContent)",
            vec![],
        )?;
        Ok((names.len() == count as usize).then_some(names))
    })?;
    let words = format!("{label} as {answer} test image ");
    ensure!(names.iter().all(|name| name.starts_with(&words)), "{names:?}");
    let index = names[0][words.len()..].split(',').next().unwrap_or_default().to_owned();

    page.wait_until("Look inside", 10, || {
        page.click("#judge-images button")?;
        let closed: bool = page.ask("return document.querySelector('#inside').hidden", vec![])?;
        Ok((!closed).then_some(()))
    })?;
    wait_for_content(page, "#inside-subject", &format!("Test image {index}, true digit {label}"))?;
    wait_for_content(page, "#inside-softmax .top-class th", &answer.to_string())?;
    let focused: String = page.ask("return document.activeElement.id", vec![])?;
    ensure!(focused == "open-inside", "{focused}");
    Ok(())
}

fn arrow_keys_go_through_the_cells(page: &mut Page) -> Result<()> {
    let (left, up, right, down) = ('\u{e012}', '\u{e013}', '\u{e014}', '\u{e015}');
    let (enter, end) = ('\u{e007}', '\u{e010}');
    page.open("")?;
    judge_now(page)?;
    let stops: usize = page.ask(
        "return document.querySelectorAll('#judge-matrix [tabindex=\"0\"]:not([hidden])').length",
        vec![],
    )?;
    ensure!(stops == 1, "{stops} stops for Tab");
    page.browser
        .script("document.querySelector('#judge-matrix [tabindex=\"0\"]').focus()", vec![])?;
    let name = || page.ask::<String>("return document.activeElement.ariaLabel", vec![]);
    ensure!(name()?.starts_with("0 predicted as 0: "), "{}", name()?);
    page.browser.press(&[], down)?;
    let below = name()?;
    ensure!(!below.starts_with('0'), "{below}");
    page.browser.press(&[], up)?;
    ensure!(name()?.starts_with('0'), "{}", name()?);
    page.browser.press(&[], end)?;
    ensure!(name()?.starts_with("9 predicted as 9: "), "{}", name()?);
    page.browser.press(&[], left)?;
    page.browser.press(&[], right)?;
    page.browser.press(&[], enter)?;
    page.wait_until("the nines", 10, || {
        Ok(content(page, "#judge-images-title")?.starts_with("9 predicted as 9: ").then_some(()))
    })
}

/// The text beside each pinned drawing.
fn pins(page: &Page) -> Result<Vec<String>> {
    page.ask(
        "return [...document.querySelectorAll('#judge-pinned .words')].map(words => words.textContent)",
        vec![],
    )
}

fn wait_for_pins(page: &Page, wanted: &[&str]) -> Result<()> {
    page.wait_until(&format!("{wanted:?} pinned"), 10, || Ok((pins(page)? == wanted).then_some(())))
}

fn pin(page: &Page, drawn: u8, label: u8) -> Result<()> {
    page.click("#clear")?;
    page.draw(drawn)?;
    page.click_when_enabled(&format!("#judge-pin button:nth-child({})", label + 1), 10)
}

fn pinned_drawings_are_kept(page: &mut Page) -> Result<()> {
    let (seven, three) = ("Your 7, predicted as 7", "Your 3, predicted as 2");
    page.open("")?;
    page.click("#open-judge")?;
    page.wait_until("the empty list", 10, || {
        Ok(page.text()?.contains("Nothing is pinned yet").then_some(()))
    })?;
    ensure!(page.text()?.contains("Draw a digit on the pad first"), "it says what is missing");
    pin(page, 7, 7)?;
    pin(page, 2, 3)?;
    wait_for_pins(page, &[seven, three])?;
    page.browser.reload()?;
    page.wait_for_state("ready", 30)?;
    page.click("#open-judge")?;
    wait_for_pins(page, &[seven, three])?;

    page.click("#judge-pinned li:first-child [data-do=unpin]")?;
    wait_for_pins(page, &[three])?;
    let focused: String = page.ask("return document.activeElement.id", vec![])?;
    ensure!(focused == "judge-undo", "{focused}");
    page.click("#judge-undo")?;
    wait_for_pins(page, &[seven, three])?;
    page.click("#judge-pinned li:last-child [data-do=unpin]")?;
    wait_for_pins(page, &[seven])?;
    page.browser.reload()?;
    page.wait_for_state("ready", 30)?;
    page.click("#open-judge")?;
    wait_for_pins(page, &[seven])?;

    page.click("#judge-pinned [data-do=look]")?;
    wait_for_content(page, "#inside-subject", "Pinned drawing, true digit 7")
}

fn pinned_drawings_have_a_history(page: &mut Page) -> Result<()> {
    page.open("images=2000&epochs=2&batch=16&seed=1")?;
    page.click("#open-judge")?;
    pin(page, 1, 1)?;
    page.click_when_enabled("#train", 30)?;
    page.wait_for_state("done", 90)?;
    wait_for_pins(page, &["Your 1, predicted as 1"])?;
    let path: String =
        page.ask("return document.querySelector('#judge-pinned path').getAttribute('d')", vec![])?;
    let heights: Vec<f64> =
        path.split(['M', 'L']).filter_map(|point| point.split_once(' ')?.1.parse().ok()).collect();
    ensure!(heights.len() > 3, "{path}");
    // Fresh weights guess, trained ones know: the line rises, so its y values fall.
    let (first, last) = (heights[0], heights[heights.len() - 1]);
    ensure!(first > 12.0 && last < 12.0, "{path}");
    Ok(())
}

fn nothing_is_read_while_it_is_closed(page: &mut Page) -> Result<()> {
    // Engines keep a script's variables to themselves, but not what it writes into the document.
    const WATCH: &str = "
        const {dataset} = document.documentElement;
        dataset.changes = 0;
        new MutationObserver(changes => { dataset.changes = Number(dataset.changes) + changes.length; })
            .observe(document.querySelector('#judge'),
                {subtree: true, childList: true, characterData: true, attributeFilter: ['data-read', 'd']});";
    page.open(SHORT)?;
    page.click("#open-judge")?;
    page.wait_until("the images", 30, || Ok((frames(page)?.len() == 60).then_some(())))?;
    page.click("#open-judge")?;
    page.browser.script(WATCH, vec![])?;
    page.train_now()?;
    page.wait_for_state("done", 60)?;
    let changes: String = page.ask("return document.documentElement.dataset.changes", vec![])?;
    ensure!(changes == "0", "{changes} changes in a closed panel");
    page.click("#open-judge")?;
    wait_for_content(page, "#judge-status", "Tested: my network, epoch 1.")
}

/// The test images come last; until they arrive, or if they cannot be downloaded, the panel says so.
fn what_is_missing_is_reported(page: &mut Page) -> Result<()> {
    let part = &*crate::part("test-01")?;
    let told = |words: &str| {
        page.wait_until(&format!("{words:?}"), 30, || {
            Ok(content(page, "#judge-status")?.contains(words).then_some(()))
        })
    };
    page.site.inject(part, Fault::Held);
    page.open("")?;
    page.click("#open-judge")?;
    told("MB so far")?;
    ensure!(!page.is_enabled("#judge-now")? && !page.is_enabled("#judge-sample")?);
    ensure!(page.text()?.contains("Test images will appear here"));

    page.site.inject(part, Fault::Truncated);
    // Not only loaded: a click before the page listens is lost.
    page.open("")?;
    page.click("#open-judge")?;
    told("did not load. Press Retry")?;
    page.site.heal(part);
    page.click_when_enabled("#data-retry", 10)?;
    told("Not tested yet")?;
    page.wait_until("the images", 30, || Ok((frames(page)?.len() == 60).then_some(())))?;
    ensure!(page.is_enabled("#judge-now")?);
    page.expect_on_console(part);
    Ok(())
}

fn fits_a_phone(page: &mut Page) -> Result<()> {
    const SIDEWAYS: &str =
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth;";
    const TOO_SMALL: &str = "
        return [...document.querySelectorAll('#judge :is(button, input, select)')]
            .filter(target => target.checkVisibility())
            .map(target => [target, target.getBoundingClientRect()])
            .filter(([target, {width, height}]) =>
                width < (target.closest('table') ? 24 : 40) || height < 40)
            .map(([target, {width, height}]) => `${target.outerHTML.slice(0, 80)}: ${width} x ${height}`);";
    page.open_on_a_phone("")?;
    page.draw(7)?;
    judge_now(page)?;
    page.click_when_enabled("#judge-pin button:nth-child(8)", 10)?;
    wait_for_pins(page, &["Your 7, predicted as 7"])?;
    let sideways: i32 = page.ask(SIDEWAYS, vec![])?;
    ensure!(sideways == 0, "{sideways} px too wide");
    let small: Vec<String> = page.ask(TOO_SMALL, vec![])?;
    ensure!(small.is_empty(), "too small for a finger: {small:#?}");
    Ok(())
}
