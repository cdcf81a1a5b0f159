//! Items of a conversation, oldest first, no longer together than one answer may be.

use std::{collections::VecDeque, mem};

use livekit_protocol::agent::chat_context::ChatItem;

/// Some items. Beyond the bounds the oldest are forgotten; one that is too long by itself is left out.
#[derive(Default)]
pub(super) struct Items {
    items: VecDeque<ChatItem>,
    /// What they take in an answer.
    bytes: usize,
}

impl Items {
    pub(super) fn push(&mut self, item: ChatItem) {
        let bytes = encoded_len(&item);
        if bytes > BYTES {
            return;
        }
        self.bytes += bytes;
        self.items.push_back(item);
        while self.items.len() > ITEMS || self.bytes > BYTES {
            let Some(oldest) = self.items.pop_front() else { break };
            self.bytes -= encoded_len(&oldest);
        }
    }

    /// All of them, for good.
    pub(super) fn into_vec(self) -> Vec<ChatItem> {
        self.items.into()
    }

    /// Calls `read` with all of them, which gives them back: what is long is not copied.
    pub(super) fn lend<T>(&mut self, read: impl FnOnce(Vec<ChatItem>) -> (T, Vec<ChatItem>)) -> T {
        let (answer, items) = read(mem::take(&mut self.items).into());
        self.items = items.into();
        answer
    }
}

/// What an item takes as one of a list.
fn encoded_len(item: &ChatItem) -> usize {
    prost::encoding::message::encoded_len(1, item)
}

/// Items that are kept.
const ITEMS: usize = 4_096;
/// Bytes that they may take: the data channel carries an answer beside what the call's clients are shown.
pub(super) const BYTES: usize = 512 * 1024;
