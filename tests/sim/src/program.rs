//! The program of a scenario: what it does with the conversation, and when.

use agent_conversation::{CloseReason, Generate, Handle, Keep, Priority, Say};
use tokio::time::{Instant, sleep_until};

use crate::scenario::{self, Action, Deed, Script};

/// Does what the script says, then ends the session when it says.
pub(crate) async fn run(script: &Script, handle: &Handle) {
    let began = Instant::now();
    let mut actions: Vec<&Action> = script.action.iter().map(toml::Spanned::get_ref).collect();
    actions.sort_by_key(|action| action.at);
    let later = actions.split_off(actions.partition_point(|action| action.at.0 <= script.end()));
    perform(actions, began, handle).await;
    sleep_until(began + script.end()).await;
    // Refused only by a session that is over.
    let _ = handle.drain(CloseReason::Completed);
    perform(later, began, handle).await;
}

async fn perform(actions: Vec<&Action>, began: Instant, handle: &Handle) {
    for action in actions {
        sleep_until(began + action.at.0).await;
        act(action, handle);
    }
}

/// A session that is over refuses all of it.
fn act(action: &Action, handle: &Handle) {
    match action.deed {
        Deed::Interrupt => {
            handle.interrupt(action.force);
        }
        Deed::Say => {
            let say = Say::words(action.text.as_str()).priority(priority(action));
            handle.say(match action.allow_interruptions {
                Some(may) => say.interruptible(may),
                None => say,
            });
        }
        Deed::GenerateReply => {
            let reply = generate(action).priority(priority(action));
            handle.generate_reply(match action.allow_interruptions {
                Some(may) => reply.interruptible(may),
                None => reply,
            });
        }
        Deed::TextInput => {
            handle.user_text(action.text.as_str());
        }
        Deed::Handoff => {
            let _ = handle.hand_off_to(action.agent.clone().unwrap_or_default(), Keep::All);
        }
        Deed::CommitUserTurn => {
            let _ = handle.commit_user_turn(!action.skip_reply, action.transcript_timeout.0);
        }
        Deed::ClearUserTurn => {
            let _ = handle.clear_user_turn();
        }
        Deed::Close if action.drain => {
            let _ = handle.drain(CloseReason::Completed);
        }
        Deed::Close => {
            handle.close(CloseReason::Completed);
        }
    }
}

fn generate(action: &Action) -> Generate {
    let reply = match action.instructions.as_str() {
        "" => Generate::reply(),
        instructions => Generate::instructed(instructions),
    };
    match action.text.as_str() {
        "" => reply,
        text => reply.user_text(text),
    }
}

const fn priority(action: &Action) -> Priority {
    match action.priority {
        scenario::Priority::Low => Priority::Low,
        scenario::Priority::Normal => Priority::Normal,
        scenario::Priority::High => Priority::High,
    }
}
