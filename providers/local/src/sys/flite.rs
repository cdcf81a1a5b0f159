//! Flite 2.2 as Debian 12 and Ubuntu 24.04 ship it (`libflite1`): a voice behind one safe method.
//!
//! Declarations follow `<flite.h>`, `<cst_synth.h>`, `<cst_audio.h>`, `<cst_wave.h>` and `<cst_utterance.h>`. A voice
//! is one static object in its library, counted without atomics: one synthesis at a time in the process, by [`TURN`].
#![expect(unsafe_code, reason = "foreign functions")]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr, slice,
    sync::{Mutex, PoisonError},
};

use super::library::SharedLibrary;
use crate::error::LocalError;

/// The voices of Debian's package that speak at 16 kHz: name, library, the function that makes it.
const VOICES: [(&str, &str, &str); 4] = [
    ("slt", "libflite_cmu_us_slt.so.1", "register_cmu_us_slt"),
    ("rms", "libflite_cmu_us_rms.so.1", "register_cmu_us_rms"),
    ("awb", "libflite_cmu_us_awb.so.1", "register_cmu_us_awb"),
    ("kal16", "libflite_cmu_us_kal16.so.1", "register_cmu_us_kal16"),
];
const PACKAGE: &str = "libflite1";

/// Samples a second of those voices.
const RATE: c_int = 16_000;

/// Samples that the library collects before it gives them, at least: 50 ms.
const CHUNK: c_int = 800;

/// Where a token's last sound ends, in seconds from the utterance's first sample.
const TOKEN_END: &CStr = c"R:Token.daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end";
/// Where the sound before its first one ends.
const TOKEN_START: &CStr = c"R:Token.daughter.R:SylStructure.daughter.daughter.R:Segment.p.end";

/// Taken by whoever synthesises or loads.
static TURN: Mutex<()> = Mutex::new(());

/// A loaded voice.
pub(crate) struct Voice {
    functions: Functions,
    raw: *mut c_void,
    /// Stays loaded as long as the process: the voice is its static data, and other libraries hold pointers into it.
    _library: ManuallyDrop<SharedLibrary>,
}

// SAFETY: the voice is a static object of its library that is only touched under `TURN`.
unsafe impl Send for Voice {}
// SAFETY: as above.
unsafe impl Sync for Voice {}

/// What comes of a text, in order.
pub(crate) trait Hearer {
    /// When each of the text's tokens (what stands between two spaces) is spoken, in seconds; comes once, first.
    fn tokens(&mut self, times: &[(f32, f32)]);
    /// Some samples. `false` stops the synthesis.
    fn samples(&mut self, samples: &[i16]) -> bool;
}

/// What ended a synthesis early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SynthesisFailed;

#[derive(Clone, Copy)]
struct Functions {
    new_utterance: unsafe extern "C" fn() -> *mut Utterance,
    delete_utterance: unsafe extern "C" fn(*mut Utterance),
    utt_set_input_text: unsafe extern "C" fn(*mut Utterance, *const c_char) -> c_int,
    utt_init: unsafe extern "C" fn(*mut Utterance, *mut c_void) -> *mut Utterance,
    utt_synth: unsafe extern "C" fn(*mut Utterance) -> *mut Utterance,
    utt_relation: unsafe extern "C" fn(*const Utterance, *const c_char) -> *mut c_void,
    relation_head: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    item_next: unsafe extern "C" fn(*const c_void) -> *mut c_void,
    flite_ffeature_float: unsafe extern "C" fn(*const c_void, *const c_char) -> f32,
    feat_set: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_void),
    feat_set_float: unsafe extern "C" fn(*mut c_void, *const c_char, f32),
    new_audio_streaming_info: unsafe extern "C" fn() -> *mut StreamingInfo,
    audio_streaming_info_val: unsafe extern "C" fn(*mut StreamingInfo) -> *mut c_void,
}

/// `cst_utterance`.
#[repr(C)]
struct Utterance {
    features: *mut c_void,
    ffunctions: *mut c_void,
    relations: *mut c_void,
    ctx: *mut c_void,
}

/// `cst_wave`.
#[repr(C)]
struct Wave {
    kind: *const c_char,
    sample_rate: c_int,
    num_samples: c_int,
    num_channels: c_int,
    samples: *const i16,
}

/// `cst_audio_streaming_info`.
#[repr(C)]
struct StreamingInfo {
    min_buffsize: c_int,
    asc: unsafe extern "C" fn(*const Wave, c_int, c_int, c_int, *mut StreamingInfo) -> c_int,
    utt: *const Utterance,
    item: *const c_void,
    userdata: *mut c_void,
}

const _: () = assert!(std::mem::offset_of!(StreamingInfo, userdata) == 32, "as the header of 2.2 has it");
const _: () = assert!(std::mem::offset_of!(Wave, samples) == 24, "as the header of 2.2 has it");

/// What the callback is given.
struct Session<'a> {
    functions: Functions,
    hearer: &'a mut dyn Hearer,
    told: bool,
    panicked: bool,
}

impl Voice {
    /// Loads the voice `name`.
    pub(crate) fn load(name: &str) -> Result<Self, LocalError> {
        let Some((_, file, register)) = VOICES.iter().find(|(voice, _, _)| *voice == name) else {
            return Err(LocalError::NoVoice { name: name.to_owned() });
        };
        let library = SharedLibrary::open(file, PACKAGE)?;
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the types are those of the headers named above; `flite_init` may be called again and again.
        let voice = unsafe {
            let flite_init: unsafe extern "C" fn() -> c_int = library.function("flite_init")?;
            let register: unsafe extern "C" fn(*const c_char) -> *mut c_void = library.function(register)?;
            flite_init();
            let functions = Functions::of(&library)?;
            Self { raw: register(ptr::null()), functions, _library: ManuallyDrop::new(library) }
        };
        match voice.raw.is_null() {
            true => Err(LocalError::Refused { library: "flite", what: format!("the voice {name:?}") }),
            false => Ok(voice),
        }
    }

