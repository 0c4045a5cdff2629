//! Slices and sizes in, slices out: the arithmetic, fast and naive side by side.
