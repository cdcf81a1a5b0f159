//! What an Opus packet says about itself without being decoded (RFC 6716 section 3).

/// Duration of an Opus packet on the 48 kHz clock. `None` when no decoder would take it: empty, no frames, or
/// longer than 120 ms.
pub(super) fn duration(packet: &[u8]) -> Option<u32> {
    let toc = *packet.first()?;
    let n_frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3f),
    };
    let duration = n_frames * frame_duration(toc);
    (1..=LONGEST).contains(&duration).then_some(duration)
}

/// The packet only says that the sender goes silent (DTX): there is no more than a header in it.
pub(super) const fn is_comfort(packet: &[u8]) -> bool {
    packet.len() <= 2
}

/// The packet carries a coarser copy of the audio before it (in-band FEC, LBRR).
pub(super) fn has_fec(packet: &[u8]) -> bool {
    let Some(&toc) = packet.first() else { return false };
    if toc >> 3 >= FIRST_CELT_ONLY {
        return false;
    }
    let Some(&silk) = first_frame(packet) else { return false };
    // The SILK header: one voice-activity bit for each 20 ms, then the LBRR bit, for each channel.
    let n_silk = (frame_duration(toc) / 960).max(1);
    let mono = silk >> (7 - n_silk) & 1 == 1;
    let side = toc & 4 != 0 && silk >> (6 - 2 * n_silk) & 1 == 1;
    mono || side
}

/// Longest packet: 120 ms.
const LONGEST: u32 = 5760;

/// Configurations from this one on have no SILK layer.
const FIRST_CELT_ONLY: u8 = 16;

/// Duration of each frame in the packet, on the 48 kHz clock.
fn frame_duration(toc: u8) -> u32 {
    match toc >> 3 {
        silk @ 0..=11 => [480, 960, 1920, 2880][usize::from(silk & 3)],
        hybrid @ 12..=15 => [480, 960][usize::from(hybrid & 1)],
        celt => [120, 240, 480, 960][usize::from(celt & 3)],
    }
}

/// The first byte of the first frame.
fn first_frame(packet: &[u8]) -> Option<&u8> {
    let at = match packet[0] & 3 {
        0 | 1 => 1,
        2 => 1 + length_size(packet, 1)?,
        _ => {
            let counts = *packet.get(1)?;
            let mut at = 2;
            if counts & 0x40 != 0 {
                while *packet.get(at)? == 255 {
                    at += 1;
                }
                at += 1;
            }
            if counts & 0x80 != 0 {
                for _ in 1..counts & 0x3f {
                    at += length_size(packet, at)?;
                }
            }
            at
        }
    };
    packet.get(at)
}

/// How many bytes the frame length at `at` takes.
fn length_size(packet: &[u8], at: usize) -> Option<usize> {
    Some(if *packet.get(at)? < 252 { 1 } else { 2 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{duration, has_fec};

    #[test]
    fn durations_are_those_of_the_specification() {
        let cases: &[(&[u8], Option<u32>)] = &[
            (&[], None),
            (&[0b0000_0000], Some(480)),
            (&[0b0000_1000], Some(960)),
            (&[0b0001_1000], Some(2880)),
            (&[0b0110_1000], Some(960)),
            (&[0b1000_0000], Some(120)),
            (&[0b1111_1000], Some(960)),
            (&[0b1111_1001], Some(1920)),
            (&[0b1111_1011], None),
            (&[0b1111_1011, 0], None),
            (&[0b1111_1011, 6], Some(5760)),
            (&[0b1111_1011, 7], None),
        ];
        for (packet, expected) in cases {
            assert_eq!(duration(packet), *expected, "{packet:02x?}");
        }
    }

    #[test]
    fn durations_agree_with_libopus() {
        for toc in 0..=255u8 {
            for count in 0..64u8 {
                let packet = [toc, count, 0, 0];
                let theirs = opus::packet::get_nb_samples(&packet, 48_000).ok().filter(|n| *n > 0);
                assert_eq!(duration(&packet).map(|n| n as usize), theirs, "toc {toc} count {count}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_or_lack_fec(packet in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = has_fec(&packet);
        }
    }
}
