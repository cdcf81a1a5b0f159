//! What a room costs: joins rooms and sends back what is heard, or speaks into them; prints processor time and packets.
//!
//! `cargo run --release -p agent-rtc --example echo -- ws://127.0.0.1:7880 KEY SECRET ROOMS agent|caller SECONDS`
#![expect(clippy::print_stdout, reason = "a program that prints a measurement")]

use std::time::{Duration, Instant};

use agent_rtc::{
    AudioFormat, AudioPacket, Event, JoinOptions, LocalTrack, OutgoingAudio, Room, RoomEvent, TrackOptions,
};
use livekit_token::{AccessToken, VideoGrants};
use tokio::task::LocalSet;

/// 20 ms on the RTP clock.
const FRAME: u32 = 960;

#[derive(Clone)]
struct Plan {
    url: String,
    key: String,
    secret: String,
    rooms: u32,
    role: String,
    seconds: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    agent_rtc::install_crypto();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, key, secret, rooms, role, seconds] = arguments.as_slice() else {
        return Err("URL KEY SECRET ROOMS agent|caller SECONDS".into());
    };
    let plan = Plan {
        url: url.clone(),
        key: key.clone(),
        secret: secret.clone(),
        rooms: rooms.parse()?,
        role: role.clone(),
        seconds: seconds.parse()?,
    };
    LocalSet::new().run_until(measure(plan)).await
}

async fn measure(plan: Plan) -> Result<(), Box<dyn std::error::Error>> {
    let mut running = Vec::new();
    for number in 0..plan.rooms {
        running.push(tokio::task::spawn_local(Box::pin(one_room(plan.clone(), number))));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (began, before) = (Instant::now(), processor_time()?);
    tokio::time::sleep(Duration::from_secs(plan.seconds)).await;
    let share = (processor_time()? - before).as_secs_f64() / began.elapsed().as_secs_f64();
    let (mut heard, mut sent) = (0, 0);
    for room in running {
        let (room_heard, room_sent) = room.await??;
        heard += room_heard;
        sent += room_sent;
    }
    let each = 100.0 * share / f64::from(plan.rooms);
    println!(
        "{} rooms as {}: {each:.3} % of a core each, {heard} packets heard, {sent} sent",
        plan.rooms, plan.role
    );
    Ok(())
}

/// Until a few seconds after the measurement. Returns packets heard and sent.
async fn one_room(plan: Plan, number: u32) -> Result<(u64, u64), String> {
    let options = JoinOptions::new(&plan.url, token(&plan, number)?);
    let mut room = Box::pin(Room::join(options)).await.map_err(|error| error.to_string())?;
    let track = room.publish_audio(TrackOptions::voice("voice"));
    let speaks = plan.role == "caller";
    let end = tokio::time::Instant::now() + Duration::from_secs(plan.seconds + 5);
    let mut frames = tokio::time::interval(Duration::from_millis(20));
    let mut rtp_time = 0_u32;
    while tokio::time::Instant::now() < end {
        tokio::select! {
            event = room.next_event() => on_event(&mut room, track, &event, speaks),
            _ = frames.tick(), if speaks => {
                send(&mut room, track, rtp_time, &[0x78; 60]);
                rtp_time = rtp_time.wrapping_add(FRAME);
            }
        }
    }
    let counters = *room.counters();
    room.leave().await;
    Ok((counters.audio_in, counters.audio_out))
}

fn on_event(room: &mut Room, track: LocalTrack, event: &Event, speaks: bool) {
    match event {
        Event::Audio(packet) if !speaks => {
            send(room, track, packet.rtp_time, newest(packet));
        }
        Event::Room(RoomEvent::TrackPublished { track, .. }) => room.subscribe(&track.sid, true),
        Event::Audio(_) | Event::Data(_) | Event::Room(_) => {}
    }
}

fn send(room: &mut Room, track: LocalTrack, rtp_time: u32, payload: &[u8]) {
    room.send_audio(OutgoingAudio { track, rtp_time, talkspurt: false, level: Some(-30), payload });
}

/// The last block of RED, or all of it; nothing of what is malformed.
fn newest(packet: &AudioPacket) -> &[u8] {
    let payload = &packet.payload;
    if packet.format == AudioFormat::Opus {
        return payload;
    }
    let (mut header, mut redundant) = (0, 0);
    while let Some([0x80..=0xff, _, high, low]) = payload.get(header..header + 4) {
        redundant += usize::from(high & 0x03) << 8 | usize::from(*low);
        header += 4;
    }
    payload.get(header + 1 + redundant..).unwrap_or_default()
}

fn token(plan: &Plan, number: u32) -> Result<String, String> {
    let grants = VideoGrants {
        room_join: true,
        room: format!("echo-{number}"),
        can_publish: Some(true),
        can_subscribe: Some(true),
        ..VideoGrants::default()
    };
    let token =
        AccessToken::with_api_key(&plan.key, &plan.secret).with_identity(&plan.role).with_grants(grants);
    token.to_jwt().map_err(|error| error.to_string())
}

/// User and system time of this process: fields 14 and 15 of `proc_pid_stat(5)`, in hundredths of a second.
fn processor_time() -> Result<Duration, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}
