//! A receptionist who books tables and hands over to the kitchen: `cargo run -p agent-worker --example receptionist -- start`

use std::process::ExitCode;

use agent_conversation::{Agent, AgentProfile, Agents, Greeting, Handle, UserTurn};
use agent_tools::{Function, JsonSchema, NoArguments, ToolError};
use agent_worker::{Answer, Job, Presence, Program};
use providers_core::{AgentName, Then, ToolOutcome, Toolset};

#[derive(serde::Deserialize, JsonSchema)]
struct Booking {
    /// How many people come.
    #[schemars(range(min = 1, max = 12))]
    people: u32,
    /// The day, as the guest said it.
    day: String,
    /// The hour, from 12 to 22.
    hour: u32,
}

struct Receptionist {
    /// Whom the dispatch says that the call is with.
    guest: Option<String>,
}

impl Agent for Receptionist {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        let book = Function::typed("book_table", "Books a table.", |booking: Booking, _| async move {
            if !(12..=22).contains(&booking.hour) {
                return Err(ToolError::told("The kitchen is open from 12 to 22. Offer another hour."));
            }
            Ok(format!("A table for {}, {} at {}, is booked.", booking.people, booking.day, booking.hour))
        });
        let kitchen = Function::typed("ask_the_kitchen", "Lets the cook speak.", |_: NoArguments, _| async {
            Ok(ToolOutcome::returned("The cook comes.").then(Then::HandOff(AgentName("kitchen".to_owned()))))
        });
        let tools = Toolset::new().with(book).and_then(|tools| tools.with(kitchen));
        AgentProfile::new("receptionist", "You answer the telephone of a restaurant and book tables.")
            .with_tools(tools.expect("two names that are right"))
            .with_greeting(Greeting::words(match &self.guest {
                Some(guest) => format!("Good evening {guest}, this is the Olive Tree."),
                None => "Good evening, this is the Olive Tree.".to_owned(),
            }))
    }

    async fn on_user_turn_completed(&self, _call: &Handle, turn: &mut UserTurn) {
        if turn.text().contains("wrong number") {
            turn.keep_silent();
        }
    }
}

struct Kitchen;

impl Agent for Kitchen {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        AgentProfile::new("kitchen", "You are the cook. Today there is tomato soup, and then risotto.")
            .with_greeting(Greeting::words("This is the kitchen. What would you like to know?"))
    }
}

fn main() -> ExitCode {
    let agents = |job: &Job| {
        let guest = job.attributes.get("guest").cloned();
        Agents::new("receptionist", move || Receptionist { guest: guest.clone() }).with("kitchen", || Kitchen)
    };
    // A dispatch may ask for what this program does not do: then another worker is asked.
    let decide = |job: Job| async move {
        match job.attributes.get("language").map(String::as_str) {
            None | Some("en") => Presence::default().name("The Olive Tree").into(),
            Some(_) => Answer::Decline,
        }
    };
    Program::new().agents(agents).on_request(decide).run()
}
