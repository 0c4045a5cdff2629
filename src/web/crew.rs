//! The trainer's helpers: the workers that compute some of its shards.

use std::ops::Range;
use std::rc::Rc;

use js_sys::Float32Array;

use super::port::{self, Port};
use crate::net::Architecture;
use crate::net::loss::Score;
use crate::protocol::helper::{Job, Report, Work};
use crate::train::computer::Computer;
use crate::train::dispatch::{Dispatch, HelperId};
use crate::train::gradient::{images_of, subtrees};

/// A helper's name as a worker, by which it knows what it is.
pub(super) const HELPER: &str = "helper";

/// Helpers lost after which no further one takes a lost one's place: something is wrong that a new one
/// would not mend.
const MOST_LOST: u32 = 4;

/// What is heard of a helper.
pub(super) enum Heard {
    /// It has said something.
    Report(Report, Vec<Float32Array>),
    /// It has died.
    Gone(String),
}

/// The helpers, and the work that they share with the trainer.
pub(super) struct Crew {
    /// Address of the helpers' script.
    script: String,
    hear: Rc<dyn Fn(HelperId, Heard)>,
    helpers: Vec<Helper>,
    wanted: usize,
    lost: u32,
    next: HelperId,
    dispatch: Dispatch,
    /// What is in hand, and of how many images.
    work: Work,
    images: usize,
    /// Subtrees of the work in hand whose gradient has come from a helper.
    sums: Vec<Range<usize>>,
}

struct Helper {
    id: HelperId,
    port: Port,
    /// Whether it listens.
    ready: bool,
    /// What it has been told to build.
    architecture: Option<Architecture>,
}

/// Images that are shared out.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    /// What is wanted of them.
    pub(super) work: Work,
    /// The network's.
    pub(super) parameters: &'a [f32],
    /// `[images][pixels]`
    pub(super) images: &'a [f32],
    /// Their classes.
    pub(super) labels: &'a [u8],
}

impl Crew {
    /// Without helpers; `hear` is called with what they say, later.
    pub(super) fn new(script: String, hear: Rc<dyn Fn(HelperId, Heard)>) -> Self {
        Self {
            script,
            hear,
            helpers: Vec::new(),
            wanted: 0,
            lost: 0,
            next: 0,
            dispatch: Dispatch::default(),
            work: Work::Evaluation,
            images: 0,
            sums: Vec::new(),
        }
    }

    /// Has so many helpers from now on; new ones take part once they listen.
    pub(super) fn want(&mut self, helpers: usize) {
        self.wanted = helpers;
        for helper in self.helpers.drain(helpers.min(self.helpers.len())..) {
            self.dispatch.lose(helper.id);
        }
        self.recruit();
    }

    fn recruit(&mut self) {
        while self.helpers.len() < self.wanted && self.lost < MOST_LOST {
            let id = self.next;
            self.next += 1;
            let mut port = match Port::spawn(&self.script, HELPER) {
                Ok(port) => port,
                Err(error) => {
                    warn(&error.to_string());
                    self.lost = MOST_LOST;
                    return;
                }
            };
            let hear = Rc::clone(&self.hear);
            port.on_message(move |message| {
                let heard = match message {
                    Ok((report, arrays)) => Heard::Report(report, arrays),
                    Err(error) => Heard::Gone(error.to_string()),
                };
                hear(id, heard);
            });
            let hear = Rc::clone(&self.hear);
            port.on_error(move |why| hear(id, Heard::Gone(why)));
            self.helpers.push(Helper { id, port, ready: false, architecture: None });
        }
    }

    /// Helpers that take part.
    pub(super) fn ready(&self) -> usize {
        self.helpers.iter().filter(|helper| helper.ready).count()
    }

