//! What the machine orders when: facts and orders side by side. Numbers such as A1 are those of `turn-taking.md`.

use std::time::Duration;

use agent_turn::Detection;
use expect_test::expect;

use crate::support::{check, check_with, config, eager};

#[test]
fn a1_a_turn_is_committed_half_a_second_after_the_end_of_speech_and_answered() {
    check(
        "  550 user.started 500
          2600 user.interim 2
          2700 user.final 4
          3000 user.stopped 2500
          3200 reply.ready r1
          3200 playout.started r1
          3300 reply.finished r1
          5210 playout.finished r1 2010
          6000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3200 start r1
            3200 end t1 replied r1
            3200 agent speaking
            5210 agent listening
        "#]],
    );
}

#[test]
fn a18_a_reply_begun_on_the_final_transcript_is_confirmed_at_the_endpoint() {
    check_with(
        eager(),
        "  550 user.started 500
          2100 user.final 4
          2500 user.stopped 2000
          2800 reply.ready r1
          2800 playout.started r1
          5810 playout.finished r1 3010",
        expect![[r#"
            550 user speaking
            2100 begin r1 turn speculative
            2500 user listening
            2500 commit t1
            2500 confirm r1 t1
            2500 agent thinking
            2800 start r1
            2800 end t1 replied r1
            2800 agent speaking
            5810 agent listening
        "#]],
    );
}

#[test]
fn x4_a_pause_shorter_than_the_endpoint_makes_one_turn_and_two_attempts() {
    let mut config = eager();
    config.endpoint.min_delay = Duration::from_secs(1);
    check_with(
        config,
        "  550 user.started 500
          1700 user.final 4
          2000 user.stopped 1500
          2250 user.started 2200
          3200 user.final 3
          3500 user.stopped 3000
          4200 reply.ready r2
          4200 playout.started r2",
        expect![[r#"
            550 user speaking
            1700 begin r1 turn speculative
            2000 user listening
            2250 user speaking
            3200 cancel r1 outdated
            3200 begin r2 turn speculative
            3500 user listening
            4000 commit t1
            4000 confirm r2 t1
            4000 agent thinking
            4200 start r2
            4200 end t1 replied r2
            4200 agent speaking
        "#]],
    );
}

#[test]
fn the_attempts_of_a_turn_are_bounded() {
    let mut config = eager();
    config.speculation.max_attempts = 1;
    check_with(
        config,
        "  100 user.started
           500 user.final 1
           700 user.final 1
           900 user.stopped 700
          1500 end",
        expect![[r#"
            100 user speaking
            500 begin r1 turn speculative
            700 cancel r1 outdated
            900 user listening
            1200 commit t1
            1200 begin r2 turn
            1200 agent thinking
        "#]],
    );
}

#[test]
fn x5_a_late_final_transcript_is_committed_at_once() {
    check_with(
        eager(),
        "  550 user.started 500
          2000 user.stopped 1500
          2700 user.final 1
          3100 reply.ready r1
          3100 playout.started r1",
        expect![[r#"
            550 user speaking
            2000 user listening
            2700 commit t1
            2700 begin r1 turn
            2700 agent thinking
            3100 start r1
            3100 end t1 replied r1
            3100 agent speaking
        "#]],
    );
}

#[test]
fn x7_a_turn_that_seems_unfinished_waits_longer() {
    let mut config = config();
    config.detection = Detection::Model;
    check_with(
        config,
        "  550 user.started 500
          2550 user.lapsed 2500
          2700 user.final 4
          2750 user.judged p1 100/500
          3000 user.stopped 2500
          6000 end",
        expect![[r#"
            550 user speaking
            2700 judge p1
            3000 user listening
            5500 commit t1
            5500 begin r1 turn
            5500 agent thinking
        "#]],
    );
}

#[test]
fn x17_speech_without_words_is_forgotten() {
    check(
        "  550 user.started 500
          3000 user.stopped 2500
         10000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            7500 news transcript missed 0
        "#]],
    );
    check(
        "  550 user.started 500
          3000 user.stopped 2500
          3100 user.final 0
         10000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
        "#]],
    );
}

#[test]
fn when_the_final_transcript_never_comes_the_interim_words_count() {
    check(
        "  550 user.started 500
          2000 user.interim 3
          3000 user.stopped 2500
         10000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            7500 news transcript missed 3
            7500 commit t1
            7500 begin r1 turn
            7500 agent thinking
        "#]],
    );
}

#[test]
fn words_without_voice_activity_are_a_turn_too() {
    check(
        " 1000 user.interim 2
          1200 user.final 2
          3000 end",
        expect![[r#"
             1700 commit t1
             1700 begin r1 turn
             1700 agent thinking
        "#]],
    );
}

#[test]
fn a9b_speech_over_a_reply_pauses_it_and_words_cut_it_where_it_was_heard() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3200 reply.ready r1
          3200 playout.started r1
          5050 user.started 5000
          6200 user.final 1
          6200 playout.finished r1 2300
          6500 user.stopped 6000
          6600 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3200 start r1
            3200 end t1 replied r1
            3200 agent speaking
            5050 user speaking
            5500 pause r1
            5500 agent listening
            6200 stop r1
            6200 truncate r1 2300
            6500 user listening
            6500 commit t2
            6500 begin r2 turn
            6500 agent thinking
        "#]],
    );
}

#[test]
fn a10a_too_few_words_neither_interrupt_nor_are_lost() {
    let mut config = config();
    config.interruption.min_words = 3;
    check_with(
        config,
        "  100 user.started
           900 user.final 4
          1000 user.stopped 900
          3200 reply.ready r1
          3200 playout.started r1
          5050 user.started 5000
          6100 user.interim 1
          6200 user.final 1
          6500 user.stopped 6000
          6550 user.started 6500
          7500 user.final 2
          7500 playout.finished r1 4300
          8000 user.stopped 7500
          8100 end",
        expect![[r#"
            100 user speaking
            1000 user listening
            1400 commit t1
            1400 begin r1 turn
            1400 agent thinking
            3200 start r1
            3200 end t1 replied r1
            3200 agent speaking
            5050 user speaking
            6500 user listening
            6550 user speaking
            7500 pause r1
            7500 agent listening
            7500 stop r1
            7500 truncate r1 4300
            8000 user listening
            8000 commit t2
            8000 begin r2 turn
            8000 agent thinking
        "#]],
    );
}

#[test]
fn too_few_words_wait_for_the_next_turn_when_the_reply_ends_first() {
    let mut config = config();
    config.interruption.min_words = 3;
    check_with(
        config,
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          1300 user.final 1
          1500 user.stopped 1200
          3000 playout.finished r1 2900
          5050 user.started 5000
          6000 user.final 2
          6200 user.stopped 6000
          7000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            1500 user listening
            3000 agent listening
            5050 user speaking
            6200 user listening
            6500 commit t1
            6500 begin r2 turn
            6500 agent thinking
        "#]],
    );
}

#[test]
fn a12b_words_before_the_first_sample_cancel_the_reply() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3050 user.started 3000
          3900 reply.ready r1
          4200 user.final 1
          4200 playout.finished r1 0
          4500 user.stopped 4000",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3050 user speaking
            3050 pause r1
            3500 agent listening
            3900 start r1 paused
            4200 stop r1
            4200 end t1 superseded
            4200 truncate r1 0
            4500 user listening
            4500 commit t2
            4500 begin r2 turn
            4500 agent thinking
        "#]],
    );
}

#[test]
fn a14_a_short_noise_does_not_stop_a_reply() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3050 reply.ready r1
          3050 playout.started r1
          3050 user.started 3000
          3350 user.lapsed 3300
          3800 user.stopped 3300
          8060 playout.finished r1 5010
         10000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3050 start r1
            3050 end t1 replied r1
            3050 agent speaking
            3050 user speaking
            3800 user listening
            8060 agent listening
            8300 news transcript missed 0
        "#]],
    );
}

#[test]
fn a_reply_that_is_ready_while_the_user_makes_a_noise_waits_for_its_end() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3050 user.started 3000
          3100 reply.ready r1
          3350 user.lapsed 3300
          3800 user.stopped 3300
          3800 playout.started r1",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3050 user speaking
            3050 pause r1
            3100 start r1 paused
            3800 user listening
            3800 resume r1
            3800 end t1 replied r1
            3800 agent speaking
        "#]],
    );
}

#[test]
fn a16_while_echo_cancellation_learns_only_a_committed_turn_interrupts() {
    let mut config = config();
    config.interruption.aec_warmup = Duration::from_secs(3);
    check_with(
        config,
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3200 reply.ready r1
          3200 playout.started r1
          4050 user.started 4000
          5200 user.final 1
          5500 user.stopped 5000
          5500 playout.finished r1 2300
          5600 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3200 start r1
            3200 end t1 replied r1
            3200 agent speaking
            4050 user speaking
            5500 user listening
            5500 commit t2
            5500 stop r1
            5500 agent listening
            5500 begin r2 turn
            5500 agent thinking
            5500 truncate r1 2300
        "#]],
    );
}

#[test]
fn speech_that_outlasts_the_warm_up_interrupts_at_its_end() {
    let mut config = config();
    config.interruption.aec_warmup = Duration::from_secs(3);
    check_with(
        config,
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1000 user.started
          4000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1000 user speaking
            3100 pause r1
            3100 agent listening
        "#]],
    );
}

#[test]
fn x1_a_false_interruption_is_resumed_two_seconds_after_the_silence() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3200 reply.ready r1
          3200 playout.started r1
          5050 user.started 5000
          6500 user.stopped 6000
         16210 playout.finished r1 10010
         17000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3200 start r1
            3200 end t1 replied r1
            3200 agent speaking
            5050 user speaking
            5500 pause r1
            5500 agent listening
            6500 user listening
            8500 resume r1
            8500 agent speaking
            11000 news transcript missed 0
            16210 agent listening
        "#]],
    );
}

#[test]
fn a_cough_is_too_short_to_pause_a_reply_even_when_its_end_is_noticed_late() {
    check(
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          1250 user.lapsed 1200
          1750 user.stopped 1200
          2000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            1750 user listening
        "#]],
    );
}

#[test]
fn speech_that_comes_back_after_a_lapse_counts_from_its_beginning() {
    check(
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          1450 user.lapsed 1400
          1600 user.revived
          2000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            1600 pause r1
            1600 agent listening
        "#]],
    );
}

#[test]
fn a_pause_lasts_while_interim_words_await_their_final() {
    check(
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          1800 user.interim 2
          2500 user.stopped 2000
          5000 end
          5100 user.final 2
          5100 playout.finished r1 1400
          5200 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            1500 pause r1
            1500 agent listening
            2500 user listening
            5100 stop r1
            5100 commit t1
            5100 begin r2 turn
            5100 agent thinking
            5100 truncate r1 1400
        "#]],
    );
}

#[test]
fn a_playout_that_cannot_pause_is_stopped() {
    let mut config = config();
    config.interruption.false_interruption = None;
    check_with(
        config,
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          1500 end
          1500 playout.finished r1 1400",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            1500 stop r1
            1500 agent listening
            1500 truncate r1 1400
        "#]],
    );
}

#[test]
fn an_uninterruptible_reply_goes_on_and_the_turn_is_answered_after_it() {
    check(
        "    0 told.say q1 firm
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          2000 user.final 3
          2200 user.stopped 2000
          4000 playout.finished r1 3900
          4300 reply.ready r2
          4300 playout.started r2",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            2200 user listening
            2500 commit t1
            4000 begin r2 turn
            4000 agent thinking
            4300 start r2
            4300 end t1 replied r2
            4300 agent speaking
        "#]],
    );
}

#[test]
fn of_two_turns_during_an_uninterruptible_reply_the_later_answers_for_both() {
    check(
        "    0 told.say q1 firm
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          2000 user.final 3
          2200 user.stopped 2000
          3050 user.started 3000
          4000 user.final 3
          4200 user.stopped 4000
          6000 playout.finished r1 5900
          6300 reply.ready r2",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            2200 user listening
            2500 commit t1
            3050 user speaking
            4200 user listening
            4500 commit t2
            4500 end t1 superseded
            6000 begin r2 turn
            6000 agent thinking
            6300 start r2
        "#]],
    );
}

#[test]
fn a4_functions_are_answered_after_the_playout_of_the_reply_that_called_them() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3200 reply.ready r1
          3200 playout.started r1
          3300 reply.called r1
          3300 reply.finished r1
          3300 reply.returned r1
          5210 playout.finished r1 2010
          5710 reply.ready r2
          5710 playout.started r2
          8720 playout.finished r2 3010",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3200 start r1
            3200 end t1 replied r1
            3200 agent speaking
            5210 begin r2 functions r1 step 1
            5210 agent thinking
            5710 start r2
            5710 agent speaking
            8720 agent listening
        "#]],
    );
}

#[test]
fn a_reply_that_only_calls_is_followed_up_when_its_functions_return() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3100 reply.called r1
          3100 reply.called r1
          3100 reply.silent r1
          3500 reply.returned r1
          4500 reply.returned r1
          4900 reply.ready r2
          4900 playout.started r2",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            4500 begin r2 functions r1 step 1
            4900 start r2
            4900 end t1 replied r2
            4900 agent speaking
        "#]],
    );
}

