//! A run's state machine, driven as the trainer drives it, with real gradients of a small model.

use inkling::config::architecture::{Activation, Layer};
use inkling::config::{Architecture, Augment, Form, Optimizer, Schedule, TrainConfig};
use inkling::data::{Digits, PIXELS};
use inkling::net::loss::Score;
use inkling::net::{Network, init};
use inkling::train::augment;
use inkling::train::gradient::{MinibatchPart, Sums, images_of, sums};
use inkling::train::session::{Available, Session, Set, Task};
use inkling::train::shard_assignment::ShardAssignment;
use inkling::train::snapshot::{self, RunHistory, Snapshot, SnapshotError};
use wasm_bindgen_test::wasm_bindgen_test;

fn settings() -> TrainConfig {
    TrainConfig {
        epochs: 2,
        batch_size: 16,
        schedule: Schedule::OneCycle,
        seed: 7,
        augment: Augment::On,
        label_smoothing: 0.1,
        ema_momentum: 0.4,
        ..TrainConfig::default()
    }
}

fn architecture() -> Architecture {
    Architecture {
        layers: vec![
            Layer::MaxPooling2D { pool_size: 2 },
            Layer::Flatten,
            Layer::Dropout { rate: 0.25 },
            Layer::Dense { units: 10, activation: Activation::Softmax },
        ],
        ..Architecture::default()
    }
}

/// Noise with a bright pixel that gives the class away.
fn digits(count: usize) -> Digits {
    let mut rng = fastrand::Rng::with_seed(1);
    let labels: Vec<u8> = (0..count).map(|i| (i % 10) as u8).collect();
    let mut images: Vec<u8> = (0..count * PIXELS).map(|_| rng.u8(0..60)).collect();
    for (image, &label) in images.chunks_mut(PIXELS).zip(&labels) {
        image[300 + 7 * usize::from(label)] = 255;
    }
    Digits { images, labels }
}

/// A session and what computes for it.
struct Driver {
    session: Session,
    network: Network,
    /// Number of helpers.
    helpers: u32,
    train: Digits,
    test: Digits,
    available: Available,
    /// Images of each minibatch, and the bits of its loss.
    sizes: Vec<usize>,
    losses: Vec<u32>,
    /// Test score after each epoch.
    scores: Vec<Score>,
    /// Score on the validation images after each epoch, if there are any.
    validations: Vec<Score>,
}

impl Driver {
    fn new(settings: TrainConfig) -> Self {
        let architecture = architecture();
        let network = Network::new(&architecture).expect("a valid model");
        let (train, test) = (digits(150), digits(230));
        let parameters = init::glorot_uniform(network.plan(), settings.seed.into());
        let available = Available { train: train.len(), test: Some(test.len()) };
        let session = Session::new(settings, train.len(), parameters);
        Self {
            session,
            network,
            helpers: 0,
            train,
            test,
            available,
            sizes: Vec::new(),
            losses: Vec::new(),
            scores: Vec::new(),
            validations: Vec::new(),
        }
    }

    /// Does the next task; false if there is none.
    fn advance(&mut self) -> bool {
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        match self.session.next(self.available) {
            Task::Minibatch(indices) => {
                let indices = indices.iter().map(|&index| index as usize);
                self.train.gather(indices, &mut images, &mut labels);
                self.sizes.push(labels.len());
                let score = self.learn(&images, &labels);
                self.losses.push(score.loss.to_bits());
                true
            }
            Task::Evaluate(set, range) => {
                let digits = if set == Set::Test { &self.test } else { &self.train };
                digits.gather(range, &mut images, &mut labels);
                self.network.load(self.session.averaged());
                let score = self.network.evaluate(&images, &labels, &mut Vec::new());
                if let Some(evaluation) = self.session.take_score(score, self.available) {
                    self.scores.push(evaluation.test);
                    self.validations.extend(evaluation.validation);
                }
                true
            }
            Task::Wait | Task::Paused | Task::Finished => false,
        }
    }

