//! What a subscriber's path carries: how that is found out, and what follows from it.

mod estimate;
mod hostile_feedback;
mod numbers;
mod pacing;
mod probing;
