"""Shows that 192 bits decide how every double is spelled: see `to_odd` in `crates/cueapi-signing/src/canonical/float/scaled.rs`.

What is rounded there is n * a, where a = 2^exponent / 10^power depends on the double's exponent, and n is up to four times its
mantissa, and two. Of all n up to a bound, one of the continued fraction's denominators is nearest to an integer without being one.
"""

from fractions import Fraction

# `ERROR` of 192 bits, of which `fraction` come behind the point and 128 behind those.
ERROR = 67 - 128

nearest = Fraction(1 << 64)
for exponent in range(-1074, 972):
    for closer_below in (False, True):
        power = (exponent * 1_262_611 - (524_031 if closer_below else 0)) >> 22
        if -55 <= power <= 0:
            continue  # The power of ten is exact.
        a = Fraction(2) ** exponent / Fraction(10) ** power
        bound = 4 * 2**53 + 2
        fraction = 64 - int(bound * a).bit_length()
        p, q = a.numerator, a.denominator
        (h, h_before), (k, k_before) = (1, 0), (0, 1)
        while q != 0:
            h, h_before = p // q * h + h_before, h
            k, k_before = p // q * k + k_before, k
            p, q = q, p % q
            if k > bound:
                break
            distance = abs(k * a - h)
            if distance != 0:
                assert distance > Fraction(2) ** (ERROR - fraction), (exponent, k)
                nearest = min(nearest, distance * 2**fraction / Fraction(2) ** ERROR)
print(f"what is missing is at most 1 / {float(nearest):.1f} of what would matter")