    /// One optimizer step, with shards shared out as the trainer does it.
    fn learn(&mut self, images: &[f32], labels: &[u8]) -> Score {
        self.network.load(self.session.parameters());
        let (size, rng_seed) = (self.session.parameters().len(), self.session.minibatch_seed());
        let mut shard_assignment = ShardAssignment::default();
        let helpers: Vec<u32> = (0..self.helpers).collect();
        let job_id = shard_assignment.begin(&helpers, 0, 0.0);
        let mut compute = |shards: std::ops::Range<usize>, sums: &mut Sums| {
            let part = images_of(labels.len(), &shards);
            let mut images = images[part.start * PIXELS..part.end * PIXELS].to_vec();
            let labels_of_part = &labels[part.clone()];
            if let Some(augmentation) = augment::amounts(self.session.settings().augment) {
                augment::vary(&augmentation, &mut images, labels_of_part, part.start, rng_seed);
            }
            let part = MinibatchPart {
                shards: shards.clone(),
                minibatch: labels.len(),
                images: &images,
                labels: labels_of_part,
                rng_seed,
                label_smoothing: self.session.settings().label_smoothing,
            };
            shards.map(|shard| part.gradient(&mut self.network, shard, sums)).collect::<Vec<_>>()
        };
        let [mut all, mut own] = [Sums::new(size), Sums::new(size)];
        all.begin(labels.len());
        // The last one assigned answers first.
        for assignment in shard_assignment.assignments().to_vec().into_iter().rev() {
            own.begin(labels.len());
            let scores = compute(assignment.shards.clone(), &mut own);
            for (subtree, sum) in
                sums(&assignment.shards, labels.len()).into_iter().zip(own.complete())
            {
                all.add(subtree, |to| to.copy_from_slice(sum));
            }
            assert_eq!(
                shard_assignment.take(assignment.helper, job_id, &scores),
                Some(assignment.shards)
            );
        }
        while let Some(shard) = shard_assignment.next_own() {
            let score = compute(shard..shard + 1, &mut all);
            shard_assignment.take_own(shard, score[0]);
        }
        self.session.learn(all.total());
        shard_assignment.score().expect("all shards are computed")
    }

    fn finish(mut self) -> Self {
        while self.advance() {}
        assert_eq!(self.session.next(self.available), Task::Finished);
        self
    }
}

