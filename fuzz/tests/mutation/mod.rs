//! Seeds with something altered, added, left out, repeated or taken from another.

/// Numbers at which readers go wrong.
const BOUNDARIES: [u64; 12] =
    [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, u64::MAX];
/// Texts at which they do.
const TEXTS: [&[u8]; 12] = [
    b"-1",
    b"18446744073709551616",
    b"9223372036854775807",
    b"\xff\xfe",
    b"\xf0\x9f\xa6\x80",
    b"\n\n",
    b"\"",
    b"=",
    b"{",
    b"[[",
    b"..",
    b"\0",
];
/// Alterations of one mutation.
const ALTERATIONS_MAX: usize = 4;
/// Bytes that are left out or repeated at a time.
const PIECE_BYTES_MAX: usize = 64;

/// Mutations of seeds without end, the same for the same seed.
pub(crate) struct Mutations {
    state: u64,
    seeds: Vec<Vec<u8>>,
    bytes_max: usize,
}

impl Mutations {
    /// There must be a seed.
    pub(crate) fn new(seed: u64, seeds: Vec<Vec<u8>>, bytes_max: usize) -> Mutations {
        Mutations { state: seed, seeds, bytes_max }
    }

    pub(crate) fn next(&mut self) -> Vec<u8> {
        let one = self.below(self.seeds.len());
        let mut bytes = self.seeds[one].clone();
        for _ in 0..=self.below(ALTERATIONS_MAX) {
            self.alter(&mut bytes);
        }
        bytes.truncate(self.bytes_max);
        bytes
    }

    fn alter(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let end = at + self.below(PIECE_BYTES_MAX).min(bytes.len() - at);
        match self.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].repeat(1 + self.below(8));
                bytes.splice(at..at, piece);
            }
            3 => {
                let text = TEXTS[self.below(TEXTS.len())];
                bytes.splice(at..at, text.iter().copied());
            }
            4 => {
                // The end of another seed.
                let other = self.below(self.seeds.len());
                let from = self.below(self.seeds[other].len() + 1);
                let tail = self.seeds[other][from..].to_vec();
                bytes.truncate(at);
                bytes.extend(tail);
            }
            5 => {
                let number = BOUNDARIES[self.below(BOUNDARIES.len())];
                let width = [1, 2, 4, 8][self.below(4)];
                let number =
                    if self.below(2) == 0 { number.to_le_bytes()[..width].to_vec() } else { number.to_be_bytes()[8 - width..].to_vec() };
                let end = (at + width).min(bytes.len());
                bytes.splice(at..end, number);
            }
            _ => {
                let (bit, byte) = (1 << self.below(8), self.below(256) as u8);
                let whole = self.below(2) == 0;
                if let Some(place) = bytes.get_mut(at) {
                    *place = if whole { byte } else { *place ^ bit };
                }
            }
        }
    }

    /// SplitMix64; `bound` is not 0.
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % bound
    }
}
