//! The ways in which people write each digit, each with what varies in it.

use super::chance::Chance;
use super::sketch::Sketch;

/// A digit as some writer means it.
///
/// # Panics
/// If `digit` is not one.
pub(super) fn digit(digit: u8, c: &mut Chance) -> Sketch {
    match digit {
        0 => zero(c),
        1 => one(c),
        2 => two(c),
        3 => three(c),
        4 => four(c),
        5 => five(c),
        6 => six(c),
        7 => seven(c),
        8 => eight(c),
        9 => nine(c),
        _ => panic!("{digit} is no digit"),
    }
}

/// A ring, closed or not quite, often with a slash.
fn zero(c: &mut Chance) -> Sketch {
    let mut s = Sketch::default();
    let (width, height) = (c.between(0.18, 0.45), 0.5);
    let start = -90.0 + c.about(75.0);
    let sweep = 360.0 + c.between(-45.0, 80.0);
    let way = if c.often(0.8) { -1.0 } else { 1.0 };
    s.ellipse((0.0, 0.0), (width, height), (start, way * sweep), c.about(0.14));
    if c.often(0.12) {
        // The pen runs out to the right.
        let (x, y) = s.last();
        s.to(x + c.between(0.05, 0.3), y + c.about(0.15));
    }
    if c.often(0.25) {
        let (low, high) = (c.between(0.4, 1.8), c.between(0.4, 1.8));
        let (steep, aside) = (c.between(0.45, 1.1), c.about(0.08));
        let mirror = if c.often(0.12) { -1.0 } else { 1.0 };
        let from = (mirror * high * width + aside, -high * height * steep);
        let to = (-mirror * low * width + aside, low * height * steep);
        if c.often(0.25) {
            // The ring runs on into the slash.
            let (x, y) = s.last();
            s.corner(x, y).corner(from.0, from.1).to(to.0, to.1);
        } else if c.often(0.5) {
            s.down(from.0, from.1).to(to.0, to.1);
        } else {
            s.down(to.0, to.1).to(from.0, from.1);
        }
    }
    s
}

/// A bar, with or without an upstroke and a foot.
fn one(c: &mut Chance) -> Sketch {
    let mut s = Sketch::default();
    let (flag, foot) = (c.often(0.6), c.often(0.3));
    let (bow, wave) = (if c.often(0.2) { c.about(0.16) } else { c.about(0.05) }, c.about(0.04));
    let top = c.about(0.05);
    if flag {
        let (length, angle) = if c.often(0.6) {
            (c.between(0.1, 0.45), c.between(20.0, 62.0))
        } else {
            (c.between(0.4, 1.0), c.between(12.0, 45.0))
        };
        let (sin, cos) = angle.to_radians().sin_cos();
        let (x, y) = (top - length * sin, -0.5 + length * cos);
        let sag = c.between(-0.04, 0.16) * length;
        s.down(x, y).to((x + top) / 2.0 + sag * cos, (y - 0.5) / 2.0 + sag * sin);
        s.node(top, -0.5, c.often(0.8));
    } else if c.often(0.15) {
        // A touch of an upstroke, on either side.
        s.down(top + c.about(0.12), -0.5 + c.between(-0.02, 0.1)).to(top, -0.48);
    } else {
        s.down(top, -0.5);
    }
    s.to(top + bow + wave, -0.15).to(top + bow - wave, 0.2).to(top, 0.5);
    if foot {
        let (left, right) = (c.between(0.05, 0.45), c.between(0.05, 0.45));
        let (y, rise) = (0.5 + c.about(0.05), c.about(0.05));
        if c.often(0.2) {
            s.corner(top - left, y + rise).corner(top + right, y - rise);
        } else {
            s.down(top - left, y + rise).to(top + right, y - rise);
        }
    } else if !flag && c.often(0.2) {
        let side = if c.often(0.7) { 1.0 } else { -1.0 };
        s.to(top + side * c.between(0.05, 0.2), 0.5 - c.between(0.0, 0.08));
    }
    s
}

