//! Memory that the trainer shares with one helper, where the browser lets workers share memory.
//!
//! It carries what a [`port`] would, at the cost of one copy on each side, without a message or a turn of the
//! event loop. A job goes like this:
//!
//! 1. The trainer writes parameters, images and labels, then the job's id into `POSTED`, and notifies:
//!    [`Mailbox::post`].
//! 2. The helper sleeps on `POSTED`, then reads the job: [`Mailbox::wait_for_job`], [`Mailbox::parts`].
//! 3. It claims shards from the end of `UNCLAIMED`, one by one. A trainer that has finished its own steals
//!    some from the beginning: [`Mailbox::claim_last`], [`Mailbox::steal_first`].
//! 4. The helper writes scores and results, then the job's id into `DONE`, and notifies:
//!    [`Mailbox::put_result`], [`Mailbox::answer`].
//! 5. The trainer sleeps on `DONE`, then reads the results: [`Mailbox::wait_for_result`].
//!
//! So each number has one writer at a time: the trainer until `POSTED` changes, then the helper until `DONE`
//! does. Nothing is posted before the last job is done (`HelperHandle::pending` in
//! [`helper_pool`](super::helper_pool)). Only `UNCLAIMED` has two writers, which use compare-and-exchange. An
//! atomic write makes the plain writes before it visible to the reader.
//!
//! A helper without a job for a while stops waiting here (`PARKED` becomes 0) and listens to its port, so the
//! next job needs a message.

use std::ops::Range;

use js_sys::{Atomics, Float32Array, Int32Array, JsString, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::config::Augment;
use crate::net::Plan;
use crate::net::loss::Score;
use crate::protocol::helper::{Report, Work};
use crate::train::gradient::{SHARDS, images_of, sums};
use crate::web::port;

#[wasm_bindgen]
extern "C" {
    /// Missing on some pages that are cross-origin isolated, and js-sys does not check.
    type SharedArrayBuffer;
    #[wasm_bindgen(constructor, catch)]
    fn new(bytes: u32) -> Result<SharedArrayBuffer, JsValue>;
}

/// Milliseconds without a job after which a helper stops waiting at its mailbox.
const IDLE: f64 = 50.0;

/// Words at the beginning of a mailbox; every number in it is 32 bits.
mod word {
    /// Id of the newest job, or [`super::CLOSED`]; the helper waits for it to change.
    pub(super) const POSTED: u32 = 0;
    /// Id of the last job done; the trainer waits for it to change.
    pub(super) const DONE: u32 = 1;
    /// 1 while the helper waits here and will see a new job.
    pub(super) const PARKED: u32 = 2;
    /// The job's shards that nobody has begun, as [`super::pair`] encodes them.
    pub(super) const UNCLAIMED: u32 = 3;
    /// Work's number, seed, step, label smoothing, total images, first shard here, one past the last shard.
    pub(super) const JOB: u32 = 4;
    /// For each shard its loss, correct images and images.
    pub(super) const SCORES: u32 = JOB + super::JOB_WORDS;
    /// Where the bulk numbers begin.
    pub(super) const NUMBERS: u32 = super::aligned(SCORES + 3 * super::SHARDS as u32);
}

const JOB_WORDS: u32 = 7;

/// The next start of a cache line. Copies into or out of shared memory have to start at one: V8 copies byte
/// by byte what is not aligned to 8 bytes, which takes eight times as long.
const fn aligned(word: u32) -> u32 {
    word.next_multiple_of(16)
}

/// The job id that closes a mailbox.
const CLOSED: i32 = -1;

/// A job in the mailbox.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JobSlot {
    pub(super) work: Work,
    /// The id that [`ShardAssignment`](crate::train::shard_assignment::ShardAssignment) gave the job.
    pub(super) job_id: u32,
    /// Images in the whole job.
    pub(super) total_images: usize,
    /// The shards whose images are here.
    pub(super) shards: Range<usize>,
}

/// One side's view of a mailbox.
#[derive(Debug)]
pub(super) struct Mailbox {
    words: Int32Array,
    numbers: Float32Array,
    bytes: Uint8Array,
    capacity: Capacity,
}

/// Sizes that a mailbox is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Capacity {
    parameters: u32,
    /// Pixels and classes of an image.
    pixels: u32,
    classes: u32,
    /// Images.
    images: u32,
}

impl Capacity {
    fn of(plan: &Plan, images: usize) -> Self {
        Self {
            parameters: plan.parameter_count() as u32,
            pixels: plan.input().size() as u32,
            classes: plan.classes() as u32,
            images: images as u32,
        }
    }

    /// Where the images' bytes begin: their pixels, then their classes.
    fn images_at(self) -> u32 {
        aligned(word::NUMBERS + self.parameters)
    }

    fn results_at(self) -> u32 {
        aligned(self.images_at() + (self.images * (self.pixels + 1)).div_ceil(4))
    }

    fn size(self) -> u32 {
        // Consecutive shards consist of at most this many subtrees.
        let gradients = 2 * SHARDS.ilog2() * aligned(self.parameters);
        self.results_at() + gradients.max(self.images * self.classes)
    }
}

