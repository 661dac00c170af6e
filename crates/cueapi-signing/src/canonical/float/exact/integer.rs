//! Integers of any length, with the few operations that exact floats need.

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// A number in base 2^32, least significant digit first, without leading zeros.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Big(Vec<u32>);

impl From<u64> for Big {
    fn from(number: u64) -> Self {
        let mut big = Self([number, number >> 32].map(low).to_vec());
        big.trim();
        big
    }
}

impl Big {
    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// How many binary digits it has.
    pub(super) fn bits(&self) -> i32 {
        let leading_zeros = self.0.last().map_or(0, |digit| digit.leading_zeros() as usize);
        i32::try_from(self.0.len() * 32 - leading_zeros).unwrap_or(i32::MAX)
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

    /// Subtracts a number unless it is greater, and says whether it has.
    pub(super) fn take(&mut self, other: &Self) -> bool {
        if *self < *other {
            return false;
        }
        let mut borrow = false;
        for (index, digit) in self.0.iter_mut().enumerate() {
            let (difference, first) = digit.overflowing_sub(other.0.get(index).copied().unwrap_or(0));
            let (difference, second) = difference.overflowing_sub(borrow.into());
            (*digit, borrow) = (difference, first || second);
        }
        self.trim();
        true
    }

    /// Whether this and `more` are together greater than `limit`, or as great where that counts too.
    pub(super) fn exceeds(&self, more: &Self, limit: &Self, or_equals: bool) -> bool {
        let mut sum = Self(Vec::with_capacity(limit.0.len() + 1));
        let mut carry = 0;
        for index in 0..self.0.len().max(more.0.len()) {
            let digit = |big: &Self| u64::from(big.0.get(index).copied().unwrap_or(0));
            let total = digit(self) + digit(more) + carry;
            sum.0.push(low(total));
            carry = total >> 32;
        }
        sum.0.push(low(carry));
        sum.trim();
        match sum.cmp(limit) {
            Ordering::Greater => true,
            Ordering::Equal => or_equals,
            Ordering::Less => false,
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

    pub(super) fn multiply(&mut self, factor: u32) {
        self.multiply_and_add(factor, 0);
    }

    pub(super) fn multiply_by_power_of_ten(&mut self, power: u32) {
        for _ in 0..power / 9 {
            self.multiply(1_000_000_000);
        }
        self.multiply(10_u32.pow(power % 9));
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
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
