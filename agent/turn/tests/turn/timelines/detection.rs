//! Who notices that a turn has ended: a judge of pauses, the recogniser, the program.

use std::time::Duration;

use agent_turn::Detection;
use expect_test::expect;

use crate::support::{check_with, config};

#[test]
fn a_judge_is_asked_early_and_its_yes_costs_nothing() {
    let mut config = config();
    config.detection = Detection::Model;
    check_with(
        config,
        "   550 user.started 500
          2550 user.lapsed 2500
          2700 user.final 4
          2750 user.judged p1 900/500
          3000 user.stopped 2500
          3500 end",
        expect![[r#"
            550 user speaking
            2700 judge p1
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
        "#]],
    );
}

#[test]
fn a_voice_that_comes_back_makes_the_judgement_void() {
    let mut config = config();
    config.detection = Detection::Model;
    check_with(
        config,
        "   550 user.started 500
          1550 user.lapsed 1500
          1750 user.revived
          1800 user.judged p1 100/500
          2550 user.lapsed 2500
          2700 user.final 4
          2750 user.judged p2 900/500
          3000 user.stopped 2500
          3500 end",
        expect![[r#"
            550 user speaking
            1700 judge p1
            2700 judge p2
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
        "#]],
    );
}

#[test]
fn a_judgement_is_waited_for_until_its_deadline() {
    let mut config = config();
    config.detection = Detection::Model;
    check_with(
        config,
        "   550 user.started 500
          2550 user.lapsed 2500
          2700 user.final 4
          3000 user.stopped 2500
          4500 end
          4600 user.judged p1 100/500",
        expect![[r#"
            550 user speaking
            2700 judge p1
            3000 user listening
            4000 commit t1
            4000 begin r1 turn
            4000 agent thinking
        "#]],
    );
}

#[test]
fn a_judgement_that_fails_leaves_the_usual_wait() {
    let mut config = config();
    config.detection = Detection::Model;
    check_with(
        config,
        "   550 user.started 500
          2550 user.lapsed 2500
          2700 user.final 4
          2800 user.judged p1 failed
          3000 user.stopped 2500
          3500 end",
        expect![[r#"
            550 user speaking
            2700 judge p1
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
        "#]],
    );
}

#[test]
fn a_judge_that_reads_words_is_asked_again_when_more_come() {
    let mut config = config();
    config.detection = Detection::Model;
    config.judge.reads_words = true;
    check_with(
        config,
        "   550 user.started 500
          2550 user.lapsed 2500
          2750 user.judged p1 900/500
          3000 user.stopped 2500
          3100 user.final 4
          3150 user.judged p2 100/500
          6000 end",
        expect![[r#"
            550 user speaking
            2700 judge p1
            3000 user listening
            3100 judge p2
            5500 commit t1
            5500 begin r1 turn
            5500 agent thinking
        "#]],
    );
}

#[test]
fn a_judge_that_is_late_for_the_end_of_speech_makes_the_turn_as_late() {
    let mut config = config();
    config.detection = Detection::Model;
    config.judge.silence = Duration::from_secs(60);
    check_with(
        config,
        "   550 user.started 500
          2550 user.lapsed 2500
          2700 user.final 4
          3000 user.stopped 2500
          3050 user.judged p1 900/500
          3100 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 judge p1
            3050 commit t1
            3050 begin r1 turn
            3050 agent thinking
        "#]],
    );
}

#[test]
fn the_recognisers_end_of_speech_is_counted_from_the_silence_before_it() {
    let mut config = config();
    config.detection = Detection::Recogniser;
    check_with(
        config,
        "   550 user.started 500
          2550 user.lapsed 2500
          2700 user.final 4
          2700 user.recogniser_stopped
          4000 end",
        expect![[r#"
            550 user speaking
            2700 user listening
            2700 flush voice
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
        "#]],
    );
}

#[test]
fn with_the_recogniser_silence_alone_ends_no_turn() {
    let mut config = config();
    config.detection = Detection::Recogniser;
    check_with(
        config,
        "   550 user.started 500
          2700 user.final 4
          3000 user.stopped 2500
          3500 user.recogniser_stopped
          4500 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            4000 commit t1
            4000 begin r1 turn
            4000 agent thinking
        "#]],
    );
}

#[test]
fn a_recogniser_that_hears_no_end_is_not_waited_for_for_ever() {
    let mut config = config();
    config.detection = Detection::Recogniser;
    check_with(
        config,
        "   550 user.started 500
          2700 user.final 4
          3000 user.stopped 2500
          9000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            7500 commit t1
            7500 begin r1 turn
            7500 agent thinking
        "#]],
    );
}

#[test]
fn a_recogniser_that_ends_too_early_is_corrected_by_the_voice() {
    let mut config = config();
    config.detection = Detection::Recogniser;
    check_with(
        config,
        "   550 user.started 500
          1700 user.final 2
          1700 user.recogniser_stopped
          1750 user.started
          3000 user.final 3
          3000 user.recogniser_stopped
          4000 end",
        expect![[r#"
            550 user speaking
            1700 user listening
            1700 flush voice
            1750 user speaking
            3000 user listening
            3000 flush voice
            3500 commit t1
            3500 begin r1 turn
            3500 agent thinking
        "#]],
    );
}

#[test]
fn x9_the_programs_commit_takes_the_words_and_the_endpoint_that_is_due() {
    let mut config = config();
    config.detection = Detection::Manual;
    check_with(
        config,
        "   550 user.started 500
          2700 user.final 4
          3000 user.stopped 2500
          3000 told.commit u1 2000
          3500 reply.ready r1
          3500 playout.started r1
          4510 playout.finished r1 1010
          9000 told.close completed",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3500 start r1
            3500 end t1 replied r1
            3500 agent speaking
            4510 agent listening
            9000 close completed
        "#]],
    );
}

#[test]
fn the_programs_commit_waits_for_the_usual_delay_after_the_end_of_speech() {
    let mut config = config();
    config.detection = Detection::Manual;
    check_with(
        config,
        "   550 user.started 500
          2550 user.lapsed 2500
          2700 user.final 4
          2750 told.commit u1 2000
          3000 user.stopped 2500
          3100 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
        "#]],
    );
}

#[test]
fn the_programs_commit_waits_for_a_final_that_is_late() {
    let mut config = config();
    config.detection = Detection::Manual;
    check_with(
        config,
        "   550 user.started 500
          2000 user.interim 2
          3000 user.stopped 2500
          3000 told.commit u1 2000
          3400 user.final 4
          5500 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3400 commit t1
            3400 begin r1 turn
            3400 agent thinking
        "#]],
    );
}

#[test]
fn a_final_that_never_comes_leaves_the_interim_words_to_the_programs_commit() {
    let mut config = config();
    config.detection = Detection::Manual;
    check_with(
        config,
        "   550 user.started 500
          2000 user.interim 2
          3000 user.stopped 2500
          3000 told.commit u1 2000
          5500 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            5000 commit t1
            5000 begin r1 turn
            5000 agent thinking
        "#]],
    );
}

#[test]
fn without_words_the_program_commits_nothing() {
    let mut config = config();
    config.detection = Detection::Manual;
    check_with(
        config,
        "  1000 told.commit u1 2000
          1550 user.started 1500
          2000 user.stopped 1800
          2000 told.commit u1 500
          9000 end",
        expect![[r#"
            1550 user speaking
            2000 user listening
        "#]],
    );
}

#[test]
fn what_the_program_clears_is_no_turn() {
    let mut config = config();
    config.detection = Detection::Manual;
    check_with(
        config,
        "   550 user.started 500
          2700 user.final 4
          3000 user.stopped 2500
          3000 told.clear u1
          3100 told.commit u1 500
          5000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 forget words
        "#]],
    );
}

#[test]
fn what_was_being_said_when_the_program_cleared_is_cleared_with_it() {
    let mut config = config();
    config.detection = Detection::Manual;
    check_with(
        config,
        "   550 user.started 500
          2000 told.clear u1
          2600 user.interim 2
          2700 user.final 4
          3000 user.stopped 2500
          3100 told.commit u1 500
          4050 user.started 4000
          4700 user.final 2
          5000 user.stopped 4500
          5000 told.commit u1 500
          6000 end",
        expect![[r#"
            550 user speaking
            2000 forget words
            2700 forget words
            3000 user listening
            4050 user speaking
            5000 user listening
            5000 commit t1
            5000 begin r1 turn
            5000 agent thinking
        "#]],
    );
}

#[test]
fn a_turn_may_be_committed_without_an_answer() {
    let mut config = config();
    config.detection = Detection::Manual;
    check_with(
        config,
        "   550 user.started 500
          2700 user.final 4
          3000 user.stopped 2500
          3000 told.commit u1 2000 unanswered
          5000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 end t1 declined
        "#]],
    );
}

#[test]
fn a_judge_is_asked_before_late_words_end_a_turn_whose_usual_wait_is_over() {
    let mut config = config();
    config.detection = Detection::Model;
    config.endpoint.min_delay = Duration::from_millis(300);
    config.judge.silence = Duration::from_secs(5);
    config.judge.reads_words = true;
    check_with(
        config,
        "   550 user.started 500
          3000 user.stopped 2500
          3600 user.final 5
          3650 user.judged p1 100/500
          9000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3600 judge p1
            5500 commit t1
            5500 begin r1 turn
            5500 agent thinking
        "#]],
    );
}
