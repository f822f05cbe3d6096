//! Landlock, seccomp and limits, set in order and re-read after being set.
