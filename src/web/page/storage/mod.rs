//! What this browser keeps for the page, by key, in an IndexedDB database of our own through
//! [idb-keyval](https://github.com/jakearchibald/idb-keyval), which is fetched on first use.

pub(super) mod drawings;
pub(super) mod runs;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::dom::{self, DomError};
use super::lazy_script;

const IDB_KEYVAL: &str = "idb-keyval.js";

/// The database and the object store in it.
const DATABASE: (&str, &str) = ("inkling", "kept");

/// idb-keyval's default, which all sites of an origin share. Earlier versions of the page used it.
const FORMER_DATABASE: (&str, &str) = ("keyval-store", "keyval");

#[wasm_bindgen(js_namespace = idbKeyval)]
extern "C" {
    /// One object store of one database.
    #[derive(Clone)]
    type Store;
    #[wasm_bindgen(catch, js_name = createStore)]
    fn create_store(database: &str, store: &str) -> Result<Store, JsValue>;
    #[wasm_bindgen(catch)]
    fn get(key: &str, store: &Store) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = getMany)]
    fn get_many(keys: &Array, store: &Store) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = setMany)]
    fn set_many(entries: &Array, store: &Store) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = delMany)]
    fn del_many(keys: &Array, store: &Store) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch)]
    fn keys(store: &Store) -> Result<Promise, JsValue>;
}

thread_local! {
    static STORE: OnceCell<Store> = const { OnceCell::new() };
    static TAKEN_OVER: Cell<bool> = const { Cell::new(false) };
}

/// Runs tasks one after another, so that the last request decides what the store ends with.
fn in_order(task: impl Future<Output = ()> + 'static) {
    type StoreTask = Pin<Box<dyn Future<Output = ()>>>;
    thread_local! {
        static WAITING: RefCell<VecDeque<StoreTask>> = const { RefCell::new(VecDeque::new()) };
        static BUSY: Cell<bool> = const { Cell::new(false) };
    }
    WAITING.with_borrow_mut(|waiting| waiting.push_back(Box::pin(task)));
    if !BUSY.replace(true) {
        spawn_local(async {
            while let Some(task) = WAITING.with_borrow_mut(VecDeque::pop_front) {
                task.await;
            }
            BUSY.set(false);
        });
    }
}

/// What went wrong, as the end of a sentence. Chromium's exception for a full store has no message.
fn reason(error: JsValue) -> DomError {
    let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
    match name.as_deref() {
        Some("QuotaExceededError") => {
            DomError::Refused(String::from("there is no room left for this site"))
        }
        _ => error.into(),
    }
}

async fn done(promise: Result<Promise, JsValue>) -> Result<JsValue, DomError> {
    JsFuture::from(promise.map_err(reason)?).await.map_err(reason)
}

async fn store() -> Result<Store, DomError> {
    lazy_script::load(IDB_KEYVAL).await?;
    let store = match STORE.with(|store| store.get().cloned()) {
        Some(store) => store,
        None => {
            let created = create_store(DATABASE.0, DATABASE.1).map_err(reason)?;
            STORE.with(|store| store.get_or_init(|| created).clone())
        }
    };
    if !TAKEN_OVER.get() {
        take_over(&store).await?;
        TAKEN_OVER.set(true);
    }
    Ok(store)
}

/// Moves the entries of the former database here. They are deleted there only once they are stored here.
async fn take_over(store: &Store) -> Result<(), DomError> {
    if !exists(FORMER_DATABASE.0).await {
        return Ok(());
    }
    let former = create_store(FORMER_DATABASE.0, FORMER_DATABASE.1).map_err(reason)?;
    let ours = ["run/", "weights/", "pinned/", "mine/"];
    let is_ours = |key: &JsValue| {
        key.as_string().is_some_and(|key| ours.iter().any(|prefix| key.starts_with(prefix)))
    };
    let keys: Array = done(keys(&former)).await?.unchecked_into();
    let keys: Array = keys.iter().filter(is_ours).collect();
    if keys.length() > 0 {
        let values: Array = done(get_many(&keys, &former)).await?.unchecked_into();
        let entries = keys.iter().zip(values.iter()).map(|(key, value)| Array::of2(&key, &value));
        done(set_many(&entries.collect(), store)).await?;
        done(del_many(&keys, &former)).await?;
    }
    Ok(())
}

/// Whether there is a database of this name. Where the browser does not say, there may be.
async fn exists(name: &str) -> bool {
    let databases = || -> Option<Promise> {
        let factory = Reflect::get(&js_sys::global(), &"indexedDB".into()).ok()?;
        let list = Reflect::get(&factory, &"databases".into()).ok()?;
        list.dyn_ref::<js_sys::Function>()?.call0(&factory).ok()?.dyn_into().ok()
    };
    let Some(list) = databases() else { return true };
    match JsFuture::from(list).await {
        Ok(list) => list.unchecked_into::<Array>().iter().any(|database| {
            let found = Reflect::get(&database, &"name".into()).ok();
            found.and_then(|found| found.as_string()).as_deref() == Some(name)
        }),
        Err(_) => true,
    }
}

/// The value of a key, if there is one.
///
/// # Errors
/// If the browser keeps nothing for this page.
pub(super) async fn read(key: &str) -> Result<Option<JsValue>, DomError> {
    let value = done(get(key, &store().await?)).await?;
    Ok((!value.is_undefined()).then_some(value))
}

/// All keys with this prefix.
///
/// # Errors
/// As [`read`].
pub(super) async fn find(prefix: &str) -> Result<Vec<String>, DomError> {
    let found: Array = done(keys(&store().await?)).await?.unchecked_into();
    let found = found.iter().filter_map(|key| key.as_string());
    Ok(found.filter(|key| key.starts_with(prefix)).collect())
}

/// The values of these keys; undefined for a key without one.
///
/// # Errors
/// As [`read`].
pub(super) async fn read_all(keys: &[String]) -> Result<Vec<JsValue>, DomError> {
    let values: Array = done(get_many(&list(keys), &store().await?)).await?.unchecked_into();
    Ok(values.iter().collect())
}

/// Keeps values, each in place of the one before; all of them or none.
///
/// # Errors
/// As [`read`], or if there is no room for them.
pub(super) async fn write(values: &[(&str, &JsValue)]) -> Result<(), DomError> {
    let entries = values.iter().map(|(key, value)| Array::of2(&JsValue::from_str(key), value));
    done(set_many(&entries.collect(), &store().await?)).await?;
    ask_to_stay();
    Ok(())
}

/// Forgets keys and their values.
///
/// # Errors
/// As [`read`].
pub(super) async fn remove(keys: &[String]) -> Result<(), DomError> {
    done(del_many(&list(keys), &store().await?)).await?;
    Ok(())
}

fn list(keys: &[String]) -> Array {
    keys.iter().map(|key| JsValue::from_str(key)).collect()
}

/// Asks the browser once not to evict what is stored when the disk fills up. It may refuse, and on an insecure
/// address it cannot be asked.
fn ask_to_stay() {
    thread_local! {
        static ASKED: Cell<bool> = const { Cell::new(false) };
    }
    if ASKED.replace(true) {
        return;
    }
    spawn_local(async {
        if let Some(asked) = dom::ask_navigator("storage", "persist", &JsValue::UNDEFINED) {
            // Either way nothing changes for the page.
            let _ = JsFuture::from(asked).await;
        }
    });
}
