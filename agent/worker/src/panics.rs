//! Where this thread panicked last. What a panic says may hold what people said: only its place is reported.

use std::{cell::RefCell, panic, sync::Once};

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on the place of each panic is noted, and then done what was done before. Once a process.
pub(crate) fn note_places() {
    static NOTED: Once = Once::new();
    NOTED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line()));
            PLACE.with_borrow_mut(|noted| *noted = place);
            before(panic);
        }));
    });
}

/// A panic of this thread that was just caught, for an operator: where it was, and nothing of what it says.
pub(crate) fn caught() -> String {
    match PLACE.take() {
        Some(place) => format!("panicked at {place}"),
        None => "panicked".to_owned(),
    }
}
