//! Floats: from decimal digits to the nearest double, and back to the fewest digits that mean it.
//!
//! `core` can do both, but it cuts exponents off at 65,536, settles ties between two spellings otherwise than Python does, and
//! weighs more than all the rest of this crate together, which matters at the edge.

mod exact;
mod scaled;

use core::cmp::Ordering;

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
    let float = read.nearest(number, budget)?;
    if float.exponent > Float::GREATEST_EXPONENT {
        return Ok(None);
    }
    if float.mantissa == 0 {
        return Ok(Some(Decimal::ZERO));
    }
    let (mut digits, mut power) = scaled::spell(float);
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
    scaled::FIVES[power as usize] << power
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

    /// The double nearest to it.
    fn nearest(&self, number: &[u8], budget: &mut Budget) -> Result<Float, CanonicalError> {
        let Decimal { digits, power, .. } = self.decimal;
        let (float, side) = scaled::place(digits, power);
        let decided = match side {
            Some(side) if self.all => Some(float.round(side)),
            // The number is greater than its first digits, and less than one more of them.
            Some(side) => {
                let nearest = float.round(side.then(Ordering::Greater));
                let (next, side) = scaled::place(digits + 1, power);
                side.map(|side| next.round(side.then(Ordering::Less)))
                    .filter(|next| *next == nearest)
            }
            None => None,
        };
        match decided {
            Some(nearest) => Ok(nearest),
            None => {
                budget.spend(EXACT)?;
                Ok(float.round(exact::compare(number, float.middle())))
            }
        }
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
    const BITS: i32 = 53;
    const LEAST_EXPONENT: i32 = -1074;
    /// What has a greater one is infinite.
    const GREATEST_EXPONENT: i32 = 971;

    /// The middle between this double and the next.
    const fn middle(self) -> Self {
        Self {
            mantissa: self.mantissa * 2 + 1,
            exponent: self.exponent - 1,
        }
    }

    /// This double or the next one: the nearer to a number between them, which is on this side of the middle; the even one when it
    /// is the middle.
    fn round(self, side: Ordering) -> Self {
        let up = side.is_gt() || side.is_eq() && self.mantissa % 2 == 1;
        let mantissa = self.mantissa + u64::from(up);
        if mantissa < 1 << Self::BITS {
            return Self { mantissa, ..self };
        }
        Self {
            mantissa: mantissa / 2,
            exponent: self.exponent + 1,
        }
    }
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
    fn both_arithmetics_agree_with_each_other_and_with_that_of_core() {
        for (digits, power) in numbers().take(if cfg!(debug_assertions) { 20_000 } else { 2_000_000 }) {
            let text = alloc::format!("{digits}e{power}");
            let (float, side) = scaled::place(digits, power);
            let exact = exact::compare(text.as_bytes(), float.middle());
            assert!(side.is_none_or(|side| side == exact), "{text}");
            assert!(exact::compare(text.as_bytes(), float).is_ge(), "{text}");

            let expected: f64 = text.parse().unwrap();
            match shortest(text.as_bytes(), &mut Budget::default()).unwrap() {
                None => assert!(expected.is_infinite(), "{text}"),
                Some(Decimal { digits, power, length }) => {
                    let spelled = alloc::format!("{digits}e{power}");
                    assert_eq!(spelled.parse(), Ok(expected), "{text}");
                    let digits_of_core = alloc::format!("{expected:e}")
                        .bytes()
                        .take_while(|byte| *byte != b'e')
                        .filter(u8::is_ascii_digit)
                        .count();
                    assert_eq!(length as usize, digits_of_core, "{text}");
                }
            }
        }
    }
}