/// An arch, a diagonal and a base with a corner, a loop or neither.
fn two(c: &mut Chance) -> Sketch {
    let mut s = Sketch::default();
    let width = c.between(0.2, 0.36);
    let shoulder = c.between(-0.35, -0.15);
    let start = c.between(-0.42, -0.12);
    let left = -width + c.about(0.06);
    if c.often(0.06) {
        s.down(left, -0.48).to(0.0, -0.5).corner(width, -0.48);
    } else {
        if c.often(0.2) {
            // A curl at the beginning.
            let (x, y) = (left + 0.12, start + c.between(0.02, 0.14));
            s.down(x, y).to(left + 0.04, start + 0.06).to(left, start);
        } else {
            s.down(left, start);
        }
        s.to(left + 0.12, -0.45).to(c.about(0.06), -0.5).to(width * 0.85, -0.43);
        s.to(width, shoulder).to(width * 0.75, shoulder + c.between(0.12, 0.25));
    }
    let base = 0.5 - c.between(0.0, 0.08);
    let (corner, end) = (-width - c.between(-0.1, 0.08), width + c.between(-0.15, 0.2));
    let rise = c.between(-0.12, 0.12);
    s.to(c.about(0.08), 0.12 + c.about(0.08));
    match c.pick(&[0.45, 0.37, 0.18]) {
        0 => {
            s.corner(corner, base).to((corner + end) / 2.0, base + c.about(0.05));
        }
        1 => {
            let size = c.between(0.04, 0.14);
            s.to(corner + 1.6 * size, base - 0.3 * size).to(corner + 0.7 * size, base);
            s.to(corner, base - 0.6 * size).to(corner + 0.6 * size, base - 1.6 * size);
            s.to(corner + 1.8 * size, base - 1.1 * size);
            s.to((corner + end) / 2.0 + 0.08, base + c.about(0.04));
        }
        _ => {
            s.to(corner + 0.04, base - 0.06).to(corner + 0.12, base);
            s.to((corner + end) / 2.0 + 0.1, base + c.about(0.03));
        }
    }
    s.to(end, base - rise);
    s
}

/// Two bowls, with a cusp, a loop or a dent between them, or a flat top.
fn three(c: &mut Chance) -> Sketch {
    let mut s = Sketch::default();
    let (upper, lower) = (c.between(0.16, 0.34), c.between(0.2, 0.38));
    let (waist, y) = (c.between(-0.16, 0.1), c.between(-0.14, 0.06));
    let left = -c.between(0.14, 0.34);
    if c.often(0.16) {
        s.down(left, -0.5 + c.about(0.05)).corner(upper, -0.5);
        s.corner(waist, y);
    } else {
        s.down(left, c.between(-0.48, -0.25)).to(left / 2.0, -0.49);
        s.to(0.5 * upper, -0.49).to(upper, (y - 0.5) / 2.0).to(0.6 * upper, y - 0.08);
        match c.pick(&[0.6, 0.25, 0.15]) {
            0 => {
                s.corner(waist, y);
            }
            1 => {
                let size = c.between(0.03, 0.09);
                s.to(waist, y + 0.2 * size).to(waist - size, y - 0.2 * size);
                s.to(waist - 0.5 * size, y - size).to(waist + size, y);
            }
            _ => {
                s.to(waist + 0.05, y).to(waist + 0.1, y + 0.03);
            }
        }
    }
    s.to(0.65 * lower, y + 0.08).to(lower, (y + 0.5) / 2.0).to(0.6 * lower, 0.45);
    s.to(c.about(0.06), 0.5);
    let end = -c.between(0.1, 0.4);
    s.to(end, c.between(0.3, 0.5));
    if c.often(0.12) {
        s.to(end - 0.02, c.between(0.15, 0.3));
    }
    s
}

