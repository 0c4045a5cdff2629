//! Pooling on its own, where it does not directly follow a convolution: windows of `size x size`,
//! stride `size`; rows and columns that do not fill a window are dropped.

/// Sizes of a pooling from `[height][width][channels]` to `[height / size][width / size][channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolGeometry {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels, rounded up.
    pub channels: usize,
    /// Side of the square window, at most 15.
    pub size: usize,
}

impl PoolGeometry {
    /// Rows of the output.
    pub fn out_height(&self) -> usize {
        self.height / self.size
    }

    /// Columns of the output.
    pub fn out_width(&self) -> usize {
        self.width / self.size
    }

    /// Offset in the input of position `index` in an output pixel's window.
    fn source(&self, pixel: usize, index: usize) -> usize {
        let y = pixel / self.out_width() * self.size + index / self.size;
        let x = pixel % self.out_width() * self.size + index % self.size;
        (y * self.width + x) * self.channels
    }

    /// Positions in a window.
    fn window(&self) -> usize {
        self.size * self.size
    }
}

/// `output[y][x][c] = max over dy, dx of input[size y + dy][size x + dx][c]`
///
/// - `input`: `[height][width][channels]`.
/// - `output`: `[out_height][out_width][channels]`, overwritten.
/// - `argmax`: the same shape; `size * dy + dx` of the maximum, the first of equals.
pub fn max(g: &PoolGeometry, input: &[f32], output: &mut [f32], argmax: &mut [u8]) {
    let pixels = output.chunks_exact_mut(g.channels).zip(argmax.chunks_exact_mut(g.channels));
    for (pixel, (best, argmax)) in pixels.enumerate() {
        best.copy_from_slice(&input[g.source(pixel, 0)..][..g.channels]);
        argmax.fill(0);
        for index in 1..g.window() {
            let candidates = &input[g.source(pixel, index)..][..g.channels];
            for ((best, winner), &candidate) in
                best.iter_mut().zip(argmax.iter_mut()).zip(candidates)
            {
                if candidate > *best {
                    *best = candidate;
                    *winner = index as u8;
                }
            }
        }
    }
}

/// The gradient of [`max`]: an output's gradient goes to the position of the maximum.
///
/// - `gradient`, `argmax`: `[out_height][out_width][channels]`.
/// - `input`: `[height][width][channels]`, overwritten.
pub fn max_gradient(g: &PoolGeometry, gradient: &[f32], argmax: &[u8], input: &mut [f32]) {
    input.fill(0.0);
    let pixels = gradient.chunks_exact(g.channels).zip(argmax.chunks_exact(g.channels));
    for (pixel, (gradient, argmax)) in pixels.enumerate() {
        for (channel, (&gradient, &winner)) in gradient.iter().zip(argmax).enumerate() {
            input[g.source(pixel, usize::from(winner)) + channel] = gradient;
        }
    }
}

/// `output[y][x][c] = mean over dy, dx of input[size y + dy][size x + dx][c]`; shapes as for [`max`].
pub fn average(g: &PoolGeometry, input: &[f32], output: &mut [f32]) {
    let share = 1.0 / g.window() as f32;
    for (pixel, mean) in output.chunks_exact_mut(g.channels).enumerate() {
        mean.fill(0.0);
        for index in 0..g.window() {
            let values = &input[g.source(pixel, index)..][..g.channels];
            for (mean, &value) in mean.iter_mut().zip(values) {
                *mean += share * value;
            }
        }
    }
}

/// The gradient of [`average`]: an output's gradient is spread evenly over its window.
pub fn average_gradient(g: &PoolGeometry, gradient: &[f32], input: &mut [f32]) {
    let share = 1.0 / g.window() as f32;
    input.fill(0.0);
    for (pixel, gradient) in gradient.chunks_exact(g.channels).enumerate() {
        for index in 0..g.window() {
            let values = &mut input[g.source(pixel, index)..][..g.channels];
            for (value, &gradient) in values.iter_mut().zip(gradient) {
                *value = share * gradient;
            }
        }
    }
}
