//! Every kernel against the naive loops of `kernels::reference`, including odd sizes.

use inkling::kernels::conv;
use inkling::kernels::conv::nonzero::{self, NonzeroGradient};
use inkling::kernels::conv::patches::{self, Patches};
use inkling::kernels::gemm::{self, PanelRow};
use inkling::kernels::lanes::{F32x4, round_up};
use inkling::kernels::reference::{self, Map};
use inkling::kernels::transpose::transpose;
use inkling::kernels::{padding, pool, winograd};
use wasm_bindgen_test::wasm_bindgen_test;

/// Uniform in [-1, 1], the same on every run.
struct Noise(fastrand::Rng);

impl Noise {
    fn new(seed: usize) -> Self {
        Self(fastrand::Rng::with_seed(seed as u64))
    }

    fn numbers(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| 2.0 * self.0.f32() - 1.0).collect()
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

/// Changes the length of rows from `from` to `to`: padded with zeros, or cut.
fn restride(values: &[f32], from: usize, to: usize) -> Vec<f32> {
    values
        .chunks_exact(from)
        .flat_map(|row| (0..to).map(|i| row.get(i).copied().unwrap_or(0.0)))
        .collect()
}

#[track_caller]
fn assert_close(ours: &[f32], reference: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), reference.len(), "{what}: length");
    for (i, (&a, &b)) in ours.iter().zip(reference).enumerate() {
        assert!(
            (f64::from(a) - b).abs() <= tolerance * b.abs().max(1.0),
            "{what}[{i}]: {a} is not {b}"
        );
    }
}

/// Whether there is time for a case of this many multiplications: Miri needs a thousand times as long for one.
fn in_time(multiplications: usize) -> bool {
    !cfg!(miri) || multiplications <= 8_000
}

/// The convolutions that there is time for.
fn convolutions() -> impl Iterator<Item = (Map, usize, usize)> {
    let work = |&(map, size, filters): &(Map, usize, usize)| map.len() * size * size * filters;
    CONVOLUTIONS.into_iter().filter(move |case| in_time(work(case)))
}

/// Input map, kernel size, filters.
const CONVOLUTIONS: [(Map, usize, usize); 9] = [
    (Map { height: 26, width: 26, channels: 9 }, 1, 32),
    (Map { height: 13, width: 13, channels: 32 }, 3, 64),
    (Map { height: 3, width: 3, channels: 1 }, 3, 1),
    (Map { height: 5, width: 8, channels: 3 }, 2, 5),
    (Map { height: 7, width: 6, channels: 5 }, 5, 9),
    (Map { height: 9, width: 11, channels: 2 }, 7, 13),
    (Map { height: 4, width: 3, channels: 17 }, 3, 4),
    (Map { height: 2, width: 9, channels: 6 }, 1, 8),
    (Map { height: 6, width: 6, channels: 40 }, 4, 20),
];

/// A convolution with random numbers, in Keras' layout and in the kernels' layout.
struct Convolution {
    map: Map,
    out: Map,
    filters: usize,
    g: conv::Geometry,
    input: Vec<f32>,
    kernel: Vec<f32>,
    bias: Vec<f32>,
}

impl Convolution {
    fn new((map, kernel_size, filters): (Map, usize, usize)) -> Self {
        let mut noise = Noise::new(map.len() + filters);
        Self {
            map,
            out: reference::conv2d_shape(map, kernel_size, filters, false),
            filters,
            g: conv::Geometry {
                height: map.height,
                width: map.width,
                channels: round_up(map.channels),
                kernel_size,
                filters: round_up(filters),
            },
            input: noise.numbers(map.len()),
            kernel: noise.numbers(kernel_size * kernel_size * map.channels * filters),
            bias: noise.numbers(filters),
        }
    }

    fn stored_input(&self) -> Vec<f32> {
        restride(&self.input, self.map.channels, self.g.channels)
    }

