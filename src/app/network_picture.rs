//! The network as one picture: its columns, what they are called, and where their maps lie.

use crate::config::Architecture;
use crate::config::architecture::{Layer, Shape};

/// How many maps of a column may be shown: numbers that fill their rows.
const COUNTS: [usize; 12] = [32, 24, 20, 16, 12, 10, 8, 6, 4, 3, 2, 1];

/// The least side, in CSS pixels, of a map that can be made out, and what must do in a small window.
const LEAST_SIDES: [usize; 3] = [18, 10, 4];

/// The most numbers of a vector that are shown for each map that may be.
const CELLS: usize = 4;

/// The input, or a layer's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The layer, from 0; `None` for the input.
    pub layer: Option<usize>,
    /// Its shape.
    pub shape: Shape,
    /// Keras' name of the layer.
    pub name: String,
    /// What stands under it.
    pub label: String,
    is_last: bool,
}

impl Column {
    /// What stands under it.
    ///
    /// - `count`: how many of its maps are shown; `None` if there is no room to say so
    pub fn words(&self, count: Option<usize>) -> String {
        let is_counted = self.label.starts_with(&self.shape.channels.to_string());
        if let Some(count) = count.filter(|&count| is_counted && count < self.shape.channels) {
            [&count.to_string(), " of ", &self.label].concat()
        } else {
            self.label.clone()
        }
    }

    /// Which of its maps or numbers one is.
    pub fn says(&self, map: usize) -> String {
        let (kind, first) = match (self.layer, self.is_last, self.shape.height) {
            (None, ..) => return String::from("the drawing, scaled and centred to 28×28 pixels"),
            (_, true, _) => ("the output for ", 0),
            (_, _, 1) => ("neuron ", 1),
            _ => ("map ", 1),
        };
        let [map, count] = [map + first, self.shape.channels].map(|number| number.to_string());
        let of = if self.is_last { String::new() } else { [" of ", &count].concat() };
        [kind, &map, &of, ", ", &self.name].concat()
    }
}

/// Where a column's maps, or the cells of its numbers, lie: in rows, in the screen's pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maps {
    /// Of the first.
    pub left: usize,
    /// Of the first.
    pub top: usize,
    /// Side of each.
    pub side: usize,
    /// From the left of one to the left of the next.
    pub pitch: usize,
    /// From the top of one to the top of the next.
    pub row_pitch: usize,
    /// How many are side by side.
    pub across: usize,
    /// How many there are.
    pub count: usize,
}

impl Maps {
    /// Width and height of all of them.
    pub fn size(&self) -> (usize, usize) {
        let rows = self.count.div_ceil(self.across);
        (
            (self.across - 1) * self.pitch + self.side,
            rows.saturating_sub(1) * self.row_pitch + self.side,
        )
    }

    /// The middles of the rows.
    pub fn rows(&self) -> impl Iterator<Item = f64> {
        let middle = self.top as f64 + self.side as f64 / 2.0;
        let pitch = self.row_pitch as f64;
        (0..self.count.div_ceil(self.across)).map(move |row| middle + row as f64 * pitch)
    }

    /// Left and top of one, from the first's.
    pub fn corner(&self, map: usize) -> (usize, usize) {
        (map % self.across * self.pitch, map / self.across * self.row_pitch)
    }

    /// The one at a point; the space beside one belongs to it.
    pub fn at(&self, left: usize, top: usize) -> Option<usize> {
        let column = left.checked_sub(self.left)? / self.pitch;
        let row = top.checked_sub(self.top)? / self.row_pitch;
        let map = row * self.across + column;
        (column < self.across && map < self.count).then_some(map)
    }
}

