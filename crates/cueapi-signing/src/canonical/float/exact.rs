//! Floats by arithmetic of any length, for the few that need it.

mod integer;

use core::cmp::Ordering;

use super::{Float, exponent};
use integer::Big;

/// Digits that can decide to which double a number is rounded. Of those behind them, it only matters whether all are zero.
const SIGNIFICANT_DIGITS: u32 = 800;

/// Compares a number without a sign with `mantissa × 2^exponent`; both have about the magnitude of a double.
#[cold]
pub(super) fn compare(number: &[u8], binary: Float) -> Ordering {
    let (mut decimal, mut binary, to_shift) = (Big::from(0), Big::from(binary.mantissa), binary.exponent);
    let (mut length, mut power, mut behind_point, mut more) = (0, 0_i64, 0, false);
    let mut rest = number.iter();
    for byte in &mut rest {
        match byte {
            b'.' => behind_point = 1,
            b'e' | b'E' => break,
            digit if length < SIGNIFICANT_DIGITS => {
                decimal.multiply_and_add(10, u32::from(digit - b'0'));
                length += u32::from(!decimal.is_zero());
                power -= behind_point;
            }
            digit => {
                more |= *digit != b'0';
                power += 1 - behind_point;
            }
        }
    }
    decimal.multiply_and_add(10, more.into());
    let power = i32::try_from(power - 1 + exponent(rest.as_slice())).unwrap_or_default();

    let multiplied = if power < 0 { &mut binary } else { &mut decimal };
    multiplied.multiply_by_power_of_ten(power.unsigned_abs());
    let shifted = if to_shift < 0 { &mut decimal } else { &mut binary };
    shifted.shift_left(to_shift.unsigned_abs());
    decimal.cmp(&binary)
}
