//! The worker protocol as timelines: what happened on the left, what was ordered on the right.
//!
//! A line of input is `MILLISECONDS FACT`; a line of output `MILLISECONDS ORDER`. Jobs are numbers.

use std::time::{Duration, Instant};

use agent_worker::protocol::{Config, Input, Machine, Output, ToServer};
use expect_test::expect;

use crate::line::{check, config, frame};

#[test]
fn a_worker_registers_and_tells_status_and_load_at_once_and_regularly() {
    check(
        config(),
        "   0 opened
          20 registered
        5100 end",
        expect![[r#"
            0     open link
            0     > register
            20    registered as AW_1 at 1.9.12
            20    > available, load 0.00, 0 jobs
            2520  > available, load 0.00, 0 jobs
            5020  > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn a_job_is_asked_for_assigned_run_and_reported_before_it_leaves() {
    check(
        config(),
        "   0 opened
           0 registered
         100 availability 1
         130 assignment 1
        1000 ended 1
        1050 left 1
        1060 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            100   > take AJ_1
            100   > available, load 0.25, 1 jobs
            130   > AJ_1 is running
            130   start AJ_1 in room-1
            1000  > AJ_1 is success
            1050  > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn the_last_slot_is_given_once_and_free_again_when_the_call_has_left() {
    check(
        Config { slots: Some(2), ..config() },
        "  0 opened
           0 registered
          10 availability 1
          10 availability 2
          10 availability 3
          20 assignment 1
          20 assignment 2
          30 ended 1
          35 availability 4
          40 left 1
          50 availability 5
          60 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.50, 1 jobs
            10    > take AJ_2
            10    > full, load 1.00, 2 jobs
            10    > decline AJ_3
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            20    > AJ_2 is running
            20    start AJ_2 in room-2
            30    > AJ_1 is success
            35    > decline AJ_4
            40    > available, load 0.50, 1 jobs
            50    > take AJ_5
            50    > full, load 1.00, 2 jobs
        "#]],
    );
}

#[test]
fn the_same_question_twice_holds_one_slot() {
    check(
        Config { slots: Some(1), ..config() },
        "  0 opened
           0 registered
          10 availability 1
          11 availability 1
          12 assignment 1
          13 assignment 1
          14 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > full, load 1.00, 1 jobs
            11    > take AJ_1
            12    > AJ_1 is running
            12    start AJ_1 in room-1
        "#]],
    );
}

#[test]
fn a_slot_that_is_not_assigned_in_time_is_free_again() {
    check(
        Config { slots: Some(1), ..config() },
        "   0 opened
            0 registered
           10 availability 1
         7600 availability 2
         7700 assignment 1
         7800 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > full, load 1.00, 1 jobs
            2510  > full, load 1.00, 1 jobs
            5010  > full, load 1.00, 1 jobs
            7510  > full, load 1.00, 1 jobs
            7510  > available, load 0.00, 0 jobs
            7600  > take AJ_2
            7600  > full, load 1.00, 1 jobs
            7700  > AJ_1 is failed: assigned too late: this worker takes no more jobs now
        "#]],
    );
}

#[test]
fn a_late_assignment_is_taken_when_a_slot_is_free() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 assignment 1\n 20 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > AJ_1 is running
            10    start AJ_1 in room-1
            10    > available, load 0.25, 1 jobs
        "#]],
    );
}

#[test]
fn an_assignment_that_lacks_its_token_is_reported_as_failed() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 availability 1\n 20 assignment-without-token 1\n 30 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            20    > AJ_1 is failed: assignment without a token
            20    > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn a_failed_call_is_reported_with_its_reason() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 availability 1\n 20 assignment 1\n 30 failed 1 cannot reach the room\n 40 left 1\n 50 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    > AJ_1 is failed: cannot reach the room
            40    > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn a_call_that_leaves_without_a_word_is_reported_as_failed() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 availability 1\n 20 assignment 1\n 30 left 1\n 40 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    > AJ_1 is failed: the call left without saying how it ended
            30    > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn the_server_may_end_a_job() {
    check(
        config(),
        "0 opened
         0 registered
        10 availability 1
        11 availability 2
        20 assignment 1
        30 termination 1
        31 termination 1
        32 termination 2
        33 termination 9
        40 ended 1
        50 left 1
        60 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            11    > take AJ_2
            11    > available, load 0.50, 2 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    stop AJ_1: terminated
            32    > available, load 0.25, 1 jobs
            40    > AJ_1 is success
            50    > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn a_worker_that_is_late_takes_no_jobs_until_it_is_not() {
    check(
        config(),
        "0 opened
         0 registered
        10 lag 400
        20 lag 900
        30 availability 1
        40 lag 300
        50 availability 2
        60 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            20    > full, load 0.90, 0 jobs
            30    > decline AJ_1
            40    > available, load 0.30, 0 jobs
            50    > take AJ_2
            50    > available, load 0.30, 1 jobs
        "#]],
    );
}

#[test]
fn a_drain_declines_waits_for_the_last_call_and_closes() {
    check(
        config(),
        "0 opened
         0 registered
        10 availability 1
        11 availability 2
        20 assignment 1
        30 drain
        31 drain
        40 availability 3
        50 assignment 2
       100 ended 1
       110 left 1
       200 ended 2
       210 left 2
       220 availability 4",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            11    > take AJ_2
            11    > available, load 0.50, 2 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    > full and draining, load 0.50, 2 jobs
            40    > decline AJ_3
            50    > AJ_2 is running
            50    start AJ_2 in room-2
            100   > AJ_1 is success
            110   > full and draining, load 0.25, 1 jobs
            200   > AJ_2 is success
            210   > full and draining, load 0.00, 0 jobs
            210   close link
            210   end: drained
        "#]],
    );
}

#[test]
fn a_drain_without_calls_ends_at_once() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 drain\n 20 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > full and draining, load 0.00, 0 jobs
            10    close link
            10    end: drained
        "#]],
    );
    check(
        config(),
        "0 drain\n 20 end",
        expect![[r#"
            0     open link
            0     close link
            0     end: drained
        "#]],
    );
    check(
        config(),
        "0 failed-link\n 10 drain\n 20 end",
        expect![[r#"
            0     open link
            10    end: drained
        "#]],
    );
}

#[test]
fn a_second_request_ends_the_calls_and_an_accepted_job_is_handed_back() {
    check(
        config(),
        "0 opened
         0 registered
        10 availability 1
        11 availability 2
        20 assignment 1
        30 drain
        40 stop
        41 stop
        45 assignment 2
        50 failed 1 the worker stops
        60 left 1
        70 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            11    > take AJ_2
            11    > available, load 0.50, 2 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    > full and draining, load 0.50, 2 jobs
            40    stop AJ_1: worker stops
            40    > full and draining, load 0.25, 1 jobs
            45    > AJ_2 is failed: assigned too late: this worker takes no more jobs now
            50    > AJ_1 is failed: the worker stops
            60    > full and draining, load 0.00, 0 jobs
            60    close link
            60    end: drained
        "#]],
    );
}

#[test]
fn calls_outlive_the_link_and_are_claimed_and_reported_when_it_is_back() {
    check(
        config(),
        "0 opened
         0 registered
        10 availability 1
        11 availability 2
        12 availability 3
        20 assignment 1
        20 assignment 2
        30 closed
        40 ended 1
        41 left 1
       400 opened
       410 registered
       420 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            11    > take AJ_2
            11    > available, load 0.50, 2 jobs
            12    > take AJ_3
            12    > available, load 0.75, 3 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            20    > AJ_2 is running
            20    start AJ_2 in room-2
            268   open link
            400   > register
            410   registered as AW_1 at 1.9.12
            410   > available, load 0.25, 1 jobs
            410   > still has AJ_2
            410   > AJ_1 is success
        "#]],
    );
}

#[test]
fn a_drain_goes_on_when_the_link_is_lost() {
    check(
        config(),
        "0 opened
         0 registered
        10 availability 1
        20 assignment 1
        30 drain
        40 closed
       400 opened
       410 registered
       500 ended 1
       510 left 1
       520 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    > full and draining, load 0.25, 1 jobs
            278   open link
            400   > register
            410   registered as AW_1 at 1.9.12
            410   > full and draining, load 0.25, 1 jobs
            410   > still has AJ_1
            500   > AJ_1 is success
            510   > full and draining, load 0.00, 0 jobs
            510   close link
            510   end: drained
        "#]],
    );
}

#[test]
fn a_server_that_is_down_is_asked_again_with_growing_pauses() {
    check(
        config(),
        "   0 failed-link
          300 failed-link
          900 failed-link
         2200 failed-link
         5000 opened
         5010 registered
         5020 closed
         9000 end",
        expect![[r#"
            0     open link
            238   open link
            645   open link
            1785  open link
            3295  open link
            5000  > register
            5010  registered as AW_1 at 1.9.12
            5010  > available, load 0.00, 0 jobs
            8976  open link
        "#]],
    );
}

#[test]
fn a_link_that_lasted_is_looked_for_quickly_again() {
    check(
        config(),
        "0 failed-link\n 300 failed-link\n 900 opened\n 910 registered\n 11000 control\n 12000 closed\n 12500 end",
        expect![[r#"
            0     open link
            238   open link
            645   open link
            900   > register
            910   registered as AW_1 at 1.9.12
            910   > available, load 0.00, 0 jobs
            3410  > available, load 0.00, 0 jobs
            5910  > available, load 0.00, 0 jobs
            8410  > available, load 0.00, 0 jobs
            10900 ping
            10910 > available, load 0.00, 0 jobs
            12238 open link
        "#]],
    );
}

#[test]
fn a_wrong_key_ends_a_worker_that_never_registered_and_no_other() {
    check(
        config(),
        "0 refused-link\n 10 end",
        expect![[r#"
            0     open link
            0     end: never registered
        "#]],
    );
    check(
        config(),
        "0 opened\n 10 registered\n 20 closed\n 300 refused-link\n 900 end",
        expect![[r#"
            0     open link
            0     > register
            10    registered as AW_1 at 1.9.12
            10    > available, load 0.00, 0 jobs
            258   open link
            645   open link
        "#]],
    );
}

#[test]
fn with_fail_fast_the_first_failure_is_the_last() {
    let config = || Config { fail_fast: true, ..config() };
    check(
        config(),
        "0 failed-link\n 10 end",
        expect![[r#"
            0     open link
            0     end: never registered
        "#]],
    );
    check(
        config(),
        "0 opened\n 10000 end",
        expect![[r#"
            0     open link
            0     > register
            10000 close link
            10000 end: never registered
        "#]],
    );
}

#[test]
fn a_registration_without_an_answer_is_given_up() {
    check(
        config(),
        "0 opened\n 10400 end",
        expect![[r#"
            0     open link
            0     > register
            10000 close link
            10238 open link
        "#]],
    );
}

#[test]
fn a_link_that_is_silent_for_two_pings_is_given_up() {
    check(
        Config { update_interval: Duration::from_secs(60), ..config() },
        "0 opened\n 0 registered\n 9000 control\n 29400 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10000 ping
            20000 ping
            29000 close link
            29238 open link
        "#]],
    );
}

#[test]
fn a_server_that_goes_away_is_left_for_another_with_its_calls_running() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 availability 1\n 20 assignment 1\n 30 go-away\n 300 opened\n 310 registered\n 320 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    close link
            268   open link
            300   > register
            310   registered as AW_1 at 1.9.12
            310   > available, load 0.25, 1 jobs
            310   > still has AJ_1
        "#]],
    );
}

#[test]
fn frames_that_make_no_sense_are_counted_and_survived() {
    let machine = check(
        config(),
        "0 opened
         0 registered
         1 registered
         2 garbage
         3 text
         4 empty
         5 availability 
         6 assignment 
         7 termination 
         8 ended 9
         9 left 9
        10 opened
        11 failed-link
        20 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
        "#]],
    );
    let counters = machine.snapshot().counters;
    assert_eq!((counters.malformed, counters.unexpected), (6, 5));
}

#[test]
fn what_comes_after_the_link_was_given_up_is_ignored() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 go-away\n 11 availability 1\n 12 closed\n 20 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    close link
        "#]],
    );
}

#[test]
fn a_named_worker_says_its_name_everywhere() {
    let mut machine = Machine::new(Config { agent_name: "front-desk".into(), ..config() }, Instant::now());
    let now = Instant::now();
    machine.handle_input(now, Input::LinkOpened);
    machine.handle_input(now, Input::FrameReceived(frame("registered", "")));
    machine.handle_input(now, Input::FrameReceived(frame("availability", "1")));
    let mut sent = std::iter::from_fn(|| machine.poll_output()).filter_map(|output| match output {
        Output::Send(message) => message.message,
        _ => None,
    });
    let Some(ToServer::Register(register)) = sent.next() else { panic!("no registration") };
    assert_eq!(register.agent_name, "front-desk");
    assert_eq!(register.version, "1.2.3");
    let permissions = register.allowed_permissions.unwrap();
    assert!(permissions.can_publish && permissions.can_subscribe && !permissions.hidden);
    let answer = sent.find_map(|message| match message {
        ToServer::Availability(answer) => Some(answer),
        _ => None,
    });
    let answer = answer.unwrap();
    assert_eq!(answer.participant_identity, "agent-AJ_1");
    assert_eq!(answer.participant_attributes["lk.agent.name"], "front-desk");
    assert!(!answer.terminate);
}

#[test]
fn a_worker_that_is_nearly_full_stays_choosable_and_a_full_one_does_not() {
    let mut machine =
        Machine::new(Config { slots: Some(2), full_at_permille: None, ..config() }, Instant::now());
    let now = Instant::now();
    machine.handle_input(now, Input::LinkOpened);
    machine.handle_input(now, Input::FrameReceived(frame("registered", "")));
    machine.handle_input(now, Input::LagMeasured { permille: 3_000 });
    assert_eq!(machine.snapshot().load_permille, 990);
    for job in ["1", "2"] {
        machine.handle_input(now, Input::FrameReceived(frame("availability", job)));
    }
    assert_eq!(machine.snapshot().load_permille, 1_000);
    assert!(!machine.snapshot().takes_jobs);
}
