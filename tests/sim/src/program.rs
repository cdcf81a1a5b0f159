//! The program of a scenario: what it does with the conversation, and when.

use agent_conversation::{CloseReason, Handle, Speech};
use tokio::time::{Instant, sleep_until};

use crate::scenario::{Action, Deed, Script};

/// Does what the script says, then ends the session when it says.
pub(crate) async fn run(script: &Script, handle: &Handle) {
    let began = Instant::now();
    let mut actions: Vec<&Action> = script.action.iter().map(toml::Spanned::get_ref).collect();
    actions.sort_by_key(|action| action.at);
    for action in actions {
        sleep_until(began + action.at.0).await;
        act(script, action, handle);
    }
    sleep_until(began + script.end()).await;
    handle.close(CloseReason::Completed);
}

fn act(script: &Script, action: &Action, handle: &Handle) {
    let interruptible = action.allow_interruptions.unwrap_or(script.session.allows_interruptions());
    match action.deed {
        Deed::Interrupt => handle.interrupt(action.force),
        Deed::Say => handle.speak(Speech::Words(action.text.clone()), interruptible),
        Deed::GenerateReply => handle.speak(Speech::Instructed(action.instructions.clone()), interruptible),
        Deed::TextInput => handle.user_text(action.text.clone()),
        Deed::Close => handle.close(CloseReason::Completed),
    };
}