#[test]
fn a_turn_over_running_functions_takes_the_place_of_their_follow_up() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3100 reply.called r1
          3100 reply.silent r1
          4050 user.started 4000
          4700 user.final 2
          5000 user.stopped 4500
          5100 reply.returned r1",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            4050 user speaking
            5000 user listening
            5000 commit t2
            5000 cancel r1 interrupted
            5000 end t1 superseded
            5000 begin r2 turn
        "#]],
    );
}

#[test]
fn functions_that_never_return_end_the_turn() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3100 reply.called r1
          3100 reply.silent r1
         40000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            33100 cancel r1 timed_out
            33100 end t1 timed_out
            33100 agent listening
        "#]],
    );
}

#[test]
fn a_reply_that_fails_or_is_late_or_empty_ends_its_turn() {
    let asked = " 550 user.started 500
                 2700 user.final 5
                 3000 user.stopped 2500";
    check(
        &format!("{asked}\n 3100 reply.failed r1"),
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3100 end t1 failed
            3100 agent listening
        "#]],
    );
    check(
        &format!("{asked}\n 30000 end"),
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            23000 cancel r1 timed_out
            23000 end t1 timed_out
            23000 agent listening
        "#]],
    );
    check(
        &format!("{asked}\n 3100 reply.silent r1"),
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3100 end t1 empty
            3100 agent listening
        "#]],
    );
}

