"""Words for people: a count with its noun, a rate, a size, a duration."""


def count(number: int, noun: str) -> str:
    """Return a count with its noun, such as "1 photo" or "2 photos"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def rate(per_second: float) -> str:
    """Return a rate with two digits or more, such as "0.8", "41" or "1,250"."""
    return f"{per_second:.1f}" if per_second < 9.95 else f"{per_second:,.0f}"


def size(number: int) -> str:
    """Return a number of bytes, such as "812 B", "24 kB" or "3.2 MB"."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= factor:
            value = number / factor
            return f"{value:.1f} {unit}" if unit != "kB" else f"{value:.0f} {unit}"
    return f"{number} B"


def duration(seconds: float) -> str:
    """Return minutes and seconds, and hours if there are any, such as "0:24" or "1:02:03"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
