//! After `new`, hearing allocates nothing: counted at the allocator, for every engine.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use agent_audio::vad::{Aggressiveness, Detector, DetectorConfig, Engine};

#[test]
fn a_detector_allocates_nothing_after_new() {
    let speech = include_bytes!("vad_vectors/speech.s16");
    let speech: Vec<i16> =
        speech.as_chunks::<2>().0.iter().map(|&sample| i16::from_le_bytes(sample)).collect();
    for engine in
        [Engine::Silero, Engine::GatedSilero, Engine::Earshot, Engine::WebRtc(Aggressiveness::Quality)]
    {
        let mut detector = Detector::new(engine.build(), config());
        let before = ALLOCATIONS.get();
        let mut n_events = 0;
        for frame in speech.chunks(320).chain([[0; 320].as_slice(); 50]) {
            detector.handle_audio(frame);
            while detector.poll_event().is_some() {
                n_events += 1;
            }
        }
        detector.handle_cut();
        assert_eq!(ALLOCATIONS.get() - before, 0, "{engine:?}");
        assert!(n_events > 100, "{engine:?} said {n_events} things");
    }
}

fn config() -> DetectorConfig {
    DetectorConfig {
        activation: 0.5,
        deactivation: 0.35,
        min_speech: Duration::from_millis(50),
        min_silence: Duration::from_millis(250),
    }
}

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed to the system's allocator unchanged; the count is a plain cell of this thread.
#[expect(unsafe_code, reason = "the one way to count what is allocated")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `pointer` came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
