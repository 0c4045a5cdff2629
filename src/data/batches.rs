//! The order in which training sees the images.

/// Images in a part of the data set, as the page downloads it.
pub const PART_IMAGES: usize = 5000;

/// Order of the training images in an epoch, counted from 0.
///
/// The first epoch takes the parts in the order in which they arrive and shuffles within each, so
/// that training can start with the first part and still depends on the seed alone. Later epochs
/// shuffle all images.
pub fn epoch_order(seed: u32, epoch: u32, images: usize, part: usize) -> Vec<u32> {
    let mut rng = fastrand::Rng::with_seed((u64::from(epoch) << 32) | u64::from(seed));
    let mut order: Vec<u32> = (0..images as u32).collect();
    if epoch == 0 {
        order.chunks_mut(part).for_each(|part| rng.shuffle(part));
    } else {
        rng.shuffle(&mut order);
    }
    order
}
