//! One caller: joins a room that asks for the agent, speaks, waits, listens; of three answers it speaks over one, and
//! coughs over another.

use std::{rc::Rc, time::Duration};

use agent_rtc::{
    AudioFormat, AudioPacket, Event, JoinOptions, LocalTrack, OutgoingAudio, Room, RoomEvent, TrackOptions,
};
use livekit_protocol::{RoomAgentDispatch, RoomConfiguration};
use livekit_token::{AccessToken, VideoGrants};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{
    Failure,
    gaps::Gaps,
    servers::{KEY, SECRET},
    speech::Speech,
    splice::{self, Tape},
};

/// What every caller does.
pub(crate) struct CallPlan {
    pub(crate) url: String,
    /// The agent to ask for.
    pub(crate) agent: String,
    pub(crate) speech: Rc<Speech>,
    /// How long an answer lasts when nobody interrupts.
    pub(crate) reply: Duration,
    /// After how much silence an answer goes on that a cough has paused.
    pub(crate) false_interruption: Duration,
}

/// What one caller met.
#[derive(Default)]
pub(crate) struct CallResult {
    /// From asking for the room to the agent's track.
    pub(crate) subscribed: Option<Duration>,
    /// Turns taken.
    pub(crate) turns: usize,
    /// Turns to which nothing was heard in time.
    pub(crate) unanswered: usize,
    /// From the end of each speech to the first audible frame.
    pub(crate) answered: Vec<Duration>,
    /// From the onset of each speech over an answer to the last audible frame.
    pub(crate) silenced: Vec<Duration>,
    /// What was heard of each answer that was coughed over.
    pub(crate) coughed_over: Vec<Tape>,
    /// Frames missing inside answers.
    pub(crate) gaps: usize,
    /// The longest pause between two frames of an answer, above their 20 ms.
    pub(crate) longest_gap: Duration,
}

/// Calls until `until`, then leaves when the last turn has had its answer, or the time for one.
pub(crate) async fn call(plan: Rc<CallPlan>, number: usize, until: Instant) -> Result<CallResult, Failure> {
    let burst = if number == 0 { Duration::ZERO } else { SERVER_WARMS_UP + BETWEEN_CALLERS * number as u32 };
    tokio::time::sleep(burst).await;
    let asked = Instant::now();
    let mut room = Room::join(JoinOptions::new(&plan.url, token(&plan.agent, number)?)).await?;
    let track = room.publish_audio(TrackOptions::voice("microphone"));
    let mut line = Line::new(&plan, number, asked)?;
    let mut tick = interval(FRAME);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        tokio::select! {
            event = room.next_event() => match event {
                Event::Audio(packet) => line.hear(&packet)?,
                Event::Room(event) => line.meet(&mut room, event)?,
                Event::Data(_) => {}
            },
            now = tick.tick() => {
                if now >= until && line.is_at_rest() {
                    break;
                }
                line.say(&mut room, track, now >= until - GRACE);
            }
        }
    }
    room.leave().await;
    Ok(line.result)
}

fn token(agent: &str, number: usize) -> Result<String, Failure> {
    let grants = VideoGrants { room_join: true, room: format!("bench-{number}"), ..VideoGrants::default() };
    let dispatch = RoomAgentDispatch { agent_name: agent.to_owned(), ..RoomAgentDispatch::default() };
    let config = RoomConfiguration { agents: vec![dispatch], ..RoomConfiguration::default() };
    let token =
        AccessToken::with_api_key(KEY, SECRET).with_identity(&format!("caller-{number}")).with_grants(grants);
    Ok(token.with_room_config(config).to_jwt()?)
}

/// What the caller does at the moment.
enum Doing {
    /// Silent until then.
    Waiting { until: Instant },
    /// Saying the words, from this packet on.
    Speaking { next: usize },
    /// Spoke until `since`, and has heard nothing yet.
    Expecting { since: Instant },
    /// Hears the answer since then.
    Listening { since: Instant },
    /// Speaks over the answer since then.
    Interrupting { since: Instant, next: usize, silent: bool },
    /// Coughs over the answer that it hears since `heard`, and hears it to its end.
    Coughing { heard: Instant, since: Instant, next: usize, silent: bool },
}

/// One caller's microphone and ear.
struct Line<'a> {
    plan: &'a CallPlan,
    doing: Doing,
    asked: Instant,
    agent_here: bool,
    rtp_time: u32,
    hissed: usize,
    decoder: opus::Decoder,
    samples: [i16; 5_760],
    /// When the answer's last audible frame came.
    last_audible: Option<Instant>,
    /// Of the answer that it listens to.
    gaps: Gaps,
    /// What was heard of this answer.
    tape: Tape,
    result: CallResult,
}

