//! The trainer's helpers: the workers that compute some of its shards.

use std::rc::Rc;

use js_sys::{Float32Array, Uint8Array};

use super::mailbox::{self, JobSlot, Mailbox};
use crate::config::Architecture;
use crate::net::loss::Score;
use crate::protocol::helper::{Job, Report, Work};
use crate::train::gradient::{images_of, sums};
use crate::train::shard_assignment::{HelperId, ShardAssignment};
use crate::train::shard_executor::ShardExecutor;
use crate::web::port::{self, Port, PortError};

/// The worker's name, which makes it a helper.
pub(super) const HELPER: &str = "helper";

/// Helpers lost after which none is replaced: something is wrong that a new helper would not fix.
const MOST_LOST: u32 = 4;

/// Shards that helpers with a mailbox get beyond their part, for the trainer to steal back if it has time.
const STEALABLE: usize = 2;

/// What happened to a helper.
pub(super) enum HelperEvent {
    /// It sent a report.
    Report(Report, Vec<Float32Array>),
    /// It died.
    Gone(String),
}

/// The helpers, and the job that they share with the trainer.
pub(super) struct HelperPool {
    script: String,
    /// Whether memory can be shared with helpers.
    shares_memory: bool,
    on_event: Rc<dyn Fn(HelperId, HelperEvent)>,
    helpers: Vec<HelperHandle>,
    wanted: usize,
    lost: u32,
    next: HelperId,
    shard_assignment: ShardAssignment,
    /// The current job, and the number of its images.
    work: Work,
    images: usize,
}

struct HelperHandle {
    id: HelperId,
    port: Port,
    ready: bool,
    /// The architecture that it was last sent.
    architecture: Option<Architecture>,
    shares_memory: bool,
    mailbox: Option<Mailbox>,
    /// The job in the mailbox. Until it is done, nothing else may be posted there.
    pending: Option<PendingJob>,
}

/// A job in a mailbox.
struct PendingJob {
    /// Shrinks when shards are stolen back.
    slot: JobSlot,
    /// When it was posted, in milliseconds.
    since: f64,
}

/// Images to share out.
#[derive(Clone, Copy)]
pub(super) struct WorkBatch<'a> {
    /// What to compute.
    pub(super) work: Work,
    /// The network's parameters.
    pub(super) parameters: &'a [f32],
    /// `[images][pixels]`, 0 to 255.
    pub(super) pixels: &'a [u8],
    pub(super) labels: &'a [u8],
}

impl HelperPool {
    /// Without helpers yet. Calls `on_event` later, with each event of a helper.
    pub(super) fn new(script: String, on_event: Rc<dyn Fn(HelperId, HelperEvent)>) -> Self {
        Self {
            script,
            shares_memory: mailbox::possible(),
            on_event,
            helpers: Vec::new(),
            wanted: 0,
            lost: 0,
            next: 0,
            shard_assignment: ShardAssignment::default(),
            work: Work::Evaluation,
            images: 0,
        }
    }

    /// Sets the number of helpers; new ones take part once they are ready.
    pub(super) fn resize(&mut self, helpers: usize) {
        self.wanted = helpers;
        for helper in self.helpers.drain(helpers.min(self.helpers.len())..) {
            self.shard_assignment.lose(helper.id);
        }
        self.spawn_missing();
    }

