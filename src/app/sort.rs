//! One sort for all of the page: the library's takes 3 KB of the module for each type that is sorted.

/// The items in the order of their keys, and where those are equal in the order before.
pub fn sorted<T>(items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> u64) -> Vec<T> {
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    let keys = items.iter().flatten().map(key).zip(0..).collect();
    order(keys).into_iter().filter_map(|(_, index)| items[index].take()).collect()
}

#[inline(never)]
fn order(mut keys: Vec<(u64, usize)>) -> Vec<(u64, usize)> {
    keys.sort_unstable();
    keys
}

/// A key in whose order numbers ascend, as in [`f32::total_cmp`].
pub fn ascending(number: f32) -> u64 {
    let bits = number.to_bits();
    u64::from(if bits >> 31 == 0 { bits | 1 << 31 } else { !bits })
}

/// A key in whose order numbers descend.
pub fn descending(number: f32) -> u64 {
    !ascending(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_as_the_library_sorts_them() {
        let numbers = [1.0, -0.0, f32::NAN, -3.5, 0.0, f32::INFINITY, 1e-40, -f32::NAN, 1.0, 7.25];
        let mut expected = numbers;
        expected.sort_by(f32::total_cmp);
        let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&sorted(numbers, |&x| ascending(x))), bits(&expected));
        expected.reverse();
        assert_eq!(bits(&sorted(numbers, |&x| descending(x))), bits(&expected));
    }

    #[test]
    fn equals_stay_in_order() {
        let words = ["pen", "ink", "paper", "map", "hand"];
        let by_length = sorted(words, |word| word.len() as u64);
        assert_eq!(by_length, ["pen", "ink", "map", "hand", "paper"]);
    }
}
