//! Numbers and texts as little-endian bytes, one after another. Each list has its length before it.

/// Appends to a list of bytes.
#[derive(Debug, Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    /// Appends a number.
    pub fn number(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Appends a list of numbers, bit for bit.
    pub fn floats(&mut self, numbers: &[f32]) {
        self.number(numbers.len() as u32);
        self.0.reserve(4 * numbers.len());
        for number in numbers {
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    /// Appends a text.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.0.extend_from_slice(text.as_bytes());
    }
}

/// Takes from the start of some bytes what [`Writer`] has appended; `None` where they end too early or hold something
/// else.
#[derive(Debug)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    /// Takes a number.
    pub fn number(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    /// Takes a list of numbers.
    pub fn floats(&mut self) -> Option<Vec<f32>> {
        let count = self.number()? as usize;
        let bytes = self.bytes(count.checked_mul(4)?)?;
        Some(bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }

    /// Takes a text.
    pub fn text(&mut self) -> Option<String> {
        let count = self.number()? as usize;
        String::from_utf8(self.bytes(count)?.to_vec()).ok()
    }
}