    fn spawn_missing(&mut self) {
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
            let on_event = Rc::clone(&self.on_event);
            port.on_message(move |message| {
                let event = match message {
                    Ok((report, arrays)) => HelperEvent::Report(report, arrays),
                    Err(error) => HelperEvent::Gone(error.to_string()),
                };
                on_event(id, event);
            });
            let on_event = Rc::clone(&self.on_event);
            port.on_error(move |why| on_event(id, HelperEvent::Gone(why)));
            self.helpers.push(HelperHandle {
                id,
                port,
                ready: false,
                architecture: None,
                shares_memory: self.shares_memory,
                mailbox: None,
                pending: None,
            });
        }
    }

    /// Number of helpers that take part.
    pub(super) fn ready(&self) -> usize {
        self.helpers.iter().filter(|helper| helper.ready).count()
    }

    /// Shares out a new job at `now`, in milliseconds; drops the job before.
    pub(super) fn begin(&mut self, executor: &ShardExecutor, batch: WorkBatch<'_>, now: f64) {
        self.helpers.iter_mut().for_each(HelperHandle::clear_mailbox);
        let ready: Vec<HelperId> = self
            .helpers
            .iter()
            .filter(|helper| helper.ready && helper.pending.is_none())
            .map(|helper| helper.id)
            .collect();
        let ahead = if self.shares_memory { STEALABLE } else { 0 };
        let job_id = self.shard_assignment.begin(&ready, ahead, now);
        (self.work, self.images) = (batch.work, batch.labels.len());
        for assignment in self.shard_assignment.assignments().to_vec() {
            let Some(helper) =
                self.helpers.iter_mut().find(|helper| helper.id == assignment.helper)
            else {
                continue;
            };
            let slot = JobSlot {
                work: self.work,
                job_id,
                total_images: self.images,
                shards: assignment.shards,
            };
            let sent = helper.send_job(executor, batch, slot, now);
            self.shares_memory &= helper.shares_memory;
            if let Err(error) = sent {
                self.lose(assignment.helper, &error.to_string());
            }
        }
    }

    /// The next shard for the trainer to compute; beyond its part, one that no helper has begun.
    pub(super) fn next_own(&mut self) -> Option<usize> {
        self.shard_assignment.next_own().or_else(|| self.steal_back())
    }

    /// Records the score of a shard that the trainer computed.
    pub(super) fn take_own(&mut self, shard: usize, score: Score) {
        self.shard_assignment.take_own(shard, score);
    }

    /// Drops the current job; results that still arrive are ignored.
    pub(super) fn abandon(&mut self) {
        self.helpers.iter().for_each(|helper| self.shard_assignment.lose(helper.id));
    }

    /// Handles a helper's event. Results go to `executor`, if there is one.
    pub(super) fn on_event(
        &mut self,
        id: HelperId,
        event: HelperEvent,
        executor: Option<&mut ShardExecutor>,
    ) {
        match event {
            HelperEvent::Gone(why) => self.lose(id, &why),
            HelperEvent::Report(Report::Ready, _) => {
                if let Some(helper) = self.helpers.iter_mut().find(|helper| helper.id == id) {
                    helper.ready = true;
                }
            }
            HelperEvent::Report(Report::Done { job_id, scores }, arrays) => {
                let shards = self.shard_assignment.take(id, job_id, &scores);
                let (Some(shards), Some(executor)) = (shards, executor) else { return };
                match self.work {
                    Work::Gradient { .. } => {
                        for (subtree, sum) in sums(&shards, self.images).into_iter().zip(&arrays) {
                            executor.take_sum(subtree, |to| sum.copy_to(to));
                        }
                    }
                    Work::Evaluation => {
                        for probabilities in &arrays {
                            probabilities.copy_to(executor.probabilities_mut(&shards, self.images));
                        }
                    }
                }
            }
        }
    }

    /// Takes a shard back that no helper has begun, if there is one.
    fn steal_back(&mut self) -> Option<usize> {
        let sharing = self.helpers.iter_mut().filter_map(|helper| {
            let (mailbox, pending) = (helper.mailbox.as_ref()?, helper.pending.as_mut()?);
            Some((mailbox.unclaimed(), helper.id, mailbox, pending))
        });
        let (_, id, mailbox, pending) = sharing.max_by_key(|(unclaimed, ..)| *unclaimed)?;
        let shard = mailbox.steal_first()?;
        pending.slot.shards.start = shard + 1;
        self.shard_assignment.steal_back(id);
        Some(shard)
    }

    /// Waits at most `milliseconds` for the results in the helpers' mailboxes, unless the job is complete.
    pub(super) fn wait(&mut self, milliseconds: f64, executor: &mut ShardExecutor) {
        if self.done().is_some() {
            return;
        }
        let event: Vec<_> = self
            .helpers
            .iter_mut()
            .filter_map(|helper| {
                let (mailbox, PendingJob { slot, .. }) =
                    (helper.mailbox.as_ref()?, helper.pending.as_ref()?);
                let (report, results) = mailbox.wait_for_result(slot, milliseconds)?;
                helper.pending = None;
                Some((helper.id, HelperEvent::Report(report, results)))
            })
            .collect();
        for (id, event) in event {
            self.on_event(id, event, Some(&mut *executor));
        }
    }

    /// Loses the helpers that have had their shards for more than `timeout` milliseconds; true if there were
    /// any.
    pub(super) fn lose_overdue(&mut self, now: f64, timeout: f64) -> bool {
        let overdue = |pending: &PendingJob| now - pending.since > timeout;
        let sharing =
            self.helpers.iter().filter(|helper| helper.pending.as_ref().is_some_and(overdue));
        let mut lost: Vec<HelperId> = sharing.map(|helper| helper.id).collect();
        lost.extend(self.shard_assignment.overdue(now, timeout));
        for &id in &lost {
            self.lose(id, "it does not answer");
        }
        !lost.is_empty()
    }

    /// Whether a result will arrive without a message.
    pub(super) fn awaits_mailboxes(&self) -> bool {
        self.helpers.iter().any(|helper| helper.pending.is_some())
    }

    /// The score on all images, once complete.
    pub(super) fn done(&self) -> Option<Score> {
        self.shard_assignment.score()
    }

    /// Ends a helper, gives its shards to the trainer, and starts another one.
    fn lose(&mut self, id: HelperId, why: &str) {
        let before = self.helpers.len();
        self.helpers.retain(|helper| helper.id != id);
        self.shard_assignment.lose(id);
        if self.helpers.len() < before {
            warn(&["a helper is lost: ", why].concat());
            self.lost += 1;
            self.spawn_missing();
        }
    }
}

