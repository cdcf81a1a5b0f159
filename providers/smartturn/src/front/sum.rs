//! The sum of many numbers in single precision, in pairs of halves, as NumPy orders it: each addition is of numbers of
//! about one size, so that little is rounded away, and the result is that of the reference to the bit.

/// Numbers that are summed without being halved.
const BLOCK: usize = 128;
/// Sums that grow side by side within a block.
const LANES: usize = 8;

/// The sum.
pub(super) fn pairwise(numbers: &[f32]) -> f32 {
    if numbers.len() <= BLOCK {
        return block(numbers);
    }
    let half = numbers.len() / 2;
    let (low, high) = numbers.split_at(half - half % LANES);
    pairwise(low) + pairwise(high)
}

fn block(numbers: &[f32]) -> f32 {
    let (rows, rest) = numbers.as_chunks::<LANES>();
    let [first, rows @ ..] = rows else { return rest.iter().sum() };
    let mut sums = *first;
    for row in rows {
        for (sum, number) in sums.iter_mut().zip(row) {
            *sum += number;
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, number| sum + number)
}

#[cfg(test)]
mod tests {
    use super::pairwise;

    #[test]
    fn every_number_is_summed_once_at_any_length() {
        for length in (0..600).chain([1_000, 1_001, 16_007]) {
            let numbers: Vec<f32> = (0..length).map(|number| (number % 100) as f32).collect();
            let sum: u32 = (0..length).map(|number| number % 100).sum();
            assert_eq!(pairwise(&numbers), sum as f32, "{length} numbers");
        }
    }

    #[test]
    fn little_is_rounded_away() {
        assert!((pairwise(&[0.1; 100_000]) - 10_000.0).abs() < 0.01);
    }
}
