//! A training step allocates nothing once the buffers have seen a minibatch of its size.
//!
//! `unsafe`: the allocator passes every call on to the system's, unchanged, and counts it.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use inkling::config::{Architecture, Augment, Schedule, TrainConfig};
use inkling::data::{Digits, PIXELS};
use inkling::net::{Network, init};
use inkling::train::augment;
use inkling::train::gradient::{MinibatchPart, SHARDS, Sums};
use inkling::train::session::{Available, Session, Task};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: `System` keeps the contract, and gets the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_training_step_allocates_nothing() {
    let mut network = Network::new(&Architecture::default()).expect("a valid model");
    let digits = Digits { images: vec![128; 200 * PIXELS], labels: vec![3; 200] };
    let parameters = init::glorot_uniform(network.plan(), 1);
    let mut sums = Sums::new(parameters.len());
    let settings = TrainConfig {
        epochs: 1,
        schedule: Schedule::Cosine,
        augment: Augment::Gentle,
        label_smoothing: 0.1,
        ema_momentum: 0.9,
        ..TrainConfig::default()
    };
    let mut session = Session::new(settings, digits.len(), parameters);
    let available = Available { train: digits.len(), test: None };
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    let mut step = || {
        let Task::Minibatch(indices) = session.next(available) else { return false };
        digits.gather(indices.iter().map(|&index| index as usize), &mut images, &mut labels);
        let augmentation = augment::amounts(Augment::Gentle).expect("it is not off");
        augment::vary(&augmentation, &mut images, &labels, 0, session.minibatch_seed());
        network.load(session.parameters());
        let minibatch = MinibatchPart::whole(&images, &labels, session.minibatch_seed());
        sums.begin(labels.len());
        for shard in 0..SHARDS {
            minibatch.gradient(&mut network, shard, &mut sums);
        }
        session.learn(sums.total());
        true
    };
    assert!(step());
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    assert!(step() && step());
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0);
    assert!(before > 0, "the counter counts");
}