impl HelperHandle {
    /// Forgets the job in the mailbox if it is done, whatever its result.
    fn clear_mailbox(&mut self) {
        if let (Some(mailbox), Some(PendingJob { slot, .. })) = (&self.mailbox, &self.pending)
            && mailbox.is_done(slot)
        {
            self.pending = None;
        }
    }

    /// Sends the images of some shards and everything needed to compute them.
    fn send_job(
        &mut self,
        executor: &ShardExecutor,
        batch: WorkBatch<'_>,
        slot: JobSlot,
        now: f64,
    ) -> Result<(), PortError> {
        if self.architecture.as_ref() != Some(executor.architecture()) {
            self.port.send(&Job::Build(executor.architecture().clone()), &[])?;
            self.architecture = Some(executor.architecture().clone());
            self.mailbox.take().inspect(Mailbox::close);
        }
        let part = images_of(slot.total_images, &slot.shards);
        let each = batch.pixels.len() / slot.total_images.max(1);
        let pixels = &batch.pixels[part.start * each..part.end * each];
        let labels = &batch.labels[part];
        if let Some(mailbox) = self.mailbox_for(labels.len(), executor)? {
            if mailbox.post(&slot, batch.parameters, pixels, labels) {
                self.port.send(&Job::Poll, &[])?;
            }
            self.pending = Some(PendingJob { slot, since: now });
            return Ok(());
        }
        let JobSlot { work, job_id, total_images, shards } = slot;
        let arrays = [port::array(batch.parameters), packed(pixels, labels)];
        self.port.send(&Job::Compute { job_id, work, images: total_images, shards }, &arrays)
    }

    /// The mailbox, replaced by a larger one if it is too small for `images`. `None` if no memory is shared,
    /// or if there is none left, which ends sharing.
    fn mailbox_for(
        &mut self,
        images: usize,
        executor: &ShardExecutor,
    ) -> Result<Option<&Mailbox>, PortError> {
        if !self.shares_memory {
            return Ok(None);
        }
        let mailbox = match self.mailbox.take() {
            Some(mailbox) if mailbox.images() >= images => mailbox,
            smaller => {
                smaller.inspect(Mailbox::close);
                let Some(mailbox) = Mailbox::new(executor.network().plan(), images) else {
                    self.shares_memory = false;
                    return Ok(None);
                };
                self.port.send(&Job::UseMailbox { images }, &[mailbox.memory()])?;
                mailbox
            }
        };
        Ok(Some(self.mailbox.insert(mailbox)))
    }
}

/// Bytes as an array of a message, four to a number.
fn packed(pixels: &[u8], labels: &[u8]) -> Float32Array {
    let (images, all) = (pixels.len() as u32, (pixels.len() + labels.len()) as u32);
    let numbers = Float32Array::new_with_length(all.div_ceil(4));
    let bytes = Uint8Array::new(&numbers.buffer());
    bytes.subarray(0, images).copy_from(pixels);
    bytes.subarray(images, all).copy_from(labels);
    numbers
}

/// A lost helper costs only time, so it is reported in the console only.
fn warn(message: &str) {
    web_sys::console::warn_1(&message.into());
}
