//! whisper.cpp: one run that can be stopped. `whisper-rs` keeps its own safe callback for ever; this one is lent.

use std::ffi::c_void;

use whisper_rs::{FullParams, WhisperError, WhisperState};

type Unwanted<'a> = &'a dyn Fn() -> bool;

/// Hears `audio`, and stops when `unwanted` says so.
pub(crate) fn run(
    state: &mut WhisperState,
    mut params: FullParams<'_, '_>,
    audio: &[f32],
    mut unwanted: Unwanted<'_>,
) -> Result<(), WhisperError> {
    #[expect(unsafe_code, reason = "the callback's argument is a bare pointer")]
    // SAFETY: the argument points to `unwanted`, which outlives the run below; `params`, which holds the pointer, ends
    // with it.
    unsafe {
        params.set_abort_callback_user_data((&raw mut unwanted).cast());
        params.set_abort_callback(Some(ask));
    }
    state.full(params, audio)
}

#[expect(unsafe_code, reason = "whisper.cpp calls it")]
unsafe extern "C" fn ask(unwanted: *mut c_void) -> bool {
    // SAFETY: `run` gave the pointer, and whisper.cpp calls only while it runs.
    unsafe { (*unwanted.cast::<Unwanted<'_>>())() }
}
