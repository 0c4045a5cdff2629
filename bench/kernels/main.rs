//! Times each kernel, and with [`whole`] what they are used for, natively, for work on them: `cargo bench`,
//! or `cargo bench winograd` for some.
//!
//! Sizes are the default model's and those of networks that the page can build. Natively a vector is a plain
//! array; `cargo xtask bench` measures the trainer in a browser.

mod whole;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use inkling::kernels::gemm::{self, PanelRow};
use inkling::kernels::lanes::round_up;
use inkling::kernels::{conv, peak, pointwise, pool, winograd};

fn main() {
    divan::main();
}

/// Uniform in [-1, 1], the same on every run.
fn noise(numbers: usize) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(numbers as u64);
    (0..numbers).map(|_| 2.0 * rng.f32() - 1.0).collect()
}

#[divan::bench]
fn multiply_adds(bencher: Bencher) {
    const ROUNDS: usize = 10_000;
    bencher
        .counter(ItemsCount::new(ROUNDS * peak::ROUND))
        .bench(|| peak::multiply_adds(ROUNDS, black_box(0.999), black_box(0.001)));
}

mod convolution {
    use inkling::kernels::conv::nonzero;
    use inkling::kernels::conv::patches::{self, Patches, Pooled};

    use super::*;

    /// Side of the input, channels, kernel size, filters.
    const SIZES: [(usize, usize, usize, usize); 5] =
        [(26, 12, 1, 32), (13, 32, 3, 64), (12, 8, 5, 16), (14, 64, 3, 64), (28, 4, 5, 8)];

    /// All inputs and outputs of a convolution and the 2x2 max-pooling after it.
    struct Case {
        g: conv::Geometry,
        input: Vec<f32>,
        /// In Keras' layout.
        kernel: Vec<f32>,
        panels: Vec<PanelRow>,
        bias: Vec<PanelRow>,
        pooled: Vec<f32>,
        argmax: Vec<u8>,
        /// With respect to the pooled output.
        gradient: Vec<f32>,
    }

    impl Case {
        fn new(&(side, channels, kernel_size, filters): &(usize, usize, usize, usize)) -> Self {
            let g = conv::Geometry { height: side, width: side, channels, kernel_size, filters };
            let kernel = noise(g.panel_rows() * filters);
            let count = gemm::panels(filters);
            let mut panels = vec![[0.0; gemm::PANEL]; count * g.panel_rows()];
            gemm::pack(&kernel, filters, (channels, channels), g.panel_rows(), &mut panels);
            let windows = (g.out_height() / 2) * (g.out_width() / 2);
            let mut case = Self {
                input: noise(side * side * channels),
                kernel,
                panels,
                bias: vec![[0.0; gemm::PANEL]; count],
                pooled: vec![0.0; windows * filters],
                argmax: vec![0; windows * filters],
                gradient: noise(windows * filters),
                g,
            };
            case.forward_pooled();
            case
        }

        fn forward_pooled(&mut self) {
            conv::forward_pooled(
                &self.g,
                &self.input,
                &self.panels,
                &self.bias,
                true,
                &mut self.pooled,
                &mut self.argmax,
            );
        }

        /// The outputs with a nonzero gradient, as after relu and pooling.
        fn nonzero(&self) -> nonzero::NonzeroGradient {
            let mut nonzero = nonzero::NonzeroGradient::new(&self.g, true);
            nonzero.gather_pooled(&self.g, &self.gradient, &self.pooled, &self.argmax, true);
            nonzero
        }

        /// Multiply-adds of a dense forward pass.
        fn dense(&self) -> ItemsCount {
            let positions = self.g.out_height() * self.g.out_width();
            ItemsCount::new(positions * self.g.panel_rows() * self.g.filters)
        }
    }

    #[divan::bench(args = SIZES)]
    fn forward(bencher: Bencher, size: &(usize, usize, usize, usize)) {
        let case = Case::new(size);
        let g = &case.g;
        let mut output = vec![0.0; g.out_height() * g.out_width() * g.filters];
        bencher.counter(case.dense()).bench_local(|| {
            conv::forward(g, &case.input, &case.panels, &case.bias, true, &mut output);
        });
    }

    #[divan::bench(args = SIZES)]
    fn forward_pooled(bencher: Bencher, size: &(usize, usize, usize, usize)) {
        let mut case = Case::new(size);
        bencher.counter(case.dense()).bench_local(|| case.forward_pooled());
    }

