//! What a subscriber's path carries: how that is found out, and what follows from it.

mod congestion_pause;
mod estimate;
mod fairness;
mod flood;
mod frame_rate;
mod hostile_feedback;
mod never_sent;
mod numbers;
mod pacing;
mod priority;
mod probing;
mod receivers_estimate;
mod reordering;
mod steady_path;
mod step_down;
mod step_up;
mod sudden;