/// The columns of a network: its input, and every layer that does not repeat the one before.
pub fn columns(architecture: &Architecture) -> Vec<Column> {
    let input = Column {
        layer: None,
        shape: architecture.input,
        name: String::from("input"),
        label: String::from("what it sees"),
        is_last: false,
    };
    let shapes = architecture.shapes().unwrap_or_default();
    let last = architecture.layers.len().saturating_sub(1);
    let layers = architecture.layers.iter().zip(shapes).zip(architecture.layer_names());
    let columns = layers.enumerate().filter_map(|(at, ((layer, shape), name))| {
        let count = shape.channels.to_string();
        let label = match *layer {
            Layer::Conv2D { .. } => [&count, " filters"].concat(),
            Layer::MaxPooling2D { pool_size: 2 } | Layer::AveragePooling2D { pool_size: 2 } => {
                String::from("halved")
            }
            Layer::MaxPooling2D { pool_size } | Layer::AveragePooling2D { pool_size } => {
                ["1/", &pool_size.to_string(), " the size"].concat()
            }
            Layer::Dense { .. } if at == last => String::from("outputs"),
            Layer::Dense { .. } => [&count, " neurons"].concat(),
            Layer::Flatten | Layer::Dropout { .. } => return None,
        };
        Some(Column { layer: Some(at), shape, name, label, is_last: at == last })
    });
    std::iter::once(input).chain(columns).collect()
}

/// Arranges the columns' maps, as large as they can be, from the left edge to the right one.
///
/// - `width`, `height`: of the picture, in the screen's pixels
/// - `density`: the screen's pixels in a CSS pixel
/// - `text`: the height of the digits beside the outputs, in CSS pixels
pub fn lay_out(
    columns: &[Column],
    (width, height): (usize, usize),
    density: f64,
    text: usize,
) -> Vec<Maps> {
    let screen = |css: usize| (css as f64 * density).round() as usize;
    // The last column's digits stand beside it.
    let width = width.saturating_sub(screen(text + 2));
    let between =
        screen(if width < screen(480) { 8 } else { 18 }) * columns.len().saturating_sub(1);
    let stacks = |count: usize, side: usize| -> Vec<Maps> {
        columns
            .iter()
            .map(|column| stack(column, (width, height), (count, side), &screen))
            .collect()
    };
    let fits = |maps: &Vec<Maps>| {
        let wide: usize = maps.iter().map(|maps| maps.size().0).sum();
        wide + between <= width && maps.iter().all(|maps| maps.size().1 <= height)
    };
    // Many small maps or a few large ones, whichever show more.
    let best = |least: usize| {
        let sides =
            |count| (screen(least).max(1)..=height / 2).rev().map(move |side| (count, side));
        let largest = |count| sides(count).find(|&(count, side)| fits(&stacks(count, side)));
        COUNTS.into_iter().filter_map(largest).max_by_key(|(count, side)| count * side)
    };
    let found = LEAST_SIDES.into_iter().find_map(best);
    // A window that is too small for any of this.
    let (count, side) = found.unwrap_or((1, 1));
    let mut found = stacks(count, side);
    let wide: usize = found.iter().map(|maps| maps.size().0).sum();
    let (free, gaps) = (width.saturating_sub(wide), found.len().saturating_sub(1).max(1));
    let mut left = 0;
    for (at, maps) in found.iter_mut().enumerate() {
        maps.left = left + free * at / gaps;
        maps.top = height.saturating_sub(maps.size().1) / 2;
        left += maps.size().0;
    }
    found
}

