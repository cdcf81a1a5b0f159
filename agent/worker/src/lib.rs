//! The worker process: registers with LiveKit, takes jobs, runs calls on shards, drains.
