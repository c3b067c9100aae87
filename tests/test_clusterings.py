"""The clusterings of a database: which one a collection uses, their names, and their deletion."""

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import posesearch
from posesearch import skeleton
from posesearch.database import Database
from posesearch.errors import (
    ClusteringNameTaken,
    DamagedDatabase,
    NoDatabase,
    NoSuchCluster,
    NoSuchClustering,
    NoSuchCollection,
    NotOfCollection,
)
from posesearch.pose.normalize import make_pose
from posesearch.store import snapshots
from posesearch.store.connection import DatabaseFile
from posesearch.store.snapshots import SnapshotRow
from tests.conftest import STANDING, person
from tests.test_cli import Run, run

assert run  # a fixture of test_cli

EXAMPLES: Final = int(os.environ.get("POSESEARCH_EXAMPLES", "6"))
COLLECTIONS: Final = ("men", "women", "children")
RULE: Final = '{"estimator": "toy", "strict": false, "min_joints": 8}'


def store(path: Path, collection: str, first: int, count: int = 1) -> None:
    """Store photos of one person each in a collection. Their left wrists are at different heights."""
    rows = []
    for number in range(first, first + count):
        xy = STANDING.copy() + 100
        xy[skeleton.INDEX["left_wrist"], 1] -= 10 * number
        name = f"{collection}-{number}.jpg"
        rows.append(SnapshotRow(name, name, 640, 480, collection, RULE, None, (make_pose(person(xy)),)))
    with DatabaseFile(path).writing() as connection:
        snapshots.write_snapshots(connection, rows, "toy", "{}")
        connection.execute("INSERT OR REPLACE INTO about VALUES ('estimator', 'blazepose'), ('model_files', '{}')")


@pytest.fixture
def library(tmp_path: Path) -> Database:
    """Three collections of three poses each, without a clustering. The men have the poses 1 to 3."""
    for collection in COLLECTIONS:
        store(tmp_path / "poses.duckdb", collection, 0, 3)
    return posesearch.open(tmp_path / "poses.duckdb")


def uses(db: Database) -> dict[str, int | None]:
    """Return the clustering from which the labels of each collection come, by the view."""
    rows = db.sql("SELECT DISTINCT collection, clustering_id FROM labelled_poses").rows
    assert len(rows) == len({collection for collection, _ in rows})
    return dict(rows)


class Model:
    """The rule in plain Python: the collection and the labels of each clustering, and the choices of the user."""

    def __init__(self) -> None:
        self.clusterings: dict[int, tuple[str | None, dict[int, int]]] = {}
        self.chosen: dict[str, int] = {}
        self.poses: dict[int, str] = {}

    def find(self, collection: str) -> int | None:
        """Return the clustering from which a collection takes its labels."""
        own = [number for number, (of, _) in self.clusterings.items() if of == collection]
        everyone = [number for number, (of, _) in self.clusterings.items() if of is None]
        return self.chosen.get(collection) or max(own or everyone, default=None)

    def label(self, pose_id: int) -> tuple[int, int] | None:
        """Return the clustering and the cluster of a pose."""
        number = self.find(self.poses[pose_id])
        if number is None or pose_id not in self.clusterings[number][1]:
            return None
        return number, self.clusterings[number][1][pose_id]


