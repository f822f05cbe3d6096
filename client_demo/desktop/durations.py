"""Durations, ages and counts in words."""

from __future__ import annotations


def duration_in_words(seconds: float) -> str:
    """As "45 seconds", "12 minutes" or "1 hour 5 minutes"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return counted(whole, "second")
    minutes = round(whole / 60)
    if minutes < 60:
        return counted(minutes, "minute")
    hours, rest = divmod(minutes, 60)
    return counted(hours, "hour") + (f" {counted(rest, 'minute')}" if rest else "")


def age_in_words(seconds: float) -> str:
    """Short: "just now", "8 s ago", "3 min ago", "5 h ago"."""
    if seconds < 2:
        return "just now"
    if seconds < 90:
        return f"{int(seconds)} s ago"
    if seconds < 5400:
        return f"{round(seconds / 60)} min ago"
    return f"{round(seconds / 3600)} h ago"


def counted(count: int, one: str, many: str = "") -> str:
    """ "1 person", "3 people"."""
    return f"{count} {one if count == 1 else many or one + 's'}"