/// Open or closed, in two strokes or, when joined, in one.
fn four(c: &mut Chance) -> Sketch {
    let mut s = Sketch::default();
    let bar = c.between(-0.05, 0.25);
    let (left, stem) = (-c.between(0.18, 0.4), c.between(0.02, 0.3));
    let right = stem + c.between(-0.06, 0.35);
    let rise = c.about(0.1);
    let slope = c.between(-0.06, 0.14);
    let closed = c.often(0.35);
    let top = if closed { -0.5 + c.about(0.08) } else { c.between(-0.5, -0.2) };
    let first = if closed { stem + c.about(0.05) } else { left + c.between(-0.02, 0.3) };
    s.down(first, top).to((first + left) / 2.0 + c.about(0.05), (top + bar) / 2.0);
    if c.often(0.75) {
        s.corner(left, bar);
    } else {
        s.to(left, bar - 0.08).to(left + 0.1, bar + c.between(0.0, 0.06));
    }
    s.to((left + right) / 2.0, bar - rise / 2.0 + c.about(0.04)).to(right, bar - rise);
    let above = if closed { c.between(-0.5, -0.3) } else { c.between(-0.5, bar - 0.1) };
    if c.often(0.12) {
        // Without lifting the pen.
        s.corner(right, bar - rise).corner(stem + slope, above);
    } else {
        s.down(stem + slope, above);
    }
    s.to(stem + c.about(0.03), (above + 0.5) / 2.0).to(stem - slope, 0.5);
    s
}

/// A stem, a bowl and a flag, which may be apart.
fn five(c: &mut Chance) -> Sketch {
    let mut s = Sketch::default();
    let stem = -c.between(0.1, 0.3);
    let lean = c.between(-0.03, 0.12);
    let (waist, bowl) = (c.between(-0.2, 0.08), c.between(0.2, 0.38));
    let end = (-c.between(0.12, 0.42)).max(stem - 0.1);
    let flag = stem + lean + c.between(0.15, 0.6);
    let tilt = c.about(0.1);
    let apart = c.often(0.55);
    let round = c.often(0.25);
    if apart {
        s.down(stem + lean, -0.48);
    } else {
        s.down(flag, -0.5 - tilt).to((flag + stem + lean) / 2.0, -0.5);
        s.node(stem + lean, -0.47, !round);
    }
    s.to(stem + lean / 2.0, (waist - 0.5) / 2.0);
    if round {
        s.to(stem + 0.02, waist - 0.05).to(stem + 0.12, waist);
    } else {
        s.corner(stem, waist + c.between(0.0, 0.08));
    }
    s.to(0.1 * bowl, waist - c.between(-0.02, 0.09)).to(0.75 * bowl, waist + 0.05);
    s.to(bowl, (waist + 0.5) / 2.0).to(0.6 * bowl, 0.44).to(c.about(0.08), 0.5);
    s.to(end, c.between(0.3, 0.5));
    if apart {
        let (x, y) = if c.often(0.35) {
            (stem + lean + c.between(0.0, 0.3), -0.5 + c.about(0.14))
        } else {
            (stem + lean + c.about(0.05), -0.49 + c.about(0.04))
        };
        let length = c.between(0.12, 0.6);
        s.down(x, y).to(x + length / 2.0, y - tilt / 2.0 + c.about(0.04));
        s.to(x + length, y - tilt);
    }
    s
}

/// A stem that runs into a loop; the loop may stay open or cross the stem.
fn six(c: &mut Chance) -> Sketch {
    let mut s = Sketch::default();
    let (left, right) = (-c.between(0.16, 0.34), c.between(0.14, 0.34));
    let top = c.between(-0.1, 0.3);
    let loop_top = c.between(-0.14, 0.22);
    let straight = c.between(0.0, 1.0);
    if c.often(0.12) {
        s.down(top + c.between(0.04, 0.14), c.between(-0.46, -0.34)).to(top, -0.5);
    } else {
        s.down(top, -0.5);
    }
    // Between a round stem and a straight one.
    let x = |y: f32| left + (top - left) * straight * ((0.2 - y) / 0.7).powf(1.2);
    s.to(x(-0.35) - 0.02, -0.35).to(x(-0.1), -0.1).to(left, 0.18);
    let middle = (left + right) / 2.0;
    s.to(left + 0.06, 0.4).to(middle + c.about(0.04), 0.5).to(right - 0.05, 0.4);
    s.to(right, (loop_top + 0.5) / 2.0 + c.about(0.04));
    s.to(right - 0.1, loop_top + 0.03).to(middle, loop_top);
    match c.pick(&[0.45, 0.25, 0.3]) {
        // To the stem, and perhaps across it.
        0 => {
            let across = if c.often(0.25) { c.between(0.1, 0.3) } else { c.between(-0.04, 0.1) };
            s.to(left + 0.08, loop_top + 0.1).to(left - across, loop_top + c.between(0.12, 0.3));
        }
        // Open.
        1 => {
            s.to(middle - c.between(0.0, 0.1), loop_top + c.between(0.02, 0.12));
        }
        // Curled inside.
        _ => {
            s.to(left + 0.1, loop_top + 0.08)
                .to(left + c.between(0.04, 0.14), loop_top + c.between(0.15, 0.3));
        }
    }
    s
}