impl<'a> Line<'a> {
    fn new(plan: &'a CallPlan, number: usize, asked: Instant) -> Result<Self, Failure> {
        Ok(Self {
            plan,
            // Spread over three seconds, so that callers do not speak in step.
            doing: Doing::Waiting {
                until: asked + Duration::from_millis(2_000 + (number as u64 * 379) % 3_000),
            },
            asked,
            agent_here: false,
            rtp_time: 0,
            hissed: 0,
            decoder: opus::Decoder::new(splice::RATE, opus::Channels::Mono)?,
            samples: [0; 5_760],
            last_audible: None,
            gaps: Gaps::default(),
            tape: Tape::default(),
            result: CallResult::default(),
        })
    }

    fn is_at_rest(&self) -> bool {
        matches!(self.doing, Doing::Waiting { .. })
    }

    /// Sends the next 20 ms, and moves on when a time has come. With `last`, no new turn is begun.
    fn say(&mut self, room: &mut Room, track: LocalTrack, last: bool) {
        let now = Instant::now();
        let speech = &self.plan.speech;
        let mut payload = None;
        match &mut self.doing {
            Doing::Waiting { until } if now >= *until && self.agent_here && !last => {
                self.result.turns += 1;
                self.doing = Doing::Speaking { next: 0 };
            }
            Doing::Speaking { next } if *next < speech.words.len() => {
                payload = Some(&speech.words[*next]);
                *next += 1;
                if *next == speech.words.len() {
                    self.tape = Tape::default();
                    self.doing = Doing::Expecting { since: now + FRAME };
                }
            }
            Doing::Expecting { since } if now > *since + PATIENCE => {
                self.result.unanswered += 1;
                self.doing = Doing::Waiting { until: now + PAUSE };
            }
            Doing::Listening { since }
                if now > *since + INTERRUPT_AFTER && self.result.turns.is_multiple_of(3) =>
            {
                self.doing = Doing::Interrupting { since: now, next: 0, silent: false };
            }
            Doing::Listening { since } if now > *since + INTERRUPT_AFTER && self.result.turns % 3 == 1 => {
                self.doing = Doing::Coughing { heard: *since, since: now, next: 0, silent: false };
            }
            Doing::Listening { since } if now > *since + self.plan.reply + ENDED => {
                self.last_audible = None;
                self.doing = Doing::Waiting { until: now + PAUSE };
            }
            Doing::Interrupting { since, next, silent } => {
                if let Some(heard) = self.last_audible
                    && !*silent
                    && now > heard + SILENT
                {
                    *silent = true;
                    self.result.silenced.push(heard.saturating_duration_since(*since));
                }
                payload = speech.words.get(*next);
                *next += 1;
                if *next >= speech.words.len() {
                    self.last_audible = None;
                    self.tape = Tape::default();
                    self.result.turns += 1;
                    self.doing = Doing::Expecting { since: now + FRAME };
                }
            }
            Doing::Coughing { heard, since, next, silent } => {
                if let Some(last) = self.last_audible
                    && !*silent
                    && now > last + SILENT
                {
                    *silent = true;
                    self.result.silenced.push(last.saturating_duration_since(*since));
                }
                payload = speech.words.get(*next).filter(|_| *next < COUGH);
                *next += 1;
                if now > *heard + self.plan.reply + COUGH_LASTS + self.plan.false_interruption + RESUMED {
                    self.result.coughed_over.push(std::mem::take(&mut self.tape));
                    self.last_audible = None;
                    self.doing = Doing::Waiting { until: now + PAUSE };
                }
            }
            Doing::Waiting { .. }
            | Doing::Speaking { .. }
            | Doing::Expecting { .. }
            | Doing::Listening { .. } => {}
        }
        let payload = payload.unwrap_or_else(|| {
            self.hissed += 1;
            &speech.hiss[self.hissed % speech.hiss.len()]
        });
        room.send_audio(OutgoingAudio {
            track,
            rtp_time: self.rtp_time,
            talkspurt: false,
            level: None,
            payload,
        });
        self.rtp_time = self.rtp_time.wrapping_add(FRAME_ON_WIRE);
    }

    /// Follows the agent: subscribes its track, notes when it is there.
    fn meet(&mut self, room: &mut Room, event: RoomEvent) -> Result<(), Failure> {
        match event {
            RoomEvent::TrackPublished { track, .. } => room.subscribe(&track.sid, true),
            RoomEvent::TrackSubscribed { .. } if !self.agent_here => {
                self.agent_here = true;
                self.result.subscribed = Some(self.asked.elapsed());
            }
            RoomEvent::Disconnected(cause) => return Err(Failure::Lost(cause.to_string())),
            _ => {}
        }
        Ok(())
    }

