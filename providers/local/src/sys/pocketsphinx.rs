//! `PocketSphinx` 5prealpha as Debian 12 and Ubuntu 24.04 ship it (`libpocketsphinx.so.3`): a decoder behind safe methods.
//!
//! Declarations follow `<pocketsphinx.h>`, `<ps_search.h>`, `<sphinxbase/cmd_ln.h>`, `<sphinxbase/err.h>`,
//! `<sphinxbase/feat.h>` and `<sphinxbase/cmn.h>` of that version. The library has one decoder state for each
//! `ps_decoder_t`, and globals only for its log; so decoders may live on different threads.
#![expect(unsafe_code, reason = "foreign functions")]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr::{self, NonNull},
    sync::OnceLock,
};

use super::library::SharedLibrary;
use crate::error::LocalError;

/// The library, in errors.
const NAME: &str = "pocketsphinx";
const LIBRARY: &str = "libpocketsphinx.so.3";
const PACKAGE: &str = "libpocketsphinx3";

/// Coefficients of the cepstral mean that are kept, at most; models use 13.
const MEAN: usize = 64;

/// The cepstral mean of what was heard: how a speaker's voice and line colour the sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mean([f32; MEAN]);

/// A word in the best path of an utterance.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    /// The word as the dictionary spells it, with its variant: `the(2)`, `<sil>`.
    pub(crate) word: String,
    /// Its first frame of 10 ms, from the utterance's first sample.
    pub(crate) first: u32,
    /// Its last frame.
    pub(crate) last: u32,
}

/// A decoder: a model, one search, one utterance at a time.
pub(crate) struct Decoder {
    functions: &'static Functions,
    raw: NonNull<c_void>,
    /// The arguments that it was made with; the library keeps pointers into them.
    _arguments: Vec<CString>,
    /// The model's own cepstral mean, with which a speaker's first utterance begins.
    mean: Box<Mean>,
}

// SAFETY: a decoder has no thread-local state; only `&mut self` reaches it.
unsafe impl Send for Decoder {}

struct Functions {
    _library: SharedLibrary,
    cmd_ln_parse_r:
        unsafe extern "C" fn(*mut c_void, *const c_void, i32, *mut *mut c_char, i32) -> *mut c_void,
    cmd_ln_free_r: unsafe extern "C" fn(*mut c_void) -> c_int,
    cmn_live_get: unsafe extern "C" fn(*mut c_void, *mut f32),
    cmn_live_update: unsafe extern "C" fn(*mut c_void),
    cmn_live_set: unsafe extern "C" fn(*mut c_void, *const f32),
    ps_args: unsafe extern "C" fn() -> *const c_void,
    ps_init: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    ps_free: unsafe extern "C" fn(*mut c_void) -> c_int,
    ps_get_feat: unsafe extern "C" fn(*mut c_void) -> *mut FeaturePrefix,
    ps_add_word: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char, c_int) -> c_int,
    ps_set_jsgf_string: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> c_int,
    ps_set_search: unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int,
    ps_start_stream: unsafe extern "C" fn(*mut c_void) -> c_int,
    ps_start_utt: unsafe extern "C" fn(*mut c_void) -> c_int,
    ps_process_raw: unsafe extern "C" fn(*mut c_void, *const i16, usize, c_int, c_int) -> c_int,
    ps_end_utt: unsafe extern "C" fn(*mut c_void) -> c_int,
    ps_get_n_frames: unsafe extern "C" fn(*mut c_void) -> c_int,
    ps_get_hyp: unsafe extern "C" fn(*mut c_void, *mut i32) -> *const c_char,
    ps_seg_iter: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    ps_seg_next: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    ps_seg_word: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    ps_seg_frames: unsafe extern "C" fn(*mut c_void, *mut c_int, *mut c_int),
}

/// The beginning of `feat_t`, as far as its mean normaliser.
#[repr(C)]
struct FeaturePrefix {
    refcount: c_int,
    name: *mut c_char,
    cepsize: i32,
    n_stream: i32,
    stream_len: *mut u32,
    window_size: i32,
    n_sv: i32,
    sv_len: *mut u32,
    subvecs: *mut *mut i32,
    sv_buf: *mut f32,
    sv_dim: i32,
    cmn: c_int,
    varnorm: i32,
    agc: c_int,
    compute_feat: *mut c_void,
    cmn_struct: *mut c_void,
}

const _: () =
    assert!(std::mem::offset_of!(FeaturePrefix, cmn_struct) == 88, "as the header of 5prealpha has it");

/// Loads the library, so that its absence is known.
pub(crate) fn load() -> Result<(), LocalError> {
    functions().map(|_| ())
}

