//! MNIST's file format, and bad files.

use inkling::data::idx::{self, IdxError};
use inkling::data::{Digits, PIXELS};
use wasm_bindgen_test::wasm_bindgen_test;

/// A big-endian header, then data.
fn file(header: &[u32], data: &[u8]) -> Vec<u8> {
    [header.iter().flat_map(|word| word.to_be_bytes()).collect(), data.to_vec()].concat()
}

fn images(count: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..count as usize * PIXELS).map(|i| (i % 251) as u8).collect();
    file(&[0x0803, count, 28, 28], &pixels)
}

fn labels(classes: &[u8]) -> Vec<u8> {
    file(&[0x0801, classes.len() as u32], classes)
}

#[wasm_bindgen_test(unsupported = test)]
fn a_part_is_an_image_file_and_a_label_file_in_one() {
    let part = [images(2), labels(&[7, 0])].concat();
    let expected = Digits { images: images(2)[16..].to_vec(), labels: vec![7, 0] };
    assert_eq!(idx::part(&part), Ok(expected.clone()));
    assert_eq!(idx::digits(&images(2), &labels(&[7, 0])), Ok(expected));
    assert_eq!(idx::part(&[images(0), labels(&[])].concat()), Ok(Digits::default()));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_part_that_is_cut_anywhere_is_refused() {
    let part = [images(1), labels(&[9])].concat();
    assert!(idx::part(&part).is_ok());
    for end in 0..part.len() {
        let error = idx::part(&part[..end]).expect_err("cut short");
        assert!(matches!(error, IdxError::Truncated { .. }), "{end}: {error}");
    }
    let error = idx::part(&part[..100]).expect_err("cut short");
    assert_eq!(error, IdxError::Truncated { needed: 16 + PIXELS, got: 100 });
    assert_eq!(error.to_string(), "it ends after 100 bytes, 800 are needed");
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_wrong_is_said() {
    let whole = [images(1), labels(&[9])].concat();
    assert_eq!(idx::part(&[whole, vec![0; 3]].concat()), Err(IdxError::TooLong(3)));
    assert_eq!(
        idx::part(&labels(&[1; 20])),
        Err(IdxError::Magic { expected: 0x0803, got: 0x0801 })
    );
    assert_eq!(
        idx::images(&file(&[0x0803, 1, 32, 28], &[])),
        Err(IdxError::Size { height: 32, width: 28 })
    );
    assert_eq!(idx::labels(&labels(&[3, 10])), Err(IdxError::Label(10)));
    let counts = IdxError::Counts { images: 2, labels: 1 };
    assert_eq!(idx::part(&[images(2), labels(&[1])].concat()), Err(counts));
    assert_eq!(idx::digits(&images(2), &labels(&[1])), Err(counts));
}

/// The number of pixels does not fit in a browser's 32 bits; the second one wraps around to one image.
#[wasm_bindgen_test(unsupported = test)]
fn a_header_that_promises_the_impossible_is_refused() {
    for count in [u32::MAX, (1 << 28) + 1] {
        let error = idx::images(&file(&[0x0803, count, 28, 28], &[0; 2000])).expect_err("too few");
        assert!(matches!(error, IdxError::Truncated { .. }), "{error}");
    }
    assert!(idx::labels(&file(&[0x0801, u32::MAX], &[0; 20])).is_err());
}
