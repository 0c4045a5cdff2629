//! A small line without axes, as an SVG path.

/// The path of values from 0 to 1, from left to right in a box of this width and height.
pub(super) fn path(values: &[f32], (width, height): (f32, f32)) -> String {
    let step = width / (values.len().max(2) - 1) as f32;
    let mut path = String::new();
    for (i, value) in values.iter().enumerate() {
        let (x, y) = (i as f32 * step, (1.0 - value) * height);
        path += &format!("{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
    }
    path
}
