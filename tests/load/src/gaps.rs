//! Frames of an answer that never came, told from the RTP times of those that did. What comes late, or twice, is not
//! missing. It knows no clock: how long a listener waited between two frames is measured where they arrive.

/// Follows one answer, frame by frame.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    newest: Option<u32>,
    /// Those passed over so far that have not come after all.
    open: usize,
}

impl Gaps {
    /// By how many frames more, or fewer, the answer has gaps now that the one of this RTP time (48 kHz) is here.
    pub(crate) fn hear(&mut self, rtp_time: u32) -> isize {
        let Some(newest) = self.newest else {
            self.newest = Some(rtp_time);
            return 0;
        };
        // Half of all RTP times lie before any other (RFC 3550): less than nothing is late.
        let ahead = rtp_time.wrapping_sub(newest).cast_signed() / FRAME;
        if ahead > 0 {
            self.newest = Some(rtp_time);
            let passed_over = (ahead - 1) as usize;
            self.open += passed_over;
            return passed_over as isize;
        }
        if ahead == 0 || self.open == 0 {
            return 0;
        }
        self.open -= 1;
        -1
    }
}

/// 20 ms on the 48 kHz clock.
const FRAME: i32 = 960;

#[cfg(test)]
mod tests {
    use super::Gaps;

    /// How many frames are missing when those of these numbers have come, counted from shortly before RTP time wraps.
    fn missing(numbers: &[u32]) -> isize {
        let mut gaps = Gaps::default();
        numbers.iter().map(|n| gaps.hear((u32::MAX - 2_000).wrapping_add(n * 960))).sum()
    }

    #[test]
    fn what_does_not_come_is_missing_and_what_comes_late_or_twice_is_not() {
        for (numbers, expected) in [
            (&[0, 1, 2, 3, 4, 5][..], 0),
            (&[0, 1, 4, 5], 2),
            (&[0, 1, 3, 2, 4, 5], 0),
            (&[0, 4, 3, 2, 5], 1),
            (&[0, 1, 1, 2, 0, 3], 0),
            (&[5, 4, 6], 0),
        ] {
            assert_eq!(missing(numbers), expected, "{numbers:?}");
        }
    }
}
