//! Numbers as a person would say them.

pub use crate::config::format::count;

/// A share, 0 to 1, as "98.9 %". Only exactly 1 reads "100 %".
pub fn percent(share: f32) -> String {
    if !share.is_finite() {
        return String::from("–");
    }
    let tenths = (share * 1000.0).round() as i32;
    match tenths {
        0 => String::from("0 %"),
        1000 if share < 1.0 => String::from("99.9 %"),
        1000 => String::from("100 %"),
        _ => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

/// A measured rate to three figures: "14,200".
pub fn rate(per_second: f32) -> String {
    let number = per_second.max(0.0);
    let unit = if number < 1000.0 { 1.0 } else { 10_f32.powi(number.log10() as i32 - 2) };
    count(((number / unit).round() * unit) as u32)
}

/// A time in seconds: "41 s", "2 min 5 s", "12 min", "1 h 20 min".
pub fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).ceil() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) if m < 10 => format!("{m} min {s} s"),
        (0, m, _) => format!("{m} min"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// A time in seconds that nobody knows exactly: "15 s", "1.5 min", "12 min", "over 2 h".
pub fn estimate(seconds: f64) -> String {
    let whole = seconds.clamp(1.0, 1e9).ceil() as u64;
    let half_minutes = whole.div_ceil(30);
    match whole {
        ..10 => format!("{whole} s"),
        10..56 => format!("{} s", whole.div_ceil(5) * 5),
        56..300 if half_minutes % 2 == 1 => format!("{}.5 min", half_minutes / 2),
        56..3600 => format!("{} min", half_minutes.div_ceil(2)),
        _ => format!("over {} h", whole / 3600),
    }
}

/// Bytes as megabytes without the unit: "4.8".
pub fn megabytes(bytes: u32) -> String {
    let tenths = (f64::from(bytes) / 1e5).round() as u32;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A loss with as many digits as are useful: "2.30", "0.045".
pub fn loss(value: f32) -> String {
    match value {
        v if !v.is_finite() => String::from("–"),
        v if v >= 1e5 => format!("{v:.2e}"),
        v if v < 0.1 => format!("{v:.3}"),
        v => format!("{v:.2}"),
    }
}

/// "1 epoch", "3 epochs", "1,200 minibatches".
pub fn of(number: u32, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_but_never_up_to_all() {
        assert_eq!(percent(0.98912), "98.9 %");
        assert_eq!(percent(0.99996), "99.9 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.004), "0.4 %");
        assert_eq!(percent(f32::NAN), "–");
    }

    #[test]
    fn counts_mark_thousands() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(60_000), "60,000");
        assert_eq!(count(4_294_967_295), "4,294,967,295");
    }

    #[test]
    fn rates_keep_three_figures() {
        assert_eq!(rate(14_237.0), "14,200");
        assert_eq!(rate(4_567.0), "4,570");
        assert_eq!(rate(873.4), "873");
        assert_eq!(rate(0.0), "0");
        assert_eq!(rate(123_456.0), "123,000");
    }

    #[test]
    fn durations_get_coarser_as_they_grow() {
        assert_eq!(duration(40.2), "41 s");
        assert_eq!(duration(125.0), "2 min 5 s");
        assert_eq!(duration(120.0), "2 min");
        assert_eq!(duration(700.0), "11 min");
        assert_eq!(duration(4805.0), "1 h 20 min");
    }

    #[test]
    fn estimates_are_round() {
        for (seconds, words) in [
            (0.2, "1 s"),
            (8.1, "9 s"),
            (13.0, "15 s"),
            (59.0, "1 min"),
            (84.0, "1.5 min"),
            (91.0, "2 min"),
            (299.0, "5 min"),
            (3550.0, "60 min"),
            (17_940.0, "over 4 h"),
        ] {
            assert_eq!(estimate(seconds), words);
        }
    }

    #[test]
    fn losses_and_bytes() {
        assert_eq!(loss(2.304), "2.30");
        assert_eq!(loss(0.04512), "0.045");
        assert_eq!(loss(1.014e28), "1.01e28");
        assert_eq!(megabytes(10_140_000), "10.1");
        assert_eq!(of(1, "epoch", "epochs"), "1 epoch");
        assert_eq!(of(1200, "minibatch", "minibatches"), "1,200 minibatches");
    }
}
