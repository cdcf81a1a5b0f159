//! A scripted ear, mind and voice on the runtime's clock, virtual or real.