impl Decoder {
    /// A decoder made with these arguments of the library (`-hmm`, `-lm`, …).
    pub(crate) fn new(arguments: &[(&str, &str)]) -> Result<Self, LocalError> {
        let functions = functions()?;
        let words = arguments.iter().flat_map(|(name, value)| [*name, *value]);
        let arguments = std::iter::once("colloquy").chain(words).map(text).collect::<Result<Vec<_>, _>>()?;
        let mut pointers: Vec<*mut c_char> = arguments.iter().map(|word| word.as_ptr().cast_mut()).collect();
        // SAFETY: `ps_args` returns a static table; the pointers are terminated texts that outlive the decoder; their
        // count is theirs. The library reads them only, whatever its `char *` says.
        let config = unsafe {
            let table = (functions.ps_args)();
            (functions.cmd_ln_parse_r)(
                ptr::null_mut(),
                table,
                pointers.len() as i32,
                pointers.as_mut_ptr(),
                1,
            )
        };
        if config.is_null() {
            return Err(refused("its arguments"));
        }
        // SAFETY: `config` is a configuration; `ps_init` takes a reference of its own, ours is given back.
        let raw = unsafe {
            let raw = (functions.ps_init)(config);
            (functions.cmd_ln_free_r)(config);
            raw
        };
        let Some(raw) = NonNull::new(raw) else {
            return Err(refused("its model"));
        };
        let mut decoder = Self { functions, raw, _arguments: arguments, mean: Box::new(Mean([0.0; MEAN])) };
        *decoder.mean = decoder.mean();
        Ok(decoder)
    }

    /// Adds a word with its phones; a grammar set afterwards may use it.
    pub(crate) fn add_word(&mut self, word: &str, phones: &str) -> Result<(), LocalError> {
        let (spelt, said) = (text(word)?, text(phones)?);
        // SAFETY: the texts are terminated and copied by the library.
        let place = unsafe { (self.functions.ps_add_word)(self.raw(), spelt.as_ptr(), said.as_ptr(), 0) };
        if place < 0 { Err(refused(&format!("the word {word:?} as {phones:?}"))) } else { Ok(()) }
    }

    /// Searches for the sentences of a JSGF grammar, all of whose words are known.
    pub(crate) fn set_grammar(&mut self, jsgf: &str) -> Result<(), LocalError> {
        let (name, jsgf) = (c"grammar", text(jsgf)?);
        // SAFETY: the texts are terminated; the library parses them within the call and copies the name.
        let faults = unsafe {
            (self.functions.ps_set_jsgf_string)(self.raw(), name.as_ptr(), jsgf.as_ptr()) != 0
                || (self.functions.ps_set_search)(self.raw(), name.as_ptr()) != 0
        };
        if faults { Err(refused("the grammar")) } else { Ok(()) }
    }

    /// Begins an utterance; what was heard before is forgotten. `mean` is what an earlier one of the same speaker left.
    pub(crate) fn begin(&mut self, mean: Option<Mean>) -> Result<(), LocalError> {
        let Mean(mean) = mean.unwrap_or(*self.mean);
        if let Some(normaliser) = self.normaliser() {
            // SAFETY: the normaliser belongs to this decoder; it reads as many values as `cmn_live_get` wrote.
            unsafe { (self.functions.cmn_live_set)(normaliser, mean.as_ptr()) };
        }
        // SAFETY: the decoder is alive and has no utterance begun: `end` was called after every `begin`.
        let faults = unsafe {
            (self.functions.ps_start_stream)(self.raw()) < 0 || (self.functions.ps_start_utt)(self.raw()) < 0
        };
        if faults { Err(refused("a new utterance")) } else { Ok(()) }
    }

    /// Hears some audio of the utterance.
    pub(crate) fn hear(&mut self, samples: &[i16]) -> Result<(), LocalError> {
        // SAFETY: the slice is read within the call.
        let frames =
            unsafe { (self.functions.ps_process_raw)(self.raw(), samples.as_ptr(), samples.len(), 0, 0) };
        if frames < 0 { Err(refused("audio")) } else { Ok(()) }
    }

    /// Ends the utterance; its words may be asked for until the next one begins.
    pub(crate) fn end(&mut self) -> Result<(), LocalError> {
        // SAFETY: an utterance was begun.
        let faults = unsafe { (self.functions.ps_end_utt)(self.raw()) < 0 };
        if faults { Err(refused("the end of an utterance")) } else { Ok(()) }
    }

    /// The cepstral mean after an utterance.
    pub(crate) fn mean(&mut self) -> Mean {
        let mut mean = [0.0; MEAN];
        if let Some(normaliser) = self.normaliser() {
            // SAFETY: the normaliser belongs to this decoder, in which no utterance goes on; it writes as many values as
            // the model has, at most `MEAN`.
            unsafe {
                (self.functions.cmn_live_update)(normaliser);
                (self.functions.cmn_live_get)(normaliser, mean.as_mut_ptr());
            }
        }
        Mean(mean)
    }

