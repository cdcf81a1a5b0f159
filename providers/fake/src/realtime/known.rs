//! What the model of a session knows: what it was told, what it heard, and what it said, as far as it was cut.

use providers_core::{AnswerId, ChatMessage, ItemId};

use super::planned::item;

/// The context of a session, in the order in which it came about. What its answers call is left out.
#[derive(Debug, Default)]
pub(super) struct Known(Vec<Part>);

#[derive(Debug)]
enum Part {
    Told(ChatMessage),
    Said { item: ItemId, text: String },
}

impl Known {
    /// A session begins, which is told this.
    pub(super) fn begin(&mut self, history: &[ChatMessage]) {
        self.0 = history.iter().cloned().map(Part::Told).collect();
    }

    /// More was told, or heard.
    pub(super) fn tell(&mut self, message: ChatMessage) {
        self.0.push(Part::Told(message));
    }

    /// More of an answer was said.
    pub(super) fn say(&mut self, answer: AnswerId, more: &str) {
        let of = item(answer);
        let said = self.0.iter_mut().rev().find_map(|part| match part {
            Part::Said { item, text } if *item == of => Some(text),
            Part::Said { .. } | Part::Told(_) => None,
        });
        match said {
            Some(text) => text.push_str(more),
            None => self.0.push(Part::Said { item: of, text: more.to_owned() }),
        }
    }

    /// An item was heard only so far.
    pub(super) fn cut(&mut self, cut: &ItemId, heard: &str) {
        for part in &mut self.0 {
            if let Part::Said { item, text } = part
                && item == cut
            {
                heard.clone_into(text);
            }
        }
    }

    /// The same as messages; what was cut to nothing is left out.
    pub(super) fn messages(&self) -> Vec<ChatMessage> {
        let messages = self.0.iter().map(|part| match part {
            Part::Told(message) => message.clone(),
            Part::Said { text, .. } => ChatMessage::Assistant { text: text.clone(), calls: Vec::new() },
        });
        let is_something = |message: &ChatMessage| !matches!(message, ChatMessage::Assistant { text, .. } if text.is_empty());
        messages.filter(is_something).collect()
    }
}
