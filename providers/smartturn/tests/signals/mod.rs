//! The sounds of `signals.txt`, computed in integers, and what the reference makes of them.

/// One sound.
pub(crate) struct Signal {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<i16>,
}

/// All sounds, in order.
pub(crate) fn signals() -> Vec<Signal> {
    include_str!("signals.txt").lines().filter(|line| !line.starts_with('#')).map(signal).collect()
}

fn signal(line: &'static str) -> Signal {
    let mut fields = line.split_whitespace();
    let name = fields.next().expect("a name");
    let numbers: Vec<i64> = fields.map(|field| field.parse().expect("a number")).collect();
    let numbers: [i64; 9] = numbers.try_into().expect("nine numbers");
    let [n_samples, step, sweep, tone, noise, pulse, gate, offset, voice] = numbers;
    let (mut seed, mut phase, mut states) = (1_u32, 0_i64, [[0_i64; 2]; 2]);
    let samples = (0..n_samples).map(|position| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        phase = (phase + step + sweep * (position >> 10)) & 0xFFFF;
        let half = phase & 0x7FFF;
        let bow = (half * (32_768 - half)) >> 13;
        let wave = if phase < 0x8000 { bow } else { -bow };
        let mut value = ((wave * tone) >> 8) + (((i64::from(seed >> 16) - 32_768) * noise) >> 8);
        if pulse > 0 && position % pulse == 0 {
            value += 20_000;
        }
        if voice == 1 {
            for ((first, second), state) in VOWEL.iter().zip(&mut states) {
                value = (value * 4_096 + first * state[0] + second * state[1]) >> 14;
                *state = [value, state[0]];
            }
        }
        if gate > 0 && position / gate % 2 == 1 {
            value = 0;
        }
        (value + offset).clamp(-32_768, 32_767) as i16
    });
    Signal { name, samples: samples.collect() }
}

/// Two-pole resonators in 16384ths: 700 Hz and 1200 Hz, 144 Hz and 216 Hz wide.
const VOWEL: [(i64, i64); 2] = [(31_095, -15_927), (28_584, -15_704)];
