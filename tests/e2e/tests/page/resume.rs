//! Nothing is lost: an interrupted run goes on with the same bits, and the drawing is back after a reload.

use anyhow::{Result, ensure};
use e2e::Page;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("resume::a_run_goes_on_after_a_reload", a_run_goes_on_after_a_reload),
    ("resume::a_paused_run_goes_on_with_its_curves", a_paused_run_goes_on_with_its_curves),
    ("resume::a_hidden_page_keeps_its_run", a_hidden_page_keeps_its_run),
    ("resume::what_is_discarded_or_over_is_not_offered", what_is_discarded_or_over_is_not_offered),
    ("resume::a_run_of_another_tab_is_not_offered", a_run_of_another_tab_is_not_offered),
    ("resume::what_is_damaged_is_dropped_with_a_sentence", what_is_damaged_is_dropped),
    ("resume::the_drawing_is_back", the_drawing_is_back),
    ("resume::all_that_is_kept_is_shown_and_deleted", all_that_is_kept_is_shown_and_deleted),
];

/// Some seconds of training, which two workers share.
const RUN: &str = "images=4000&epochs=4&batch=32&seed=3&net=c4k5r,p2,f,d10s&workers=2&ema=0.9";

/// The same at a pace that leaves time to interrupt it, however fast the machine is.
fn slowly() -> String {
    [RUN, "&speed=100"].concat()
}

/// The table of epochs and the weights' answers, bit for bit as far as they are shown.
type Outcome = (Option<f64>, Vec<Vec<String>>, Option<Vec<String>>);

fn outcome(page: &Page) -> Result<Outcome> {
    let status = page.wait_for_state("done", 120)?;
    page.click("#clear")?;
    page.draw(3)?;
    Ok((status.test_accuracy, page.epochs()?, page.bars()?))
}

fn undisturbed(page: &Page) -> Result<Outcome> {
    page.train(RUN)?;
    outcome(page)
}

const STATES: &str = "
    return (async () => {
        const request = indexedDB.open('inkling');
        request.onupgradeneeded = () => request.result.createObjectStore('kept');
        const database = await new Promise(resolve => request.onsuccess = () => resolve(request.result));
        const store = database.transaction('kept').objectStore('kept');
        const keys = store.getAllKeys();
        await new Promise(resolve => keys.onsuccess = resolve);
        database.close();
        return keys.result.filter(key => key.startsWith('resume/')).length;
    })();";

fn wait_for_states(page: &Page, count: usize) -> Result<()> {
    page.wait_until(&format!("{count} kept states"), 20, || {
        Ok((page.ask::<usize>(STATES, vec![])? == count).then_some(()))
    })
}

fn is_resumable(page: &Page) -> Result<bool> {
    page.ask("return document.body.dataset.resumable === 'true'", vec![])
}

fn wait_for_offer(page: &Page) -> Result<String> {
    page.wait_until("an interrupted run", 30, || Ok(is_resumable(page)?.then_some(())))?;
    page.ask("return document.querySelector('#interrupted-text').innerText", vec![])
}

/// Reloads without the question that a run in progress asks.
fn reload(page: &Page) -> Result<()> {
    const QUIET: &str = "
        addEventListener('beforeunload', event => event.stopImmediatePropagation(), true);";
    page.browser.script(QUIET, vec![])?;
    page.browser.reload()?;
    page.wait_for_state("ready", 30)?;
    Ok(())
}

fn wait_for_images(page: &Page) -> Result<()> {
    page.wait_until("all data", 60, || {
        const GONE: &str = "return document.querySelector('#data-bar').hidden";
        Ok(page.ask::<bool>(GONE, vec![])?.then_some(()))
    })
}

