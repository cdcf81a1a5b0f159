//! What the server tells besides who is there and what flows, and that each is told once.

use std::time::Duration;

use agent_rtc_proto::protocol::request_response::{Reason, Request as OfOurs};
use agent_rtc_proto::protocol::signal_response::Message as Say;
use agent_rtc_proto::protocol::{
    AddTrackRequest, ConnectionQualityInfo, ConnectionQualityUpdate, ParticipantInfo, ParticipantPermission,
    ParticipantUpdate, RequestResponse, Room, RoomMovedResponse, RoomUpdate, SubscriptionPermissionUpdate,
};
use agent_rtc_proto::{
    ConnectionQuality, Identity, Permissions, RefusalReason, RoomEvent, RoomInfo, TrackSid,
};

use crate::world::World;

/// What is told after the server has said this.
fn told(world: &mut World, says: impl IntoIterator<Item = Say>) -> Vec<RoomEvent> {
    world.events.clear();
    for say in says {
        world.sfu.say(say);
        world.settle();
    }
    std::mem::take(&mut world.events)
}

fn room(metadata: &str) -> Room {
    Room {
        sid: "RM_1".into(),
        name: "room".into(),
        metadata: metadata.into(),
        num_participants: 2,
        ..Room::default()
    }
}

#[test]
fn a_change_of_the_room_is_told_once_and_can_be_read() {
    let mut world = World::talking(41);
    let update = || Say::RoomUpdate(RoomUpdate { room: Some(room("m")) });
    let now = RoomInfo {
        sid: "RM_1".into(),
        name: "room".into(),
        metadata: "m".into(),
        n_participants: 2,
        recording: false,
    };
    assert_eq!(told(&mut world, [update(), update()]), [RoomEvent::RoomUpdated(now.clone())]);
    assert_eq!(world.machine.room(), &now);
    assert_eq!(told(&mut world, [Say::RoomUpdate(RoomUpdate { room: None })]), []);
}

#[test]
fn what_we_may_do_is_told_when_it_changes() {
    let mut world = World::talking(42);
    let us = |version, can_publish| {
        let permission =
            ParticipantPermission { can_subscribe: true, can_publish, ..ParticipantPermission::default() };
        let info = ParticipantInfo {
            sid: "PA_1".into(),
            identity: "agent".into(),
            state: 2,
            version,
            permission: Some(permission),
            ..ParticipantInfo::default()
        };
        Say::Update(ParticipantUpdate { participants: vec![info] })
    };
    let may =
        |publish| RoomEvent::Permissions(Permissions { subscribe: true, publish, ..Permissions::default() });
    let says = [us(2, true), us(3, true), us(4, false), us(3, true)];
    assert_eq!(told(&mut world, says), [may(true), may(false)], "an older word is no news");
    assert!(!world.machine.local().unwrap().permissions.publish);
}

#[test]
fn how_well_somebody_is_connected_is_told_of_those_who_are_there() {
    let mut world = World::talking(43);
    world.somebody_publishes("caller", "TR_caller");
    let of = |sid: &str, quality: i32| ConnectionQualityInfo {
        participant_sid: sid.into(),
        quality,
        ..ConnectionQualityInfo::default()
    };
    let updates = vec![of("PA_1", 2), of("PA_caller", 3), of("PA_nobody", 0), of("PA_caller", 99)];
    let quality =
        |who: &str, quality| RoomEvent::ConnectionQuality { participant: Identity::from(who), quality };
    let expected = [
        quality("agent", ConnectionQuality::Excellent),
        quality("caller", ConnectionQuality::Lost),
        quality("caller", ConnectionQuality::default()),
    ];
    assert_eq!(told(&mut world, [Say::ConnectionQuality(ConnectionQualityUpdate { updates })]), expected);
}

#[test]
fn whether_a_publisher_lets_us_hear_is_told() {
    let mut world = World::talking(44);
    world.somebody_publishes("caller", "TR_caller");
    let update = |participant: &str, allowed| {
        Say::SubscriptionPermissionUpdate(SubscriptionPermissionUpdate {
            participant_sid: participant.into(),
            track_sid: "TR_caller".into(),
            allowed,
        })
    };
    let permitted = |allowed| RoomEvent::SubscriptionPermitted {
        participant: Identity::from("caller"),
        track: TrackSid::from("TR_caller"),
        allowed,
    };
    let says = [update("PA_caller", false), update("PA_nobody", true), update("PA_caller", true)];
    assert_eq!(told(&mut world, says), [permitted(false), permitted(true)]);
}

#[test]
fn what_the_server_does_not_do_for_us_is_told_and_what_it_does_is_not() {
    let mut world = World::talking(45);
    let response = |reason: Reason, request| {
        Say::RequestResponse(RequestResponse {
            reason: reason as i32,
            message: "why".into(),
            request,
            ..RequestResponse::default()
        })
    };
    let add_track = || Some(OfOurs::AddTrack(AddTrackRequest::default()));
    let refused = |request, reason| RoomEvent::RequestRefused { request, reason, message: "why".into() };
    let says = [
        response(Reason::Ok, add_track()),
        response(Reason::Queued, add_track()),
        response(Reason::NotAllowed, add_track()),
        response(Reason::LimitExceeded, None),
    ];
    let expected =
        [refused("add track", RefusalReason::NotAllowed), refused("request", RefusalReason::LimitExceeded)];
    assert_eq!(told(&mut world, says), expected);
}

#[test]
fn who_is_moved_to_another_room_is_told_of_it_and_comes_back_to_that_one() {
    let mut world = World::talking(46);
    world.somebody_publishes("caller", "TR_caller");
    let info = |sid: &str, identity: &str| ParticipantInfo {
        sid: sid.into(),
        identity: identity.into(),
        state: 2,
        ..ParticipantInfo::default()
    };
    let moved = RoomMovedResponse {
        room: Some(Room { name: "elsewhere".into(), ..Room::default() }),
        token: "of the other room".into(),
        participant: Some(info("PA_9", "agent")),
        other_participants: vec![info("PA_host", "host")],
    };
    let told: Vec<&str> = told(&mut world, [Say::RoomMoved(moved)])
        .iter()
        .map(|event| match event {
            RoomEvent::RoomUpdated(room) if room.name == "elsewhere" => "another room",
            RoomEvent::TrackUnpublished { .. } => "track gone",
            RoomEvent::TrackUnsubscribed { .. } => "not heard",
            RoomEvent::ParticipantLeft { .. } => "caller left",
            RoomEvent::ParticipantJoined(who) if who.identity.as_str() == "host" => "host came",
            _ => "something else",
        })
        .collect();
    assert_eq!(told, ["another room", "not heard", "track gone", "caller left", "host came"]);
    assert_eq!(world.machine.local().unwrap().sid.as_str(), "PA_9");
    world.cut_link();
    world.run(Duration::from_secs(3));
    assert_eq!(world.tokens.last().unwrap(), "of the other room");
}