/// Bits of the parameters and of their average.
fn bits(session: &Session) -> Vec<u32> {
    session.parameters().iter().chain(session.averaged()).map(|x| x.to_bits()).collect()
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_sees_every_image_once_an_epoch_and_all_test_images_after_it() {
    let done = Driver::new(settings()).finish();
    let epoch = [16, 16, 16, 16, 16, 16, 16, 16, 16, 6];
    assert_eq!(done.sizes, [epoch, epoch].concat());
    assert_eq!(done.scores.iter().map(|s| s.images).collect::<Vec<_>>(), [230, 230]);
    assert_eq!((done.session.epoch(), done.session.step(), done.session.images_left()), (2, 20, 0));
    assert_eq!((done.session.steps_per_epoch(), done.session.steps()), (10, 20));
}

#[wasm_bindgen_test(unsupported = test)]
fn pausing_stepping_and_waiting_change_no_bit_of_the_result() {
    let straight = Driver::new(settings()).finish();

    let mut halting = Driver::new(settings());
    halting.session.pause();
    assert_eq!(halting.session.next(halting.available), Task::Paused);
    for steps in 1..=3 {
        halting.session.take_steps(1);
        while halting.advance() {}
        assert_eq!(halting.session.next(halting.available), Task::Paused);
        assert_eq!(halting.session.step(), steps);
    }
    halting.session.resume();
    halting.available = Available { train: 100, test: None };
    while halting.advance() {}
    assert_eq!(halting.session.next(halting.available), Task::Wait);
    halting.available.train = 150;
    while halting.advance() {}
    assert_eq!((halting.session.step(), halting.session.epoch()), (10, 0));
    assert_eq!(halting.session.next(halting.available), Task::Wait, "for the test set");
    halting.available.test = Some(230);
    let halting = halting.finish();

    assert_eq!(bits(&halting.session), bits(&straight.session));
    assert_eq!(halting.scores, straight.scores);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_step_at_an_epochs_end_includes_its_evaluation() {
    let mut driver = Driver::new(settings());
    for _ in 0..9 {
        assert!(driver.advance());
    }
    driver.session.take_steps(1);
    while driver.advance() {}
    assert_eq!((driver.session.step(), driver.session.epoch()), (10, 1));
    assert_eq!(driver.session.next(driver.available), Task::Paused);
    assert_eq!(driver.scores.len(), 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn several_steps_pause_after_as_many_minibatches() {
    let straight = Driver::new(settings()).finish();
    let mut driver = Driver::new(settings());
    driver.session.pause();
    for (count, step, epoch) in [(4, 4, 0), (6, 10, 1), (1, 11, 1), (5, 16, 1)] {
        driver.session.take_steps(count);
        while driver.advance() {}
        assert_eq!((driver.session.step(), driver.session.epoch()), (step, epoch));
        assert_eq!(driver.session.next(driver.available), Task::Paused);
    }
    driver.session.take_steps(100);
    while driver.advance() {}
    assert_eq!(driver.session.next(driver.available), Task::Finished);
    assert_eq!(bits(&driver.session), bits(&straight.session));
    assert_eq!(driver.scores, straight.scores);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_seed_decides_everything() {
    let run = |seed| bits(&Driver::new(TrainConfig { seed, ..settings() }).finish().session);
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[wasm_bindgen_test(unsupported = test)]
fn helpers_change_no_bit_of_the_result() {
    let alone = Driver::new(settings()).finish();
    for helpers in [1, 2, 3, 7, 9] {
        let mut driver = Driver::new(settings());
        driver.helpers = helpers;
        let helped = driver.finish();
        assert_eq!(bits(&helped.session), bits(&alone.session), "{helpers} helpers");
        assert_eq!(helped.losses, alone.losses, "{helpers} helpers");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_average_begins_at_the_first_step_and_changes_nothing_about_the_rest() {
    let mut averaging = Driver::new(settings());
    let mut plain = Driver::new(TrainConfig { ema_momentum: 0.0, ..settings() });
    let mut average: Vec<f64> = Vec::new();
    loop {
        let before = averaging.session.step();
        if !averaging.advance() || !plain.advance() {
            break;
        }
        let (session, step) = (&averaging.session, averaging.session.step());
        assert_eq!(session.parameters(), plain.session.parameters());
        assert_eq!(plain.session.averaged(), plain.session.parameters());
        if step > before {
            let now = session.parameters().iter().map(|&w| f64::from(w));
            let momentum = f64::from(before) / f64::from(before + 9);
            let momentum = momentum.min(0.4);
            average = match before {
                0 => now.collect(),
                _ => {
                    let both = average.iter().zip(now);
                    both.map(|(a, w)| momentum * a + (1.0 - momentum) * w).collect()
                }
            };
        }
        for (&ours, naive) in session.averaged().iter().zip(&average) {
            assert!((f64::from(ours) - naive).abs() < 1e-6, "{ours} is not {naive}");
        }
    }
    assert_ne!(averaging.session.averaged(), averaging.session.parameters());
    assert_ne!(averaging.scores, plain.scores, "the average is tested");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_on_the_first_images_uses_no_others() {
    let mut driver = Driver::new(TrainConfig { images: Some(40), ..settings() });
    driver.available.train = 40;
    let done = driver.finish();
    assert_eq!(done.sizes, [16, 16, 8, 16, 16, 8]);
}

#[wasm_bindgen_test(unsupported = test)]
fn it_learns() {
    let done = Driver::new(TrainConfig {
        epochs: 30,
        augment: Augment::Off,
        label_smoothing: 0.0,
        ema_momentum: 0.0,
        schedule: Schedule::Constant,
        learning_rate: 0.01,
        ..settings()
    })
    .finish();
    let accuracy = |score: Option<&Score>| score.map_or(0.0, Score::accuracy);
    assert!(accuracy(done.scores.last()) > 0.9, "{:?}", done.scores);
    assert!(accuracy(done.scores.first()) < accuracy(done.scores.last()));
}

#[wasm_bindgen_test(unsupported = test)]
fn validation_images_are_evaluated_and_never_trained_on() {
    let mut driver = Driver::new(TrainConfig { validation: 20, ..settings() });
    assert_eq!(driver.session.validation_images(), 30);
    while let Task::Minibatch(images) = driver.session.next(driver.available) {
        assert!(images.iter().all(|&image| image < 120), "{images:?}");
        driver.advance();
    }
    assert_eq!(
        driver.session.next(driver.available),
        Task::Evaluate(Set::Validation, 120..150),
        "before the test set"
    );
    driver.available.train = 149;
    assert_eq!(driver.session.next(driver.available), Task::Wait, "for the last of them");
    driver.available.train = 150;
    let done = driver.finish();
    assert_eq!(done.sizes, [16, 16, 16, 16, 16, 16, 16, 8].repeat(2));
    assert_eq!(done.scores.iter().map(|s| s.images).collect::<Vec<_>>(), [230, 230]);
    assert_eq!(done.validations.iter().map(|s| s.images).collect::<Vec<_>>(), [30, 30]);
    assert!(Driver::new(settings()).finish().validations.is_empty());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_that_is_good_enough_ends_after_that_epoch() {
    let learning = TrainConfig {
        epochs: 30,
        augment: Augment::Off,
        label_smoothing: 0.0,
        ema_momentum: 0.0,
        schedule: Schedule::Constant,
        learning_rate: 0.01,
        ..settings()
    };
    let done = Driver::new(TrainConfig { stop_at: Some(0.5), ..learning.clone() }).finish();
    let (last, earlier) = done.scores.split_last().expect("it was tested");
    assert!(last.accuracy() >= 0.5 && earlier.iter().all(|score| score.accuracy() < 0.5));
    assert!(done.session.epoch() < 30);

    let validated = TrainConfig { validation: 20, stop_at: Some(0.5), ..learning };
    let done = Driver::new(validated).finish();
    let (last, earlier) = done.validations.split_last().expect("it was tested");
    assert!(last.accuracy() >= 0.5 && earlier.iter().all(|score| score.accuracy() < 0.5));
}

/// The driver with its run written and read again, as if in another visit.
fn reopened(driver: Driver) -> Driver {
    let session = &driver.session;
    let link = Form::of(session.settings()).to_hash();
    let history = RunHistory {
        losses: vec![0.5; session.step() as usize],
        accuracies: vec![0.25; session.step() as usize],
        tests: vec![0.75; 6 * session.epoch() as usize],
    };
    let form = Form::of(session.settings());
    assert_eq!(Form::from_hash(&link), (form, vec![]), "its link holds all of it");
    let bytes = snapshot::write(session, &link, &[], &history, 1.5);
    let read = Snapshot::read(&bytes, driver.train.len()).expect("it was written so");
    assert_eq!((read.session.settings(), read.link), (session.settings(), link));
    assert_eq!((read.history, read.seconds), (history, 1.5));
    Driver { session: read.session, ..driver }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_that_was_interrupted_goes_on_to_the_same_bits() {
    let plain = TrainConfig {
        architecture: architecture(),
        augment: Augment::Off,
        ema_momentum: 0.0,
        schedule: Schedule::Constant,
        ..settings()
    };
    let with = |change: fn(&mut TrainConfig)| {
        let mut settings = plain.clone();
        change(&mut settings);
        settings
    };
    let every = [
        with(|settings| settings.optimizer = Optimizer::SGD),
        with(|settings| settings.optimizer = Optimizer::RMS_PROP),
        with(|settings| {
            settings.optimizer = Optimizer::Adam { beta_1: 0.8, beta_2: 0.99, epsilon: 1e-6 };
        }),
        with(|settings| settings.schedule = Schedule::OneCycle),
        with(|settings| settings.schedule = Schedule::Cosine),
        with(|settings| settings.augment = Augment::On),
        with(|settings| settings.augment = Augment::Gentle),
        with(|settings| settings.ema_momentum = 0.9),
        with(|settings| settings.validation = 20),
        with(|settings| settings.images = Some(100)),
        with(|settings| settings.stop_at = Some(0.2)),
        TrainConfig { architecture: architecture(), validation: 10, ..settings() },
    ];
    for settings in every {
        let straight = Driver::new(settings.clone()).finish();
        // In the first epoch, at its last minibatch, within its evaluation, at its end, and in the second.
        for tasks in [0, 1, 7, 9, 10, 11, 12, 16] {
            let mut driver = Driver::new(settings.clone());
            for _ in 0..tasks {
                driver.advance();
            }
            let mut driver = reopened(driver);
            driver.helpers = tasks % 3;
            let done = driver.finish();
            assert_eq!(bits(&done.session), bits(&straight.session), "{tasks}: {settings:?}");
            assert_eq!(done.losses, straight.losses, "{tasks}: {settings:?}");
            assert_eq!(done.scores, straight.scores, "{tasks}: {settings:?}");
            assert_eq!(done.validations, straight.validations, "{tasks}: {settings:?}");
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_interrupted_again_and_again_goes_on_to_the_same_bits() {
    let settings = TrainConfig { architecture: architecture(), ..settings() };
    let straight = Driver::new(settings.clone()).finish();
    let mut driver = Driver::new(settings);
    while driver.advance() {
        driver = reopened(driver);
    }
    // An evaluation of one chunk is not lost.
    assert_eq!(bits(&driver.session), bits(&straight.session));
    assert_eq!((driver.losses, driver.scores), (straight.losses, straight.scores));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_snapshot_that_is_cut_short_or_changed_is_not_read() {
    let settings = TrainConfig { architecture: architecture(), ..settings() };
    let mut driver = Driver::new(settings);
    driver.advance();
    let link = Form::of(driver.session.settings()).to_hash();
    let history = RunHistory { losses: vec![2.0], accuracies: vec![0.1], tests: vec![] };
    let bytes = snapshot::write(&driver.session, &link, &[], &history, 1.0);
    let images = driver.train.len();
    assert!(Snapshot::read(&bytes, images).is_ok());
    let read = |bytes: &[u8], images| Snapshot::read(bytes, images).map(|_| ());
    // Every length and byte of what is not parameters, and some of those.
    for at in (0..1000).chain((1000..bytes.len()).step_by(997)) {
        assert!(read(&bytes[..at], images).is_err(), "{at} bytes");
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(read(&changed, images).is_err(), "byte {at}");
    }
    assert_eq!(read(&[&bytes[..], &[0]].concat(), images), Err(SnapshotError::Damaged));
    assert_eq!(read(b"inkling2, something else", images), Err(SnapshotError::Foreign));
    assert_eq!(read(&bytes, images - 1), Err(SnapshotError::Unfit));
    let other = snapshot::write(&driver.session, "#epochs=2", &[], &history, 1.0);
    assert_eq!(read(&other, images), Err(SnapshotError::Unfit), "another network");
    let other = snapshot::write(&driver.session, &(link + "&colour=blue"), &[], &history, 1.0);
    assert_eq!(read(&other, images), Err(SnapshotError::Unfit), "a setting of another version");
    let short = RunHistory::default();
    let link = Form::of(driver.session.settings()).to_hash();
    let other = snapshot::write(&driver.session, &link, &[], &short, 1.0);
    assert_eq!(read(&other, images), Err(SnapshotError::Unfit), "no curves");
}