#[test]
fn a_speculative_reply_that_fails_is_tried_again_at_the_endpoint() {
    check_with(
        eager(),
        "  550 user.started 500
          2700 user.final 5
          2800 reply.failed r1
          3000 user.stopped 2500",
        expect![[r#"
            550 user speaking
            2700 begin r1 turn speculative
            3000 user listening
            3000 commit t1
            3000 begin r2 turn
            3000 agent thinking
        "#]],
    );
}

#[test]
fn a_playout_without_progress_is_stopped() {
    check(
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          5000 playout.progressed r1 4900
         30000 end
         30000 playout.finished r1 4900",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            20000 stop r1
            20000 agent listening
            30000 truncate r1 4900
        "#]],
    );
}

#[test]
fn x13_what_waits_behind_a_stopped_speech_stays() {
    check(
        "  200 told.say q1
           200 told.say q2 firm
           200 told.say q3
           300 reply.ready r1
           300 playout.started r1
           800 told.stop
           800 playout.finished r1 500
           900 reply.ready r2
           900 playout.started r2
          1000 told.stop
          1910 playout.finished r2 1010
          2010 reply.ready r3
          2010 playout.started r3
          2100 told.stop force
          2100 playout.finished r3 90",
        expect![[r#"
            200 begin r1 q1
            300 start r1
            300 agent speaking
            800 stop r1
            800 begin r2 q2
            800 agent listening
            800 truncate r1 500
            900 start r2
            900 agent speaking
            1910 begin r3 q3
            1910 agent listening
            2010 start r3
            2010 agent speaking
            2100 stop r3
            2100 agent listening
            2100 truncate r3 90
        "#]],
    );
}

#[test]
fn a11_text_stops_the_reply_and_is_answered() {
    check(
        "    0 told.generate q1
           100 reply.ready r1
           100 playout.started r1
          5000 user.typed
          5000 playout.finished r1 4900
          5500 reply.ready r2
          5500 playout.started r2",
        expect![[r#"
            0 begin r1 q1
            0 agent thinking
            100 start r1
            100 agent speaking
            5000 commit t1 typed
            5000 stop r1
            5000 begin r2 turn
            5000 agent thinking
            5000 truncate r1 4900
            5500 start r2
            5500 end t1 replied r2
            5500 agent speaking
        "#]],
    );
}

#[test]
fn a_reply_does_not_start_before_the_stopped_one_has_told_its_position() {
    check(
        "    0 told.say q1
             0 told.say q2 firm
           100 reply.ready r1
           100 playout.started r1
           500 told.stop
           510 reply.ready r2
           520 playout.finished r1 410",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            500 stop r1
            500 begin r2 q2
            500 agent listening
            520 truncate r1 410
            520 start r2
        "#]],
    );
}

#[test]
fn x6_a_user_who_is_silent_for_long_is_away_until_heard_again() {
    let mut config = config();
    config.user_away = Some(Duration::from_secs(3));
    check_with(
        config,
        "  100 told.say q1
           200 reply.ready r1
           200 playout.started r1
          3210 playout.finished r1 3010
          9000 user.started
          9500 user.stopped
         20000 user.typed",
        expect![[r#"
            100 begin r1 q1
            200 start r1
            200 agent speaking
            3210 agent listening
            6210 user away
            9000 user speaking
            9500 user listening
            12500 user away
            14500 news transcript missed 0
            20000 user listening
            20000 commit t1 typed
            20000 begin r2 turn
            20000 agent thinking
        "#]],
    );
}

#[test]
fn closing_stops_what_plays_keeps_what_was_said_and_is_the_last_word() {
    check(
        "    0 told.say q1 firm
             0 told.say q2 firm
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          2000 user.final 3
          2200 user.stopped 2000
          2800 user.started
          3000 user.interim 2
          3100 told.close completed
          3100 user.final 4
          3100 playout.finished r1 3000
          3200 user.stopped
          9000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            2200 user listening
            2500 commit t1
            2800 user speaking
            3100 commit t2
            3100 end t2 closed
            3100 stop r1
            3100 news dropped q2 closed
            3100 end t1 closed
            3100 agent listening
            3100 truncate r1 3000
            3100 close completed
        "#]],
    );
    check(
        "  100 user.left\n 200 user.started",
        expect![[r#"
              100 close user_left
        "#]],
    );
}

#[test]
fn facts_about_forgotten_replies_change_nothing() {
    check(
        "  100 told.say q1
           200 told.stop
           300 reply.ready r1
           400 playout.started r1
           500 playout.finished r1 100
           600 reply.failed r9",
        expect![[r#"
              100 begin r1 q1
              200 cancel r1 stopped
        "#]],
    );
}
