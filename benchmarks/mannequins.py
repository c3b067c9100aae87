"""Mannequins in known poses: which poses there are, how they are drawn, and what the networks find in the pictures."""

import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

import posesearch
from posesearch import estimators, skeleton
from posesearch.demo.body import Look, build_body
from posesearch.demo.mannequin import Figure, draw_scene, find_joints
from posesearch.demo.photos import STANCES
from posesearch.demo.stance import Directions, directions_of
from posesearch.estimators import Estimator
from posesearch.photos.photo import Photo
from posesearch.pose.normalize import normalize_body
from posesearch.pose.similarity import Poses, compare
from posesearch.store.connection import DatabaseFile
from posesearch.store.poses import read_poses
from posesearch.types import Float64, Person

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

SIDE: Final = 288
"""Width and height of the pictures in pixels."""

ALIKE: Final = 0.95
"""No two distinct poses are more similar in 3D, whether mirrored or not."""

YAWS: Final = (0, 30, 60, 90, 180)
HALVES: Final = ("report", "development")
DISTINCT: Final = 600
OTHERS: Final = 700
DRAWN: Final = 1_500
"""The number of distinct poses, of other poses in the database, and of random stances to choose from."""

NETWORKS: Final = ("blazepose-full", "blazepose-heavy")

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture of a mannequin.

    Attributes:
        pose: its pose, without a yaw.
        yaw: angle by which it is turned to its left, degrees.
        seed: of its colours, its build and the room.
        side: width and height of the picture in pixels.
    """

    pose: Directions
    yaw: float
    seed: int
    side: int = SIDE

    @property
    def joints(self) -> Float64:
        """The true joints, (18, 3), in body heights: x to the right of the picture, y down, z away from the camera."""
        return find_joints(replace(self.pose, yaw=self.yaw), self._look) * [1, -1, -1]

    @property
    def _look(self) -> Look:
        return _draw_look(np.random.default_rng([1, self.seed]))

    def draw(self) -> tuple[NDArray[np.uint8], Float64, float]:
        """Return the picture, the true joints in it, (18, 2) pixels, and the body height in pixels."""
        look, random = self._look, np.random.default_rng([2, self.seed])
        turned = replace(self.pose, yaw=self.yaw)
        body = build_body(turned, look)
        angle = np.radians(self.yaw)
        across = np.array([np.cos(angle), 0, np.sin(angle)])
        places = [(point, radius) for start, end, a, b, _ in body.capsules for point, radius in ((start, a), (end, b))]
        left, right = (sign * max(sign * (across @ point) + radius for point, radius in places) for sign in (-1, 1))
        low, high = (sign * max(sign * point[1] + radius for point, radius in places) for sign in (-1, 1))
        size = min(random.uniform(0.72, 0.86) * self.side / max(high - low, right - left), 0.8 * self.side)
        feet = self.side / 2 - (left + right) / 2 * size, self.side / 2 + (high - low) / 2 * size
        pixels, joints = draw_scene(self.side, self.side, [Figure(turned, look, feet, size)], random)
        return pixels, joints[0].astype(np.float64), size


def _draw_look(random: np.random.Generator) -> Look:
    """Return random colours and a random build."""

    def colour(low: float, high: float) -> tuple[int, int, int]:
        blue, green, red = random.uniform(low, high, 3).astype(int).tolist()
        return blue, green, red

    skin = np.array([150, 180, 225]) * random.uniform(0.5, 1.05)
    hair = np.array([40, 60, 90]) * random.uniform(0.4, 2)
    return Look(
        shoulders=random.uniform(0.096, 0.114),
        hips=random.uniform(0.052, 0.062),
        long_hair=bool(random.random() < 0.5),
        skin=(int(skin[0]), int(skin[1]), int(skin[2])),
        hair=(int(hair[0]), int(hair[1]), int(hair[2])),
        top=colour(40, 200),
        trousers=colour(40, 140),
        shoes=colour(20, 80),
        shorts=bool(random.random() < 0.4),
        sleeves=bool(random.random() < 0.5),
    )


def read_stored(folder: Path) -> Iterator[Directions]:
    """Ingest the folders street, studio, sports and yoga. Yield the poses whose joints are all known in 3D."""
    with tempfile.TemporaryDirectory() as away, posesearch.open(Path(away) / "poses.duckdb") as database:
        for name in ("street", "studio", "sports", "yoga"):
            database.ingest(folder / name / "photos", collection=name)
        ids = [row[0] for row in database.sql("SELECT pose_id FROM poses ORDER BY pose_id").rows]
        with DatabaseFile(database.path).reading() as connection:
            for stored in read_poses(connection, ids):
                world = stored.pose.person.world
                if world is not None and not np.isnan(world).any():
                    yield directions_of(_face_camera(world * [1, -1, -1]))


def _face_camera(joints: Float64) -> Float64:
    """Turn joints, (18, 3), about the vertical, so that the person's left is towards the right of the picture."""
    at = {name: joints[number] for name, number in skeleton.INDEX.items()}
    across = sum(at[f"left_{joint}"] - at[f"right_{joint}"] for joint in ("shoulder", "hip"))
    length = max(float(np.hypot(across[0], across[2])), 1e-9)
    cosine, sine = across[0] / length, across[2] / length
    return np.asarray(joints @ np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]]).T)


