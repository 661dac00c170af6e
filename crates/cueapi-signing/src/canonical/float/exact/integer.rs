//! Integers of any length, with the few operations that exact floats need.

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// A number in base 2^32, least significant digit first, without leading zeros.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Big(Vec<u32>);

impl From<u64> for Big {
    fn from(number: u64) -> Self {
        let mut big = Self(Vec::new());
        big.multiply_and_add(0, low(number >> 32));
        big.shift_left(32);
        big.multiply_and_add(1, low(number));
        big
    }
}

impl Big {
    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn shift_left(&mut self, bits: u32) {
        if self.is_zero() {
            return;
        }
        let bits_of_digit = bits % 32;
        if bits_of_digit > 0 {
            self.multiply(1 << bits_of_digit);
        }
        let digits = bits as usize / 32;
        if digits > 0 {
            let mut shifted = vec![0; digits];
            shifted.append(&mut self.0);
            self.0 = shifted;
        }
    }

    pub(super) fn multiply_and_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for digit in &mut self.0 {
            let product = u64::from(*digit) * u64::from(factor) + carry;
            *digit = low(product);
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(low(carry));
        }
    }

    fn multiply(&mut self, factor: u32) {
        self.multiply_and_add(factor, 0);
    }

    pub(super) fn multiply_by_power_of_ten(&mut self, power: u32) {
        for _ in 0..power / 9 {
            self.multiply(1_000_000_000);
        }
        self.multiply(10_u32.pow(power % 9));
    }
}

impl Ord for Big {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl PartialOrd for Big {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
const fn low(number: u64) -> u32 {
    number as u32
}
