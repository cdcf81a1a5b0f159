//! What was counted by several ears, together.

use std::ops::AddAssign;

use super::HearingCounters;

/// The depth, which no sum makes sense of, is the deepest of both.
impl AddAssign for HearingCounters {
    fn add_assign(&mut self, other: Self) {
        let Self {
            received,
            late,
            lost,
            recovered_red,
            recovered_fec,
            duplicates,
            malformed,
            restarts,
            runaway,
            dtx,
            stalls,
            concealed_ms,
            silence_ms,
            depth_ms,
        } = other;
        for (sum, more) in [
            (&mut self.received, received),
            (&mut self.late, late),
            (&mut self.lost, lost),
            (&mut self.recovered_red, recovered_red),
            (&mut self.recovered_fec, recovered_fec),
            (&mut self.duplicates, duplicates),
            (&mut self.malformed, malformed),
            (&mut self.restarts, restarts),
            (&mut self.runaway, runaway),
            (&mut self.dtx, dtx),
            (&mut self.stalls, stalls),
            (&mut self.concealed_ms, concealed_ms),
            (&mut self.silence_ms, silence_ms),
        ] {
            *sum += more;
        }
        self.depth_ms = self.depth_ms.max(depth_ms);
    }
}