/// A bar and a stem; a tick before it, a stroke through it.
fn seven(c: &mut Chance) -> Sketch {
    let mut s = Sketch::default();
    let (left, right) = (-c.between(0.22, 0.4), c.between(0.2, 0.36));
    let tilt = c.about(0.1);
    let wave = c.about(0.06);
    let foot = c.between(-0.3, 0.16);
    let bow = c.between(-0.12, 0.06);
    let y = -0.48 + tilt;
    if c.often(0.22) {
        s.down(left + c.about(0.05), y + c.between(0.06, 0.25)).corner(left, y);
    } else {
        s.down(left, y);
    }
    s.to(left / 2.0, y - tilt / 2.0 + wave).to(right / 2.0, -0.48 - wave / 2.0);
    if c.often(0.78) {
        s.corner(right, -0.48 - tilt / 2.0);
    } else {
        s.to(right - 0.04, -0.45).to(right, -0.36);
    }
    let stem = |y: f32| right + (foot - right) * (y + 0.48) + bow * (1.0 - 4.0 * y * y);
    s.to(stem(-0.15), -0.15).to(stem(0.15), 0.15).to(foot, 0.5);
    if c.often(0.08) {
        s.to(foot + c.between(0.03, 0.12), 0.5 - c.between(0.0, 0.1));
    }
    if c.often(0.4) {
        let y = c.between(-0.14, 0.2);
        let (before, behind) = (c.between(0.06, 0.35), c.between(0.06, 0.35));
        let rise = c.about(0.09);
        s.down(stem(y) - before, y + rise).to(stem(y) + behind, y - rise);
    } else if c.often(0.05) {
        s.down(foot - c.between(0.05, 0.25), 0.5).to(foot + c.between(0.05, 0.25), 0.5);
    }
    s
}

/// Two loops in one stroke, or two rings.
fn eight(c: &mut Chance) -> Sketch {
    let mut s = Sketch::default();
    let (upper, lower) = (c.between(0.13, 0.3), c.between(0.15, 0.34));
    let waist = c.about(0.12);
    if c.often(0.22) {
        let gap = c.about(0.06);
        let (above, below) = ((0.5 + waist - gap) / 2.0, (0.5 - waist - gap) / 2.0);
        let turn = |c: &mut Chance| (c.about(180.0), -360.0 - c.between(-40.0, 60.0));
        let (first, second) = (turn(c), turn(c));
        s.ellipse((c.about(0.05), above - 0.5), (upper, above), first, c.about(0.1));
        s.ellipse((c.about(0.05), 0.5 - below), (lower, below), second, c.about(0.1));
        return s;
    }
    if c.often(0.22) {
        // An S, closed by a line that may run on.
        let mirror = if c.often(0.1) { -1.0 } else { 1.0 };
        s.down(mirror * c.between(0.3, 1.0) * upper, c.between(-0.48, -0.3));
        s.to(0.0, -0.5).to(-mirror * upper, -0.25 + waist / 2.0);
        s.to(0.1 * mirror * lower, waist).to(mirror * lower, 0.25 + waist / 2.0).to(0.0, 0.5);
        s.to(-mirror * c.between(0.6, 1.0) * lower, c.between(0.2, 0.4));
        let end = c.between(-0.55, -0.3);
        s.to(mirror * c.about(0.08), waist + c.about(0.05))
            .to(mirror * c.between(0.5, 1.6) * upper, end);
        return s;
    }
    let start = match c.pick(&[0.75, 0.15, 0.1]) {
        0 => c.between(-75.0, 25.0),
        1 => c.between(25.0, 70.0),
        _ => c.between(75.0, 105.0),
    };
    let sweep = 360.0 + c.between(-30.0, 45.0);
    let mirror = if c.often(0.15) { -1.0 } else { 1.0 };
    let drift = c.about(0.1);
    let steps = 16;
    for step in 0..=steps {
        let share = step as f32 / steps as f32;
        let (sin, cos) = (start + share * sweep).to_radians().sin_cos();
        let width = if cos > 0.0 { upper } else { lower };
        let x = -2.0 * mirror * width * sin * cos + drift * (share - 0.5);
        let y = -0.5 * cos + waist * sin * sin;
        if step == 0 {
            s.down(x, y);
        } else {
            s.to(x, y);
        }
    }
    s
}

