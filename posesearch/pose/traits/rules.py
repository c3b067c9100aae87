"""Rules: expressions that say how clearly something holds for a pose.

The clearness is 1 or more if it holds, and -1 or less if it does not. In between, and if a joint is missing, nobody can
tell. A missing joint gives 0, so that `all_of`, `any_of` and `not_` follow the logic of SQL with NULL.
"""

from posesearch.pose.traits.expressions import Expression, apply, choose, greatest, least, name


def above(value: Expression, threshold: float, margin: float) -> Expression:
    """Return the rule that a value is above a threshold. Nobody can tell if it is nearer to it than the margin."""
    return apply("above", value, threshold, margin)


def below(value: Expression, threshold: float, margin: float) -> Expression:
    """Return the rule that a value is below a threshold, as `above`."""
    return apply("below", value, threshold, margin)


def between(value: Expression, low: float, high: float, margin: float) -> Expression:
    """Return the rule that a value is between two thresholds, as `above`."""
    return least(above(value, low, margin), below(value, high, margin))


def all_of(*rules: Expression) -> Expression:
    """Return the rule that all of these hold."""
    return least(*rules)


def any_of(*rules: Expression) -> Expression:
    """Return the rule that one of these holds, or more."""
    return greatest(*rules)


def not_(rule: Expression) -> Expression:
    """Return the rule that this does not hold."""
    return -rule


def named(trait: str, rule: Expression) -> Expression:
    """Return the rule of a trait that other rules have as a part. SQL computes it once."""
    return name(f"{trait}_clearness", rule)


def given(condition: Expression, rule: Expression) -> Expression:
    """Return a rule that can be decided only if a condition holds."""
    return choose(condition, rule)


def maybe(rule: Expression) -> Expression:
    """Return a rule that can't be told where this one does not hold, and holds where it does.

    It is for evidence: without it, nothing follows.
    """
    return apply("greatest", rule, 0)