    fn panels(&self) -> (Vec<PanelRow>, Vec<PanelRow>) {
        let count = gemm::panels(self.filters);
        let mut kernel = vec![[f32::NAN; 8]; count * self.g.panel_rows()];
        let group = (self.map.channels, self.g.channels);
        gemm::pack(&self.kernel, self.filters, group, self.g.panel_rows(), &mut kernel);
        let mut bias = vec![[f32::NAN; 8]; count];
        gemm::pack(&self.bias, self.filters, (1, 1), 1, &mut bias);
        (kernel, bias)
    }

    /// Keras' `[ky][kx][channel][filter]` as `[ky][filter][kx][channel]`, padded.
    fn swapped(&self) -> Vec<f32> {
        let mut swapped = vec![0.0; self.g.panel_rows() * self.g.filters];
        for (i, &weight) in self.kernel.iter().enumerate() {
            let (filter, rest) = (i % self.filters, i / self.filters);
            let (channel, tap) = (rest % self.map.channels, rest / self.map.channels);
            let (ky, kx) = (tap / self.g.kernel_size, tap % self.g.kernel_size);
            let row = (ky * self.g.filters + filter) * self.g.kernel_size;
            swapped[(row + kx) * self.g.channels + channel] = weight;
        }
        swapped
    }

    fn reference_forward(&self) -> Vec<f64> {
        let (input, kernel, bias) = (wide(&self.input), wide(&self.kernel), wide(&self.bias));
        reference::conv2d(self.map, self.g.kernel_size, false, &input, &kernel, &bias)
    }

