//! One call: binds the turn core to ears, mind, voice and playout, and keeps what was heard.
