//! Every server that speaks the OpenAI API: chat completions, transcription, speech.
