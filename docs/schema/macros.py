"""The macros of schema.sql, made of the formulas of posesearch. make_schema.py writes them into schema.sql.

Each macro has its whole body, and calls only functions of DuckDB and no other macro. So a macro of the user's own can't
change what it returns, and `IMPORT DATABASE` can create the macros in any order. A macro reads tables and no views,
because `EXPORT DATABASE` writes the views after the macros.

A macro first binds its arguments, in a SELECT without FROM. DuckDB puts the text of an argument into the body, and only
there can't it meet a column of the macro's own tables.

The bodies have no lambda functions and no list comprehensions. DuckDB 2 exports these in a syntax that it does not
import, and DuckDB 1.4 accepts no columns of the caller in them.
"""

from typing import Final

from pair_macros import POSE_DIFFERENCES, POSE_SIMILARITY, SIMILARITY_GRADE, similarity_percentile
from search_macros import NEAREST_POSES, SIMILAR_POSES, SIMILAR_VIEWS

MACROS: Final = {
    """\
The n poses most similar to the stored pose with this id, best first. Usually that pose itself is first.
  FROM similar_poses(42)
  FROM similar_poses(42, 20, parts := ['left_arm', 'head'], mirror := false, in_collection := 'women')
mirror: whether mirrored poses match as well. turn: whether rotations in the image plane are ignored.
sides: 'any' also finds poses with left and right exchanged: in the arms, in the legs, or everywhere, as from behind. Such a match
has that much less similarity that only a clear gain counts. The column exchanged says it. 'same' does not find them.
parts: only these parts of the body, from the table body_parts. NULL means the whole body.
anchored: whether the parts are compared relative to the torso. The torso is compared too, with less weight, and rotations are
ignored.
min_shared: number of joints that a pose must share with the query. If the query has fewer, a pose must share all of them.
in_collection: only poses of this collection. NULL means all.
among: the name of a table or view with the columns of poses. Only its poses are searched:
  CREATE TEMP VIEW wide AS SELECT p.* FROM poses AS p JOIN snapshots USING (snapshot_id) WHERE width > height""": SIMILAR_POSES,
    """\
The same for limbs in 3D. The direction from which the person is seen is ignored. There are no rows if the pose has no
world coordinates. among: the name of a table or view with the columns of world_poses.
  FROM similar_views(42)""": SIMILAR_VIEWS,
    """\
The n poses most similar to a pose that need not be stored, best first.
  FROM nearest_poses([...28 numbers...], [...14 weights...], 10)
vector: like poses.vector. weight: the weight of each body joint, 0 where it is missing or ignored.
The other arguments are those of similar_poses.""": NEAREST_POSES,
    """\
The similarity of two stored poses. It is the same in both directions. Joints that only one pose has lower the similarity.
  SELECT pose_similarity(42, 43)
NULL if the poses share fewer than 6 body joints, unless one of them shares all of its joints.
mirror: whether one pose may be mirrored if that makes them more similar. sides: 'any' or 'same', as in similar_poses.""": POSE_SIMILARITY,
    """\
How much each joint of a query, which is a stored pose, adds to its distance from another stored pose. The contributions sum to
1 - similarity, with the similarity of similar_poses(query_id).
  FROM pose_differences(42, 43) ORDER BY contribution DESC
mirrored: whether the query is mirrored. exchanged: 'all', 'arms' or 'legs' if left and right are exchanged in these joints. The
contributions then sum to 1 - similarity - 0.03. The joints are named as in the query itself.""": POSE_DIFFERENCES,
    """\
The percentile of a similarity: the percentage of random pairs of poses that are at most as similar. The pairs are those of 200
random poses, always the same. Of the plain and the mirrored pair, the more similar counts. NULL if there are fewer than 30 poses,
because their pairs say little.
  SELECT rank, similarity, similarity_percentile(similarity) AS percentile FROM similar_poses(42)""": similarity_percentile(
        "similarity_percentile"
    ),
    """\
The grade of a similarity: 'same', 'alike', 'loosely alike' or 'not alike'.
  SELECT rank, similarity, similarity_grade(similarity, exchanged) AS grade FROM similar_poses(42)
exchanged: the joints whose left and right are exchanged, from the column exchanged of a search.
view: 'any' for a similarity from similar_views.""": SIMILARITY_GRADE,
    """\
The old name of similarity_percentile, for one version.""": similarity_percentile("closer_than"),
}
"""The macros by their comments."""
