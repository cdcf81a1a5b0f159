//! What tells an owner that it is heard: the fate of each frame, and the news around it, in their order.

use std::time::Duration;

use agent_rtc_proto::protocol::leave_request::Action;
use agent_rtc_proto::protocol::signal_response::Message as Say;
use agent_rtc_proto::protocol::{MuteTrackRequest, TrackSubscribed, TrackUnpublishedResponse};
use agent_rtc_proto::{FrameFate, Request, RoomEvent, TrackOptions};

use crate::world::{TRACK, World};

/// The news that say whether we can be heard, one word each.
fn news(world: &World) -> Vec<&'static str> {
    let word = |event: &RoomEvent| match event {
        RoomEvent::MediaConnected => Some("media"),
        RoomEvent::LocalTrackPublished { .. } => Some("published"),
        RoomEvent::LocalTrackUnpublished { .. } => Some("unpublished"),
        RoomEvent::LocalTrackSubscribed { .. } => Some("listened to"),
        RoomEvent::LocalTrackMuted { muted: true, .. } => Some("muted"),
        RoomEvent::LocalTrackMuted { muted: false, .. } => Some("unmuted"),
        RoomEvent::Reconnecting => Some("lost"),
        RoomEvent::Reconnected { full: false } => Some("resumed"),
        RoomEvent::Reconnected { full: true } => Some("anew"),
        RoomEvent::Disconnected(_) => Some("over"),
        _ => None,
    };
    world.events.iter().filter_map(word).collect()
}

fn our_sid(world: &World) -> String {
    world.machine.local_track_sid(TRACK).unwrap().as_str().to_owned()
}

#[test]
fn each_frame_is_said_to_be_sent_muted_or_without_a_way() {
    let mut world = World::new(1);
    world.sfu.answers = false;
    assert_eq!(world.send_audio(0), FrameFate::NotPublished);
    world.request(Request::Publish { track: TRACK, options: TrackOptions::voice("voice") });
    assert_eq!(world.send_audio(0), FrameFate::NotConnected, "there is no connection yet");
    world.sfu.answers = true;
    world.sfu.answer(world.now);
    world.run(Duration::from_secs(2));
    assert_eq!(world.send_audio(0), FrameFate::Sent);
    world.request(Request::Mute { track: TRACK, muted: true });
    assert_eq!(world.send_audio(0), FrameFate::Muted);
    world.request(Request::Mute { track: TRACK, muted: false });
    assert_eq!(world.send_audio(0), FrameFate::Sent);
    world.request(Request::Unpublish(TRACK));
    assert_eq!(world.send_audio(0), FrameFate::NotPublished);
    assert_eq!(world.sfu.heard.len(), 2, "what was sent arrived");
    assert_eq!(world.machine.counters().audio_out_dropped, 4);
}

#[test]
fn what_the_server_does_to_our_track_is_told_and_its_frames_are_not_said_to_be_sent() {
    let mut world = World::talking(2);
    let sid = our_sid(&world);
    world.sfu.say(Say::TrackSubscribed(TrackSubscribed { track_sid: sid.clone() }));
    for muted in [true, false] {
        world.sfu.say(Say::Mute(MuteTrackRequest { sid: sid.clone(), muted }));
        world.settle();
        assert_eq!(world.send_audio(0) == FrameFate::Muted, muted);
    }
    world.sfu.say(Say::TrackUnpublished(TrackUnpublishedResponse { track_sid: sid }));
    world.settle();
    assert_eq!(world.send_audio(0), FrameFate::NotPublished);
    assert_eq!(news(&world)[2..], ["listened to", "muted", "unmuted", "unpublished"]);
}

#[test]
fn a_lost_link_takes_no_frame_and_lost_media_takes_all_until_it_is_told_to_be_back() {
    let mut world = World::talking(3);
    world.events.clear();
    world.cut_link();
    assert_eq!(world.send_audio(0), FrameFate::Sent, "media needs no link");
    world.run(Duration::from_secs(5));
    assert_eq!(news(&world), ["lost", "media", "resumed"], "ICE starts anew on the new link");

    world.events.clear();
    world.weather.no_datagrams = true;
    world.run(Duration::from_secs(20));
    assert_eq!(news(&world)[0], "lost");
    assert_eq!(world.send_audio(0), FrameFate::NotConnected);
    world.weather.no_datagrams = false;
    world.run(Duration::from_secs(60));
    assert_eq!(world.send_audio(0), FrameFate::Sent);
    assert_eq!(news(&world).iter().filter(|word| **word == "media").count(), 1);
}

#[test]
fn in_a_new_stay_the_track_is_published_and_media_flows_before_it_is_told_to_be_found() {
    let mut world = World::talking(4);
    world.events.clear();
    world.sfu.say_leave(Action::Reconnect);
    world.run(Duration::from_secs(3));
    let told = news(&world);
    assert_eq!((told.first(), told.last()), (Some(&"lost"), Some(&"anew")), "{told:?}");
    let mut between = told[1..told.len() - 1].to_vec();
    between.sort_unstable();
    assert_eq!(between, ["media", "published"]);
    assert_eq!(world.send_audio(0), FrameFate::Sent);
}
