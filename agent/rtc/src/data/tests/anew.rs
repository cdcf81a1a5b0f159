//! A stay that is lost, and what of its data goes on in the next.

use expect_test::expect;

use super::*;

#[test]
fn a_stream_that_had_begun_is_lost_and_said_to_be_and_another_can_be_opened_at_once() {
    let mut room = Room::new(0, 0);
    room.caller.receive("t", Delivery::Chunks);
    let mut begun = room.agent.open_text(room.now, topic("t")).unwrap();
    room.exchange();
    room.agent.append_text(&mut begun, "said into the old stay").unwrap();
    let mut waiting = room.agent.open_text(room.now, topic("t")).unwrap();
    room.agent.handle_restarted(room.now);
    for lost in [&mut begun, &mut waiting] {
        assert_eq!(room.agent.append_text(lost, "into nothing"), Err(SendError::StreamLost));
    }
    room.agent.close_text(begun, BTreeMap::new(), None);
    room.agent.close_text(waiting, BTreeMap::new(), None);
    let mut next = room.agent.open_text(room.now, topic("t")).unwrap();
    room.agent.append_text(&mut next, "heard").unwrap();
    room.agent.close_text(next, BTreeMap::new(), None);
    expect![[r#"
        0 caller: opened t from agent []
        0 caller: opened t from agent []
        0 caller: chunk "heard"
        0 caller: closed {}"#]]
    .assert_eq(&room.told());
    assert_eq!((room.agent.queued_bytes(), room.caller.counters().stray), (0, 0));
}

#[test]
fn what_waits_whole_goes_out_in_the_new_stay() {
    for client_protocol in [0, 2] {
        let mut room = Room::new(client_protocol, client_protocol);
        room.caller.receive("t", Delivery::Whole);
        room.agent.send_text(room.now, "a whole text", topic("t")).unwrap();
        room.agent.send_dtmf(DtmfDigit::parse('5').unwrap(), &[]).unwrap();
        let mut cut = room.agent.open_text(room.now, topic("t")).unwrap();
        room.agent.append_text(&mut cut, "half a text").unwrap();
        room.agent.handle_restarted(room.now);
        room.agent.close_text(cut, BTreeMap::new(), None);
        expect![[r#"
            0 caller: text t from agent [] "a whole text"
            0 caller: tone 5 from agent"#]]
        .assert_eq(&room.told());
        assert_eq!((room.agent.queued_bytes(), room.caller.counters().stray), (0, 0));
    }
}

#[test]
fn a_text_of_which_the_beginning_went_out_does_not_go_on() {
    let mut room = Room::new(0, 0);
    room.caller.receive("t", Delivery::Whole);
    room.agent.send_text(room.now, &"long ".repeat(20_000), topic("t")).unwrap();
    assert!(room.agent.poll_packet(Reliability::Reliable).is_some());
    room.agent.handle_restarted(room.now);
    assert_eq!((room.agent.queued_bytes(), room.told()), (0, String::new()));
}

#[test]
fn what_was_asked_either_way_ends_and_who_is_there_stays_known() {
    for client_protocol in [0, 1, 2] {
        let mut room = Room::new(client_protocol, client_protocol);
        room.agent.receive("t", Delivery::Whole);
        room.caller.serve("weather");
        let _half = room.caller.open_text(room.now, topic("t")).unwrap();
        let call = || RpcCall {
            destination: "caller".into(),
            method: "weather".into(),
            payload: "Bern".into(),
            response_timeout: Duration::from_secs(15),
        };
        room.agent.request_rpc(room.now, call()).unwrap();
        room.exchange();
        room.told();
        room.agent.request_rpc(room.now, call()).unwrap();
        room.agent.handle_restarted(room.now);
        expect![[r#"
            0 agent: refused recipient disconnected (1503) ""
            0 agent: refused recipient disconnected (1503) ""
            0 agent: failed t: the room is disconnected"#]]
        .assert_eq(&room.told());
        room.agent.request_rpc(room.now, call()).unwrap();
        expect![[r#"0 caller: asked for weather("Bern") within 8s"#]].assert_eq(&room.told());
    }
}
