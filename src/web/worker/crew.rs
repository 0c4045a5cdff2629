//! The trainer's helpers: the workers that compute some of its shards.

use std::rc::Rc;

use js_sys::Float32Array;

use super::desk::{self, Desk, Sheet};
use crate::net::Architecture;
use crate::net::loss::Score;
use crate::protocol::helper::{Job, Report, Work};
use crate::train::computer::Computer;
use crate::train::dispatch::{Dispatch, HelperId};
use crate::train::gradient::{images_of, sums};
use crate::web::port::{self, Port, PortError};

/// A helper's name as a worker, by which it knows what it is.
pub(super) const HELPER: &str = "helper";

/// Helpers lost after which no further one takes a lost one's place: something is wrong that a new one
/// would not mend.
const MOST_LOST: u32 = 4;

/// Shards that helpers at a desk are lent beyond their part, for the trainer to take back if it has time.
const AHEAD: usize = 2;

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
    /// Whether memory may be shared with helpers.
    shares: bool,
    hear: Rc<dyn Fn(HelperId, Heard)>,
    helpers: Vec<Helper>,
    wanted: usize,
    lost: u32,
    next: HelperId,
    dispatch: Dispatch,
    /// What is in hand, and of how many images.
    work: Work,
    images: usize,
}

struct Helper {
    id: HelperId,
    port: Port,
    /// Whether it listens.
    ready: bool,
    /// What it has been told to build.
    architecture: Option<Architecture>,
    /// Whether it shares memory with the trainer.
    shares: bool,
    /// That memory.
    desk: Option<Desk>,
    /// The job on the desk. Until it is done, nothing else may be laid there.
    asked: Option<Asked>,
}

