//! Numbers as a person would write them.

/// A count with thousands marked: "60,000".
pub fn count(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of any size to three figures: "0.0123", "−1.20×10⁻⁸".
pub fn significant(value: f32) -> String {
    const POWERS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let size = value.abs();
    let sign = if value < 0.0 { "−" } else { "" };
    let scientific = format!("{size:.2e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(power @ -3..=4) => [sign, &format!("{size:.*}", (2 - power).max(0) as usize)].concat(),
        Ok(power) => {
            let digits = power.unsigned_abs().to_string();
            let digits = digits.bytes().map(|digit| POWERS[usize::from(digit - b'0') % 10]);
            let minus = if power < 0 { "⁻" } else { "" };
            [sign, mantissa, "×10", minus, &digits.collect::<String>()].concat()
        }
        Err(_) => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_have_three_figures() {
        for (value, text) in [
            (0.0, "0.00"),
            (0.1, "0.100"),
            (-1.5, "−1.50"),
            (123.4, "123"),
            (12_345.0, "12345"),
            (0.001_234, "0.00123"),
            (0.000_999_9, "0.00100"),
            (-0.000_123_4, "−1.23×10⁻⁴"),
            (9.999e-9, "1.00×10⁻⁸"),
            (1.5e10, "1.50×10¹⁰"),
            (f32::INFINITY, "inf"),
        ] {
            assert_eq!(significant(value), text);
        }
    }
}