    /// Speaks a text, `stretch` times as slow as the voice would, and gives `hearer` what comes of it.
    pub(crate) fn speak(
        &self,
        text: &CStr,
        stretch: f32,
        hearer: &mut dyn Hearer,
    ) -> Result<(), SynthesisFailed> {
        let functions = &self.functions;
        let mut session = Session { functions: *functions, hearer, told: false, panicked: false };
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the utterance is ours from its making to its deletion; the voice is only read and counted under
        // `TURN`. The streaming record belongs to the utterance's features, which delete it. `session` outlives the
        // synthesis, in which alone the callback runs.
        let spoken = unsafe {
            let info = (functions.new_audio_streaming_info)();
            let utterance = (functions.new_utterance)();
            if info.is_null() || utterance.is_null() {
                return Err(SynthesisFailed);
            }
            (*info).min_buffsize = CHUNK;
            (*info).asc = give;
            (*info).userdata = (&raw mut session).cast();
            (functions.utt_set_input_text)(utterance, text.as_ptr());
            (functions.utt_init)(utterance, self.raw);
            let info = (functions.audio_streaming_info_val)(info);
            (functions.feat_set)((*utterance).features, c"streaming_info".as_ptr(), info);
            (functions.feat_set_float)((*utterance).features, c"duration_stretch".as_ptr(), stretch);
            let spoken = !(functions.utt_synth)(utterance).is_null();
            (functions.delete_utterance)(utterance);
            spoken
        };
        if spoken && !session.panicked { Ok(()) } else { Err(SynthesisFailed) }
    }
}

impl Functions {
    /// # Safety
    /// `library` is Flite or depends on it.
    unsafe fn of(library: &SharedLibrary) -> Result<Self, LocalError> {
        // SAFETY: the types are those of the headers named above.
        unsafe {
            Ok(Self {
                new_utterance: library.function("new_utterance")?,
                delete_utterance: library.function("delete_utterance")?,
                utt_set_input_text: library.function("utt_set_input_text")?,
                utt_init: library.function("utt_init")?,
                utt_synth: library.function("utt_synth")?,
                utt_relation: library.function("utt_relation")?,
                relation_head: library.function("relation_head")?,
                item_next: library.function("item_next")?,
                flite_ffeature_float: library.function("flite_ffeature_float")?,
                feat_set: library.function("feat_set")?,
                feat_set_float: library.function("feat_set_float")?,
                new_audio_streaming_info: library.function("new_audio_streaming_info")?,
                audio_streaming_info_val: library.function("audio_streaming_info_val")?,
            })
        }
    }
}

impl Session<'_> {
    /// The times of the utterance's tokens.
    ///
    /// # Safety
    /// `utterance` is the one being synthesised.
    unsafe fn token_times(&self, utterance: *const Utterance) -> Vec<(f32, f32)> {
        let functions = &self.functions;
        let mut times = Vec::new();
        // SAFETY: items are walked while the utterance stands still: the callback runs inside its synthesis.
        unsafe {
            let relation = (functions.utt_relation)(utterance, c"Token".as_ptr());
            if relation.is_null() {
                return times;
            }
            let mut token = (functions.relation_head)(relation);
            while !token.is_null() {
                let at = |path: &CStr| (functions.flite_ffeature_float)(token, path.as_ptr());
                times.push((at(TOKEN_START), at(TOKEN_END)));
                token = (functions.item_next)(token);
            }
        }
        times
    }

    /// # Safety
    /// As the library calls [`give`].
    unsafe fn give(&mut self, wave: &Wave, start: c_int, size: c_int, utterance: *const Utterance) -> bool {
        let (Ok(start), Ok(size)) = (usize::try_from(start), usize::try_from(size)) else { return false };
        let whole = usize::try_from(wave.num_samples).unwrap_or(0);
        if wave.sample_rate != RATE || wave.num_channels != 1 || start + size > whole {
            return false;
        }
        if !self.told && !utterance.is_null() {
            self.told = true;
            // SAFETY: the utterance is the one that calls.
            let times = unsafe { self.token_times(utterance) };
            self.hearer.tokens(&times);
        }
        // SAFETY: `start + size` lies within the wave, whose samples stand still during the call.
        let samples = unsafe { slice::from_raw_parts(wave.samples.add(start), size) };
        self.hearer.samples(samples)
    }
}

/// Flite's callback: some samples are ready. Returns whether to go on (0) or to stop (-1).
unsafe extern "C" fn give(
    wave: *const Wave,
    start: c_int,
    size: c_int,
    _last: c_int,
    info: *mut StreamingInfo,
) -> c_int {
    // SAFETY: the library calls with its wave and with the record that `speak` filled; `session` outlives the call and
    // nothing else holds it meanwhile. A panic must not cross the library's frames.
    let goes_on = unsafe {
        let (Some(info), Some(wave)) = (info.as_ref(), wave.as_ref()) else { return -1 };
        let session = &mut *info.userdata.cast::<Session<'_>>();
        match catch_unwind(AssertUnwindSafe(|| session.give(wave, start, size, info.utt))) {
            Ok(goes_on) => goes_on,
            Err(_) => {
                session.panicked = true;
                false
            }
        }
    };
    if goes_on { 0 } else { -1 }
}

/// A text for [`Voice::speak`]: what stands after a zero is cut off.
pub(crate) fn text(text: &str) -> CString {
    CString::new(text.split('\0').next().unwrap_or_default()).expect("it was cut at the first zero")
}
