"""Shows results as HTML in notebooks: tables with the people that they are about.

The HTML has no script, no style sheet and no link to anything else. Its colours are those of the notebook's theme.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from posesearch.render.html import ROWS, Cell, make_card, make_page, make_table
from posesearch.render.subjects import make_pair_subjects
from posesearch.render.thumbnails import Thumbnails
from posesearch.results.clusterings import ClusteringsReport
from posesearch.results.clusters import ClusterReport
from posesearch.results.duplicates import DuplicatesReport
from posesearch.results.find import FindReport, WordsReport
from posesearch.results.forget import ForgetReport, RenameReport
from posesearch.results.ingest import IngestReport, ReestimateReport, Rejections
from posesearch.results.pairs import OutliersReport, PairsReport
from posesearch.results.people import PhotoPeople
from posesearch.results.poses import add_attributes
from posesearch.results.search import Match, SimilarReport
from posesearch.results.table import Table
from posesearch.types import StoredPose

_HEIGHTS: Final = ((12, 144), (30, 104), (2 * ROWS, 80))  # of pictures, by the largest number of people
_CARD_HEIGHT: Final = 280  # of the picture of one pose


def to_html(result: object) -> str:
    """Return a result as HTML of at most MAX_BYTES.

    Raises:
        TypeError: it is no result.
    """
    shown = _SHOWN.get(type(result))
    if shown is None:
        raise TypeError(f"{type(result).__name__} is no result")
    html: str = shown(result)
    return html


def database_to_html(path: str, counts: Mapping[str, Any] | None) -> str:
    """Return the path of a database and its counts as HTML.

    Args:
        path: the path.
        counts: those of Database.stats. None if there is no file that can be read.
    """
    if counts is None:
        return make_page(f"posesearch.Database {path}", "There is no database that can be read now.")
    names = "snapshots", "missing", "poses", "complete_poses", "rejected", "clusterings", "estimator"
    facts = [(name.replace("_", " "), counts[name]) for name in names]
    return make_table(f"posesearch.Database {path}", (), facts, len(facts))


def _show_similar(report: SimilarReport) -> str:
    headings = "", "rank", "similarity", "percentile", "pose", "collection", "cluster", "remarks", "photo"
    query = report.query
    with Thumbnails(_height(len(report) + 1)) as people:
        asked: tuple[Cell, ...] = (
            partial(people.draw_query, report), "query", "", "", query.pose_id, query.collection, "", "", query.source,
        )  # fmt: skip
        found = (
            (
                partial(people.draw_match, match), match.rank, f"{match.similarity:.3f}", _percent(match.percentile),
                match.pose_id, match.collection, match.cluster, add_attributes(match.remarks(), match.stored),
                match.source,
            )
            for match in report
        )  # fmt: skip
        return make_table(_title(report), headings, (asked, *found), len(report) + 1)


def _show_pairs(report: PairsReport) -> str:
    headings = "", "", "similarity", "percentile", "remarks", "pose", "photo", "pose", "photo"
    with Thumbnails(_height(2 * len(report))) as people:
        rows = (
            (
                partial(people.draw_stored, pair.first, first), partial(people.draw_stored, pair.second, second),
                f"{pair.similarity:.3f}", _percent(pair.percentile),
                add_attributes(pair.remarks(), pair.first, pair.second),
                pair.first.pose_id, pair.first.source, pair.second.pose_id, pair.second.source,
            )
            for pair in report
            for first, second in [make_pair_subjects(pair)]
        )  # fmt: skip
        return make_table(_title(report), headings, rows, len(report))


def _show_outliers(report: OutliersReport) -> str:
    headings = "", "similarity", "percentile", "pose", "nearest", "collection", "remarks", "photo"
    with Thumbnails(_height(len(report))) as people:
        rows = (
            (
                partial(people.draw_stored, one.stored), f"{one.similarity:.3f}", _percent(one.percentile),
                one.pose_id, one.nearest, one.collection, add_attributes(one.remarks(), one.stored), one.source,
            )
            for one in report
        )  # fmt: skip
        return make_table(_title(report), headings, rows, len(report))


def _show_found(report: FindReport) -> str:
    headings = "", "rank", "clearness", "pose", "collection", "cluster", "remarks", "photo"
    with Thumbnails(_height(len(report))) as people:
        rows = (
            (
                partial(people.draw_stored, one.stored), one.rank, f"{one.clearness:.1f}", one.pose_id,
                one.collection, one.cluster, add_attributes(one.remarks(), one.stored), one.source,
            )
            for one in report
        )  # fmt: skip
        return make_table(_title(report), headings, rows, len(report))


def _show_words(report: WordsReport) -> str:
    headings = "trait", "meaning", "yes", "no", "unknown", "words"
    rows = ((one.name, one.meaning, one.yes, one.no, one.unknown, ", ".join(one.words[:4])) for one in report)
    return make_table(_title(report), headings, rows, len(report))


def _show_duplicates(report: DuplicatesReport) -> str:
    headings = "", "group", "advice", "pixels", "bytes", "poses", "remarks", "photo"
    count = len(report) + report.removable
    with Thumbnails(_height(count)) as photos:
        rows = (
            (
                partial(photos.draw_photo, photo), number, "can go" if place else "keep", photo.pixels, photo.bytes,
                photo.poses, photo.likeness if place else group.reason, photo.source,
            )
            for number, group in enumerate(report, start=1)
            for place, photo in enumerate(group.photos)
        )  # fmt: skip
        return make_table(_title(report), headings, rows, count)


def _show_clusters(report: ClusterReport) -> str:
    with Thumbnails(_height(len(report))) as people:
        rows = (
            (partial(people.draw_vector, one.centroid), one.cluster, one.size, one.medoid_pose_id) for one in report
        )
        return make_table(_title(report), ("centroid", "cluster", "size", "medoid pose"), rows, len(report))


def _show_clusterings(report: ClusteringsReport) -> str:
    headings = "id", "name", "collection", "clusters", "chosen by", "poses", "created (UTC)", "labels of"
    rows = (
        (
            one.clustering_id, one.name, "all" if one.collection is None else one.collection, one.k, one.chosen_by,
            one.poses, f"{one.created_at:%Y-%m-%d %H:%M}", ", ".join(one.used_by),
        )
        for one in report
    )  # fmt: skip
    return make_table(_title(report), headings, rows, len(report))


def _show_pose(stored: StoredPose) -> str:
    facts = [*_facts(stored), ("score", f"{stored.pose.person.score:.2f}")]
    with Thumbnails(_CARD_HEIGHT) as people:
        return make_card(_title(stored), partial(people.draw_stored, stored), facts)


def _show_match(match: Match) -> str:
    facts = [*_facts(match.stored), ("percentile", _percent(match.percentile)), ("remarks", match.remarks())]
    with Thumbnails(_CARD_HEIGHT) as people:
        return make_card(_title(match), partial(people.draw_match, match), facts)


def _show_people(found: PhotoPeople) -> str:
    with Thumbnails(_height(len(found))) as people:
        rows = (
            (partial(people.draw_person, found, person), number, person.keypoints.body_joints, f"{person.score:.2f}")
            for number, person in enumerate(found, start=1)
        )
        return make_table(_title(found), ("", "person", "body joints", "score"), rows, len(found))


def _facts(stored: StoredPose) -> list[tuple[str, Cell]]:
    return [
        ("photo", stored.source),
        ("size", "not known" if stored.width is None else f"{stored.width} x {stored.height}"),
        ("person", stored.number),
        ("collection", stored.collection),
        ("cluster", stored.cluster),
        ("estimator", stored.estimator),
        *((name, str(value)) for name, value in stored.attributes.items()),
    ]


def _show_run(report: IngestReport | ReestimateReport) -> str:
    if not report.rejected:
        return make_page(_title(report), "")
    return _show_rejections(report.rejected, _title(report))


def _show_rejections(rejected: Rejections, title: str = "") -> str:
    rows = ((one.source, one.reason, one.message, one.listed) for one in rejected)
    return make_table(title or _title(rejected), ("rejected", "reason", "message", "listed"), rows, len(rejected))


def _show_forgotten(report: ForgetReport) -> str:
    rows = ((one.collection, one.poses, one.source) for one in report)
    return make_table(_title(report), ("collection", "poses", "photo"), rows, len(report))


def _show_renamed(report: RenameReport) -> str:
    return make_page(_title(report), "")


def _show_table(table: Table) -> str:
    return make_table(_title(table), table.columns, table, len(table))


_SHOWN: Final[dict[type, Callable[[Any], str]]] = {
    SimilarReport: _show_similar,
    FindReport: _show_found,
    WordsReport: _show_words,
    PairsReport: _show_pairs,
    OutliersReport: _show_outliers,
    DuplicatesReport: _show_duplicates,
    ClusterReport: _show_clusters,
    ClusteringsReport: _show_clusterings,
    StoredPose: _show_pose,
    Match: _show_match,
    PhotoPeople: _show_people,
    IngestReport: _show_run,
    ReestimateReport: _show_run,
    ForgetReport: _show_forgotten,
    RenameReport: _show_renamed,
    Rejections: _show_rejections,
    Table: _show_table,
}


def _height(people: int) -> int:
    """Return the height of the pictures of so many people."""
    return next((height for most, height in _HEIGHTS if people <= most), _HEIGHTS[-1][1])


def _title(result: object) -> str:
    return repr(result)[1:-1]


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}%"