/// Whether workers can share memory here: whether it can be made, sent, and waited on. Cross-origin isolation
/// does not imply it: WebKit can be isolated without having shared memory.
pub(super) fn possible() -> bool {
    try_sharing().is_ok_and(|outcome| outcome == "not-equal")
}

/// Tries everything a mailbox needs. Waiting on a word with another value returns "not-equal" at once.
fn try_sharing() -> Result<JsString, JsValue> {
    let buffer = SharedArrayBuffer::new(4)?;
    port::try_sending(&buffer)?;
    let words = Int32Array::new(&buffer);
    Atomics::notify(&words, 0)?;
    Atomics::wait_with_timeout(&words, 0, 1, 0.0)
}

/// Encodes a range of shards in one word, so that either side takes one off its end atomically.
fn pair(shards: &Range<usize>) -> i32 {
    (shards.start << 16 | shards.end) as i32
}

fn unpair(word: i32) -> Range<usize> {
    (word >> 16) as usize..(word & 0xFFFF) as usize
}

impl Mailbox {
    /// A mailbox for jobs of up to `images` and a network's plan; `None` if there is no memory for it.
    pub(super) fn new(plan: &Plan, images: usize) -> Option<Self> {
        let capacity = Capacity::of(plan, images);
        let buffer = SharedArrayBuffer::new(4 * capacity.size()).ok()?;
        Some(Self::over(Float32Array::new(&buffer), capacity))
    }

    fn over(numbers: Float32Array, capacity: Capacity) -> Self {
        let buffer = numbers.buffer();
        Self { words: Int32Array::new(&buffer), bytes: Uint8Array::new(&buffer), numbers, capacity }
    }

    /// The helper's view of [`Mailbox::memory`], if it fits this plan.
    pub(super) fn attach(numbers: &Float32Array, plan: &Plan, images: usize) -> Option<Self> {
        let capacity = Capacity::of(plan, images);
        (numbers.length() == capacity.size()).then(|| Self::over(numbers.clone(), capacity))
    }

    /// The whole memory, to be sent.
    pub(super) fn memory(&self) -> Float32Array {
        self.numbers.clone()
    }

    /// The most images of a job.
    pub(super) fn images(&self) -> usize {
        self.capacity.images as usize
    }

    // No atomic operation can fail on an `Int32Array` over shared memory.

    fn load(&self, word: u32) -> i32 {
        Atomics::load(&self.words, word).unwrap_or(CLOSED)
    }

    fn store(&self, word: u32, value: i32) {
        Atomics::store(&self.words, word, value).unwrap_or(CLOSED);
    }

    /// Wakes the side that waits for this word.
    fn notify(&self, word: u32) {
        Atomics::notify(&self.words, word).unwrap_or(0);
    }

    /// Waits at most `milliseconds` for a word to differ from `value`; false if it still does not.
    fn wait(&self, word: u32, value: i32, milliseconds: f64) -> bool {
        Atomics::wait_with_timeout(&self.words, word, value, milliseconds)
            .is_ok_and(|outcome| outcome != "timed-out")
    }

    fn put(&self, at: u32, numbers: &[f32]) {
        self.numbers.subarray(at, at + numbers.len() as u32).copy_from(numbers);
    }

    fn put_words(&self, at: u32, words: &[i32]) {
        self.words.subarray(at, at + words.len() as u32).copy_from(words);
    }

    fn take_words<const N: usize>(&self, at: u32) -> [i32; N] {
        let mut words = [0; N];
        self.words.subarray(at, at + N as u32).copy_to(&mut words);
        words
    }

    /// Trainer: posts a job. True if the helper is not waiting here and needs a message.
    pub(super) fn post(
        &self,
        slot: &JobSlot,
        parameters: &[f32],
        pixels: &[u8],
        labels: &[u8],
    ) -> bool {
        let (number, seed, step, smoothing) = match slot.work {
            Work::Evaluation => (0, 0, 0, 0.0),
            Work::Gradient { seed, step, augment, label_smoothing } => {
                let at = Augment::ALL.iter().position(|&each| each == augment);
                (1 + at.unwrap_or(0), seed, step, label_smoothing)
            }
        };
        let JobSlot { job_id, total_images, shards, .. } = slot;
        let (start, end) = (shards.start as i32, shards.end as i32);
        let smoothing = smoothing.to_bits() as i32;
        let job =
            [number as i32, seed as i32, step as i32, smoothing, *total_images as i32, start, end];
        self.put_words(word::JOB, &job);
        self.put(word::NUMBERS, parameters);
        let (start, images) = (4 * self.capacity.images_at(), pixels.len() as u32);
        self.bytes.subarray(start, start + images).copy_from(pixels);
        let start = start + images;
        self.bytes.subarray(start, start + labels.len() as u32).copy_from(labels);
        self.store(word::UNCLAIMED, pair(shards));
        self.store(word::POSTED, *job_id as i32);
        self.notify(word::POSTED);
        self.load(word::PARKED) == 0
    }

