//! Memory that the trainer shares with one helper, where the browser lets workers share memory.
//!
//! What the two say to each other is what a [`port`] would carry; here it takes one copy a
//! side, no message and no turn of the event loop. A job goes like this:
//!
//! 1. The trainer writes parameters, images and labels, then the job's ticket into `ASKED`, and rings:
//!    [`Desk::lay`].
//! 2. The helper has slept on `ASKED`. It reads what was laid: [`Desk::next`], [`Desk::parts`].
//! 3. It takes shards off the end of `LEFT`, one by one. A trainer that has computed its own takes
//!    some off the beginning: [`Desk::take_last`], [`Desk::take_first`].
//! 4. The helper writes scores and results, then the ticket into `DONE`, and rings:
//!    [`Desk::put_result`], [`Desk::answer`].
//! 5. The trainer has slept on `DONE`, and reads them: [`Desk::hear`].
//!
//! So each number has one writer at a time: the trainer until `ASKED` changes, the helper until `DONE`
//! does, as nothing is laid before the last job is done (`Helper::asked` in [`crew`](super::crew)).
//! `LEFT` alone has two, and is changed by compare-and-exchange. An atomic write makes the plain ones
//! before it visible to whoever reads it.
//!
//! A helper that has nothing to do for a while leaves the desk (`SEATED`) to hear its port, and has to
//! be called back by a message.

use std::ops::Range;

use js_sys::{Atomics, Float32Array, Int32Array, JsString};
use wasm_bindgen::prelude::*;

use crate::net::Plan;
use crate::net::loss::Score;
use crate::protocol::Augment;
use crate::protocol::helper::{Report, Work};
use crate::train::gradient::{SHARDS, images_of, sums};
use crate::web::port;

#[wasm_bindgen]
extern "C" {
    /// Not every page has it that is cross-origin isolated, and js-sys does not ask.
    type SharedArrayBuffer;
    #[wasm_bindgen(constructor, catch)]
    fn new(bytes: u32) -> Result<SharedArrayBuffer, JsValue>;
}

/// Milliseconds without a job after which a helper leaves its desk.
const IDLE: f64 = 50.0;

/// Words at the beginning of a desk; each is 32 bits, as all numbers on it are.
mod word {
    /// Ticket of the newest job, or [`super::CLOSED`]; the helper waits for it to change.
    pub(super) const ASKED: u32 = 0;
    /// Ticket of the newest job that is done; the trainer waits for it.
    pub(super) const DONE: u32 = 1;
    /// Whether the helper sits here and will see a new job.
    pub(super) const SEATED: u32 = 2;
    /// The job's shards that nobody has begun yet: see [`super::pair`].
    pub(super) const LEFT: u32 = 3;
    /// Number, seed, step and label smoothing of the work, images in it, its first shard that lies here and the one behind the last.
    pub(super) const JOB: u32 = 4;
    /// Of each shard its loss, its correct and all its images.
    pub(super) const SCORES: u32 = JOB + super::JOB_WORDS;
    /// Where the bulk numbers begin.
    pub(super) const NUMBERS: u32 = super::aligned(SCORES + 3 * super::SHARDS as u32);
}

/// Words of a job.
const JOB_WORDS: u32 = 7;

/// The next beginning of a line of the cache. What is copied into or out of shared memory has to begin at one: anything
/// that does not lie at a multiple of 8 bytes, V8 copies byte by byte, which takes eight times as long.
const fn aligned(word: u32) -> u32 {
    word.next_multiple_of(16)
}

/// The ticket that ends a desk.
const CLOSED: i32 = -1;

/// A job as it lies on the desk.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sheet {
    /// What is wanted.
    pub(super) work: Work,
    /// The dispatch's number of the work.
    pub(super) ticket: u32,
    /// Images in the whole work.
    pub(super) of: usize,
    /// Shards of it whose images lie here.
    pub(super) shards: Range<usize>,
}

/// One side's view of a desk.
#[derive(Debug)]
pub(super) struct Desk {
    words: Int32Array,
    numbers: Float32Array,
    room: Room,
}

/// What a desk has room for, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    parameters: u32,
    /// Pixels and classes of an image.
    pixels: u32,
    classes: u32,
    /// Images.
    images: u32,
}

impl Room {
    fn of(plan: &Plan, images: usize) -> Self {
        Self {
            parameters: plan.parameter_count() as u32,
            pixels: plan.input().size() as u32,
            classes: plan.classes() as u32,
            images: images as u32,
        }
    }

