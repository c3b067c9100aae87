"""Prints the poses that match a phrase, and the vocabulary of phrases."""

from itertools import groupby

from rich.text import Text

from posesearch.cli import output
from posesearch.cli.rows import show_rows
from posesearch.cli.show import SKELETONS_SHOWN, name_cluster
from posesearch.cli.words import count as _count
from posesearch.pose.traits import vocabulary
from posesearch.results.find import NEAR_DUPLICATES, FindReport, Word, WordsReport
from posesearch.results.poses import add_attributes
from posesearch.sources import DEFAULT_COLLECTION


def found(report: FindReport, ascii_only: bool) -> None:
    """Show the skeletons side by side, and the poses, or say why there are none."""
    if report.phrase:
        output.show_lines([("phrase", report.phrase)])
    if not report:
        output.note(_explain_nothing(report))
        return
    output.out.print()
    best = [(one.keypoints.xy, f"{one.rank}: {one.clearness:.1f}") for one in report.poses[:SKELETONS_SHOWN]]
    output.show_skeletons(best, ascii_only)
    is_named = any(one.collection != DEFAULT_COLLECTION for one in report)  # otherwise there is nothing to tell
    is_mixed = len({one.stored.clustering_id for one in report} - {None}) > 1
    show_rows(
        ("rank", "clearness", "collection", "cluster", "pose", "holds", "remarks"),
        [
            (
                (
                    one.rank, f"{one.clearness:.1f}", one.collection if is_named else "",
                    name_cluster(one.stored, is_mixed=is_mixed), one.pose_id,
                    ", ".join(name for name in report.traits if name in one.traits),
                    add_attributes(one.remarks(), one.stored),
                ),
                [one.source],
            )
            for one in report
        ],
        numbers=("rank", "clearness", "cluster", "pose"),
    )  # fmt: skip


def _explain_nothing(report: FindReport) -> str:
    """Return why no pose matches. If the phrase has parts, it says how many poses match each."""
    filtered = " that passes the filters" if set(report.options) - {NEAR_DUPLICATES} else ""
    counts = [f'{_count(number, "pose")} for "{text}"' for text, number in report.parts]
    parts = f" Each part alone: {', '.join(counts)}." if counts else ""
    unknown = f" Nobody can tell for {_count(report.unknown, 'pose')}." if report.unknown else ""
    return f"No pose{filtered} matches.{unknown}{parts}"


def words(report: WordsReport) -> None:
    """Show the vocabulary, group by group. Traits of left and right have their words once."""
    width = max(len(word.name) for word in report)
    has_counts = report[0].yes is not None
    for group, members in groupby(report, lambda word: word.group):
        counts = "".join(f"{name:>9}" for name in ("yes", "no", "unknown")) if has_counts else ""
        output.out.print(Text(f"{group.ljust(width)}{counts}", style="bold"), soft_wrap=True)
        for text, same in groupby(members, _list_words):
            for word in same:
                numbers = "".join(f"{number:>9}" for number in (word.yes, word.no, word.unknown) if number is not None)
                mark = "" if word.is_certain else "  uncertain"
                output.out.print(Text(f"{word.name.ljust(width)}{numbers}{mark}"), soft_wrap=True)
            for paragraph in filter(None, text):
                output.show_paragraph([f"  {paragraph[0]}", *paragraph[1:]])
        output.out.print()
    output.note(
        "Uncertain traits are often wrong or often not found, so phrases can't name them. --where can.\n"
        'Before these words, "left hand" means the person\'s own left, "hands" means both, "one hand" exactly one, and '
        '"hand" at least one. After "facing", "leaning", "looking" and "head", left and right are those of the picture.'
    )


def _list_words(word: Word) -> list[list[str]]:
    """Return the paragraphs that are written under a word. They are the same for the traits of left and right."""
    if not word.is_certain:
        return []
    if word.group == "combinations":
        return [list(word.words[1:]), [word.meaning]]
    return [vocabulary.summarize(vocabulary.find_entry(word.name)).split(", ")]
