//! The data set in parts, from the browser's cache or the network, checked before use.
//!
//! A part counts only if its length and SHA-256 are those that the manifest gives; only then it is
//! kept in the Cache API for the next visit. Without that store all works, with a download a visit.
//!
//! A download that fails is tried once more before the failure is reported. The parts after a failed one are loaded
//! in the meantime.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use js_sys::{Promise, Reflect, Uint8Array};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, Cache, ReadableStreamDefaultReader, ReadableWritablePair, RequestCache, RequestInit,
    Response, Url, WorkerGlobalScope,
};

use crate::data::manifest::{DataPart, Manifest, Split};
use crate::data::{Digits, idx};
use crate::protocol::DataProgress;
use crate::web::port::describe;

#[wasm_bindgen]
extern "C" {
    /// In every browser since 2023; web-sys still calls it unstable.
    type DecompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// Name of the cache. It changes when the meaning of the entries changes.
const STORE: &str = "inkling-data-1";

/// Milliseconds without a byte after which a download has failed.
const SILENCE: i32 = 30_000;

/// Milliseconds before the second try.
const SECOND_TRY: i32 = 1_000;

/// File that lists the parts.
const MANIFEST: &str = "manifest.json";

/// Why a part cannot be used: the end of a sentence that begins with the part's name.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct PartError {
    file: String,
    problem: PartProblem,
}

impl PartError {
    /// Name of the part's file.
    pub fn part(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or_default()
    }
}

#[derive(Debug, thiserror::Error)]
enum PartProblem {
    #[error("the connection failed ({0}). Check your connection and retry")]
    Network(String),
    #[error("{text} (status {0})", text = status_text(*.0))]
    Status(u16),
    #[error("the server has sent nothing for {} seconds. Check your connection and retry", SILENCE / 1000)]
    Silent,
    #[error(
        "the download broke off after {got} of {expected} bytes. Check your connection and retry"
    )]
    BrokenOff { expected: u32, got: usize },
    #[error("only {got} of {expected} bytes arrived")]
    Truncated { expected: u32, got: usize },
    #[error("it is longer than the expected {expected} bytes")]
    TooLong { expected: u32 },
    #[error("it has been altered: its checksum is wrong")]
    Altered,
    #[error("it could not be unpacked ({0})")]
    Unpack(String),
    #[error("its content is not valid: {0}")]
    Content(#[from] idx::IdxError),
    #[error("it holds {got} digits, not {expected}")]
    Count { expected: u32, got: usize },
    #[error("it is not a list of parts ({0})")]
    Manifest(String),
}

/// What a status says about a file.
fn status_text(status: u16) -> &'static str {
    match status {
        404 | 410 => "the server does not have it",
        401 | 403 => "the server refuses to send it",
        408 | 425 | 429 | 500..=599 => "the server cannot send it right now",
        _ => "the server gave an unexpected response",
    }
}

impl PartProblem {
    /// Whether a second try may succeed.
    fn may_pass(&self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Network(_)
            | Self::Silent
            | Self::BrokenOff { .. }
            | Self::Truncated { .. }
            | Self::Altered => true,
            _ => false,
        }
    }
}

/// What a [`Loader`] reports.
#[derive(Debug)]
pub enum Loaded {
    /// Bytes came in.
    Bytes,
    /// A part is ready, the next one in the manifest's order.
    Part(Split, Digits),
    /// This part cannot be used; the ones after it are loaded meanwhile.
    Failed(PartError),
}

/// Loads the parts in the manifest's order, each once.
#[derive(Debug)]
pub struct Loader {
    base: String,
    manifest: Option<Manifest>,
    /// Number of parts passed on.
    loaded: usize,
    /// Parts that wait for an earlier one, by their index in the manifest.
    ahead: HashMap<usize, Digits>,
    progress: DataProgress,
    retry: Retry,
}

/// Set to retry a failed part at once, even while the ones after it are loading.
pub type Retry = Rc<Cell<bool>>;

