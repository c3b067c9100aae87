"""Traits: named facts about a pose, each of which holds, does not hold, or can't be told."""