    /// Trainer: closes the mailbox.
    pub(super) fn close(&self) {
        self.store(word::POSTED, CLOSED);
        self.notify(word::POSTED);
    }

    /// Helper: waits for the job after the one with id `seen`; `None` if there has been none for a while.
    pub(super) fn wait_for_job(&self, seen: u32) -> Option<JobSlot> {
        self.store(word::PARKED, 1);
        if !self.wait(word::POSTED, seen as i32, IDLE) {
            self.store(word::PARKED, 0);
        }
        // If a job is posted after this read, the trainer sees that nobody is parked here.
        let asked = self.load(word::POSTED);
        if asked == CLOSED || asked == seen as i32 {
            return None;
        }
        let [number, seed, step, smoothing, total_images, start, end] = self.take_words(word::JOB);
        let work = match usize::try_from(number - 1).ok().and_then(|at| Augment::ALL.get(at)) {
            None => Work::Evaluation,
            Some(&augment) => Work::Gradient {
                seed: seed as u32,
                step: step as u32,
                augment,
                label_smoothing: f32::from_bits(smoothing as u32),
            },
        };
        let shards = start as usize..end as usize;
        Some(JobSlot { work, job_id: asked as u32, total_images: total_images as usize, shards })
    }

    /// Helper: the job's parameters, and the bytes of its images and labels.
    pub(super) fn parts(&self, images: usize) -> (Float32Array, Uint8Array) {
        let end = word::NUMBERS + self.capacity.parameters;
        let (start, size) = (4 * self.capacity.images_at(), self.capacity.pixels + 1);
        let bytes = self.bytes.subarray(start, start + images as u32 * size);
        (self.numbers.subarray(word::NUMBERS, end), bytes)
    }

    /// Helper: claims the last shard that nobody has begun.
    pub(super) fn claim_last(&self) -> Option<usize> {
        self.claim(|left| (left.end - 1, left.start..left.end - 1))
    }

    /// Trainer: takes back the first shard that nobody has begun.
    pub(super) fn steal_first(&self) -> Option<usize> {
        self.claim(|left| (left.start, left.start + 1..left.end))
    }

    fn claim(&self, take: impl Fn(&Range<usize>) -> (usize, Range<usize>)) -> Option<usize> {
        let mut seen = self.load(word::UNCLAIMED);
        loop {
            let left = unpair(seen);
            if left.is_empty() {
                return None;
            }
            let (shard, rest) = take(&left);
            let found =
                Atomics::compare_exchange(&self.words, word::UNCLAIMED, seen, pair(&rest)).ok()?;
            if found == seen {
                return Some(shard);
            }
            seen = found;
        }
    }

    /// Number of shards that nobody has begun.
    pub(super) fn unclaimed(&self) -> usize {
        unpair(self.load(word::UNCLAIMED)).len()
    }

    /// Helper: writes the scores and notifies.
    pub(super) fn answer(&self, job_id: u32, scores: &[Score]) {
        for (at, score) in (word::SCORES..).step_by(3).zip(scores) {
            let words = [score.loss.to_bits() as i32, score.correct as i32, score.images as i32];
            self.put_words(at, &words);
        }
        self.store(word::DONE, job_id as i32);
        self.notify(word::DONE);
    }

    /// Helper: writes result number `index`, before [`Mailbox::answer`].
    pub(super) fn put_result(&self, index: u32, result: &[f32]) {
        self.put(self.capacity.results_at() + index * aligned(result.len() as u32), result);
    }

    pub(super) fn is_done(&self, slot: &JobSlot) -> bool {
        self.load(word::DONE) == slot.job_id as i32
    }

    /// Trainer: waits at most `milliseconds` for the answer, in the form in which a port would deliver it.
    /// `slot` no longer has the shards that were stolen back.
    pub(super) fn wait_for_result(
        &self,
        slot: &JobSlot,
        milliseconds: f64,
    ) -> Option<(Report, Vec<Float32Array>)> {
        let done = self.load(word::DONE);
        if !self.is_done(slot) {
            self.wait(word::DONE, done, milliseconds);
            if !self.is_done(slot) {
                return None;
            }
        }
        let JobSlot { work, job_id, total_images, shards } = slot;
        let scores = (word::SCORES..).step_by(3).take(shards.len()).map(|at| {
            let [loss, correct, images] = self.take_words(at).map(|word| word as u32);
            Score { loss: f32::from_bits(loss), correct, images }
        });
        let (count, size) = match work {
            Work::Gradient { .. } => {
                (sums(shards, *total_images).len() as u32, self.capacity.parameters)
            }
            Work::Evaluation => {
                (1, images_of(*total_images, shards).len() as u32 * self.capacity.classes)
            }
        };
        let results = (0..count).map(|index| {
            let at = self.capacity.results_at() + index * aligned(size);
            self.numbers.subarray(at, at + size)
        });
        let report = Report::Done { job_id: *job_id, scores: scores.collect() };
        Some((report, results.collect()))
    }
}
