//! Every metric's name, labels and reason: the one place where a name is written.

macro_rules! metrics {
    ($($variant:ident = $name:literal $labels:tt $reason:literal;)+) => {
        /// One metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Metric {
            $( #[doc = $reason] $variant, )+
        }

        impl Metric {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name, without the prefix `colloquy_` and without the `_total` of counters. Units are spelled.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// Its labels. All are bounded: shards, states and kinds, never a room or a person.
            #[must_use]
            pub const fn labels(self) -> &'static [&'static str] {
                match self { $( Self::$variant => &$labels, )+ }
            }

            /// Why it is measured.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self { $( Self::$variant => $reason, )+ }
            }
        }
    };
}

metrics! {
    Registrations = "registrations" [] "Registrations that the server answered; more than one a process is a link that was lost";
    LinkFailures = "link_failures" [] "Attempts to reach the server that failed, and links that were lost";
    JobsAccepted = "jobs_accepted" [] "Jobs for which a slot was reserved";
    JobsDeclined = "jobs_declined" ["reason"] "Jobs declined: add workers when no_slot and late grow";
    JobsUnassigned = "jobs_unassigned" [] "Accepted jobs that the server did not assign in time";
    AssignmentsLate = "assignments_late" [] "Jobs assigned that were not reserved any more, or never: taken where a slot is free, failed otherwise";
    ReportsLost = "reports_lost" [] "Final reports that were dropped because no link to the server came back";
    JobsStarted = "jobs_started" [] "Calls begun";
    MessagesMalformed = "messages_malformed" [] "Messages of the server that could not be read or made no sense";
    JobsEnded = "jobs_ended" ["status"] "Calls ended, by what the server was told";
    Registered = "registered" [] "1 while the server knows this worker and it is not draining";
    SlotsUsed = "slots_used" [] "Slots reserved or taken";
    Load = "load_ratio" [] "The load told to the server, 0 to 1";
    ShardCalls = "shard_calls" ["shard"] "Calls on a shard";
    ShardLag = "shard_lag_seconds" ["shard"] "How late a shard's timers are: above one packet, listeners hear it";
    CallDuration = "call_duration_seconds" [] "From the beginning of a conversation to its end";
    ReplyLatency = "voice_reply_latency_seconds" [] "From the end of the user's speech to the first audible sample of the reply: what a caller feels";
    ReplyAfterCommit = "reply_after_commit_seconds" [] "From the end of the turn to the first audible sample: the latency without the wait for the turn's end";
    EndOfTurn = "end_of_turn_delay_seconds" [] "From the end of the user's speech to the end of the turn";
    Transcription = "transcription_delay_seconds" [] "From the end of the user's speech to its last words in text";
    LlmFirstToken = "llm_first_token_seconds" [] "From the question to the mind's first piece";
    TtsFirstAudio = "tts_first_audio_seconds" [] "From the voice's first text to its first sample";
    Turns = "turns" ["end"] "Turns of users, by how they ended";
    Interruptions = "interruptions" ["kind"] "Replies that users stopped (true) or only seemed to stop (false)";
    ProviderFailures = "provider_failures" ["component", "kind"] "Failures of recogniser, mind, voice and judge of pauses, by kind";
    ProviderRequestsFailed = "provider_requests_failed" ["component", "provider"] "Requests at which a provider failed, its own retries done: where there is a fallback, the person may not have noticed";
    ProviderAttemptsFailed = "provider_attempts_failed" ["component", "provider"] "Attempts that failed before anything was given, by the provider asked";
    ProviderRetries = "provider_retries" ["component", "provider", "outcome"] "Attempts to be made again, by whether they were made or refused, because they would be too large a share of all requests";
    ProviderWastedTokens = "provider_wasted_tokens" ["component", "provider", "direction"] "Tokens that failed attempts read and wrote: paid for, part of no answer";
    Tokens = "tokens" ["direction"] "Tokens that minds read and wrote, as they counted them";
    ProviderAudio = "provider_audio_seconds" ["component"] "Audio that recognisers heard and voices spoke, as they counted it";
    Speculations = "speculations" ["outcome"] "Answers begun before their turn had ended, by whether they were used or dropped: the hit rate is used over both";
    SpeculationWastedTokens = "speculation_wasted_tokens" ["direction"] "Tokens that minds read and wrote for answers that were dropped, estimated where they were not counted";
    SpeculationWastedCost = "speculation_wasted_cost" [] "What answers that were dropped have cost, mind and voice, in the money of [prices]";
    ToolCalls = "tool_calls" ["outcome"] "Calls of tools, by how they ended";
    ToolDuration = "tool_duration_seconds" ["outcome"] "From the call of a tool to its end, the wait for other tools included; calls that were refused took no time and are left out";
    HeardPackets = "heard_packets" ["fate"] "Packets of those who are heard: received, and of these or instead of these: late, lost, recovered from a copy (red) or from the next (fec), duplicate, malformed, or ahead of time (runaway)";
    HeardConcealed = "heard_concealed_seconds" [] "Audio invented for packets that did not come";
    HeardStalls = "heard_stalls" [] "Times that nothing came of somebody for longer than is waited, and that was not silence";
    SpokenFrames = "spoken_frames" ["fate"] "Frames of agents: sent, dropped because there was no way out, skipped because their thread came too late";
    PlayoutGaps = "playout_gaps" [] "Times that a reply stood still because its voice was too slow: listeners hear each";
    PlayoutGapTime = "playout_gap_seconds" [] "How long replies stood still for that";
    RoomReconnects = "room_reconnects" ["kind"] "Ways to rooms that were lost and sought: resumed, or begun anew (restart)";
    RoomMalformed = "room_malformed" ["what"] "What came in rooms that could not be read or made no sense, and was survived";
    RoomRefused = "room_refused" ["what"] "What was dropped or refused in rooms because a bound was reached, or because there was no way out";
    DataStreams = "data_streams" ["fate"] "Streams of participants to agents, by what became of them; refused: a bound was met";
    JournalsCut = "journals_cut" [] "Journals that end before their call: the disk is full, or slow";
    RemoteRequests = "remote_requests" ["outcome"] "Requests of programs in rooms on lk.agent.session, by what became of them; refused: whose token does not let them";
    RemoteNewsLost = "remote_news_lost" [] "What programs that follow a call were not told, because the data channel was behind";
    InvariantBreaches = "invariant_breaches" [] "Breaches of the turn machine's invariants; anything but 0 is a fault of this program";
}

#[cfg(test)]
mod tests {
    use super::Metric;

    #[test]
    fn names_are_unique_and_spell_their_units() {
        let mut names: Vec<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Metric::ALL.len());
        for metric in Metric::ALL {
            assert!(metric.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{metric:?}");
            assert!(!metric.name().ends_with("_ms") && !metric.name().ends_with("_total"), "{metric:?}");
            assert!(metric.reason().len() > 10, "{metric:?}");
        }
    }
}
