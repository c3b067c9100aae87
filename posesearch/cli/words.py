"""Words for people: a count with its noun."""


def count(number: int, noun: str) -> str:
    """Return a count with its noun, such as "1 photo" or "2 photos"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
