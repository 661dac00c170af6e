//! Floats: from decimal digits to the nearest double, and back to the fewest digits that mean it.
//!
//! `core` can do both, but it cuts exponents off at 65,536, settles ties between two spellings otherwise than Python does, and
//! weighs more than all the rest of this crate together, which matters at the edge.

mod exact;
mod scaled;

use super::CanonicalError;

/// The number `digits × 10^power`. The last digit is not zero, unless it is the only one.
#[derive(Clone, Copy)]
pub(super) struct Decimal {
    pub(super) digits: u64,
    /// How many digits there are.
    pub(super) length: u32,
    power: i32,
}

impl Decimal {
    const ZERO: Self = Self {
        digits: 0,
        length: 1,
        power: 0,
    };

    /// Where the point is, when the number is written as `0.d₁d₂d₃… × 10^point`.
    pub(super) fn point(self) -> i32 {
        self.power + i32::try_from(self.length).unwrap_or_default()
    }
}

/// How many hard floats a text may have; see [`MAX_HARD_FLOATS`](super::MAX_HARD_FLOATS).
pub(super) struct Budget(u32);

/// Hard floats that one that needs arithmetic of any length counts for: it takes about as long.
const EXACT: u32 = 16;

impl Default for Budget {
    fn default() -> Self {
        Self(super::MAX_HARD_FLOATS)
    }
}

impl Budget {
    fn spend(&mut self, floats: u32) -> Result<(), CanonicalError> {
        self.0 = self.0.checked_sub(floats).ok_or(CanonicalError::TooManyHardFloats)?;
        Ok(())
    }
}

/// The shortest decimal that reads back as the double nearest to a number without a sign; none when that is infinite.
pub(super) fn shortest(number: &[u8], budget: &mut Budget) -> Result<Option<Decimal>, CanonicalError> {
    let read = Read::new(number);
    let Read { decimal, all } = read;
    if decimal.digits == 0 {
        return Ok(Some(Decimal::ZERO));
    }
    let Decimal { digits, length, .. } = decimal;
    match decimal.point() {
        // Doubles keep fifteen digits apart, unless they are subnormal: there is no shorter spelling, and no other one as short.
        -306..=308 if length <= 15 && all => return Ok(Some(decimal)),
        309 if length <= 15 && all && digits * power_of_ten(15 - length) <= GREATEST => return Ok(Some(decimal)),
        310.. => return Ok(None),
        ..=-324 => return Ok(Some(Decimal::ZERO)),
        // Written in few characters, and yet nothing is known of it without arithmetic.
        -323..-306 => budget.spend(1)?,
        _ => {}
    }
    let nearest = match read.nearest() {
        Some(nearest) => nearest,
        None => {
            budget.spend(EXACT)?;
            exact::nearest(number)
        }
    };
    let Some(float) = nearest else { return Ok(None) };
    if float.mantissa == 0 {
        return Ok(Some(Decimal::ZERO));
    }
    let (mut digits, mut power) = match scaled::spell(float) {
        Some(spelled) => spelled,
        None => {
            budget.spend(EXACT)?;
            exact::spell(float)
        }
    };
    while digits % 10 == 0 {
        digits /= 10;
        power += 1;
    }
    Ok(Some(Decimal {
        digits,
        length: digits.checked_ilog10().unwrap_or(0) + 1,
        power,
    }))
}

/// `10^power`, where that has up to 64 bits.
fn power_of_ten(power: u32) -> u64 {
    const TENS: [u64; 20] = {
        let mut tens = [1; 20];
        let mut power = 1;
        while power < tens.len() {
            tens[power] = tens[power - 1] * 10;
            power += 1;
        }
        tens
    };
    TENS[power as usize]
}

/// What is read of a number: up to nineteen digits, which fit into 64 bits.
struct Read {
    decimal: Decimal,
    /// Whether that is all of it. If not, there are nineteen digits, and the number is greater by less than one of the last.
    all: bool,
}