    /// Shares new work out at a time in milliseconds; what was in hand before is dropped.
    pub(super) fn begin(&mut self, architecture: &Architecture, batch: Batch<'_>, now: f64) {
        let ready: Vec<HelperId> =
            self.helpers.iter().filter(|helper| helper.ready).map(|helper| helper.id).collect();
        let ticket = self.dispatch.begin(&ready, now);
        (self.work, self.images) = (batch.work, batch.labels.len());
        self.sums.clear();
        for loan in self.dispatch.loans().to_vec() {
            let Some(helper) = self.helpers.iter_mut().find(|helper| helper.id == loan.helper)
            else {
                continue;
            };
            if let Err(error) = helper.send(architecture, batch, ticket, loan.shards) {
                self.lose(loan.helper, &error.to_string());
            }
        }
    }

    /// The next shard that the trainer is to compute itself.
    pub(super) fn next_own(&self) -> Option<usize> {
        self.dispatch.next_own()
    }

    /// Takes what the trainer has computed itself.
    pub(super) fn take_own(&mut self, shard: usize, score: Score) {
        self.dispatch.take_own(shard, score);
    }

    /// Takes in what is heard of a helper; what it has computed goes to `computer`.
    pub(super) fn take(&mut self, id: HelperId, heard: Heard, computer: &mut Computer) {
        match heard {
            Heard::Gone(why) => self.lose(id, &why),
            Heard::Report(Report::Ready, _) => {
                if let Some(helper) = self.helpers.iter_mut().find(|helper| helper.id == id) {
                    helper.ready = true;
                }
            }
            Heard::Report(Report::Done { ticket, scores }, arrays) => {
                let Some(shards) = self.dispatch.take(id, ticket, &scores) else { return };
                match self.work {
                    Work::Gradient { .. } => {
                        for (subtree, sum) in subtrees(&shards).zip(&arrays) {
                            sum.copy_to(computer.sum_mut(&subtree));
                            self.sums.push(subtree);
                        }
                    }
                    Work::Evaluation => {
                        for probabilities in &arrays {
                            probabilities.copy_to(computer.probabilities_mut(&shards, self.images));
                        }
                    }
                }
            }
        }
    }

    /// Loses those helpers that have kept their shards for more than so many milliseconds.
    pub(super) fn lose_overdue(&mut self, now: f64, patience: f64) {
        while let Some(id) = self.dispatch.overdue(now, patience) {
            self.lose(id, "it does not answer");
        }
    }

    /// The score on all images, and the subtrees whose gradient came from helpers, once all is computed.
    pub(super) fn done(&self) -> Option<(Score, &[Range<usize>])> {
        self.dispatch.score().map(|score| (score, self.sums.as_slice()))
    }

    /// Ends a helper, gives its shards to the trainer, and starts another one.
    fn lose(&mut self, id: HelperId, why: &str) {
        let before = self.helpers.len();
        self.helpers.retain(|helper| helper.id != id);
        self.dispatch.lose(id);
        if self.helpers.len() < before {
            warn(&["a helper is lost: ", why].concat());
            self.lost += 1;
            self.recruit();
        }
    }
}

impl Helper {
    /// Sends the images of some shards and all that it takes to compute them.
    fn send(
        &mut self,
        architecture: &Architecture,
        batch: Batch<'_>,
        ticket: u32,
        shards: Range<usize>,
    ) -> Result<(), port::PortError> {
        if self.architecture.as_ref() != Some(architecture) {
            self.port.send(&Job::Build(architecture.clone()), &[])?;
            self.architecture = Some(architecture.clone());
        }
        let of = batch.labels.len();
        let part = images_of(of, &shards);
        let pixels = batch.images.len() / of.max(1);
        let labels: Vec<f32> = batch.labels[part.clone()].iter().map(|&l| f32::from(l)).collect();
        let arrays = [
            port::array(batch.parameters),
            port::array(&batch.images[part.start * pixels..part.end * pixels]),
            port::array(&labels),
        ];
        self.port.send(&Job::Compute { ticket, work: batch.work, images: of, shards }, &arrays)
    }
}

/// Losing a helper costs time and nothing else, so it is told where developers look.
fn warn(message: &str) {
    web_sys::console::warn_1(&message.into());
}
