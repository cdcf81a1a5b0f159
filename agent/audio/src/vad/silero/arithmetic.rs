//! The few operations the network is made of, written once and compiled for each set of instructions.
//!
//! Generic code over [`Arithmetic`] is inlined into one entry per set (see `network::forward`), so the compiler
//! vectorises the same loops for each. No intrinsics.

/// A set of instructions.
pub(super) trait Arithmetic: Copy {
    /// `a * b + c`, fused where that is one instruction.
    fn multiply_add(a: f32, b: f32, c: f32) -> f32;
}

/// What every machine of the target has.
#[derive(Clone, Copy)]
pub(super) struct Baseline;

impl Arithmetic for Baseline {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        if cfg!(target_feature = "fma") || cfg!(target_arch = "aarch64") {
            a.mul_add(b, c)
        } else {
            a * b + c
        }
    }
}

/// Machines with fused multiplication and addition.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Fused;

#[cfg(target_arch = "x86_64")]
impl Arithmetic for Fused {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

/// e to the `x`, within 2 units in the last place between -87 and 88, clamped outside.
#[inline(always)]
pub(super) fn exp<A: Arithmetic>(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
    const ROUNDER: f32 = 12_582_912.0;
    // ln 2 in two parts, the first short enough for an exact product.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let rounded = A::multiply_add(x, std::f32::consts::LOG2_E, ROUNDER);
    let power = rounded - ROUNDER;
    let rest = A::multiply_add(power, -LN2_LOW, A::multiply_add(power, -LN2_HIGH, x));
    let mut series = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = A::multiply_add(series, rest, coefficient);
    }
    let scale = rounded.to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(127) << 23;
    series * f32::from_bits(scale)
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(super) fn sigmoid<A: Arithmetic>(x: f32) -> f32 {
    1.0 / (1.0 + exp::<A>(-x))
}

/// The hyperbolic tangent, within 3e-7.
#[inline(always)]
pub(super) fn tanh<A: Arithmetic>(x: f32) -> f32 {
    1.0 - 2.0 / (exp::<A>(x + x) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::{Baseline, exp, sigmoid, tanh};

    #[test]
    fn the_curves_are_those_of_the_standard_library() {
        for step in -4_000..=4_000_i16 {
            let x = f32::from(step) / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp::<Baseline>(x)) / exact - 1.0).abs() < 3e-7, "exp {x}");
            assert!((f64::from(tanh::<Baseline>(x)) - f64::from(x).tanh()).abs() < 3e-7, "tanh {x}");
            assert!(
                (f64::from(sigmoid::<Baseline>(x)) - 1.0 / (1.0 + (-f64::from(x)).exp())).abs() < 2e-7,
                "σ {x}"
            );
        }
    }

    #[test]
    fn what_is_beyond_range_is_clamped() {
        assert!(sigmoid::<Baseline>(-1e30) < 1e-37);
        assert_eq!(sigmoid::<Baseline>(1e30), 1.0);
        assert_eq!((tanh::<Baseline>(1e30), tanh::<Baseline>(-1e30)), (1.0, -1.0));
        assert!(exp::<Baseline>(f32::INFINITY).is_finite());
    }
}