/// A job on a desk.
struct Asked {
    /// As the helper still has to do it.
    sheet: Sheet,
    /// When it was laid there, in milliseconds.
    since: f64,
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
            shares: desk::possible(),
            hear,
            helpers: Vec::new(),
            wanted: 0,
            lost: 0,
            next: 0,
            dispatch: Dispatch::default(),
            work: Work::Evaluation,
            images: 0,
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
            self.helpers.push(Helper {
                id,
                port,
                ready: false,
                architecture: None,
                shares: self.shares,
                desk: None,
                asked: None,
            });
        }
    }

    /// Helpers that take part.
    pub(super) fn ready(&self) -> usize {
        self.helpers.iter().filter(|helper| helper.ready).count()
    }

    /// Shares new work out at a time in milliseconds; what was in hand before is dropped.
    pub(super) fn begin(&mut self, computer: &Computer, batch: Batch<'_>, now: f64) {
        self.helpers.iter_mut().for_each(Helper::clear_desk);
        let ready: Vec<HelperId> = self
            .helpers
            .iter()
            .filter(|helper| helper.ready && helper.asked.is_none())
            .map(|helper| helper.id)
            .collect();
        let ahead = if self.shares { AHEAD } else { 0 };
        let ticket = self.dispatch.begin(&ready, ahead, now);
        (self.work, self.images) = (batch.work, batch.labels.len());
        for loan in self.dispatch.loans().to_vec() {
            let Some(helper) = self.helpers.iter_mut().find(|helper| helper.id == loan.helper)
            else {
                continue;
            };
            let sheet = Sheet { work: self.work, ticket, of: self.images, shards: loan.shards };
            let handed_over = helper.hand_over(computer, batch, sheet, now);
            self.shares &= helper.shares;
            if let Err(error) = handed_over {
                self.lose(loan.helper, &error.to_string());
            }
        }
    }

    /// The next shard that the trainer is to compute itself; beyond its part, one that no helper has begun.
    pub(super) fn next_own(&mut self) -> Option<usize> {
        self.dispatch.next_own().or_else(|| self.relieve())
    }

    /// Takes what the trainer has computed itself.
    pub(super) fn take_own(&mut self, shard: usize, score: Score) {
        self.dispatch.take_own(shard, score);
    }

    /// Drops the work in hand; what is still computed of it is of no use.
    pub(super) fn abandon(&mut self) {
        self.helpers.iter().for_each(|helper| self.dispatch.lose(helper.id));
    }

    /// Takes in what is heard of a helper; what it has computed goes to `computer`, if somebody still works.
    pub(super) fn take(&mut self, id: HelperId, heard: Heard, computer: Option<&mut Computer>) {
        match heard {
            Heard::Gone(why) => self.lose(id, &why),
            Heard::Report(Report::Ready, _) => {
                if let Some(helper) = self.helpers.iter_mut().find(|helper| helper.id == id) {
                    helper.ready = true;
                }
            }
            Heard::Report(Report::Done { ticket, scores }, arrays) => {
                let shards = self.dispatch.take(id, ticket, &scores);
                let (Some(shards), Some(computer)) = (shards, computer) else { return };
                match self.work {
                    Work::Gradient { .. } => {
                        for (subtree, sum) in sums(&shards, self.images).into_iter().zip(&arrays) {
                            computer.take_sum(subtree, |room| sum.copy_to(room));
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

    /// Takes a shard back that no helper has begun, if there is one.
    fn relieve(&mut self) -> Option<usize> {
        let at_desks = self.helpers.iter_mut().filter_map(|helper| {
            let (desk, asked) = (helper.desk.as_ref()?, helper.asked.as_mut()?);
            Some((desk.left(), helper.id, desk, asked))
        });
        let (_, id, desk, asked) = at_desks.max_by_key(|(left, ..)| *left)?;
        let shard = desk.take_first()?;
        asked.sheet.shards.start = shard + 1;
        self.dispatch.relieve(id);
        Some(shard)
    }

    /// Waits at most so many milliseconds for what each helper puts on its desk, unless all is computed.
    pub(super) fn wait(&mut self, milliseconds: f64, computer: &mut Computer) {
        if self.done().is_some() {
            return;
        }
        let heard: Vec<_> = self
            .helpers
            .iter_mut()
            .filter_map(|helper| {
                let (desk, Asked { sheet, .. }) = (helper.desk.as_ref()?, helper.asked.as_ref()?);
                let (report, results) = desk.hear(sheet, milliseconds)?;
                helper.asked = None;
                Some((helper.id, Heard::Report(report, results)))
            })
            .collect();
        for (id, heard) in heard {
            self.take(id, heard, Some(&mut *computer));
        }
    }

    /// Loses those helpers that have kept their shards for more than so many milliseconds.
    pub(super) fn lose_overdue(&mut self, now: f64, patience: f64) {
        let overdue = |asked: &Asked| now - asked.since > patience;
        let at_desks =
            self.helpers.iter().filter(|helper| helper.asked.as_ref().is_some_and(overdue));
        let mut lost: Vec<HelperId> = at_desks.map(|helper| helper.id).collect();
        lost.extend(self.dispatch.overdue(now, patience));
        for id in lost {
            self.lose(id, "it does not answer");
        }
    }

    /// Whether something is to come that no message will tell of.
    pub(super) fn awaits_desks(&self) -> bool {
        self.helpers.iter().any(|helper| helper.asked.is_some())
    }

    /// The score on all images, once all is computed.
    pub(super) fn done(&self) -> Option<Score> {
        self.dispatch.score()
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
    /// Makes room on the desk if the job there is done, whatever became of it.
    fn clear_desk(&mut self) {
        if let (Some(desk), Some(Asked { sheet, .. })) = (&self.desk, &self.asked)
            && desk.is_done(sheet)
        {
            self.asked = None;
        }
    }

    /// Hands over the images of some shards and all that it takes to compute them.
    fn hand_over(
        &mut self,
        computer: &Computer,
        batch: Batch<'_>,
        sheet: Sheet,
        now: f64,
    ) -> Result<(), PortError> {
        if self.architecture.as_ref() != Some(computer.architecture()) {
            self.port.send(&Job::Build(computer.architecture().clone()), &[])?;
            self.architecture = Some(computer.architecture().clone());
            self.desk.take().inspect(Desk::close);
        }
        let part = images_of(sheet.of, &sheet.shards);
        let pixels = batch.images.len() / sheet.of.max(1);
        let images = &batch.images[part.start * pixels..part.end * pixels];
        let labels: Vec<f32> = batch.labels[part].iter().map(|&label| f32::from(label)).collect();
        if let Some(desk) = self.desk_for(labels.len(), computer)? {
            if desk.lay(&sheet, batch.parameters, images, &labels) {
                self.port.send(&Job::Look, &[])?;
            }
            self.asked = Some(Asked { sheet, since: now });
            return Ok(());
        }
        let Sheet { work, ticket, of, shards } = sheet;
        let arrays = [port::array(batch.parameters), port::array(images), port::array(&labels)];
        self.port.send(&Job::Compute { ticket, work, images: of, shards }, &arrays)
    }

    /// The desk, a larger one if it has no room for so many images. None where no memory is shared, or where
    /// there is none left, which is where sharing ends.
    fn desk_for(&mut self, images: usize, computer: &Computer) -> Result<Option<&Desk>, PortError> {
        if !self.shares {
            return Ok(None);
        }
        let desk = match self.desk.take() {
            Some(desk) if desk.images() >= images => desk,
            smaller => {
                smaller.inspect(Desk::close);
                let Some(desk) = Desk::new(computer.network().plan(), images) else {
                    self.shares = false;
                    return Ok(None);
                };
                self.port.send(&Job::Sit { images }, &[desk.memory()])?;
                desk
            }
        };
        Ok(Some(self.desk.insert(desk)))
    }
}

/// Losing a helper costs time and nothing else, so it is told where developers look.
fn warn(message: &str) {
    web_sys::console::warn_1(&message.into());
}