impl Loader {
    /// A loader for the manifest under `base`, an address that ends with a slash.
    pub fn new(base: &str, retry: Retry) -> Self {
        let progress = DataProgress { from_cache: true, ..DataProgress::default() };
        Self {
            base: base.to_owned(),
            manifest: None,
            loaded: 0,
            ahead: HashMap::new(),
            progress,
            retry,
        }
    }

    /// Loads every part that is not loaded yet. Returns after the last one, or when a part cannot be used; the next call
    /// starts with that part.
    ///
    /// - `report`: receives each event and the progress so far.
    pub async fn load(&mut self, mut report: impl FnMut(Loaded, DataProgress)) {
        let manifest = match self.manifest.take() {
            Some(manifest) => manifest,
            None => match self.fetch_manifest().await {
                Ok(manifest) => manifest,
                Err(problem) => {
                    let error = PartError { file: MANIFEST.to_owned(), problem };
                    return report(Loaded::Failed(error), self.progress);
                }
            },
        };
        let parts = self.manifest.insert(manifest).parts.clone();
        let store = open_store().await;
        while let Some(part) = parts.get(self.loaded) {
            self.retry.set(false);
            let digits = match self.ahead.remove(&self.loaded) {
                Some(digits) => digits,
                None => match self.load_part(part, store.as_ref(), &mut report).await {
                    Ok(digits) => digits,
                    Err(problem) => {
                        let error = PartError { file: part.file.clone(), problem };
                        report(Loaded::Failed(error), self.progress);
                        self.load_ahead(&parts, store.as_ref(), &mut report).await;
                        if self.retry.get() {
                            continue;
                        }
                        return;
                    }
                },
            };
            self.loaded += 1;
            if part.split == Split::Train {
                self.progress.train_images += part.images;
            }
            self.progress.test_ready =
                parts[self.loaded..].iter().all(|part| part.split != Split::Test);
            report(Loaded::Part(part.split, digits), self.progress);
        }
        if let Some(store) = &store {
            let keys: Vec<String> = parts.iter().map(|part| self.key(part)).collect();
            forget_others(store, &keys).await;
        }
    }

    /// Loads the parts after a failed one, until that one is to be retried or another fails.
    async fn load_ahead(
        &mut self,
        parts: &[DataPart],
        store: Option<&Cache>,
        report: &mut impl FnMut(Loaded, DataProgress),
    ) {
        for (index, part) in parts.iter().enumerate().skip(self.loaded + 1) {
            if self.retry.get() {
                return;
            }
            if !self.ahead.contains_key(&index) {
                match self.load_part(part, store, report).await {
                    Ok(digits) => self.ahead.insert(index, digits),
                    Err(_) => return,
                };
            }
        }
    }

    /// A part's key in the cache. It contains the checksum, so a new version of a part is a new entry.
    fn key(&self, part: &DataPart) -> String {
        format!("{}{}?sha256={}", self.base, part.file, part.sha256)
    }

    async fn fetch_manifest(&mut self) -> Result<Manifest, PartProblem> {
        let url = format!("{}{MANIFEST}", self.base);
        let response = match get(&url).await {
            Err(problem) if problem.may_pass() => {
                sleep(SECOND_TRY).await;
                get(&url).await?
            }
            response => response?,
        };
        let failed = |error: JsValue| PartProblem::Manifest(describe(&error));
        let json = soon(&response.json().map_err(failed)?).await?.map_err(failed)?;
        let manifest: Manifest = serde_wasm_bindgen::from_value(json)
            .map_err(|error| PartProblem::Manifest(error.to_string()))?;
        let too_large = || PartProblem::Manifest("its sizes are too large".to_owned());
        self.progress.total_bytes = manifest.bytes().ok_or_else(too_large)?;
        self.progress.total_train_images = manifest.train_images().ok_or_else(too_large)?;
        Ok(manifest)
    }