    #[divan::bench(args = SIZES.into_iter().filter(|size| size.2 == winograd::KERNEL_SIZE))]
    fn winograd_forward_pooled(bencher: Bencher, size: &(usize, usize, usize, usize)) {
        let mut case = Case::new(size);
        let (g, count) = (case.g, gemm::panels(case.g.filters));
        let mut panels = vec![[0.0; gemm::PANEL]; count * winograd::ELEMENTS * g.channels];
        winograd::pack(&case.kernel, g.channels, g.filters, g.channels, &mut panels);
        let mut transformed = vec![0.0; winograd::transformed_size(&g)];
        bencher.counter(case.dense()).bench_local(|| {
            winograd::forward_pooled(
                &g,
                &case.input,
                &panels,
                &case.bias,
                true,
                &mut transformed,
                &mut case.pooled,
                &mut case.argmax,
            );
        });
    }

    #[divan::bench(args = SIZES.into_iter().filter(|size| size.2 == winograd::KERNEL_SIZE))]
    fn winograd_pack(bencher: Bencher, size: &(usize, usize, usize, usize)) {
        let case = Case::new(size);
        let (g, count) = (case.g, gemm::panels(case.g.filters));
        let mut panels = vec![[0.0; gemm::PANEL]; count * winograd::ELEMENTS * g.channels];
        bencher.bench_local(|| {
            winograd::pack(&case.kernel, g.channels, g.filters, g.channels, &mut panels);
        });
    }

    #[divan::bench(args = SIZES)]
    fn pack(bencher: Bencher, size: &(usize, usize, usize, usize)) {
        let mut case = Case::new(size);
        let (g, group) = (case.g, (case.g.channels, case.g.channels));
        bencher.bench_local(|| {
            gemm::pack(&case.kernel, g.filters, group, g.panel_rows(), &mut case.panels);
        });
    }

    #[divan::bench(args = SIZES)]
    fn gather_pooled(bencher: Bencher, size: &(usize, usize, usize, usize)) {
        let case = Case::new(size);
        let mut nonzero = nonzero::NonzeroGradient::new(&case.g, true);
        bencher.bench_local(|| {
            nonzero.gather_pooled(&case.g, &case.gradient, &case.pooled, &case.argmax, true);
        });
    }

    #[divan::bench(args = SIZES)]
    fn weight_gradient(bencher: Bencher, size: &(usize, usize, usize, usize)) {
        let case = Case::new(size);
        let nonzero = case.nonzero();
        let mut kernel = vec![0.0; case.kernel.len()];
        let mut bias = vec![0.0; case.g.filters];
        bencher.counter(case.dense()).bench_local(|| {
            nonzero::weight_gradient(&case.g, &nonzero, &case.input, &mut kernel, &mut bias);
        });
    }

    #[divan::bench(args = SIZES)]
    fn input_gradient(bencher: Bencher, size: &(usize, usize, usize, usize)) {
        let case = Case::new(size);
        let nonzero = case.nonzero();
        let swapped = noise(case.g.panel_rows() * case.g.filters);
        let mut input_gradient = vec![0.0; case.input.len()];
        bencher.counter(case.dense()).bench_local(|| {
            nonzero::input_gradient(&case.g, &nonzero, &swapped, &mut input_gradient);
        });
    }

    /// Side, channels, kernel size.
    const PATCHES: [(usize, usize, usize); 2] = [(28, 1, 3), (28, 1, 5)];

    #[divan::bench(args = PATCHES)]
    fn extract_patches(bencher: Bencher, &(side, channels, kernel_size): &(usize, usize, usize)) {
        let patch_stride = round_up(kernel_size * kernel_size * channels);
        let patches = Patches { width: side, channels, kernel_size, patch_stride };
        let image = noise(side * side * channels);
        let positions = (side - kernel_size + 1) * (side - kernel_size + 1);
        let mut output = vec![0.0; positions * patch_stride];
        bencher.bench_local(|| patches::extract(&patches, &image, &mut output));
    }

    #[divan::bench(args = PATCHES)]
    fn pooled_weight_gradient(
        bencher: Bencher,
        &(side, channels, kernel_size): &(usize, usize, usize),
    ) {
        let patch_stride = round_up(kernel_size * kernel_size * channels);
        let p = Patches { width: side, channels, kernel_size, patch_stride };
        let case = Case::new(&(side - kernel_size + 1, patch_stride, 1, 32));
        let picture = noise(p.picture_size(&case.g) + patches::SLACK);
        let mut kernel = vec![0.0; 32 * kernel_size * p.row_stride()];
        let mut bias = vec![0.0; 32];
        let mut inked = Vec::new();
        patches::inked_windows(&p, &case.g, &picture, &mut inked);
        let (gradient, output, argmax) = (&case.gradient[..], &case.pooled[..], &case.argmax[..]);
        let pooled = Pooled { gradient, output, argmax, relu: true };
        bencher.counter(case.dense()).bench_local(|| {
            let (kernel, bias) = (&mut kernel, &mut bias);
            patches::pooled_weight_gradient(&p, &case.g, &picture, pooled, &inked, kernel, bias);
        });
    }
}

mod dense {
    use super::*;

    /// Images, inputs, units.
    const SIZES: [(usize, usize, usize); 3] = [(16, 1600, 10), (16, 784, 128), (4, 400, 120)];