    /// Compares both gradient kernels with the reference, for a gradient of the output before
    /// pooling.
    fn check_gradients(&self, nonzero: &NonzeroGradient, gradient: &[f64]) {
        let mut kernel = vec![0.0; self.g.filters * self.g.panel_rows()];
        let mut bias = vec![0.0; self.g.filters];
        let input = self.stored_input();
        nonzero::weight_gradient(&self.g, nonzero, &input, &mut kernel, &mut bias);
        let mut input_gradient = vec![f32::NAN; input.len()];
        nonzero::input_gradient(&self.g, nonzero, &self.swapped(), &mut input_gradient);

        let (expected_input, expected_kernel, expected_bias) = reference::conv2d_gradient(
            self.map,
            self.g.kernel_size,
            false,
            &wide(&self.input),
            &wide(&self.kernel),
            self.filters,
            gradient,
        );
        let input_gradient = restride(&input_gradient, self.g.channels, self.map.channels);
        assert_close(&input_gradient, &expected_input, 1e-4, "input gradient");
        assert_close(&bias[..self.filters], &expected_bias, 1e-4, "bias gradient");
        for (i, &expected) in expected_kernel.iter().enumerate() {
            let (filter, rest) = (i % self.filters, i / self.filters);
            let (channel, tap) = (rest % self.map.channels, rest / self.map.channels);
            let at = filter * self.g.panel_rows() + tap * self.g.channels + channel;
            assert_close(&kernel[at..=at], &[expected], 1e-4, "kernel gradient");
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn convolution_and_its_gradients_match_the_reference() {
    for (case, relu) in convolutions().flat_map(|case| [(case, false), (case, true)]) {
        let c = Convolution::new(case);
        let (kernel, bias) = c.panels();
        let mut output = vec![f32::NAN; c.out.height * c.out.width * c.g.filters];
        conv::forward(&c.g, &c.stored_input(), &kernel, &bias, relu, &mut output);
        let mut expected = c.reference_forward();
        if relu {
            expected = reference::relu(&expected);
        }
        let ours = restride(&output, c.g.filters, c.filters);
        assert_close(&ours, &expected, 1e-4, &format!("{case:?} forward"));

        let gradient = Noise::new(1).numbers(c.out.len());
        let mut nonzero = NonzeroGradient::new(&c.g, true);
        nonzero.gather(&c.g, &restride(&gradient, c.filters, c.g.filters), &output, relu);
        let gated: Vec<f64> = gradient
            .iter()
            .zip(&ours)
            .map(|(&g, &y)| if relu && y <= 0.0 { 0.0 } else { f64::from(g) })
            .collect();
        c.check_gradients(&nonzero, &gated);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn pooled_convolution_and_its_gradients_match_the_reference() {
    for (case, relu) in convolutions().flat_map(|case| [(case, false), (case, true)]) {
        let c = Convolution::new(case);
        let pooled = Map { height: c.out.height / 2, width: c.out.width / 2, ..c.out };
        let (kernel, bias) = c.panels();
        let mut output = vec![f32::NAN; pooled.height * pooled.width * c.g.filters];
        let mut argmax = vec![u8::MAX; output.len()];
        let input = c.stored_input();
        conv::forward_pooled(&c.g, &input, &kernel, &bias, relu, &mut output, &mut argmax);
        let mut unpooled = c.reference_forward();
        if relu {
            unpooled = reference::relu(&unpooled);
        }
        let (expected, sources) = reference::max_pool(c.out, 2, &unpooled);
        let ours = restride(&output, c.g.filters, c.filters);
        assert_close(&ours, &expected, 1e-4, &format!("{case:?} forward"));

        let gradient = Noise::new(2).numbers(pooled.len());
        let mut nonzero = NonzeroGradient::new(&c.g, true);
        let stored = restride(&gradient, c.filters, c.g.filters);
        nonzero.gather_pooled(&c.g, &stored, &output, &argmax, relu);
        let mut scattered = vec![0.0; c.out.len()];
        for ((&source, &g), &y) in sources.iter().zip(&gradient).zip(&expected) {
            if !relu || y > 0.0 {
                scattered[source] += f64::from(g);
            }
        }
        c.check_gradients(&nonzero, &scattered);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_first_layers_weight_gradient_comes_from_the_picture() {
    for (side, channels, kernel_size, filters) in
        [(28, 1, 3, 32), (12, 1, 5, 8), (9, 2, 3, 4), (11, 3, 5, 12), (8, 4, 4, 4)]
    {
        let taps = kernel_size * kernel_size * channels;
        if !in_time(side * side * taps * filters) {
            continue;
        }
        let p = Patches { width: side, channels, kernel_size, patch_stride: round_up(taps) };
        let out = side - kernel_size + 1;
        let g = conv::Geometry {
            height: out,
            width: out,
            channels: p.patch_stride,
            kernel_size: 1,
            filters,
        };
        let mut picture = Noise::new(6).numbers(p.picture_size(&g));
        // Paper from the middle on, and the window in the first corner.
        let half = picture.len() / 2;
        picture[half..].fill(0.0);
        for y in 0..=kernel_size {
            picture[y * side * channels..][..round_up((kernel_size + 1) * channels)].fill(0.0);
        }
        let mut cut = vec![0.0; out * out * p.patch_stride];
        patches::extract(&p, &picture, &mut cut);
        picture.extend([f32::NAN; patches::SLACK]);
        let numbers = (out / 2) * (out / 2) * filters;
        let (gradient, output) = (Noise::new(7).numbers(numbers), Noise::new(8).numbers(numbers));
        let argmax: Vec<u8> = (0..numbers).map(|i| (i * 7 % 4) as u8).collect();
        for relu in [false, true] {
            let mut nonzero = NonzeroGradient::new(&g, false);
            nonzero.gather_pooled(&g, &gradient, &output, &argmax, relu);
            let mut expected = (vec![0.0; filters * p.patch_stride], vec![0.5; filters]);
            nonzero::weight_gradient(&g, &nonzero, &cut, &mut expected.0, &mut expected.1);

            let row = p.row_stride();
            let mut ours = (vec![0.0; filters * kernel_size * row], vec![0.5; filters]);
            let pooled =
                patches::Pooled { gradient: &gradient, output: &output, argmax: &argmax, relu };
            let mut inked = Vec::new();
            patches::inked_windows(&p, &g, &picture, &mut inked);
            let windows = numbers / filters;
            assert!((1..windows).contains(&inked.len()), "{} of {windows}", inked.len());
            let (kernel, bias) = (&mut ours.0, &mut ours.1);
            patches::pooled_weight_gradient(&p, &g, &picture, pooled, &inked, kernel, bias);
            let counted = kernel_size * channels;
            let rows = ours.0.chunks_exact(row).flat_map(|row| &row[..counted]).copied();
            let listed = expected.0.chunks_exact(p.patch_stride).flat_map(|f| &f[..taps]);
            let case = format!("{side} {channels} {kernel_size} {filters} {relu}");
            assert_eq!(rows.collect::<Vec<_>>(), listed.copied().collect::<Vec<_>>(), "{case}");
            assert_close(&ours.1, &wide(&expected.1), 1e-5, &format!("{case} bias"));
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn winograd_gives_the_pooled_convolution() {
    let cases: Vec<_> = convolutions().filter(|&(_, size, _)| size == 3).collect();
    assert!(cases.len() > 1, "too few 3x3 kernels among the cases");
    for (case, relu) in cases.into_iter().flat_map(|case| [(case, false), (case, true)]) {
        let c = Convolution::new(case);
        let (_, bias) = c.panels();
        let rows = winograd::ELEMENTS * c.g.channels;
        let mut kernel = vec![[f32::NAN; 8]; gemm::panels(c.filters) * rows];
        winograd::pack(&c.kernel, c.map.channels, c.filters, c.g.channels, &mut kernel);
        let mut transformed = vec![f32::NAN; winograd::transformed_size(&c.g)];
        let pooled = c.out.height / 2 * (c.out.width / 2);
        let mut output = vec![f32::NAN; pooled * c.g.filters];
        let mut argmax = vec![u8::MAX; output.len()];
        winograd::forward_pooled(
            &c.g,
            &c.stored_input(),
            &kernel,
            &bias,
            relu,
            &mut transformed,
            &mut output,
            &mut argmax,
        );
        let mut unpooled = c.reference_forward();
        if relu {
            unpooled = reference::relu(&unpooled);
        }
        let (expected, sources) = reference::max_pool(c.out, 2, &unpooled);
        let ours = restride(&output, c.g.filters, c.filters);
        assert_close(&ours, &expected, 1e-4, &format!("{case:?} forward"));
        for (i, &source) in sources.iter().enumerate() {
            // Where relu made all four zero, no gradient passes, whichever is the maximum.
            if expected[i] > 0.0 || !relu {
                let (window, filter) = (i / c.filters, i % c.filters);
                let (position, columns) = (source / c.filters, c.out.width / 2);
                let dy = position / c.out.width - 2 * (window / columns);
                let dx = position % c.out.width - 2 * (window % columns);
                let winner = usize::from(argmax[window * c.g.filters + filter]);
                assert_eq!(winner, 2 * dy + dx, "{case:?}: winner {i}");
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_pictures_pooled_convolution_matches_the_reference_on_ink_and_on_paper() {
    for (side, filters, relu) in [(28, 32, true), (9, 4, false), (10, 12, true)] {
        let map = Map { height: side, width: side, channels: 1 };
        let mut picture = Noise::new(11).numbers(map.len());
        picture[map.len() / 3..].fill(0.0);
        let g = conv::Geometry { height: side, width: side, channels: 1, kernel_size: 3, filters };
        let (kernel, bias) = (Noise::new(12).numbers(9 * filters), Noise::new(13).numbers(filters));
        let panels = gemm::panels(filters);
        let mut packed = vec![[f32::NAN; 8]; panels * winograd::ELEMENTS];
        winograd::pack(&kernel, 1, filters, 1, &mut packed);
        let mut packed_bias = vec![[f32::NAN; 8]; panels];
        gemm::pack(&bias, filters, (1, 1), 1, &mut packed_bias);
        let out = reference::conv2d_shape(map, 3, filters, false);
        let mut output = vec![f32::NAN; (out.height / 2) * (out.width / 2) * filters];
        let mut argmax = vec![u8::MAX; output.len()];
        let cut = Patches { width: side, channels: 1, kernel_size: 3, patch_stride: 12 };
        let of_patches = conv::Geometry { height: side - 2, width: side - 2, kernel_size: 1, ..g };
        let mut inked = Vec::new();
        patches::inked_windows(&cut, &of_patches, &picture, &mut inked);
        let mut transformed = vec![f32::NAN; winograd::transformed_picture_size(&g)];
        winograd::forward_pooled_picture(
            &g,
            &picture,
            &inked,
            &packed,
            &packed_bias,
            relu,
            &mut transformed,
            &mut output,
            &mut argmax,
        );
        let dense = reference::conv2d(map, 3, false, &wide(&picture), &wide(&kernel), &wide(&bias));
        let dense = if relu { reference::relu(&dense) } else { dense };
        let (expected, _) = reference::max_pool(out, 2, &dense);
        assert_close(&output, &expected, 1e-5, &format!("{side} {filters}"));
        let paper = &argmax[argmax.len() - filters..];
        assert!(paper.iter().all(|&first| first == 0), "on paper the first of equals: {paper:?}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn patches_turn_a_convolution_into_a_1x1_one() {
    for (height, width, channels, kernel_size) in
        [(28, 28, 1, 3), (9, 7, 1, 5), (6, 8, 3, 2), (7, 7, 2, 7)]
    {
        let map = Map { height, width, channels };
        let input = Noise::new(3).numbers(map.len());
        let taps = kernel_size * kernel_size * channels;
        let p = Patches { width, channels, kernel_size, patch_stride: round_up(taps) };
        let (out_height, out_width) = (height - kernel_size + 1, width - kernel_size + 1);
        let mut rows = vec![0.0; out_height * out_width * p.patch_stride];
        patches::extract(&p, &input, &mut rows);

        let kernel = wide(&Noise::new(4).numbers(taps));
        let expected = reference::conv2d(map, kernel_size, false, &wide(&input), &kernel, &[0.0]);
        let ours: Vec<f32> = rows
            .chunks_exact(p.patch_stride)
            .map(|patch| wide(patch).iter().zip(&kernel).map(|(x, w)| x * w).sum::<f64>() as f32)
            .collect();
        assert_close(&ours, &expected, 1e-5, "patches");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn padding_there_and_back_loses_nothing() {
    let (height, width, channels, before) = (3, 4, 8, 2);
    let p = padding::PaddingGeometry { height, width, channels, before, padded_width: width + 5 };
    let small = Noise::new(5).numbers(height * width * channels);
    let mut large = vec![0.0; (height + 5) * (width + 5) * channels];
    padding::pad(&p, &small, &mut large);
    let mut back = vec![f32::NAN; small.len()];
    padding::crop(&p, &large, &mut back);
    assert_eq!(back, small);
    assert_eq!(large.iter().sum::<f32>(), small.iter().sum::<f32>());
}

#[wasm_bindgen_test(unsupported = test)]
fn matrix_products_match_the_reference() {
    for (images, inputs, units) in [
        (1, 1600, 10),
        (4, 1600, 10),
        (7, 13, 9),
        (1, 3, 1),
        (16, 784, 33),
        (5, 8, 12),
        (3, 10, 4),
        (2, 6, 13),
    ] {
        if !in_time(images * inputs * units) {
            continue;
        }
        let mut noise = Noise::new(images * inputs + units);
        let a = noise.numbers(images * inputs);
        let kernel = noise.numbers(inputs * units);
        let bias = noise.numbers(units);
        let (k, stride) = (round_up(inputs), round_up(units));
        let stored = restride(&a, inputs, k);
        let mut packed = vec![[f32::NAN; 8]; gemm::panels(units) * k];
        gemm::pack(&kernel, units, (inputs, k), k, &mut packed);
        let mut packed_bias = vec![[f32::NAN; 8]; gemm::panels(units)];
        gemm::pack(&bias, units, (1, 1), 1, &mut packed_bias);
        let mut c = vec![f32::NAN; images * stride];
        gemm::multiply(&stored, k, &packed, k, &packed_bias, &mut c, stride);
        let expected: Vec<f64> = a
            .chunks_exact(inputs)
            .flat_map(|row| reference::dense(&wide(row), &wide(&kernel), &wide(&bias)))
            .collect();
        assert_close(&restride(&c, stride, units), &expected, 1e-4, "a b + bias");

        let gradient = noise.numbers(images * units);
        let stored_gradient = restride(&gradient, units, stride);
        let before = noise.numbers(inputs * units);
        let mut kernel_gradient = before.clone();
        gemm::multiply_transposed(
            &stored,
            k,
            inputs,
            &stored_gradient,
            stride,
            units,
            &mut kernel_gradient,
        );
        let expected: Vec<f64> = (0..inputs * units)
            .map(|i| {
                let product = |n: usize| {
                    f64::from(a[n * inputs + i / units])
                        * f64::from(gradient[n * units + i % units])
                };
                f64::from(before[i]) + (0..images).map(product).sum::<f64>()
            })
            .collect();
        assert_close(&kernel_gradient, &expected, 1e-4, "c + transpose(a) b");

        let mut transposed = vec![[f32::NAN; 8]; gemm::panels(inputs) * units];
        gemm::pack_transposed(&kernel, inputs, units, &mut transposed);
        let mut input_gradient = vec![f32::NAN; images * k];
        gemm::multiply(&stored_gradient, stride, &transposed, units, &[], &mut input_gradient, k);
        let expected: Vec<f64> = (0..images * inputs)
            .map(|i| {
                let product = |u: usize| {
                    f64::from(gradient[i / inputs * units + u])
                        * f64::from(kernel[i % inputs * units + u])
                };
                (0..units).map(product).sum()
            })
            .collect();
        assert_close(&restride(&input_gradient, k, inputs), &expected, 1e-4, "a transpose(b)");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn rows_become_columns_of_any_number() {
    let mut noise = Noise::new(7);
    for (rows, columns, from_more, to_more) in
        [(1, 1, 0, 0), (3, 9, 2, 1), (4, 4, 0, 0), (8, 10, 0, 0), (13, 6, 3, 5), (64, 32, 4, 0)]
    {
        let (from_stride, to_stride) = (columns + from_more, rows + to_more);
        let from = noise.numbers((rows - 1) * from_stride + columns);
        let mut to = vec![f32::NAN; (columns - 1) * to_stride + rows];
        transpose((rows, columns), &from, from_stride, &mut to, to_stride);
        for (i, number) in to.iter().enumerate() {
            let (c, r) = (i / to_stride, i % to_stride);
            let expected = if r < rows { from[r * from_stride + c] } else { f32::NAN };
            assert!(number.to_bits() == expected.to_bits(), "{rows}x{columns}: {r}, {c}");
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn pooling_and_its_gradients_match_the_reference() {
    for (height, width, channels, size) in
        [(11, 11, 8, 2), (7, 5, 4, 3), (4, 4, 12, 1), (5, 5, 4, 5)]
    {
        let g = pool::PoolGeometry { height, width, channels, size };
        let map = Map { height, width, channels };
        let input = Noise::new(height).numbers(map.len());
        let numbers = g.out_height() * g.out_width() * channels;
        let gradient = Noise::new(width).numbers(numbers);

        let (mut output, mut argmax) = (vec![f32::NAN; numbers], vec![u8::MAX; numbers]);
        pool::max(&g, &input, &mut output, &mut argmax);
        let (expected, sources) = reference::max_pool(map, size, &wide(&input));
        assert_close(&output, &expected, 0.0, "max");
        let mut input_gradient = vec![f32::NAN; map.len()];
        pool::max_gradient(&g, &gradient, &argmax, &mut input_gradient);
        let mut expected = vec![0.0; map.len()];
        sources.iter().zip(&gradient).for_each(|(&i, &g)| expected[i] += f64::from(g));
        assert_close(&input_gradient, &expected, 0.0, "max gradient");

        pool::average(&g, &input, &mut output);
        assert_close(&output, &reference::average_pool(map, size, &wide(&input)), 1e-6, "average");
        pool::average_gradient(&g, &gradient, &mut input_gradient);
        let expected = reference::average_pool_gradient(map, size, &wide(&gradient));
        assert_close(&input_gradient, &expected, 1e-6, "average gradient");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn first_max_names_the_first_of_equals() {
    let rows = [
        [1.0, 5.0, -1.0, 0.0],
        [2.0, 5.0, -2.0, 0.0],
        [3.0, 4.0, -3.0, 0.0],
        [4.0, 5.0, -0.5, 0.0],
    ];
    let (best, index) = F32x4::first_max(rows.map(|row| F32x4::load(&row)));
    let mut values = [0.0; 4];
    best.store(&mut values);
    assert_eq!(values, [4.0, 5.0, -0.5, 0.0]);
    assert_eq!(index, [3, 0, 3, 0]);
}
