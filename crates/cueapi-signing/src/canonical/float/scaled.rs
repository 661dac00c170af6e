//! Numbers times a power of ten, in 192 bits: enough to round nearly every decimal to a double and back.
//!
//! A power of ten is put together from one of a small table and one of five, so it may be too small by a little. What that little
//! could change is reported as undecided, and settled by arithmetic of any length.

use core::cmp::Ordering;

use super::Float;

/// `n × 10^power`: `high` and, as a fraction of it, `low`, times `2^exponent`. The highest bit of `high` is set.
struct Scaled {
    high: u64,
    low: u128,
    exponent: i32,
    /// Whether that is all of it. If not, the number is greater, by less than [`ERROR`].
    exact: bool,
}

/// More than `low` can be too small by: less than four for each of `n`, twice that where the product was moved by one bit.
const ERROR: u128 = 1 << 67;

fn scale(n: u64, power: &Power) -> Scaled {
    let Power {
        mantissa,
        exponent,
        exact,
    } = *power;
    let zeros = n.leading_zeros();
    let (high, low) = multiply(mantissa, n << zeros);
    let mut scaled = Scaled {
        high: upper(high),
        low: high << 64 | u128::from(low),
        exponent: exponent + 128 - i32::try_from(zeros).unwrap_or_default(),
        exact,
    };
    if scaled.high.leading_zeros() > 0 {
        scaled.high = scaled.high << 1 | upper(scaled.low) >> 63;
        scaled.low <<= 1;
        scaled.exponent -= 1;
    }
    scaled
}

impl Scaled {
    /// Whether what is missing can change `high`.
    const fn may_carry(&self) -> bool {
        !self.exact && self.low.checked_add(ERROR).is_none()
    }
}

/// The double next below `digits × 10^power`, unless the number is that double, and on which side of the middle between that double
/// and the next the number is; none when that is undecided.
pub(super) fn place(digits: u64, power: i32) -> (Float, Option<Ordering>) {
    let scaled = scale(digits, &Power::of_ten(power));
    let exponent = Float::LEAST_EXPONENT.max(scaled.exponent + (64 - Float::BITS));
    // Below the least double, it does not matter how far.
    let dropped = (exponent - scaled.exponent).unsigned_abs().min(65);
    let float = Float {
        mantissa: scaled.high.checked_shr(dropped).unwrap_or(0),
        exponent,
    };
    let half = 1_u128 << (dropped - 1);
    let rest = u128::from(scaled.high) & (2 * half - 1);
    let side = if rest + 1 == half && scaled.may_carry() {
        // The number is in the middle when it has a finite binary fraction.
        (power_of_five(-power).is_some_and(|five| digits % five == 0)).then_some(Ordering::Equal)
    } else if scaled.exact && scaled.low == 0 {
        Some(rest.cmp(&half))
    } else {
        Some(rest.cmp(&half).then(Ordering::Greater))
    };
    (float, side)
}

/// The shortest decimal that reads back as a double other than zero, as digits and a power of ten. This is the
/// algorithm of Giulietti, "The Schubfach way to render doubles".
pub(super) fn spell(Float { mantissa, exponent }: Float) -> (u64, i32) {
    // Above a power of two, doubles are twice as far apart as below it.
    let closer_below = mantissa == 1 << (Float::BITS - 1) && exponent > Float::LEAST_EXPONENT;
    // The power of ten next below that distance, by its logarithm times 2^22.
    let power = (exponent * 1_262_611 - if closer_below { 524_031 } else { 0 }) >> 22;
    let ten = Power::of_ten(-power);
    let to_odd = |n| to_odd(n, exponent, &ten);
    let value = to_odd(mantissa * 4);
    let odd = mantissa % 2;
    let low = to_odd(mantissa * 4 - if closer_below { 1 } else { 2 }) + odd;
    let high = to_odd(mantissa * 4 + 2) - odd;

    // Between low and high is at most one multiple of ten.
    let digits = value / 4;
    let tens = digits / 10;
    let (below, above) = (low <= tens * 40, tens * 40 + 40 <= high);
    if below != above {
        return (tens + u64::from(above), power + 1);
    }
    let (below, above) = (low <= digits * 4, digits * 4 + 4 <= high);
    let up = if below == above {
        value % 4 > 2 || value % 4 == 2 && digits % 2 == 1
    } else {
        above
    };
    (digits + u64::from(up), power)
}