def draw_poses(count: int, random: np.random.Generator) -> Iterator[Directions]:
    """Yield the demo's stances with the limbs turned at random, by a standard deviation of 25 degrees."""
    stances = [replace(stance, yaw=0) for stance in STANCES.values()]
    for number in range(count):
        yield replace(stances[number % len(stances)].vary(random, 25), yaw=0).directions


def true_poses(joints: Sequence[Float64]) -> Poses:
    """Return the normalized poses of true joints, (18, 3) each."""
    vectors = normalize_body(np.stack(joints)[:, skeleton.BODY].astype(np.float32))
    return Poses(vectors, np.ones((len(vectors), skeleton.N_BODY), np.float32))


def compare_true(a: Poses, b: Poses) -> Float64:
    """Return the correlations of complete poses b with poses a after the best rotation about the vertical, (b, a).

    Of a pose and its mirror image, the more similar counts.
    """
    return np.maximum(*(compare(a, one, one.masks, "view").correlation for one in (b, b.mirror())))


def correlate_pairs(found: Poses, true: Poses) -> Float64:
    """Return the correlation of each pose that was found with its true pose, (n,), after the best rotation."""
    rows = [slice(row, row + 1) for row in range(len(found))]
    pairs = [(found.take(row), true.take(row)) for row in rows]
    return np.array([compare(a, b, b.masks, "view").correlation[0, 0] for a, b in pairs])


def choose_distinct(poses: Sequence[Directions], count: int) -> tuple[list[Directions], list[Directions]]:
    """Return the first `count` poses of which no two are alike, and all other poses."""
    solid = true_poses([Scene(pose, 0, 0).joints for pose in poses])
    alike = compare_true(solid, solid) > ALIKE
    chosen: list[int] = []
    for number in range(len(poses)):
        if len(chosen) < count and not alike[number, chosen].any():
            chosen.append(number)
    others = sorted(set(range(len(poses))) - set(chosen))
    return [poses[number] for number in chosen], [poses[number] for number in others]


@dataclass(frozen=True, eq=False)
class Scenes:
    """The pictures.

    Attributes:
        gallery: those of the database, first the distinct poses.
        queries: for each half, the numbers of its distinct poses, and their pictures by yaw.
    """

    gallery: list[Scene]
    queries: dict[str, tuple[NDArray[np.int64], dict[int, list[Scene]]]]


def make_scenes(folder: Path) -> Scenes:
    """Choose the poses, and how each is drawn."""
    random = np.random.default_rng(2026)
    stored = list(read_stored(folder))
    shuffled = [stored[number] for number in random.permutation(len(stored))]
    drawn = list(draw_poses(DRAWN, random))
    poses, rest = choose_distinct([*shuffled, *drawn], DISTINCT)
    print(f"{len(stored)} stored poses, {len(poses)} distinct ones with those drawn at random")
    order = random.permutation(len(poses))
    distinct = [Scene(poses[number], 0, seed) for seed, number in enumerate(order)]
    others = [
        Scene(pose, random.uniform(0, 360), 10_000 + number)
        for number, pose in enumerate(rest[number] for number in random.choice(len(rest), OTHERS, replace=False))
    ]
    queries = {}
    for first, half in enumerate(HALVES):
        chosen = np.arange(first, len(distinct), len(HALVES))
        queries[half] = (
            chosen,
            {
                yaw: [Scene(distinct[row].pose, yaw, 20_000 + 1_000 * yaw + row) for row in chosen.tolist()]
                for yaw in YAWS
            },
        )
    return Scenes([*distinct, *others], queries)


@dataclass(frozen=True, eq=False)
class Found:
    """What a network found in the picture of a scene.

    Attributes:
        person: the main person. None if there is nobody.
        errors: (18,) float64, distances of the joints to the true ones in true torsos. Infinite where missing.
    """

    person: Person | None
    errors: Float64


def estimate(scenes: Sequence[Scene], network: str) -> list[Found]:
    """Return what a network finds in the pictures of scenes."""
    cores = list(range(os.cpu_count() or 1))
    queue = get_context("spawn").Queue()
    for core in cores:
        queue.put(core)
    with ProcessPoolExecutor(len(cores), get_context("spawn"), _start_worker, (queue, network)) as pool:
        return list(pool.map(_estimate, scenes, chunksize=8))


_estimator: list[Estimator] = []  # of this worker process


def _start_worker(queue: "Queue[int]", network: str) -> None:
    """Load the network on one core. Its threads would otherwise wait for each other on a busy machine."""
    core = queue.get()
    if sys.platform == "linux":
        os.sched_setaffinity(0, {core})
    _estimator.append(estimators.load(network))


def _estimate(scene: Scene) -> Found:
    pixels, joints, size = scene.draw()
    people = _estimator[0].estimate(Photo(pixels, SIDE, SIDE))
    xy = people[0].keypoints.xy if people else np.full((skeleton.N_JOINTS, 2), np.nan)
    errors = np.linalg.norm(xy - joints, axis=1) / size / np.linalg.norm(scene.joints[skeleton.INDEX["neck"]])
    return Found(people[0] if people else None, np.where(np.isnan(errors), np.inf, errors))


def keep(folder: Path | None, name: str, make: Callable[[], Result]) -> Result:
    """Return a result that is kept in a folder. It is made if it is not there, or if there is no folder."""
    path = None if folder is None else folder / f"{name}.pickle"
    if path is not None and path.exists():
        return pickle.loads(path.read_bytes())  # type: ignore[no-any-return]  # noqa: S301 (this benchmark wrote it)
    result = make()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(result))
    return result
