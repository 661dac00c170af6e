//! Floats by exact arithmetic: from decimal digits to the nearest double, and back to the fewest digits that mean it.
//!
//! `core` can do both, but it cuts exponents off at 65,536, settles ties between two spellings otherwise than Python does, and
//! weighs more than all the rest of this crate together, which matters at the edge.

mod integer;

use alloc::vec::Vec;
use core::cmp::Ordering;

use integer::{Big, Integer};

/// The number `0.d₁d₂d₃… × 10^point`. Neither the first nor the last digit is zero; zero has no digits.
pub(super) struct Decimal {
    /// Values from 0 to 9.
    pub(super) digits: Vec<u8>,
    pub(super) point: i32,
}

/// Digits that can decide to which double a number is rounded. Of those behind them, it only matters whether all are zero.
pub(super) const SIGNIFICANT_DIGITS: usize = 800;

/// The shortest decimal that reads back as the double nearest to this one; none when that is infinite.
pub(super) fn shortest(decimal: Decimal) -> Option<Decimal> {
    // Doubles keep fifteen digits apart: there is no shorter spelling, and no other one as short.
    if decimal.digits.len() <= 15 && (-300..=300).contains(&decimal.point) {
        return Some(decimal);
    }
    nearest(&decimal).map(spell)
}

/// Whether numbers of 128 bits are used where they are large enough.
const WIDE: bool = cfg!(target_pointer_width = "64");

/// The number `mantissa × 2^exponent`, of at most 53 bits.
struct Float {
    mantissa: u64,
    exponent: i32,
}

impl Float {
    const ZERO: Self = Self {
        mantissa: 0,
        exponent: 0,
    };
    const BITS: i32 = 53;
    const LEAST_EXPONENT: i32 = -1074;
    const GREATEST_EXPONENT: i32 = 971;
}

/// The double nearest to a decimal, the even one of two that are equally near; none when that is infinite.
fn nearest(decimal: &Decimal) -> Option<Float> {
    match decimal.point {
        _ if decimal.digits.is_empty() => return Some(Float::ZERO),
        310.. => return None,
        ..=-324 => return Some(Float::ZERO),
        _ => {}
    }
    let power = decimal.point - i32::try_from(decimal.digits.len()).ok()?;
    if WIDE && decimal.digits.len() <= 19 && power >= -37 && decimal.point <= 37 {
        divide::<u128>(&decimal.digits, power)
    } else {
        divide::<Big>(&decimal.digits, power)
    }
}

/// The double nearest to an integer in decimal digits, times a power of ten.
fn divide<I: Integer>(digits: &[u8], power: i32) -> Option<Float> {
    let (mut numerator, mut denominator) = (I::from(0), I::from(1));
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
    round(quotient, exponent, numerator.is_zero())
}

/// The double nearest to `quotient × 2^exponent`, of 64 bits, or to a little more when that is not exact.
fn round(quotient: u64, exponent: i32, exact: bool) -> Option<Float> {
    let least = exponent + (64 - Float::BITS);
    let mut float = Float {
        mantissa: 0,
        exponent: least.max(Float::LEAST_EXPONENT),
    };
    let dropped = (float.exponent - exponent).unsigned_abs();
    if dropped > 64 {
        return Some(Float::ZERO);
    }
    float.mantissa = quotient.checked_shr(dropped).unwrap_or(0);
    // What is dropped, as a fraction of 2^64.
    let rest = quotient << (64 - dropped);
    let odd = float.mantissa % 2 == 1;
    if rest > 1 << 63 || rest == 1 << 63 && (odd || !exact) {
        float.mantissa += 1;
    }
    if float.mantissa == 1 << Float::BITS {
        float = Float {
            mantissa: float.mantissa / 2,
            exponent: float.exponent + 1,
        };
    }
    (float.exponent <= Float::GREATEST_EXPONENT).then_some(float)
}

/// The shortest decimal that reads back as a double; of several the nearest, and the even one of two that are equally near.
fn spell(float: Float) -> Decimal {
    match float.exponent {
        _ if float.mantissa == 0 => Decimal {
            digits: Vec::new(),
            point: 0,
        },
        -118..=60 if WIDE => generate::<u128>(float),
        _ => generate::<Big>(float),
    }
}

/// The algorithm of Steele and White, as Python's `repr` uses it.
fn generate<I: Integer>(Float { mantissa, exponent }: Float) -> Decimal {
    let mut digits = Vec::with_capacity(17);
    // Above a power of two, doubles are twice as far apart as below it.
    let wider = u32::from(mantissa == 1 << (Float::BITS - 1) && exponent > Float::LEAST_EXPONENT);
    // What reads back as this double lies between value - low and value + high, all of them divided by one. When the mantissa
    // is even, those two do as well.
    let even = mantissa % 2 == 0;
    let (mut value, mut one, mut low, mut high) = (I::from(mantissa), I::from(1), I::from(1), I::from(1));
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
        if !down && !up {
            digits.push(digit);
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
        digits.push(digit);
        return Decimal { digits, point };
    }
}