/// `n × 2^exponent` times a power of ten, rounded to an odd integer unless it is one.
///
/// No double needs more than the 192 bits for that: what is nearest to an integer without being one is farther from it than what is
/// missing. `python3 xtask/src/vectors/undecided.py` shows it for all of them.
fn to_odd(n: u64, exponent: i32, ten: &Power) -> u64 {
    let scaled = scale(n, ten);
    let fraction_bits = (-exponent - scaled.exponent).unsigned_abs();
    let integer = scaled.high >> fraction_bits;
    let fraction = scaled.high & ((1 << fraction_bits) - 1);
    if fraction + 1 == 1 << fraction_bits && scaled.may_carry() {
        return integer + 1;
    }
    let is_integer = fraction == 0 && scaled.low == 0 && scaled.exact;
    integer | u64::from(!is_integer)
}

/// A power of ten: `mantissa × 2^exponent`.
struct Power {
    mantissa: u128,
    exponent: i32,
    /// Whether that is all of it, as it is from 10^0 to 10^55. If not, the mantissa is less than three too small.
    exact: bool,
}

impl Power {
    fn of_ten(power: i32) -> Self {
        let (step, rest) = (power.div_euclid(27), power.rem_euclid(27));
        let mantissa = (usize::try_from(step + 13).ok()).and_then(|step| POWERS.get(step));
        let (high, low) = multiply(mantissa.copied().unwrap_or_default(), power_of_five(rest).unwrap_or(1));
        let zeros = high.leading_zeros();
        Self {
            mantissa: if zeros == 0 {
                high
            } else {
                high << zeros | u128::from(low) >> (64 - zeros)
            },
            // By the logarithm of ten, times 2^16.
            exponent: ((power * 217_706) >> 16) - 127,
            exact: (0..=55).contains(&power),
        }
    }
}

/// `5^power`, where that has up to 64 bits.
fn power_of_five(power: i32) -> Option<u64> {
    usize::try_from(power).ok().and_then(|power| FIVES.get(power)).copied()
}

pub(super) const FIVES: [u64; 28] = {
    let mut fives = [1; 28];
    let mut power = 1;
    while power < fives.len() {
        fives[power] = fives[power - 1] * 5;
        power += 1;
    }
    fives
};

/// The upper 128 and the lower 64 bits of a product.
fn multiply(a: u128, b: u64) -> (u128, u64) {
    let low = (a & u128::from(u64::MAX)) * u128::from(b);
    let high = (a >> 64) * u128::from(b) + (low >> 64);
    (high, lower(low))
}

const fn upper(number: u128) -> u64 {
    (number >> 64) as u64
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
const fn lower(number: u128) -> u64 {
    number as u64
}

/// Every 27th power of ten from 10^-351 on, shifted to 128 bits and cut off.
const POWERS: [u128; 26] = [
    0x8049_a4ac_0c58_11ae_205b_896d_777d_6278,
    0xcf42_894a_5dce_35ea_5206_4cac_8286_75b9,
    0xa76c_5823_38ed_2621_af2a_f2b8_0af6_f24e,
    0x873e_4f75_e222_4e68_5a77_44a6_e804_a291,
    0xda7f_5bf5_9096_6848_af39_a475_506a_899e,
    0xb080_392c_c434_9dec_bd8d_794d_96aa_cfb3,
    0x8e93_8662_882a_f53e_547e_b47b_7282_ee9c,
    0xe658_29b3_046b_0afa_0cb4_a5a3_112a_5112,
    0xba12_1a46_50e4_ddeb_92f3_4d62_616c_e413,
    0x964e_858c_91ba_2655_3a6a_07f8_d510_f86f,
    0xf2d5_6790_ab41_c2a2_fae2_7299_423f_b9c3,
    0xc428_d05a_a475_1e4c_aa97_e14c_3c26_b886,
    0x9e74_d1b7_91e0_7e48_775e_a264_cf55_347d,
    0x8000_0000_0000_0000_0000_0000_0000_0000,
    0xcecb_8f27_f420_0f3a_0000_0000_0000_0000,
    0xa70c_3c40_a64e_6c51_9990_90b6_5f67_d924,
    0x86f0_ac99_b4e8_dafd_69a0_28bb_3ded_71a3,
    0xda01_ee64_1a70_8de9_e80e_6f48_20cc_9495,
    0xb01a_e745_b101_e9e4_5ec0_5dcf_f72e_7f8f,
    0x8e41_ade9_fbeb_c27d_1458_8f13_be84_7307,
    0xe5d3_ef28_2a24_2e81_8f16_68c8_a86d_a5fa,
    0xb9a7_4a06_37ce_2ee1_6d95_3e2b_d717_3692,
    0x95f8_3d0a_1fb6_9cd9_4abd_af10_1564_f98e,
    0xf24a_01a7_3cf2_dccf_bc63_3b39_673c_8cec,
    0xc3b8_3581_09e8_4f07_0a86_2f80_ec47_00c8,
    0x9e19_db92_b4e3_1ba9_6c07_a2c2_6a83_46d1,
];