fn a_run_goes_on_after_a_reload(page: &mut Page) -> Result<()> {
    let expected = undisturbed(page)?;
    page.train(&slowly())?;
    page.wait_for("the second epoch", 60, |status| status.epoch >= Some(1))?;
    wait_for_states(page, 1)?;
    reload(page)?;
    let offer = wait_for_offer(page)?;
    ensure!(
        offer.starts_with("A run was interrupted in epoch ") && offer.contains(" so far."),
        "{offer}"
    );
    page.click("#resume")?;
    let status = page.wait_for("the run", 10, |status| status.state == "training")?;
    ensure!(status.step > Some(0), "{status:?}");
    ensure!(!is_resumable(page)?, "it goes on");
    let went_on = outcome(page)?;
    ensure!(went_on == expected, "{went_on:?}, not {expected:?}");
    wait_for_states(page, 0)?;
    reload(page)?;
    wait_for_images(page)?;
    ensure!(!is_resumable(page)?, "it is over");
    // It is one run among those kept.
    page.click("#open-runs")?;
    page.wait_until("two runs", 10, || {
        const ROWS: &str = "return document.querySelectorAll('#runs-rows tr').length";
        Ok((page.ask::<usize>(ROWS, vec![])? == 2).then_some(()))
    })
}

fn a_paused_run_goes_on_with_its_curves(page: &mut Page) -> Result<()> {
    let expected = undisturbed(page)?;
    page.train(&slowly())?;
    page.wait_for("some moments", 30, |status| status.step > Some(20))?;
    page.click("#train")?;
    let paused = page.wait_for_state("paused", 10)?;
    wait_for_states(page, 1)?;
    const MOMENTS: &str = "return Number(document.querySelector('#timeline').max)";
    let before: u32 = page.ask(MOMENTS, vec![])?;
    reload(page)?;
    wait_for_offer(page)?;
    page.click("#resume")?;
    let on = page.wait_for("the run", 10, |status| status.step > Some(0))?;
    let moments: u32 = page.ask(MOMENTS, vec![])?;
    ensure!(before > 10 && moments >= before, "{moments} moments, {before} before");
    ensure!(on.step >= paused.step, "{on:?} after {paused:?}");
    let went_on = outcome(page)?;
    ensure!(went_on == expected, "{went_on:?}, not {expected:?}");
    Ok(())
}