    fn images_at(self) -> u32 {
        aligned(word::NUMBERS + self.parameters)
    }

    fn labels_at(self) -> u32 {
        aligned(self.images_at() + self.images * self.pixels)
    }

    fn results_at(self) -> u32 {
        aligned(self.labels_at() + self.images)
    }

    fn size(self) -> u32 {
        // Consecutive shards consist of so many subtrees at most.
        let gradients = 2 * SHARDS.ilog2() * aligned(self.parameters);
        self.results_at() + gradients.max(self.images * self.classes)
    }
}

/// Whether workers may share memory here: whether it can be made, sent, and waited on. Cross-origin isolation
/// alone does not say so: WebKit can be isolated and have no such memory.
pub(super) fn possible() -> bool {
    try_sharing().is_ok_and(|outcome| outcome == "not-equal")
}

/// Does once what a desk is made of: what waiting for a word says that holds something else already.
fn try_sharing() -> Result<JsString, JsValue> {
    let buffer = SharedArrayBuffer::new(4)?;
    port::try_sending(&buffer)?;
    let words = Int32Array::new(&buffer);
    Atomics::notify(&words, 0)?;
    Atomics::wait_with_timeout(&words, 0, 1, 0.0)
}

/// A range of shards in one word, so that either side takes one off its end in one step.
fn pair(shards: &Range<usize>) -> i32 {
    (shards.start << 16 | shards.end) as i32
}

fn unpair(word: i32) -> Range<usize> {
    (word >> 16) as usize..(word & 0xFFFF) as usize
}

impl Desk {
    /// A desk for so many images of a work and a network's plan; none if there is no memory for it.
    pub(super) fn new(plan: &Plan, images: usize) -> Option<Self> {
        let room = Room::of(plan, images);
        let buffer = SharedArrayBuffer::new(4 * room.size()).ok()?;
        Some(Self::over(Float32Array::new(&buffer), room))
    }

    fn over(numbers: Float32Array, room: Room) -> Self {
        Self { words: Int32Array::new(&numbers.buffer()), numbers, room }
    }

    /// The helper's view of what [`Desk::memory`] was, if it is one for this plan.
    pub(super) fn of(numbers: &Float32Array, plan: &Plan, images: usize) -> Option<Self> {
        let room = Room::of(plan, images);
        (numbers.length() == room.size()).then(|| Self::over(numbers.clone(), room))
    }

    /// All of it, to be sent.
    pub(super) fn memory(&self) -> Float32Array {
        self.numbers.clone()
    }

    /// Images of a work that it has room for.
    pub(super) fn images(&self) -> usize {
        self.room.images as usize
    }

    // None of the atomic operations can fail on an `Int32Array` over shared memory.

    fn load(&self, word: u32) -> i32 {
        Atomics::load(&self.words, word).unwrap_or(CLOSED)
    }

    fn store(&self, word: u32, value: i32) {
        Atomics::store(&self.words, word, value).unwrap_or(CLOSED);
    }

    /// Wakes whoever waits for this word.
    fn ring(&self, word: u32) {
        Atomics::notify(&self.words, word).unwrap_or(0);
    }

    /// Waits until a word is not `value` any more, at most so many milliseconds; false if it still is.
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

    /// The trainer lays a job here; true if the helper has left and must be called.
    pub(super) fn lay(
        &self,
        sheet: &Sheet,
        parameters: &[f32],
        images: &[f32],
        labels: &[f32],
    ) -> bool {
        let (number, seed, step, smoothing) = match sheet.work {
            Work::Evaluation => (0, 0, 0, 0.0),
            Work::Gradient { seed, step, augment, label_smoothing } => {
                let at = Augment::ALL.iter().position(|&each| each == augment);
                (1 + at.unwrap_or(0), seed, step, label_smoothing)
            }
        };
        let Sheet { ticket, of, shards, .. } = sheet;
        let (start, end) = (shards.start as i32, shards.end as i32);
        let smoothing = smoothing.to_bits() as i32;
        let job = [number as i32, seed as i32, step as i32, smoothing, *of as i32, start, end];
        self.put_words(word::JOB, &job);
        self.put(word::NUMBERS, parameters);
        self.put(self.room.images_at(), images);
        self.put(self.room.labels_at(), labels);
        self.store(word::LEFT, pair(shards));
        self.store(word::ASKED, *ticket as i32);
        self.ring(word::ASKED);
        self.load(word::SEATED) == 0
    }