    /// Listens to one packet of the agent's.
    fn hear(&mut self, packet: &AudioPacket) -> Result<(), Failure> {
        let payload = match packet.format {
            AudioFormat::Opus => &packet.payload[..],
            AudioFormat::Red => newest_of(&packet.payload),
        };
        let n = self.decoder.decode(payload, &mut self.samples, false)?;
        if let Doing::Coughing { .. } | Doing::Listening { .. } | Doing::Expecting { .. } = self.doing {
            self.tape.push(packet.rtp_time, &self.samples[..n]);
        }
        let power: f64 = self.samples[..n].iter().map(|&sample| f64::from(sample).powi(2)).sum();
        if (power / n.max(1) as f64).sqrt() < AUDIBLE {
            return Ok(());
        }
        let arrival = Instant::from_std(packet.arrival);
        if let Doing::Expecting { since } = self.doing
            && self.last_audible.is_none_or(|heard| arrival > heard + SILENT)
        {
            self.result.answered.push(arrival.saturating_duration_since(since));
            self.doing = Doing::Listening { since: arrival };
            self.last_audible = None;
            self.gaps = Gaps::default();
        }
        if let Doing::Listening { .. } = self.doing {
            let more = self.gaps.hear(packet.rtp_time);
            self.result.gaps = self.result.gaps.saturating_add_signed(more);
            let pause = arrival.saturating_duration_since(self.last_audible.unwrap_or(arrival));
            self.result.longest_gap = self.result.longest_gap.max(pause.saturating_sub(FRAME));
        }
        self.last_audible = Some(arrival);
        Ok(())
    }
}

/// The newest block of a RED payload (RFC 2198): headers of four bytes for what is older, one byte for the newest,
/// then the blocks in that order.
fn newest_of(payload: &[u8]) -> &[u8] {
    let (mut header, mut older) = (0, 0);
    while let Some(&[first, _, length_high, length_low]) =
        payload.get(header..header + 4).and_then(|h| h.first_chunk())
        && first & 0x80 != 0
    {
        older += usize::from(length_high & 0x03) << 8 | usize::from(length_low);
        header += 4;
    }
    payload.get(header + 1 + older..).unwrap_or_default()
}

/// For five seconds after a dispatch with a cold cache (`CheckEnabled`), livekit-server 1.9.12 holds three of its fifty
/// dispatch workers for each named dispatch: the seventeenth waits for the five seconds to end. The first caller warms it.
const SERVER_WARMS_UP: Duration = Duration::from_millis(5_500);
/// Callers after the first come this close after each other.
const BETWEEN_CALLERS: Duration = Duration::from_millis(7);
/// One packet.
const FRAME: Duration = Duration::from_millis(20);
/// One packet on the 48 kHz clock.
const FRAME_ON_WIRE: u32 = 960;
/// Root mean square of 32,768 from which a frame is audible.
const AUDIBLE: f64 = 300.0;
/// An answer that has not come after this will not come.
const PATIENCE: Duration = Duration::from_secs(8);
/// Between an answer's end and the next turn.
const PAUSE: Duration = Duration::from_millis(1_500);
/// Into the answer, when it is interrupted.
const INTERRUPT_AFTER: Duration = Duration::from_millis(400);
/// After an answer's length, that it has ended.
const ENDED: Duration = Duration::from_millis(200);
/// A cough: so many packets of voice, 700 ms; longer than the least interruption, shorter than what has words.
const COUGH: usize = 35;
const COUGH_LASTS: Duration = Duration::from_millis(700);
/// What voice activity takes to notice the cough's end, and a reserve.
const RESUMED: Duration = Duration::from_millis(900);
/// So long without an audible frame is silence.
const SILENT: Duration = Duration::from_millis(120);
/// No turn is begun this long before the end.
const GRACE: Duration = Duration::from_secs(8);

#[cfg(test)]
mod tests {
    use super::newest_of;

    #[test]
    fn the_newest_block_stands_behind_the_older_ones() {
        assert_eq!(newest_of(&[111, 7, 8, 9]), [7, 8, 9]);
        assert_eq!(newest_of(&[0x80 | 111, 0, 0, 2, 111, 1, 1, 7, 8]), [7, 8]);
        assert!(newest_of(&[0x80 | 111, 0, 3, 255, 111]).is_empty());
    }
}
