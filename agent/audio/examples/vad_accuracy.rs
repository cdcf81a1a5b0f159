//! How well each engine tells speech, on people's voices from Debian packages, clean and in noise: AUC, F1, and what
//! the gate saves and changes.
//!
//! `apt-get install ffmpeg asterisk-core-sounds-en-g722 pocketsphinx-testdata`, then
//! `cargo run --release -p agent-audio --example vad_accuracy`. The audio is read where the packages put it; its
//! licence (CC-BY-SA) keeps it out of this repository.

#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use agent_audio::vad::{Aggressiveness, Detector, DetectorConfig, Engine, Gate, Silero, VoiceEvent};
use providers_core::{VAD_WINDOW, VoiceActivity};

const PROMPTS: &str = "/usr/share/asterisk/sounds/en_US_f_Allison";
const RECORDINGS: [&str; 2] =
    ["/usr/share/pocketsphinx/test/data/cards", "/usr/share/pocketsphinx/test/data/librivox"];
/// One prompt of so many is used.
const EVERY: usize = 6;

const ENGINES: [(&str, Engine); 6] = [
    ("silero", Engine::Silero),
    ("gated-silero", Engine::GatedSilero),
    ("earshot", Engine::Earshot),
    ("webrtc 0", Engine::WebRtc(Aggressiveness::Quality)),
    ("webrtc 2", Engine::WebRtc(Aggressiveness::Aggressive)),
    ("webrtc 3", Engine::WebRtc(Aggressiveness::VeryAggressive)),
];

const CONDITIONS: [(&str, Noise, f32); 10] = [
    ("clean", Noise::None, 0.0),
    ("low -26 dB", Noise::Quieter, 26.0),
    ("white 10", Noise::White, 10.0),
    ("white 5", Noise::White, 5.0),
    ("white 0", Noise::White, 0.0),
    ("pink 5", Noise::Pink, 5.0),
    ("swell 10", Noise::Swelling, 10.0),
    ("hum 0", Noise::Hum, 0.0),
    ("babble 20", Noise::Babble, 20.0),
    ("babble 10", Noise::Babble, 10.0),
];

/// What is added to the speech; the number beside it is the signal-to-noise ratio in dB.
#[derive(Clone, Copy)]
enum Noise {
    None,
    /// The speech itself is quieter by so many dB, and dithered.
    Quieter,
    White,
    Pink,
    /// White noise that rises and falls by 12 dB in 6 s.
    Swelling,
    /// 100 Hz and its harmonics.
    Hum,
    /// Six other voices.
    Babble,
}

fn main() -> Result<()> {
    let corpus = Corpus::read()?;
    let n_speech = corpus.labels.iter().filter(|&&label| label).count();
    let seconds = corpus.samples.len() as f32 / 16_000.0;
    let share = 100.0 * n_speech as f32 / corpus.labels.len() as f32;
    println!("{} utterances, {seconds:.0} s, {share:.0} % of the windows speech", corpus.utterances);
    println!("\nAUC / F1 at 0.5 of windows of 32 ms");
    println!("{:14}{}", "", ENGINES.map(|(name, _)| format!("{name:>14}")).concat());
    for (name, noise, decibels) in CONDITIONS {
        let heard = corpus.in_noise(noise, decibels);
        let scores = ENGINES.map(|(_, engine)| {
            let said = judge(engine.build().as_mut(), &heard);
            format!("{:>14}", format!("{:.3}/{:.3}", auc(&said, &corpus.labels), f1(&said, &corpus.labels)))
        });
        println!("{name:14}{}", scores.concat());
    }
    println!(
        "\nThe gate: windows spared, windows heard again, windows on another side of 0.5 than without it"
    );
    println!(
        "(those of them in speech by the label), utterances begun without it / with it, and edges that moved"
    );
    for (name, noise, decibels) in CONDITIONS {
        report_gate(name, &corpus.in_noise(noise, decibels), &corpus.labels);
    }
    let silence = vec![0; 60 * 16_000];
    report_gate("zeros", &silence, &vec![false; silence.len() / VAD_WINDOW]);
    Ok(())
}

