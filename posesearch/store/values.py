"""Values of the database that can be wrong, because something else than posesearch has written them."""


class BadValue(Exception):
    """A value is not as posesearch writes it. The message names the table, the row and the value."""