    fn multiply_adds(&(images, inputs, units): &(usize, usize, usize)) -> ItemsCount {
        ItemsCount::new(images * inputs * units)
    }

    #[divan::bench(args = SIZES)]
    fn multiply(bencher: Bencher, size: &(usize, usize, usize)) {
        let &(images, inputs, units) = size;
        let mut panels = vec![[0.0; gemm::PANEL]; gemm::panels(units) * inputs];
        gemm::pack(&noise(inputs * units), units, (inputs, inputs), inputs, &mut panels);
        let bias = vec![[0.0; gemm::PANEL]; gemm::panels(units)];
        let (input, stride) = (noise(images * inputs), round_up(units));
        let mut output = vec![0.0; images * stride];
        bencher.counter(multiply_adds(size)).bench_local(|| {
            gemm::multiply(&input, inputs, &panels, inputs, &bias, &mut output, stride);
        });
    }

    #[divan::bench(args = SIZES)]
    fn multiply_transposed(bencher: Bencher, size: &(usize, usize, usize)) {
        let &(images, inputs, units) = size;
        let stride = round_up(units);
        let (input, gradient) = (noise(images * inputs), noise(images * stride));
        let mut kernel = vec![0.0; inputs * units];
        bencher.counter(multiply_adds(size)).bench_local(|| {
            gemm::multiply_transposed(
                &input,
                inputs,
                inputs,
                &gradient,
                stride,
                units,
                &mut kernel,
            );
        });
    }

    #[divan::bench(args = SIZES)]
    fn pack_transposed(bencher: Bencher, &(_, inputs, units): &(usize, usize, usize)) {
        let matrix = noise(inputs * units);
        let mut panels = vec![[0.0; gemm::PANEL]; gemm::panels(inputs) * units];
        bencher.bench_local(|| gemm::pack_transposed(&matrix, inputs, units, &mut panels));
    }
}

mod pooling {
    use super::*;

    /// Side, channels, pool size.
    const SIZES: [(usize, usize, usize); 2] = [(26, 32, 2), (24, 8, 3)];

    struct Case {
        g: pool::PoolGeometry,
        input: Vec<f32>,
        output: Vec<f32>,
        argmax: Vec<u8>,
    }

    impl Case {
        fn new(&(side, channels, size): &(usize, usize, usize)) -> Self {
            let g = pool::PoolGeometry { height: side, width: side, channels, size };
            let outputs = (side / size) * (side / size) * channels;
            let mut case = Self {
                input: noise(side * side * channels),
                output: vec![0.0; outputs],
                argmax: vec![0; outputs],
                g,
            };
            pool::max(&case.g, &case.input, &mut case.output, &mut case.argmax);
            case
        }
    }

    #[divan::bench(args = SIZES)]
    fn max(bencher: Bencher, size: &(usize, usize, usize)) {
        let mut case = Case::new(size);
        bencher.bench_local(|| {
            pool::max(&case.g, &case.input, &mut case.output, &mut case.argmax);
        });
    }

    #[divan::bench(args = SIZES)]
    fn max_gradient(bencher: Bencher, size: &(usize, usize, usize)) {
        let mut case = Case::new(size);
        bencher.bench_local(|| {
            pool::max_gradient(&case.g, &case.output, &case.argmax, &mut case.input);
        });
    }

    #[divan::bench(args = SIZES)]
    fn average(bencher: Bencher, size: &(usize, usize, usize)) {
        let mut case = Case::new(size);
        bencher.bench_local(|| pool::average(&case.g, &case.input, &mut case.output));
    }

    #[divan::bench(args = SIZES)]
    fn average_gradient(bencher: Bencher, size: &(usize, usize, usize)) {
        let mut case = Case::new(size);
        bencher.bench_local(|| pool::average_gradient(&case.g, &case.output, &mut case.input));
    }
}

mod elements {
    use super::*;

    /// About the number of parameters of a model.
    const NUMBERS: usize = 1 << 15;

    #[divan::bench]
    fn relu(bencher: Bencher) {
        let mut values = noise(NUMBERS);
        bencher.counter(ItemsCount::new(NUMBERS)).bench_local(|| pointwise::relu(&mut values));
    }

    #[divan::bench]
    fn relu_gradient(bencher: Bencher) {
        let (mut gradient, output) = (noise(NUMBERS), noise(NUMBERS));
        bencher
            .counter(ItemsCount::new(NUMBERS))
            .bench_local(|| pointwise::relu_gradient(&mut gradient, &output));
    }

    #[divan::bench]
    fn add(bencher: Bencher) {
        let (mut sums, numbers) = (vec![0.0; NUMBERS], noise(NUMBERS));
        bencher
            .counter(ItemsCount::new(NUMBERS))
            .bench_local(|| pointwise::add(&mut sums, &numbers));
    }
}