const DIGITS: u32 = 19;

/// The first fifteen digits of the greatest double; what has these and no more is finite.
const GREATEST: u64 = 179_769_313_486_231;

impl Read {
    fn new(number: &[u8]) -> Self {
        let (mut digits, mut length, mut zeros, mut all) = (0_u64, 0, 0, true);
        // Where the last digit that was taken stands, where the point, and where the mantissa ends.
        let (mut last, mut point, mut end) = (0, None, number.len());
        for (at, byte) in number.iter().enumerate() {
            match byte {
                b'0' => zeros += u32::from(length > 0),
                b'.' => point = Some(at),
                b'e' | b'E' => {
                    end = at;
                    break;
                }
                digit if all && length + zeros < DIGITS => {
                    digits = digits * power_of_ten(zeros + 1) + u64::from(digit - b'0');
                    (length, zeros, last) = (length + zeros + 1, 0, at);
                }
                _ => all = false,
            }
        }
        let integer = point.unwrap_or(end);
        // Texts are at most `MAX_LENGTH` long, so that nothing here comes near an overflow.
        let [last, integer] = [last, integer].map(|at| i64::from(super::offset(at)));
        let behind = if last > integer {
            integer - last
        } else {
            integer - last - 1
        };
        let mut power = exponent(number.get(end + 1..).unwrap_or_default()) + behind;
        if !all {
            let missing = DIGITS - length;
            digits *= power_of_ten(missing);
            length = DIGITS;
            power -= i64::from(missing);
        }
        let power = i32::try_from(power.clamp(-10_000, 10_000)).unwrap_or_default();
        Self {
            decimal: Decimal { digits, length, power },
            all,
        }
    }

    /// The double nearest to it, if what was read decides that.
    fn nearest(&self) -> Option<Option<Float>> {
        let Decimal { digits, power, .. } = self.decimal;
        let nearest = scaled::nearest(digits, power, self.all)?;
        let decided = self.all || scaled::nearest(digits + 1, power, true)? == nearest;
        decided.then_some(nearest)
    }
}

/// The value of an exponent; one that is greater than a text could make up for with zeros is cut off.
fn exponent(exponent: &[u8]) -> i64 {
    let (sign, digits) = match exponent {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] | digits => (1, digits),
    };
    let value = digits.iter().fold(0_i64, |value, digit| {
        (value * 10 + i64::from(digit - b'0')).min(1 << 40)
    });
    sign * value
}

/// The number `mantissa × 2^exponent`, of at most 53 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// The double nearest to `quotient × 2^exponent`, of 64 bits, or to a little more when that is not exact; none when it is infinite.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Digits in every place, by a generator whose seed is in the source.
    fn numbers() -> impl Iterator<Item = (u64, i32)> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        core::iter::from_fn(move || {
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state
            };
            let digits = next() % 10_u64.pow(u32::try_from(1 + next() % 19).unwrap());
            Some((digits.max(1), i32::try_from(next() % 670).unwrap() - 343))
        })
    }

    #[test]
    fn both_arithmetics_agree_on_the_nearest_double_and_on_its_spelling() {
        for (digits, power) in numbers().take(if cfg!(debug_assertions) { 20_000 } else { 2_000_000 }) {
            let text = alloc::format!("{digits}e{power}");
            let exact = exact::nearest(text.as_bytes());
            let scaled = scaled::nearest(digits, power, true);
            assert!(scaled.is_none_or(|scaled| scaled == exact), "{text}");
            if let Some(float) = exact.filter(|float| float.mantissa > 0) {
                let trimmed = |(mut digits, mut power): (u64, i32)| {
                    while digits % 10 == 0 {
                        (digits, power) = (digits / 10, power + 1);
                    }
                    (digits, power)
                };
                let spelled = scaled::spell(float).map(trimmed);
                assert!(
                    spelled.is_none_or(|spelled| spelled == trimmed(exact::spell(float))),
                    "{text}"
                );
            }
        }
    }
}
