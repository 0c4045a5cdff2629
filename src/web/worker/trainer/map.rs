//! The map of test images.

use crate::config::Architecture;
use crate::data::Digits;
use crate::net::Network;
use crate::net::loss::argmax;
use crate::net::pca::Plane;
use crate::protocol::MAPPED;

/// The arrays of [`Reply::Mapped`](crate::protocol::Reply::Mapped); `None` if there is nothing to place.
///
/// - `before`: the numbers of the plane before, or nothing.
pub(super) fn map(
    test: &Digits,
    architecture: &Architecture,
    parameters: &[f32],
    before: &[f32],
) -> Option<[Vec<f32>; 3]> {
    let mut network = Network::new(architecture).ok()?;
    if parameters.len() != network.plan().parameter_count() {
        return None;
    }
    network.load(parameters);
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    test.gather(0..test.len().min(MAPPED), &mut images, &mut labels);
    let (features, logits) = network.features(&images);
    let dimensions = features.len().checked_div(labels.len())?;
    let plane = Plane::of(&features, dimensions, Plane::read(before).as_ref())?;
    let places = features.chunks_exact(dimensions).flat_map(|point| plane.place(point));
    let answers = logits.chunks_exact(network.plan().classes()).map(|row| argmax(row) as f32);
    Some([places.collect(), answers.collect(), plane.numbers()])
}