class Machine(RuleBasedStateMachine):
    """Clusters, chooses, names and deletes at random, and compares the labels with those of the model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "poses.duckdb"
        self.model = Model()

    def teardown(self) -> None:
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        for collection in COLLECTIONS:
            store(self.path, collection, 0, 2)
        self.db = Database(self.path)
        self.look()

    def look(self) -> None:
        """Compare the labels of all poses with the model."""
        poses, current = self.db.sql_all("""
            SELECT pose_id, collection, clustering_id, cluster FROM labelled_poses;
            SELECT clustering_id FROM current_clusterings ORDER BY 1
        """)
        self.model.poses = {pose_id: collection for pose_id, collection, *_ in poses}
        found = {pose_id: None if number is None else (number, cluster) for pose_id, _, number, cluster in poses}
        assert found == {pose_id: self.model.label(pose_id) for pose_id in self.model.poses}
        users = {
            one: sorted(name for name in COLLECTIONS if self.model.find(name) == one) for one in self.model.clusterings
        }
        assert {one.clustering_id: list(one.used_by) for one in self.db.clusterings()} == users
        assert [one for (one,) in current] == [one for one, names in sorted(users.items()) if names]

    @rule(collection=st.sampled_from(COLLECTIONS))
    def add(self, collection: str) -> None:
        store(self.path, collection, len(self.model.poses))
        self.look()

    @rule(collection=st.sampled_from((None, None, *COLLECTIONS)))
    def cluster(self, collection: str | None) -> None:
        report = self.db.cluster(2, collection=collection)
        stored = report.clustering
        labels = dict(zip(stored.pose_ids.tolist(), stored.labels.tolist(), strict=True))
        self.model.clusterings[report.clustering_id] = collection, labels
        own = {of for of, _ in self.model.clusterings.values()}
        for one in COLLECTIONS:
            if one == collection or (collection is None and one not in own):
                self.model.chosen.pop(one, None)
        assert set(report.used_by) == {one for one in COLLECTIONS if self.model.find(one) == report.clustering_id}
        assert set(report.not_used_by) == (set() if collection else set(COLLECTIONS) - set(report.used_by))
        self.look()

    @precondition(lambda self: self.model.clusterings)
    @rule(number=st.integers(0, 99), collection=st.sampled_from((None, *COLLECTIONS)))
    def use(self, number: int, collection: str | None) -> None:
        known = sorted(self.model.clusterings)
        chosen = known[number % len(known)]
        of = self.model.clusterings[chosen][0]
        if collection is not None and of not in (None, collection):
            with pytest.raises(NotOfCollection):
                self.db.use_clustering(chosen, collection=collection)
        else:
            self.db.use_clustering(chosen, collection=collection)
            for one in [collection or of] if collection or of else COLLECTIONS:
                self.model.chosen[str(one)] = chosen
        self.look()

    @precondition(lambda self: self.model.clusterings)
    @rule(number=st.integers(0, 99), name=st.sampled_from(("june", "july", None)))
    def name(self, number: int, name: str | None) -> None:
        known = sorted(self.model.clusterings)
        with suppress(ClusteringNameTaken):
            self.db.name_clustering(known[number % len(known)], name)
        self.look()

    @precondition(lambda self: self.model.clusterings)
    @rule(numbers=st.lists(st.integers(0, 99), min_size=1, max_size=2))
    def delete(self, numbers: list[int]) -> None:
        known = sorted(self.model.clusterings)
        gone = {known[number % len(known)] for number in numbers}
        self.db.delete_clusterings(gone)
        self.model.clusterings = {one: kept for one, kept in self.model.clusterings.items() if one not in gone}
        self.model.chosen = {name: one for name, one in self.model.chosen.items() if one not in gone}
        self.look()


TestLabelsFollowTheRule = pytest.mark.slow(Machine.TestCase)
TestLabelsFollowTheRule.settings = settings(
    derandomize="POSESEARCH_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    max_examples=EXAMPLES,
    stateful_step_count=10,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
def test_what_is_used_is_told_and_can_be_chosen(library: Database) -> None:
    men = library.cluster(2, collection="men").clustering_id
    everyone = library.cluster(2)
    assert (everyone.used_by, everyone.not_used_by) == (("children", "women"), ("men",))
    assert library.cluster(2, collection="men").not_used_by == ()
    library.delete_clusterings(3)
    assert uses(library) == {"men": men, "women": 2, "children": 2}
    used = library.use_clustering(2)
    assert [one.used_by for one in used] == [(), COLLECTIONS[2:] + COLLECTIONS[:2]]
    assert uses(library) == dict.fromkeys(COLLECTIONS, 2)
    library.use_clustering(men)
    assert uses(library)["men"] == men
    with pytest.raises(
        NotOfCollection, match="The clustering 1 is of the collection 'men', and has no labels for 'wom"
    ):
        library.use_clustering(men, collection="women")
    with pytest.raises(NoSuchCollection):
        library.use_clustering(2, collection="dogs")
    assert uses(library) == {"men": men, "women": 2, "children": 2}


def test_a_collection_that_is_new_uses_the_newest_clustering_of_all(library: Database) -> None:
    library.cluster(1)
    library.use_clustering(1)
    store(Path(library.path), "dogs", 0, 2)
    assert library.clusterings()[0].used_by == ("children", "dogs", "men", "women")
    assert uses(library)["dogs"] is None  # its poses were added after the clustering
    assert library.cluster(1).used_by == ("children", "dogs", "men", "women")


def test_names(library: Database, tmp_path: Path) -> None:
    library.cluster(1)
    library.cluster(2)
    [first, second] = library.name_clustering(np.int64(1), " june ")
    assert (first.name, second.name) == ("june", None)
    assert library.name_clustering("june", "june")[0].name == "june"
    for taken in (2, "2"):
        with pytest.raises(ClusteringNameTaken, match="The clustering 1 has the name 'june' already"):
            library.name_clustering(taken, "june")
    for bad in ("", " ", "7", "\u0663", "two\nlines", "\x1b[2J"):
        with pytest.raises(ValueError, match="the name of a clustering must"):
            library.name_clustering(1, bad)
    with pytest.raises(TypeError, match="name must be a text, not 7"):
        library.name_clustering(1, 7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="clustering must be an id or a name, not 1.5"):
        library.use_clustering(1.5)  # type: ignore[arg-type]
    library.use_clustering("june", collection="men")
    assert uses(library)["men"] == 1
    assert library.name_clustering("june", None)[0].name is None
    assert [one.name for one in library.clusterings()] == [None, None]


def test_an_unknown_clustering_is_told_with_the_known_ones(library: Database, tmp_path: Path) -> None:
    with pytest.raises(NoSuchClustering, match="There is no clustering 1, because the poses are not clustered yet"):
        library.use_clustering(1)
    library.cluster(1)
    library.cluster(1)
    library.name_clustering(2, "june")
    for call in (
        lambda: library.use_clustering("jun"), lambda: library.delete_clusterings([1, "jun"]),
        lambda: library.similar(1, clustering="jun"), lambda: library.pairs(clustering="jun"),
        lambda: library.outliers(clustering="jun"), lambda: list(library.similar_many([1], clustering="jun")),
        lambda: library.name_clustering("jun", "july"),
    ):  # fmt: skip
        with pytest.raises(
            NoSuchClustering, match=r"no clustering 'jun'. Did you mean 'june'\? The database has 1, 2 "
        ):
            call()
    assert len(library.clusterings()) == 2
    for huge in ("9" * 30, 10**30):
        with pytest.raises(NoSuchClustering):
            library.use_clustering(huge)
    for _ in range(11):
        with duckdb.connect(library.path) as connection:
            connection.execute("""
                INSERT INTO clusterings BY NAME
                SELECT * REPLACE (nextval('clustering_ids') AS clustering_id, NULL AS name) FROM clusterings LIMIT 1
            """)
    with pytest.raises(NoSuchClustering, match="The database has 4, 5, 6, .*, 13 and 3 older ones"):
        library.use_clustering(99)


def test_a_missing_database_is_not_created(tmp_path: Path) -> None:
    db = Database(tmp_path / "none.duckdb")
    for call in (
        db.clusterings, lambda: db.name_clustering(1, "june"), lambda: db.use_clustering(1),
        lambda: db.delete_clusterings(1),
    ):  # fmt: skip
        with pytest.raises(NoDatabase):
            call()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_deleted_clustering_leaves_nothing(library: Database) -> None:
    for _ in range(3):
        library.cluster(2)
    library.use_clustering(1)
    left = library.delete_clusterings(one for one in (1, "3"))
    assert [one.clustering_id for one in left] == [2]
    for table in ("clusterings", "centroids", "labels", "inertias", "chosen_clusterings"):
        ids = {row[0] for row in library.sql(f"SELECT clustering_id FROM {table}").rows}
        assert ids == ({2} if table != "chosen_clusterings" else set())
    assert library.cluster(1).clustering_id == 4  # an id does not come again
    assert not library.delete_clusterings([2, 4])
    assert library.similar(1).cluster is None
    assert library.show(1).cluster is None


@pytest.mark.slow
def test_a_search_can_name_its_clustering(library: Database) -> None:
    library.cluster(1)
    men = library.cluster(3, collection="men")
    library.name_clustering(2, "men-of-june")
    assert library.similar(1).cluster.clustering_id == 2  # type: ignore[union-attr]
    everyone = library.similar(1, clustering=1)
    assert (everyone.cluster.clustering_id, everyone.cluster.clustering_name) == (1, None)  # type: ignore[union-attr]
    assert {match.stored.clustering_id for match in everyone} == {1}
    assert {match.cluster for match in everyone} == {0}
    women = library.similar(5, duplicates=True, clustering="men-of-june")
    assert women.cluster.clustering_name == "men-of-june"  # type: ignore[union-attr]
    assert women.options == ("clustering men-of-june", "with near-duplicates")
    assert {match.collection for match in women} == {"men"}  # the others have no label in it
    for label in range(3):
        [match] = library.similar(5, clustering=2, cluster=label)
        assert men.clustering.labels[match.pose_id - 1] == match.cluster == label
        assert match.as_json()["clustering_name"] == "men-of-june"
    assert len(library.similar(5, 20, clustering=1, cluster=0, duplicates=True)) == 8
    assert library.similar(5, clustering=1, where="cluster = 1 OR clustering_id = 2").matches == ()
    [answer] = library.similar_many([5], 20, clustering=2)
    assert {match.stored.clustering_id for match in answer} == {2}  # type: ignore[union-attr]
    pairs = library.pairs(clustering=2, duplicates=True)
    assert pairs.compared == 3
    assert {one.clustering_id for pair in pairs for one in (pair.first, pair.second)} == {2}
    assert library.pairs(clustering=1, duplicates=True)[0].first.clustering_id == 1
    assert library.outliers(clustering="men-of-june", duplicates=True).compared == 3
    with pytest.raises(NoSuchCluster, match="There is no cluster 3 in the clustering 2. The clusters are 0 to 2"):
        library.outliers(clustering=2, cluster=3)
    assert library.show(1).clustering_name == "men-of-june"
    assert library.sql("SELECT DISTINCT collection, cluster FROM similar_poses(1, 20) WHERE collection <> 'men'").rows


@pytest.mark.slow
def test_the_macro_has_the_same_labels_as_the_view(library: Database) -> None:
    library.cluster(1)
    library.cluster(3, collection="men")
    library.cluster(2, collection="women")
    library.use_clustering(1, collection="men")
    found = dict(library.sql("SELECT pose_id, cluster FROM similar_poses(1, 20)").rows)
    assert found == dict(library.sql("SELECT pose_id, cluster FROM labelled_poses").rows)
    assert len(found) == 9


@pytest.mark.parametrize("column", ["created_at = NULL", "created_at = '290000-01-01'", "inertia = 'nan'", "k = NULL"])
def test_a_clustering_that_is_damaged_is_refused(column: str, library: Database) -> None:
    library.cluster(1)
    with duckdb.connect(library.path) as connection:
        connection.execute("CREATE TABLE t AS FROM clusterings")
        connection.execute("DROP TABLE clusterings")
        connection.execute("ALTER TABLE t RENAME TO clusterings")
        connection.execute(f"UPDATE clusterings SET {column}")
    with pytest.raises(DamagedDatabase, match="in the table clusterings, the row with clustering_id 1 has "):
        library.clusterings()


def test_choices_that_name_nothing_count_as_none(library: Database) -> None:
    library.cluster(1)
    library.cluster(1, collection="women")
    with duckdb.connect(library.path) as connection:
        connection.execute("INSERT INTO chosen_clusterings VALUES ('men', 77), ('children', 2), ('dogs', 1)")
    assert uses(library) == {"men": 1, "women": 2, "children": 1}
    assert library.clusterings()[0].used_by == ("children", "men")


@pytest.mark.slow
def test_the_commands(library: Database, run: Run) -> None:
    db = library.path
    code, out, err = run("clusterings", "--db", db)
    assert (code, out) == (0, "")
    assert err == f"There are no clusterings. Try: posesearch cluster --db {db}\n"
    assert json.loads(run("clusterings", "--db", db, "--json")[1]) == {"clusterings": []}
    run("cluster", "-k", "1", "--collection", "men", "--db", db)
    _, out, err = run("cluster", "-k", "1", "--db", db)
    assert "labels of   children, women\n" in out
    assert err == (
        "men keeps the labels of another clustering. To use this one everywhere: "
        f"posesearch clusterings use 2 --db {db}\n"
    )
    assert run("clusterings", "use", "2", "--db", db)[0] == 0
    code, out, _ = run("clusterings", "name", "2", "everyone", "--db", db)
    assert [line.split() for line in out.splitlines()[1:]][1][:3] == ["2", "everyone", "all"]
    assert "0 of clustering 2 (everyone), 9 poses" in run("similar", "1", "--db", db)[1]
    assert "0 of clustering 2 (everyone), distance" in run("show", "1", "--db", db)[1]
    [row] = json.loads(run("clusterings", "delete", "1", "--db", db, "--json")[1])["clusterings"]
    assert row["used_by"] == ["children", "men", "women"]


@pytest.mark.slow
def test_labels_of_several_clusterings_are_told_apart(library: Database, run: Run) -> None:
    library.cluster(1)
    assert " of 1" not in run("similar", "1", "--all", "--db", library.path)[1]
    library.cluster(1, collection="men")
    out = run("similar", "1", "--all", "--db", library.path)[1]
    assert " 0 of 1 " in out
    assert " 0 of 2 " in out
    assert (
        " 0 of " not in run("similar", "1", "--all", "--clustering", "1", "--db", library.path)[1].partition("rank")[2]
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["clusterings", "name", "1"], "give either a name or --remove"),
        (["clusterings", "name", "1", "june", "--remove"], "give either a name or --remove"),
        (["clusterings", "name", "1", "5"], "the name of a clustering must not be empty or a number, as '5' is"),
        (["clusterings", "name", "1", ""], "the name of a clustering must not be empty or a number, as '' is"),
        (["clusterings", "use", ""], "it is empty"),
        (["clusterings", "--json", "use", "1"], "give it after use"),
        (["clusterings", "--db", "DB", "delete", "1"], "give it after delete"),
        (["similar", "1", "--clustering", ""], "it is empty"),
    ],
)
def test_a_wrong_command_line_changes_nothing(
    arguments: list[str], says: str, library: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.cluster(1)
    monkeypatch.setenv("POSESEARCH_DB", library.path)
    code, out, err = run(*(library.path if one == "DB" else one for one in arguments))
    assert (code, out) == (2, "")
    assert says in " ".join(err.split())
    [clustering] = library.clusterings()
    assert (clustering.clustering_id, clustering.name) == (1, None)


@pytest.mark.slow
def test_a_new_clustering_replaces_the_choice_of_its_collection(library: Database) -> None:
    library.cluster(1)
    library.cluster(1, collection="men")
    library.use_clustering(1)
    library.cluster(1, collection="men")
    library.cluster(1)
    assert uses(library) == {"men": 3, "women": 4, "children": 4}


def _json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def test_a_report_is_json(library: Database) -> None:
    library.cluster(2)
    report = library.name_clustering(1, "june")
    value = _json(report.as_json())["clusterings"][0]
    assert value == {**_json(report[0].as_json()), "name": "june", "k": 2, "collection": None}
    assert report[0].poses == value["complete"] + value["partial"] == 9