    async fn load_part(
        &mut self,
        part: &DataPart,
        store: Option<&Cache>,
        report: &mut impl FnMut(Loaded, DataProgress),
    ) -> Result<Digits, PartProblem> {
        let key = self.key(part);
        if let Some(bytes) = kept(store, &key).await
            && check(part, &bytes).is_ok()
        {
            self.progress.received_bytes += part.bytes;
            return unpack(part, &bytes).await;
        }
        self.progress.from_cache = false;
        let bytes = match self.download(part, report).await {
            Err(problem) if problem.may_pass() => {
                sleep(SECOND_TRY).await;
                self.download(part, report).await?
            }
            bytes => bytes?,
        };
        let digits = unpack(part, &bytes).await?;
        keep(store, &key, &bytes).await;
        Ok(digits)
    }

    /// A part's bytes from the network, checked.
    async fn download(
        &mut self,
        part: &DataPart,
        report: &mut impl FnMut(Loaded, DataProgress),
    ) -> Result<Vec<u8>, PartProblem> {
        let before = self.progress.received_bytes;
        let response = get(&format!("{}{}", self.base, part.file)).await?;
        let bytes = read(part, &response, |bytes| {
            self.progress.received_bytes = before + bytes;
            report(Loaded::Bytes, self.progress);
        })
        .await
        .and_then(|bytes| check(part, &bytes).map(|()| bytes));
        self.progress.received_bytes = before + if bytes.is_ok() { part.bytes } else { 0 };
        bytes
    }
}

fn check(part: &DataPart, bytes: &[u8]) -> Result<(), PartProblem> {
    if bytes.len() < part.bytes as usize {
        return Err(PartProblem::Truncated { expected: part.bytes, got: bytes.len() });
    }
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if hex == part.sha256 { Ok(()) } else { Err(PartProblem::Altered) }
}

fn scope() -> WorkerGlobalScope {
    js_sys::global().unchecked_into()
}

async fn get(url: &str) -> Result<Response, PartProblem> {
    let options = RequestInit::new();
    // Not from the browser's HTTP cache, which may hold the bytes that were wrong.
    options.set_cache(RequestCache::NoStore);
    let response = soon(&scope().fetch_with_str_and_init(url, &options))
        .await?
        .map_err(|error| PartProblem::Network(describe(&error)))?;
    let response: Response = response.unchecked_into();
    if response.ok() { Ok(response) } else { Err(PartProblem::Status(response.status())) }
}

/// A part's bytes. Reports how many have arrived, and stops once there are too many.
async fn read(
    part: &DataPart,
    response: &Response,
    mut on_progress: impl FnMut(u32),
) -> Result<Vec<u8>, PartProblem> {
    let failed = |error: JsValue| PartProblem::Network(describe(&error));
    let expected = part.bytes;
    let mut bytes = Vec::new();
    let Some(body) = response.body() else { return Ok(bytes) };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    loop {
        let chunk = match soon(&reader.read()).await {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(_)) => return Err(PartProblem::BrokenOff { expected, got: bytes.len() }),
            Err(silent) => {
                // Not awaited, as it may never finish.
                let _ = reader.cancel();
                return Err(silent);
            }
        };
        if Reflect::get(&chunk, &"done".into()).map_err(failed)?.is_truthy() {
            return Ok(bytes);
        }
        let value: Uint8Array =
            Reflect::get(&chunk, &"value".into()).map_err(failed)?.unchecked_into();
        bytes.extend(value.to_vec());
        match u32::try_from(bytes.len()) {
            Ok(got) if got <= expected => on_progress(got),
            _ => {
                answer(reader.cancel()).await;
                return Err(PartProblem::TooLong { expected });
            }
        }
    }
}