    /// The words so far and their score; `None` before the first.
    pub(crate) fn hypothesis(&mut self) -> Option<(String, i32)> {
        let mut score = 0;
        // SAFETY: the text belongs to the decoder and is copied before anything else is asked of it.
        let words = unsafe {
            let words = (self.functions.ps_get_hyp)(self.raw(), &raw mut score);
            (!words.is_null()).then(|| CStr::from_ptr(words).to_string_lossy().into_owned())
        };
        words.filter(|words| !words.is_empty()).map(|words| (words, score))
    }

    /// How many frames of 10 ms the utterance has so far.
    pub(crate) fn frames(&mut self) -> u32 {
        // SAFETY: the decoder is alive.
        unsafe { (self.functions.ps_get_n_frames)(self.raw()) }.try_into().unwrap_or(0)
    }

    /// The words of the best path with their times, silences and noises too.
    pub(crate) fn segments(&mut self) -> Vec<Segment> {
        let mut found = Vec::new();
        // SAFETY: the iterator belongs to the decoder, which nothing else touches meanwhile; it is walked to its end,
        // which frees it. Its texts are copied at once.
        unsafe {
            let mut at = (self.functions.ps_seg_iter)(self.raw());
            while !at.is_null() {
                let (mut first, mut last) = (0, 0);
                (self.functions.ps_seg_frames)(at, &raw mut first, &raw mut last);
                let word = (self.functions.ps_seg_word)(at);
                if !word.is_null() {
                    let word = CStr::from_ptr(word).to_string_lossy().into_owned();
                    let frame = |frame: c_int| u32::try_from(frame).unwrap_or(0);
                    found.push(Segment { word, first: frame(first), last: frame(last) });
                }
                at = (self.functions.ps_seg_next)(at);
            }
        }
        found
    }

    fn raw(&mut self) -> *mut c_void {
        self.raw.as_ptr()
    }

    /// The decoder's mean normaliser, when it has one of a size that is kept.
    fn normaliser(&mut self) -> Option<*mut c_void> {
        // SAFETY: `ps_get_feat` lends a `feat_t` that lives as long as the decoder; its beginning is as declared.
        unsafe {
            let features = (self.functions.ps_get_feat)(self.raw()).as_ref()?;
            let fits = usize::try_from(features.cepsize).is_ok_and(|size| size <= MEAN);
            (fits && !features.cmn_struct.is_null()).then_some(features.cmn_struct)
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the decoder is freed once; nothing of it is lent beyond a method.
        unsafe { (self.functions.ps_free)(self.raw.as_ptr()) };
    }
}

fn functions() -> Result<&'static Functions, LocalError> {
    static FUNCTIONS: OnceLock<Functions> = OnceLock::new();
    if let Some(functions) = FUNCTIONS.get() {
        return Ok(functions);
    }
    let library = SharedLibrary::open(LIBRARY, PACKAGE)?;
    // SAFETY: the types are those of the headers named above. `err_set_logfp(NULL)` turns the library's log off; it is
    // a global, written here before any decoder exists.
    let functions = unsafe {
        let err_set_logfp: unsafe extern "C" fn(*mut c_void) = library.function("err_set_logfp")?;
        err_set_logfp(ptr::null_mut());
        Functions {
            cmd_ln_parse_r: library.function("cmd_ln_parse_r")?,
            cmd_ln_free_r: library.function("cmd_ln_free_r")?,
            cmn_live_get: library.function("cmn_live_get")?,
            cmn_live_update: library.function("cmn_live_update")?,
            cmn_live_set: library.function("cmn_live_set")?,
            ps_args: library.function("ps_args")?,
            ps_init: library.function("ps_init")?,
            ps_free: library.function("ps_free")?,
            ps_get_feat: library.function("ps_get_feat")?,
            ps_add_word: library.function("ps_add_word")?,
            ps_set_jsgf_string: library.function("ps_set_jsgf_string")?,
            ps_set_search: library.function("ps_set_search")?,
            ps_start_stream: library.function("ps_start_stream")?,
            ps_start_utt: library.function("ps_start_utt")?,
            ps_process_raw: library.function("ps_process_raw")?,
            ps_end_utt: library.function("ps_end_utt")?,
            ps_get_n_frames: library.function("ps_get_n_frames")?,
            ps_get_hyp: library.function("ps_get_hyp")?,
            ps_seg_iter: library.function("ps_seg_iter")?,
            ps_seg_next: library.function("ps_seg_next")?,
            ps_seg_word: library.function("ps_seg_word")?,
            ps_seg_frames: library.function("ps_seg_frames")?,
            _library: library,
        }
    };
    // Two threads may have loaded it; the second's handle is closed, the library stays.
    Ok(FUNCTIONS.get_or_init(|| functions))
}

/// A terminated text; one with a zero inside is refused.
fn text(text: &str) -> Result<CString, LocalError> {
    CString::new(text).map_err(|_| refused("a text with a zero byte"))
}

fn refused(what: &str) -> LocalError {
    LocalError::Refused { library: NAME, what: what.to_owned() }
}
