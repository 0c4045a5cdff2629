//! Beat the network: the visitor reads ten of the test images that are hardest for it.

use crate::app::{format, sort};
use crate::data::{CLASSES, PIXELS};
use crate::net::loss::argmax;

/// Images in a duel.
const IMAGES: usize = 10;

/// From how many of the hardest images they are taken.
const HARDEST: usize = 60;

/// An image that is read by both.
#[derive(Clone, Debug)]
struct Round {
    index: u32,
    label: u8,
    /// The network's answer.
    network: u8,
    picture: Option<Box<[f32; PIXELS]>>,
    /// The visitor's answer.
    visitor: Option<u8>,
}

/// A duel.
#[derive(Clone, Debug, Default)]
pub struct Duel {
    rounds: Vec<Round>,
    /// The round that is shown.
    at: usize,
    /// Duels so far, so that each has other images.
    duels: usize,
    /// Counts changes.
    pub revision: u32,
}

/// What the page shows of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DuelView {
    /// Why no duel can begin.
    pub cannot: Option<&'static str>,
    /// Whether one is on or over.
    pub begun: bool,
    /// The image, once it is here.
    pub picture: Option<Box<[f32; PIXELS]>>,
    /// Whether the visitor's answer is awaited.
    pub awaits: bool,
    /// The label of the button that begins or goes on; none while an answer is awaited.
    pub button: Option<&'static str>,
    /// Which image it is, and what it was.
    pub words: String,
    /// Both scores.
    pub score: String,
}

impl Duel {
    /// Begins another duel; returns the indices of its images.
    ///
    /// - `probabilities`: `[images][CLASSES]`, the network's.
    pub(super) fn begin(&mut self, labels: &[u8], probabilities: &[f32]) -> Vec<f32> {
        let rows = probabilities.as_chunks::<CLASSES>().0.iter().zip(labels);
        let rounds = (0u32..).zip(rows).filter_map(|(index, (row, &label))| {
            let network = argmax(row) as u8;
            let round = Round { index, label, network, picture: None, visitor: None };
            Some((*row.get(usize::from(label))?, round))
        });
        let mut hardest = sort::sorted(rounds, |&(share, _)| sort::ascending(share));
        hardest.truncate(HARDEST);
        // Every sixth of them, from another one on in the next duel.
        let stride = hardest.len().div_ceil(IMAGES).max(1);
        let chosen = hardest.into_iter().skip(self.duels % stride).step_by(stride);
        self.rounds = chosen.map(|(.., round)| round).take(IMAGES).collect();
        (self.at, self.duels) = (0, self.duels + 1);
        self.change();
        self.rounds.iter().map(|round| round.index as f32).collect()
    }

    /// Takes pictures that have arrived.
    pub(super) fn take(&mut self, indices: &[f32], pictures: &[f32]) {
        for (&index, picture) in indices.iter().zip(pictures.as_chunks::<PIXELS>().0) {
            for round in self.rounds.iter_mut().filter(|round| round.index == index as u32) {
                round.picture = Some(Box::new(*picture));
            }
        }
        self.change();
    }

    /// Takes the visitor's answer; returns the outcome in words.
    pub(super) fn answer(&mut self, digit: u8) -> Option<String> {
        let round = self.rounds.get_mut(self.at)?;
        if round.visitor.is_some() || round.picture.is_none() || usize::from(digit) >= CLASSES {
            return None;
        }
        round.visitor = Some(digit);
        let words = round.words();
        self.change();
        Some(words)
    }

    /// Goes on to the next image; returns false if there is none.
    pub(super) fn go_on(&mut self) -> bool {
        let answered = self.rounds.get(self.at).is_some_and(|round| round.visitor.is_some());
        let more = answered && self.at + 1 < self.rounds.len();
        if more {
            self.at += 1;
            self.change();
        }
        more
    }

    fn change(&mut self) {
        self.revision = self.revision.wrapping_add(1);
    }