async fn unpack(part: &DataPart, bytes: &[u8]) -> Result<Digits, PartProblem> {
    let failed = |error: JsValue| PartProblem::Unpack(describe(&error));
    let pieces = js_sys::Array::of1(&Uint8Array::from(bytes));
    let packed = Blob::new_with_u8_array_sequence(&pieces).map_err(failed)?;
    let gunzip = DecompressionStream::new("gzip").map_err(failed)?;
    let pair: &ReadableWritablePair = gunzip.unchecked_ref();
    let stream = packed.stream().pipe_through(pair);
    let response = Response::new_with_opt_readable_stream(Some(&stream)).map_err(failed)?;
    let buffer = JsFuture::from(response.array_buffer().map_err(failed)?).await.map_err(failed)?;
    let digits = idx::part(&Uint8Array::new(&buffer).to_vec())?;
    match digits.len() {
        got if got == part.images as usize => Ok(digits),
        got => Err(PartProblem::Count { expected: part.images, got }),
    }
}

/// This browser's cache; `None` in a private window or on an insecure address.
async fn open_store() -> Option<Cache> {
    let caches = scope().caches().ok().filter(|caches| !caches.is_undefined())?;
    answer(caches.open(STORE)).await.map(JsCast::unchecked_into)
}

async fn kept(store: Option<&Cache>, key: &str) -> Option<Vec<u8>> {
    let response =
        answer(store?.match_with_str(key)).await.filter(|value| !value.is_undefined())?;
    let buffer = answer(response.unchecked_into::<Response>().array_buffer().ok()?).await?;
    Some(Uint8Array::new(&buffer).to_vec())
}

/// Deletes all other entries in the parts' folder: older versions of the data set.
async fn forget_others(store: &Cache, keys: &[String]) {
    let here = scope().location().href();
    let address = |key: &String| Url::new_with_base(key, &here).ok().map(|url| url.href());
    let wanted: Vec<String> = keys.iter().filter_map(address).collect();
    let folder = wanted.first().and_then(|url| Some(url.rsplit_once('/')?.0.to_owned()));
    let (Some(folder), Some(requests)) = (folder, answer(store.keys()).await) else { return };
    for request in requests.unchecked_into::<js_sys::Array>().iter() {
        let url = Reflect::get(&request, &"url".into()).ok().and_then(|url| url.as_string());
        if url.is_some_and(|url| url.starts_with(&folder) && !wanted.contains(&url)) {
            answer(store.delete_with_request(request.unchecked_ref())).await;
        }
    }
}

/// Keeps a part for the next visit. If the cache is full or forbidden, that only costs another
/// download.
async fn keep(store: Option<&Cache>, key: &str, bytes: &[u8]) {
    let Some(store) = store else { return };
    let body = Uint8Array::from(bytes);
    if let Ok(response) = Response::new_with_opt_js_u8_array(Some(&body)) {
        answer(store.put_with_str(key, &response)).await;
    }
}

/// A promise's outcome.
///
/// # Errors
/// If it takes longer than [`SILENCE`].
async fn soon(promise: &Promise) -> Result<Result<JsValue, JsValue>, PartProblem> {
    let (silence, timer) = alarm(SILENCE);
    let first = JsFuture::from(Promise::race(&js_sys::Array::of2(promise, &silence))).await;
    scope().clear_timeout_with_handle(timer);
    match first {
        // What the network gives is an object; only the alarm gives nothing.
        Ok(value) if value.is_undefined() => Err(PartProblem::Silent),
        first => Ok(first),
    }
}

async fn sleep(milliseconds: i32) {
    answer(alarm(milliseconds).0).await;
}

/// A promise that resolves after a time, and the id of its timer.
fn alarm(milliseconds: i32) -> (Promise, i32) {
    let mut timer = 0;
    let promise = Promise::new(&mut |keep, _| {
        let set =
            scope().set_timeout_with_callback_and_timeout_and_arguments_0(&keep, milliseconds);
        timer = set.unwrap_or_default();
    });
    (promise, timer)
}

/// What a promise came to, or nothing if it failed.
async fn answer(promise: Promise) -> Option<JsValue> {
    JsFuture::from(promise).await.ok()
}
