//! Floats by arithmetic of any length, for the few that need it.

mod integer;

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::{Float, exponent};
use integer::Big;

/// Digits that can decide to which double a number is rounded. Of those behind them, it only matters whether all are zero.
const SIGNIFICANT_DIGITS: usize = 800;

/// The double nearest to a number without a sign, the even one of two that are equally near; none when that is infinite.
#[cold]
pub(super) fn nearest(number: &[u8]) -> Option<Float> {
    let end = (number.iter().position(|byte| matches!(byte, b'e' | b'E'))).unwrap_or(number.len());
    let (mantissa, rest) = number.split_at(end);
    let integer = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());

    let values = || mantissa.iter().filter(|byte| **byte != b'.').map(|digit| digit - b'0');
    let zeros = values().take_while(|digit| *digit == 0).count();
    let mut digits: Vec<u8> = values().skip(zeros).take(SIGNIFICANT_DIGITS).collect();
    if values().skip(zeros + SIGNIFICANT_DIGITS).any(|digit| digit != 0) {
        digits.push(1);
    }
    let [integer, zeros, length] = [integer, zeros, digits.len()].map(|count| i64::from(super::super::offset(count)));
    let power = exponent(rest.get(1..).unwrap_or_default()) + integer - zeros - length;
    match power + length {
        _ if digits.is_empty() => Some(Float::ZERO),
        310.. => None,
        ..=-324 => Some(Float::ZERO),
        _ => divide(&digits, i32::try_from(power).ok()?),
    }
}

/// The double nearest to an integer in decimal digits, times a power of ten.
fn divide(digits: &[u8], power: i32) -> Option<Float> {
    let (mut numerator, mut denominator) = (Big::from(0), Big::from(1));
    digits
        .iter()
        .for_each(|digit| numerator.multiply_and_add(10, (*digit).into()));
    let multiplied = if power < 0 { &mut denominator } else { &mut numerator };
    multiplied.multiply_by_power_of_ten(power.unsigned_abs());

    // As a fraction between a half and two, and a power of two.
    let scale = numerator.bits() - denominator.bits();
    let shifted = if scale < 0 { &mut numerator } else { &mut denominator };
    shifted.shift_left(scale.unsigned_abs());

    // By long division, until there are 64 binary digits. The first one stands for 2^scale.
    let mut quotient = 0_u64;
    let mut exponent = scale + 1;
    while quotient.leading_zeros() > 0 {
        quotient = quotient << 1 | u64::from(numerator.take(&denominator));
        numerator.shift_left(1);
        exponent -= 1;
    }
    super::round(quotient, exponent, numerator.is_zero())
}

/// The algorithm of Steele and White, as Python's `repr` uses it.
/// Returns digits and a power of ten.
pub(super) fn spell(Float { mantissa, exponent }: Float) -> (u64, i32) {
    let (mut digits, mut length) = (0_u64, 0);
    // Above a power of two, doubles are twice as far apart as below it.
    let wider = u32::from(mantissa == 1 << (Float::BITS - 1) && exponent > Float::LEAST_EXPONENT);
    // What reads back as this double lies between value - low and value + high, all of them divided by one. When the mantissa
    // is even, those two do as well.
    let even = mantissa % 2 == 0;
    let (mut value, mut one, mut low, mut high) = (Big::from(mantissa), Big::from(1), Big::from(1), Big::from(1));
    let log2 = value.bits() - 1 + exponent;
    let up = exponent.max(0).unsigned_abs();
    value.shift_left(up + 1 + wider);
    low.shift_left(up);
    high.shift_left(up + wider);
    one.shift_left(exponent.min(0).unsigned_abs() + 1 + wider);

    // Scale it to a value below one whose first digit is not zero. The estimate is right or one too small.
    let mut point = (log2 * 30_103).div_euclid(100_000) + 1;
    if point < 0 {
        for number in [&mut value, &mut low, &mut high] {
            number.multiply_by_power_of_ten(point.unsigned_abs());
        }
    } else {
        one.multiply_by_power_of_ten(point.unsigned_abs());
    }
    if value.exceeds(&high, &one, even) {
        point += 1;
        one.multiply(10);
    }

    let multiples = [3, 2, 1, 0].map(|power| {
        let mut multiple = one.clone();
        multiple.shift_left(power);
        (1_u8 << power, multiple)
    });
    loop {
        for number in [&mut value, &mut low, &mut high] {
            number.multiply(10);
        }
        let mut digit = 0;
        for (weight, multiple) in &multiples {
            digit += weight * u8::from(value.take(multiple));
        }
        let down = value < low || even && value == low;
        let up = value.exceeds(&high, &one, even);
        length += 1;
        if !down && !up {
            digits = digits * 10 + u64::from(digit);
            continue;
        }
        if up {
            value.shift_left(1);
            digit += match value.cmp(&one) {
                _ if !down => 1,
                Ordering::Less => 0,
                Ordering::Equal => digit % 2,
                Ordering::Greater => 1,
            };
        }
        return (digits * 10 + u64::from(digit), point - length);
    }
}