fn report_gate(name: &str, heard: &[i16], labels: &[bool]) {
    let plain = judge(&mut Silero::new(), heard);
    let mut gate = Gate::new(Box::new(Silero::new()));
    let gated = judge(&mut gate, heard);
    let differs = |&index: &usize| (plain[index] >= 0.5) != (gated[index] >= 0.5);
    let flips: Vec<usize> = (0..labels.len()).filter(differs).collect();
    let in_speech = flips.iter().filter(|&&index| labels[index]).count();
    let counters = gate.counters();
    let share = |count: u64| 100.0 * count as f64 / labels.len() as f64;
    let (without, with) = (edges(Engine::Silero, heard), edges(Engine::GatedSilero, heard));
    let moved = without.iter().filter(|edge| !with.contains(edge)).count();
    println!(
        "{name:14} spared {:5.1} %  again {:4.1} %  flips {:3} of {} ({in_speech})  utterances {}/{}  moved {moved}",
        share(counters.spared),
        share(counters.replayed),
        flips.len(),
        labels.len(),
        without.len() / 2,
        with.len() / 2,
    );
}

fn judge(engine: &mut dyn VoiceActivity, heard: &[i16]) -> Vec<f32> {
    heard.as_chunks::<VAD_WINDOW>().0.iter().map(|window| engine.probability(window)).collect()
}

/// Where speech began and ended.
fn edges(engine: Engine, heard: &[i16]) -> Vec<u64> {
    let mut detector = Detector::new(
        engine.build(),
        DetectorConfig {
            activation: 0.5,
            deactivation: 0.35,
            min_speech: Duration::from_millis(50),
            min_silence: Duration::from_millis(250),
        },
    );
    detector.handle_audio(heard);
    detector.handle_cut();
    let edge = |event| match event {
        VoiceEvent::SpeechStarted { at, .. } | VoiceEvent::SpeechStopped { at, .. } => Some(at),
        VoiceEvent::Inference { .. } => None,
    };
    std::iter::from_fn(|| detector.poll_event()).filter_map(edge).collect()
}

/// The chance that a window of speech is judged likelier than one without; ties count half.
fn auc(said: &[f32], labels: &[bool]) -> f64 {
    let mut ordered: Vec<(f32, bool)> = said.iter().copied().zip(labels.iter().copied()).collect();
    ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut won, mut n_speech) = (0.0, 0.0, 0.0);
    for tie in ordered.chunk_by(|a, b| a.0 == b.0) {
        let speech = tie.iter().filter(|(_, label)| *label).count() as f64;
        let other = tie.len() as f64 - speech;
        won += speech * (below + other / 2.0);
        below += other;
        n_speech += speech;
    }
    won / (n_speech * below)
}

fn f1(said: &[f32], labels: &[bool]) -> f64 {
    let pairs = || said.iter().zip(labels).map(|(&said, &label)| (said >= 0.5, label));
    let right = pairs().filter(|&pair| pair == (true, true)).count();
    let wrong = pairs().filter(|&(said, label)| said != label).count();
    2.0 * right as f64 / (2 * right + wrong) as f64
}

/// Utterances of equal loudness with 0.8 to 1.6 s between them.
struct Corpus {
    samples: Vec<f32>,
    labels: Vec<bool>,
    utterances: usize,
}

impl Corpus {
    fn read() -> Result<Self> {
        let mut files: Vec<PathBuf> = list(Path::new(PROMPTS), "g722")?.into_iter().step_by(EVERY).collect();
        for folder in RECORDINGS {
            files.extend(list(Path::new(folder), "wav")?);
        }
        let mut random = Random(1);
        let (mut samples, mut clean) = (Vec::new(), Vec::new());
        let mut utterances = 0;
        for file in files {
            let utterance = decode(&file)?;
            if utterance.len() < 8_000 {
                continue;
            }
            utterances += 1;
            let gap = 12_800 + (random.unit() * 12_800.0) as usize;
            samples.extend(std::iter::repeat_n(0.0, gap));
            clean.extend(std::iter::repeat_n(0.0, gap));
            let loudness = level(&utterance);
            samples.extend(utterance.iter().map(|sample| sample / loudness * 0.1));
            clean.extend(utterance.iter().map(|sample| sample / loudness));
        }
        Ok(Self { labels: label(&clean), samples, utterances })
    }

