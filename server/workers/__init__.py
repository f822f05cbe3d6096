"""Signaling's side of relay processes: spawning, inspecting, supervising, placing."""
