//! The figures of a run: percentiles, rows, the table.

use std::time::Duration;

use serde_json::json;

/// The middle and the tail of some times, in milliseconds; less than nothing where one was expected later.
#[derive(Default)]
pub(crate) struct Percentiles {
    sorted: Vec<i64>,
}

impl Percentiles {
    /// Of durations, each less what was expected of it.
    pub(crate) fn of(values: impl Iterator<Item = Duration>, expected: Duration) -> Self {
        let ms = |value: Duration| value.as_millis() as i64;
        let mut sorted: Vec<i64> = values.map(|value| ms(value) - ms(expected)).collect();
        sorted.sort_unstable();
        Self { sorted }
    }

    /// Nearest rank; `None` when nothing was measured.
    fn at(&self, percent: usize) -> Option<i64> {
        let rank = (self.sorted.len() * percent).div_ceil(100).max(1);
        self.sorted.get(rank - 1).copied()
    }

    fn text(&self, percents: &[usize]) -> String {
        let values =
            percents.iter().map(|&percent| self.at(percent).map_or("–".into(), |ms| ms.to_string()));
        values.collect::<Vec<_>>().join(" / ")
    }
}

/// One number of rooms.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) rooms: usize,
    pub(crate) agents: usize,
    pub(crate) turns: usize,
    pub(crate) unanswered: usize,
    pub(crate) gaps: usize,
    pub(crate) longest_gap: Duration,
    pub(crate) cpu_percent_a_room: f64,
    pub(crate) server_cpu_percent_a_room: f64,
    pub(crate) rss_kib_a_room: u64,
    pub(crate) idle_rss_kib: u64,
    pub(crate) registered: Duration,
    pub(crate) subscribed: Percentiles,
    pub(crate) answered: Percentiles,
    pub(crate) added_latency: Percentiles,
    pub(crate) barge_in: Percentiles,
    /// Answers that were coughed over, those of them that went on, and the most that was lost of one or heard twice.
    pub(crate) coughs: usize,
    pub(crate) resumed: usize,
    pub(crate) worst_splice_ms: f64,
    /// The mean latency at the caller less the mean that the worker measured.
    pub(crate) unseen_latency_ms: Option<f64>,
}

/// A line of the table: what, the figure to reach, how to read it from a row.
type Line<'a> = (&'a str, &'a str, &'a dyn Fn(&Row) -> String);

impl Row {
    /// Whether every agent came, every turn was answered, every answer was heard without a gap, and went on after a cough.
    pub(crate) fn is_whole(&self) -> bool {
        self.agents == self.rooms && self.unanswered == 0 && self.gaps == 0 && self.resumed == self.coughs
    }

    /// A Markdown table: a measure a line, a number of rooms a column, the figure to reach last.
    pub(crate) fn table(rows: &[Self]) -> String {
        let lines: [Line<'_>; 17] = [
            ("agents that came", "all", &|row| format!("{} of {}", row.agents, row.rooms)),
            ("turns taken", "", &|row| row.turns.to_string()),
            ("turns unanswered", "0", &|row| row.unanswered.to_string()),
            ("frames missing inside replies", "0", &|row| row.gaps.to_string()),
            ("longest pause between two frames of a reply, over 20 ms, ms", "60", &|row| {
                row.longest_gap.as_millis().to_string()
            }),
            ("CPU for a room, % of a core", "1", &|row| format!("{:.2}", row.cpu_percent_a_room)),
            ("(livekit-server's CPU for a room, % of a core)", "", &|row| {
                format!("{:.2}", row.server_cpu_percent_a_room)
            }),
            ("memory for a room, MB over the idle process", "2", &|row| {
                format!("{:.2}", row.rss_kib_a_room as f64 / 1024.0)
            }),
            ("(the idle process, MB)", "", &|row| format!("{:.1}", row.idle_rss_kib as f64 / 1024.0)),
            ("start → registered, ms", "300", &|row| row.registered.as_millis().to_string()),
            ("dispatch → subscribed, p50 / p95, ms", "– / 500", &|row| row.subscribed.text(&[50, 95])),
            ("(end of speech → first audible frame, p50 / p99, ms)", "", &|row| {
                row.answered.text(&[50, 99])
            }),
            ("added latency, p50 / p99, ms", "60 / 150", &|row| row.added_latency.text(&[50, 99])),
            ("barge-in over the minimum duration, p50 / p95, ms", "– / 100", &|row| {
                row.barge_in.text(&[50, 95])
            }),
            ("false interruptions after which the reply went on", "all", &|row| {
                format!("{} of {}", row.resumed, row.coughs)
            }),
            ("most of a reply lost or heard twice there, ms (the codec smears edges by 5 ms)", "0", &|row| {
                format!("{:.1}", row.worst_splice_ms)
            }),
            ("latency at the caller less what the worker measured, mean, ms", "50", &|row| {
                row.unseen_latency_ms.map_or("–".into(), |ms| format!("{ms:.0}"))
            }),
        ];
        let mut table = String::from("| |");
        rows.iter().for_each(|row| table.push_str(&format!(" {} rooms |", row.rooms)));
        table.push_str(" first |\n|---|");
        table.push_str(&"---|".repeat(rows.len() + 1));
        for (name, target, value) in &lines {
            table.push_str(&format!("\n| {name} |"));
            rows.iter().for_each(|row| table.push_str(&format!(" {} |", value(row))));
            table.push_str(&format!(" {target} |"));
        }
        table
    }

    /// One object, for machines.
    pub(crate) fn json(&self) -> serde_json::Value {
        json!({
            "rooms": self.rooms,
            "agents": self.agents,
            "turns": self.turns,
            "unanswered": self.unanswered,
            "gaps": self.gaps,
            "longest_gap_ms": self.longest_gap.as_millis(),
            "cpu_percent_a_room": self.cpu_percent_a_room,
            "server_cpu_percent_a_room": self.server_cpu_percent_a_room,
            "rss_kib_a_room": self.rss_kib_a_room,
            "idle_rss_kib": self.idle_rss_kib,
            "registered_ms": self.registered.as_millis(),
            "subscribed_ms": { "p50": self.subscribed.at(50), "p95": self.subscribed.at(95) },
            "answered_ms": { "p50": self.answered.at(50), "p99": self.answered.at(99) },
            "added_latency_ms": { "p50": self.added_latency.at(50), "p99": self.added_latency.at(99) },
            "barge_in_ms": { "p50": self.barge_in.at(50), "p95": self.barge_in.at(95) },
            "coughs": self.coughs,
            "resumed": self.resumed,
            "worst_splice_ms": self.worst_splice_ms,
            "unseen_latency_ms": self.unseen_latency_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_agent_turn_frame_or_resumption_that_is_missing_is_a_failure() {
        let fine = || Row { rooms: 2, agents: 2, turns: 9, coughs: 3, resumed: 3, ..Row::default() };
        assert!(fine().is_whole());
        for wrong in [
            Row { agents: 1, ..fine() },
            Row { unanswered: 1, ..fine() },
            Row { gaps: 1, ..fine() },
            Row { resumed: 2, ..fine() },
        ] {
            assert!(!wrong.is_whole());
        }
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let figures = Percentiles::of((1..=10).map(Duration::from_millis), Duration::from_millis(2));
        assert_eq!(figures.text(&[1, 50, 95, 99]), "-1 / 3 / 8 / 8");
        assert_eq!(Percentiles::of(std::iter::empty(), Duration::ZERO).text(&[50]), "–");
    }
}