    /// Nothing is laid here any more.
    pub(super) fn close(&self) {
        self.store(word::ASKED, CLOSED);
        self.ring(word::ASKED);
    }

    /// The helper sits down: the next job after the one of ticket `seen`; `None` once there has been none for a
    /// while.
    pub(super) fn next(&self, seen: u32) -> Option<Sheet> {
        self.store(word::SEATED, 1);
        if !self.wait(word::ASKED, seen as i32, IDLE) {
            self.store(word::SEATED, 0);
        }
        // Whoever lays a job after this look sees that the seat is empty.
        let asked = self.load(word::ASKED);
        if asked == CLOSED || asked == seen as i32 {
            return None;
        }
        let [number, seed, step, smoothing, of, start, end] = self.take_words(word::JOB);
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
        Some(Sheet { work, ticket: asked as u32, of: of as usize, shards })
    }

    /// What belongs to the job: parameters, so many images, their classes.
    pub(super) fn parts(&self, images: usize) -> [Float32Array; 3] {
        let part = |at: u32, size: u32| self.numbers.subarray(at, at + size);
        let images = images as u32;
        [
            part(word::NUMBERS, self.room.parameters),
            part(self.room.images_at(), images * self.room.pixels),
            part(self.room.labels_at(), images),
        ]
    }

    /// The helper takes the last of the shards that nobody has begun.
    pub(super) fn take_last(&self) -> Option<usize> {
        self.take_off(|left| (left.end - 1, left.start..left.end - 1))
    }

    /// The trainer takes the first of the shards that nobody has begun back.
    pub(super) fn take_first(&self) -> Option<usize> {
        self.take_off(|left| (left.start, left.start + 1..left.end))
    }

    fn take_off(&self, take: impl Fn(&Range<usize>) -> (usize, Range<usize>)) -> Option<usize> {
        let mut seen = self.load(word::LEFT);
        loop {
            let left = unpair(seen);
            if left.is_empty() {
                return None;
            }
            let (shard, rest) = take(&left);
            let found =
                Atomics::compare_exchange(&self.words, word::LEFT, seen, pair(&rest)).ok()?;
            if found == seen {
                return Some(shard);
            }
            seen = found;
        }
    }

    /// Shards that nobody has begun.
    pub(super) fn left(&self) -> usize {
        unpair(self.load(word::LEFT)).len()
    }

    /// The helper puts down what it has computed and rings.
    pub(super) fn answer(&self, ticket: u32, scores: &[Score]) {
        for (at, score) in (word::SCORES..).step_by(3).zip(scores) {
            let words = [score.loss.to_bits() as i32, score.correct as i32, score.images as i32];
            self.put_words(at, &words);
        }
        self.store(word::DONE, ticket as i32);
        self.ring(word::DONE);
    }

    /// The helper puts down a result before it answers: which one and what it is.
    pub(super) fn put_result(&self, index: u32, result: &[f32]) {
        self.put(self.room.results_at() + index * aligned(result.len() as u32), result);
    }

    /// Whether the job is done.
    pub(super) fn is_done(&self, sheet: &Sheet) -> bool {
        self.load(word::DONE) == sheet.ticket as i32
    }

    /// The trainer waits at most so many milliseconds for the answer to the job, which is as a port would have
    /// brought it. What the helper was relieved of, `sheet` does not have any more.
    pub(super) fn hear(
        &self,
        sheet: &Sheet,
        milliseconds: f64,
    ) -> Option<(Report, Vec<Float32Array>)> {
        let done = self.load(word::DONE);
        if !self.is_done(sheet) {
            self.wait(word::DONE, done, milliseconds);
            if !self.is_done(sheet) {
                return None;
            }
        }
        let Sheet { work, ticket, of, shards } = sheet;
        let scores = (word::SCORES..).step_by(3).take(shards.len()).map(|at| {
            let [loss, correct, images] = self.take_words(at).map(|word| word as u32);
            Score { loss: f32::from_bits(loss), correct, images }
        });
        let (count, size) = match work {
            Work::Gradient { .. } => (sums(shards, *of).len() as u32, self.room.parameters),
            Work::Evaluation => (1, images_of(*of, shards).len() as u32 * self.room.classes),
        };
        let results = (0..count).map(|index| {
            let at = self.room.results_at() + index * aligned(size);
            self.numbers.subarray(at, at + size)
        });
        let report = Report::Done { ticket: *ticket, scores: scores.collect() };
        Some((report, results.collect()))
    }
}