fn a_hidden_page_keeps_its_run(page: &mut Page) -> Result<()> {
    page.train(&RUN.replace("epochs=4", "epochs=50"))?;
    const HIDE: &str = "
        Object.defineProperty(document, 'hidden', {value: true, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
        delete document.hidden;";
    page.browser.script(HIDE, vec![])?;
    page.wait_until("a kept state", 2, || {
        Ok((page.ask::<usize>(STATES, vec![])? == 1).then_some(()))
    })?;
    reload(page)?;
    wait_for_offer(page)?;
    Ok(())
}

fn what_is_discarded_or_over_is_not_offered(page: &mut Page) -> Result<()> {
    let interrupt = |page: &Page| -> Result<()> {
        page.train(&slowly())?;
        page.click("#train")?;
        page.wait_for_state("paused", 10)?;
        wait_for_states(page, 1)?;
        reload(page)?;
        wait_for_offer(page).map(|_| ())
    };
    interrupt(page)?;
    page.click("#discard")?;
    ensure!(!is_resumable(page)?);
    wait_for_states(page, 0)?;

    interrupt(page)?;
    ensure!(page.text()?.contains("Train starts a new run and drops the interrupted one."));
    page.click("#train")?;
    page.wait_for("a new run", 10, |status| status.step > Some(0))?;
    ensure!(!is_resumable(page)?);
    page.click("#train")?;
    page.wait_for_state("paused", 10)?;
    wait_for_states(page, 1)?;
    page.click("#reset")?;
    page.agree()?;
    wait_for_states(page, 0)
}

fn a_run_of_another_tab_is_not_offered(page: &mut Page) -> Result<()> {
    page.train(&slowly())?;
    page.click("#train")?;
    page.wait_for_state("paused", 10)?;
    wait_for_states(page, 1)?;
    // WebKit opens no window unless something was pressed.
    const BESIDE: &str = "
        addEventListener('click', event => {
            event.stopImmediatePropagation();
            window.beside = open(location.href);
        }, {capture: true, once: true});";
    page.browser.script(BESIDE, vec![])?;
    page.click("#train")?;
    ensure!(page.ask::<bool>("return Boolean(window.beside)", vec![])?);
    const THERE: &str = "return Boolean(beside.document.querySelector('#data-bar')?.hidden)";
    page.wait_until("the other tab", 60, || Ok(page.ask::<bool>(THERE, vec![])?.then_some(())))?;
    std::thread::sleep(std::time::Duration::from_millis(500));
    let offered: String = page.ask("return beside.document.body.dataset.resumable", vec![])?;
    ensure!(offered == "false", "{offered}");
    page.browser.script("beside.close()", vec![])?;
    reload(page)?;
    wait_for_offer(page)?;
    Ok(())
}

fn what_is_damaged_is_dropped(page: &mut Page) -> Result<()> {
    page.train(&slowly())?;
    page.click("#train")?;
    page.wait_for_state("paused", 10)?;
    wait_for_states(page, 1)?;
    const DAMAGE: &str = "
        return (async () => {
            const request = indexedDB.open('inkling');
            const database = await new Promise(resolve => request.onsuccess = () => resolve(request.result));
            const store = database.transaction('kept', 'readwrite').objectStore('kept');
            const range = IDBKeyRange.bound('resume/', 'resume/x');
            const [keys, values] = await Promise.all([store.getAllKeys(range), store.getAll(range)].map(
                request => new Promise(resolve => request.onsuccess = () => resolve(request.result))));
            values[0].bytes = values[0].bytes.slice(0, 5000);
            const put = store.put(values[0], keys[0]);
            await new Promise(resolve => put.onsuccess = resolve);
            database.close();
            return true;
        })();";
    ensure!(page.ask::<bool>(DAMAGE, vec![])?);
    reload(page)?;
    page.wait_until("a sentence", 30, || {
        let words = "A run that was interrupted cannot go on: it is damaged.";
        Ok(page.text()?.contains(words).then_some(()))
    })?;
    wait_for_states(page, 0)?;
    ensure!(!is_resumable(page)?);
    Ok(())
}

fn the_drawing_is_back(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.draw(3)?;
    let before = page.bars()?;
    ensure!(before.is_some());
    reload(page)?;
    page.wait_for("the drawing", 10, |status| status.prediction == Some(3))?;
    ensure!(page.bars()? == before, "{:?}, not {before:?}", page.bars()?);
    page.click("#clear")?;
    reload(page)?;
    ensure!(page.status()?.prediction.is_none(), "an empty pad stays empty");
    page.draw(3)?;
    page.open("")?;
    ensure!(page.status()?.prediction.is_none(), "a page that is opened anew is empty");
    // What the hand shows is nobody's drawing.
    page.load_as_a_visitor("")?;
    page.wait_until("the demonstration", 20, || {
        const DIGIT: &str = "return document.querySelector('#digit').innerText === '5'";
        Ok(page.ask::<bool>(DIGIT, vec![])?.then_some(()))
    })?;
    const KEPT: &str = "return sessionStorage.getItem('inkling-drawing') ?? ''";
    page.wait_until("an empty drawing", 10, || {
        Ok(page.ask::<String>(KEPT, vec![])?.is_empty().then_some(()))
    })
}

fn all_that_is_kept_is_shown_and_deleted(page: &mut Page) -> Result<()> {
    page.train(RUN)?;
    page.wait_for_state("done", 120)?;
    wait_for_images(page)?;
    page.click("#open-runs")?;
    let text = page.wait_until("how much is kept", 10, || {
        const TEXT: &str = "return document.querySelector('#storage-text').innerText";
        Ok(Some(page.ask::<String>(TEXT, vec![])?).filter(|text| !text.is_empty()))
    })?;
    ensure!(
        text.contains(" MB for Inkling: training images 1") && text.contains("drawings 0.0"),
        "{text}"
    );
    page.click("#storage-delete")?;
    ensure!(page.text()?.contains("Really delete"));
    page.click("#storage-delete")?;
    page.wait_until("a page without runs", 30, || {
        let ready = page.status()?.state == "ready";
        Ok(ready.then_some(()))
    })?;
    page.click("#open-runs")?;
    page.wait_until("no runs", 10, || Ok(page.text()?.contains("No runs yet").then_some(())))
}