    /// What the page shows.
    ///
    /// - `is_tested`: whether the network has been tested, so that it is known what is hard for it.
    pub fn view(&self, is_tested: bool) -> DuelView {
        let cannot =
            (!is_tested).then_some("Test the network first: then its hardest images are known.");
        let Some(round) = self.rounds.get(self.at) else {
            return DuelView { cannot, button: Some("Begin"), ..DuelView::default() };
        };
        let is_last = self.at + 1 == self.rounds.len();
        let place = format!("Image {} of {}.", self.at + 1, self.rounds.len());
        DuelView {
            cannot,
            begun: true,
            picture: round.picture.clone(),
            awaits: round.visitor.is_none() && round.picture.is_some(),
            button: round.visitor.map(|_| if is_last { "Again" } else { "Next" }),
            words: match round.visitor {
                Some(_) => round.words(),
                None => format!("{place} Which digit is it?"),
            },
            score: self.score(),
        }
    }

    fn score(&self) -> String {
        let answered = || self.rounds.iter().filter(|round| round.visitor.is_some());
        let you = answered().filter(|round| round.visitor == Some(round.label)).count();
        let network = answered().filter(|round| round.network == round.label).count();
        let of = format::of(answered().count() as u32, "image", "images");
        format!("You {you}, network {network}, of {of}")
    }
}

impl Round {
    fn words(&self) -> String {
        let Self { label, network, visitor, .. } = self;
        let you = visitor.map_or_else(String::new, |digit| format!(" you said {digit},"));
        format!("It is a {label}:{you} the network {network}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels and probabilities of 200 images: the later, the surer; the first fifty are read wrong.
    fn tested() -> (Vec<u8>, Vec<f32>) {
        let labels: Vec<u8> = (0..200).map(|i| (i % 10) as u8).collect();
        let rows = labels.iter().enumerate().flat_map(|(i, &label)| {
            let mut row = [0.0; CLASSES];
            row[usize::from(label)] = 0.01 * i as f32 / 2.0;
            row[usize::from(label + 1) % CLASSES] = 0.25;
            row
        });
        let probabilities = rows.collect();
        (labels, probabilities)
    }

    fn begun() -> Duel {
        let (labels, probabilities) = tested();
        let mut duel = Duel::default();
        let indices = duel.begin(&labels, &probabilities);
        assert_eq!(indices.len(), IMAGES);
        assert!(indices.iter().all(|&index| index < 60.0), "of the hardest: {indices:?}");
        assert!(!duel.view(true).awaits, "the pictures are not here yet");
        duel.take(&indices, &vec![0.5; IMAGES * PIXELS]);
        duel
    }

    #[test]
    fn ten_images_are_read_and_both_are_scored() {
        let mut duel = begun();
        for round in 0..IMAGES {
            let view = duel.view(true);
            assert!(view.awaits && view.button.is_none(), "{view:?}");
            let label = duel.rounds[round].label;
            assert!(duel.answer(label).is_some());
            assert_eq!(duel.answer(label), None, "one answer each");
            assert_eq!(duel.go_on(), round + 1 < IMAGES);
        }
        let view = duel.view(true);
        assert_eq!(
            (view.button, view.score.as_str()),
            (Some("Again"), "You 10, network 1, of 10 images")
        );
    }

    #[test]
    fn the_next_duel_has_other_images() {
        let mut duel = begun();
        let before: Vec<u32> = duel.rounds.iter().map(|round| round.index).collect();
        let (labels, probabilities) = tested();
        let again = duel.begin(&labels, &probabilities);
        assert!(again.iter().all(|&index| !before.contains(&(index as u32))));
    }

    #[test]
    fn without_a_test_there_is_no_duel() {
        let mut duel = Duel::default();
        assert!(duel.view(false).cannot.is_some());
        assert!(duel.begin(&[], &[]).is_empty());
        assert_eq!((duel.answer(3), duel.go_on()), (None, false));
        assert!(!duel.view(true).begun);
    }
}