/// A column's maps in rows.
///
/// - `most`, `side`: how many maps it may show, and how large they are
fn stack(
    column: &Column,
    (width, height): (usize, usize),
    (most, side): (usize, usize),
    screen: &impl Fn(usize) -> usize,
) -> Maps {
    let Shape { height: rows, channels, .. } = column.shape;
    if column.is_last {
        // Spread out, as the answer's bars are.
        let row_pitch = (height / channels).clamp(1, screen(40).max(1));
        let side = (row_pitch * 2 / 3).clamp(1, screen(18).max(1));
        return Maps {
            side,
            pitch: side,
            row_pitch,
            across: 1,
            count: channels,
            ..Maps::default()
        };
    }
    let (side, count) = match (column.layer, rows) {
        (None, _) => ((width / 6).min(height / 2).max(1), channels),
        (_, 1) => ((side / 3).clamp(1, screen(12).max(1)), channels.min(CELLS * most)),
        _ => (side, channels.min(most)),
    };
    let pitch = side + screen(2).max(1);
    let down = (height / pitch).clamp(1, count);
    // Full rows, if they are not much longer.
    let full = (down / 2 + 1..=down).rev().find(|&down| count.is_multiple_of(down));
    let across = count.div_ceil(full.unwrap_or(down));
    Maps { side, pitch, row_pitch: pitch, across, count, ..Maps::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::presets::NetworkPreset;

    #[test]
    fn columns_are_the_layers_that_change_something() {
        let columns = columns(&Architecture::default());
        let labels: Vec<&str> = columns.iter().map(|column| column.label.as_str()).collect();
        assert_eq!(
            labels,
            ["what it sees", "32 filters", "halved", "64 filters", "halved", "outputs"]
        );
        assert_eq!(columns[3].name, "conv2d_1");
        assert_eq!(columns[5].layer, Some(5));
    }

    #[test]
    fn every_network_fits_every_size() {
        let mut networks: Vec<Architecture> =
            NetworkPreset::ALL.iter().map(NetworkPreset::architecture).collect();
        let long = ["c8k1r,".repeat(21).as_str(), "f,d10s"].concat();
        networks.push(long.parse().expect("it can be built"));
        networks.push("c128k3r,p5,f,d500r,d10s".parse().expect("it can be built"));
        for (css, density) in [
            ((560, 250), 1.0),
            ((800, 460), 1.0),
            ((358, 114), 3.0),
            ((328, 114), 2.0),
            ((700, 300), 1.5),
        ] {
            let screen = |css: usize| (css as f64 * density) as usize;
            let (width, height) = (screen(css.0), screen(css.1));
            for network in &networks {
                let columns = columns(network);
                assert!(columns.len() > 2, "{network}");
                let maps = lay_out(&columns, (width, height), density, 12);
                let mut end = 0;
                for (column, maps) in columns.iter().zip(&maps) {
                    let (wide, high) = maps.size();
                    assert!(maps.left >= end, "{network} at {css:?}: {} overlaps", column.name);
                    assert!(maps.top + high <= height, "{network} at {css:?}: {maps:?}");
                    assert!((1..=column.shape.channels).contains(&maps.count));
                    end = maps.left + wide;
                    let (x, y) = maps.corner(maps.count - 1);
                    let at = maps.at(maps.left + x, maps.top + y);
                    assert_eq!(at, Some(maps.count - 1));
                }
                assert!(end <= width, "{network} at {css:?}: {end} of {width} pixels");
            }
        }
    }

    #[test]
    fn the_default_network_shows_many_maps_on_a_wide_screen_and_fewer_on_a_phone() {
        let columns = columns(&Architecture::default());
        for (size, density, counts) in [
            ((560, 250), 1.0, 20..=32),
            ((800, 460), 1.0, 24..=32),
            ((3 * 358, 3 * 114), 3.0, 10..=16),
        ] {
            let maps = lay_out(&columns, size, density, 12);
            assert!(counts.contains(&maps[1].count), "{size:?}: {maps:?}");
            assert!(maps[1].side as f64 >= 18.0 * density, "{size:?}: {maps:?}");
            for column in &maps[1..] {
                assert_eq!(column.count % column.across, 0, "{size:?}: full rows");
            }
        }
    }

    #[test]
    fn a_column_says_what_is_shown_of_it() {
        let network = "c128k3r,p5,f,d128r,d10s".parse().expect("it can be built");
        let columns = columns(&network);
        let words: Vec<String> = columns.iter().map(|column| column.words(Some(8))).collect();
        let expected = ["what it sees", "8 of 128 filters", "1/5 the size", "8 of 128 neurons"];
        assert_eq!(words[..4], expected);
        assert_eq!(columns[1].words(None), "128 filters");
        assert_eq!(columns[1].says(4), "map 5 of 128, conv2d");
        assert_eq!(columns[3].says(4), "neuron 5 of 128, dense");
        assert_eq!(columns[4].says(4), "the output for 4, dense_1");
    }
}