    fn in_noise(&self, noise: Noise, decibels: f32) -> Vec<i16> {
        let mut random = Random(2);
        let length = self.samples.len();
        let mut pink = [0.0_f32; 3];
        let mut added: Vec<f32> = match noise {
            Noise::None => return round(&self.samples),
            Noise::Quieter => {
                let gain = 10_f32.powf(-decibels / 20.0);
                let dithered = |sample: &f32| sample * gain + (random.unit() - random.unit()) / 32_768.0;
                return round(&self.samples.iter().map(dithered).collect::<Vec<f32>>());
            }
            Noise::White => (0..length).map(|_| random.unit() - 0.5).collect(),
            Noise::Pink => (0..length)
                .map(|_| {
                    // Paul Kellet's economy filter.
                    let white = random.unit() - 0.5;
                    pink[0] = 0.997_65 * pink[0] + white * 0.099_046;
                    pink[1] = 0.963 * pink[1] + white * 0.296_516_4;
                    pink[2] = 0.57 * pink[2] + white * 1.052_691_3;
                    pink[0] + pink[1] + pink[2] + white * 0.184_8
                })
                .collect(),
            Noise::Swelling => (0..length)
                .map(|at| {
                    let swell = (at as f32 / 96_000.0 * std::f32::consts::TAU).sin() * 0.6;
                    (random.unit() - 0.5) * 2_f32.powf(swell * 1.66)
                })
                .collect(),
            Noise::Hum => (0..length)
                .map(|at| {
                    let phase = (at % 160) as f32 / 160.0 * std::f32::consts::TAU;
                    phase.sin() + (3.0 * phase).sin() / 3.0 + (5.0 * phase).sin() / 5.0
                })
                .collect(),
            Noise::Babble => (0..length)
                .map(|at| (1..=6).map(|voice| self.samples[(at + voice * length / 7) % length]).sum())
                .collect(),
        };
        // The level of speech is 0.1, so that of the noise follows.
        let gain = 0.1 * 10_f32.powf(-decibels / 20.0) / level(&added);
        for (sample, speech) in added.iter_mut().zip(&self.samples) {
            *sample = *sample * gain + speech;
        }
        round(&added)
    }
}

/// A window is speech when at least half of its 8 ms blocks are within 30 dB of their utterance's level, where pauses
/// of up to 96 ms are speech too.
fn label(clean: &[f32]) -> Vec<bool> {
    const PAUSE: usize = 12;
    let loud =
        |block: &[f32]| block.iter().map(|sample| sample * sample).sum::<f32>() / block.len() as f32 > 1e-3;
    let mut blocks: Vec<bool> = clean.chunks_exact(128).map(loud).collect();
    let speech: Vec<usize> = (0..blocks.len()).filter(|&index| blocks[index]).collect();
    for pair in speech.windows(2).filter(|pair| pair[1] - pair[0] <= PAUSE) {
        blocks[pair[0]..pair[1]].fill(true);
    }
    blocks.chunks_exact(4).map(|window| window.iter().filter(|&&block| block).count() >= 2).collect()
}

/// The root of the mean square over what is not silence.
fn level(samples: &[f32]) -> f32 {
    let energies: Vec<f32> =
        samples.chunks(160).map(|block| block.iter().map(|s| s * s).sum::<f32>() / 160.0).collect();
    let loudest = energies.iter().copied().fold(0.0, f32::max);
    let active: Vec<f32> = energies.into_iter().filter(|&energy| energy > loudest / 1_000.0).collect();
    (active.iter().sum::<f32>() / active.len() as f32).sqrt()
}

fn round(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|sample| (sample * 32_768.0).round() as i16).collect()
}

fn list(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let found = fs::read_dir(folder)
        .map_err(|error| Error::other(format!("cannot read {}: {error}", folder.display())))?;
    let mut files = found.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}

fn decode(file: &Path) -> Result<Vec<f32>> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(file).args("-ar 16000 -ac 1 -f s16le -".split(' '));
    let output = ffmpeg.output()?;
    if !output.status.success() {
        return Err(Error::other(format!("ffmpeg cannot read {}", file.display())));
    }
    Ok(output
        .stdout
        .as_chunks::<2>()
        .0
        .iter()
        .map(|&bytes| f32::from(i16::from_le_bytes(bytes)) / 32_768.0)
        .collect())
}

/// A linear congruence: the same numbers on every machine.
struct Random(u64);

impl Random {
    /// 0 to 1.
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32
    }
}