/// A loop and a stem, which ends straight, bent or curled.
fn nine(c: &mut Chance) -> Sketch {
    let mut s = Sketch::default();
    let (width, bottom) = (c.between(0.14, 0.32), c.between(-0.12, 0.16));
    let height = (bottom + 0.5) / 2.0;
    let middle = -0.5 + height;
    if c.often(0.14) {
        return bent_nine(c, width, bottom);
    }
    let start = c.between(-75.0, 10.0);
    let style = c.pick(&[0.62, 0.2, 0.18]);
    // Where the loop would meet the stem, and how far it stops from there.
    let sweep = match style {
        0 => 360.0 + c.between(-40.0, 10.0) + (c.between(-25.0, 0.0) - start).min(0.0),
        _ => 340.0 + c.between(-70.0, 60.0),
    };
    s.ellipse((0.0, middle), (width, height), (start, -sweep), c.about(0.1));
    let stem_top = if c.often(0.12) {
        -0.5 - c.between(0.0, 0.12)
    } else {
        middle - c.between(-0.08, 0.7) * height
    };
    let x = width + c.about(0.05);
    match style {
        // In one stroke, with a corner where the loop closes.
        0 => {
            s.corner(x, stem_top.max(-0.48));
        }
        // The loop runs on into the stem.
        1 => {
            s.to(x, middle - 0.2 * height);
        }
        _ => {
            s.down(x, stem_top);
        }
    }
    let lean = c.between(-0.2, 0.08);
    match c.pick(&[0.55, 0.33, 0.12]) {
        0 => {
            s.to(x + lean / 2.0 + c.about(0.05), 0.15).to(x + lean, 0.5);
        }
        1 => {
            s.to(x + c.about(0.03), 0.15).to(x - 0.08, 0.38).to(x - c.between(0.2, 0.35), 0.5);
            s.to(x - c.between(0.35, 0.65), c.between(0.32, 0.48));
        }
        _ => {
            s.to(x, 0.15).to(x - 0.04, 0.36).to(x - 0.2, 0.5).to(x - 0.42, 0.42);
            s.to(x - 0.44, c.between(0.22, 0.34))
                .to(x - c.between(0.2, 0.36), c.between(0.16, 0.3));
        }
    }
    s
}

/// A nine whose stem bulges away from below its loop.
fn bent_nine(c: &mut Chance, width: f32, bottom: f32) -> Sketch {
    let mut s = Sketch::default();
    let height = (bottom + 0.5) / 2.0;
    let middle = -0.5 + height;
    if c.often(0.6) {
        let turn = (c.between(30.0, 110.0), -c.between(310.0, 380.0));
        s.ellipse((0.0, middle), (width, height), turn, c.about(0.15));
    } else {
        s.down(c.between(-0.3, 0.5) * width, bottom - c.between(0.02, 0.15));
        s.to(0.9 * width, middle - c.between(0.0, 0.1)).to(0.3 * width, -0.5);
        s.to(-width, middle + c.about(0.05)).to(-0.3 * width, bottom);
    }
    let bulge = c.between(0.5, 1.2) * width;
    s.to(bulge * 0.6, bottom + 0.05).to(bulge, (bottom + 0.5) / 2.0 - c.between(0.0, 0.1));
    s.to(bulge * c.between(0.2, 0.9), 0.4).to(c.between(-0.25, 0.1), 0.5);
    s
}
