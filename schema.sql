-- The tables, views and macros of a posesearch database, with units, and when a value is NULL.
--
-- Open the database in the duckdb shell (`duckdb poses.duckdb`). Start with the views at the end (keypoints, labelled_poses) and
-- the macros (similar_poses, similar_views, pose_similarity, pose_differences). docs/sql.md has examples, and docs/search.md
-- the formulas.
--
-- Raw keypoints are what the estimator found. Vectors, labels and centroids are computed from them, without the photos.
--
-- Tables refer to each other by the _id columns. There are no declared foreign keys: DuckDB updates a row by deleting and
-- inserting it, which a foreign key would refuse.

CREATE TABLE about (
    key   VARCHAR PRIMARY KEY,  -- 'schema_version', 'estimator', 'model_files'
    value VARCHAR NOT NULL      -- estimator: that of the first ingest. Poses of different estimators do not compare well.
                                -- model_files: JSON, the user's own networks by name, path, SHA-256 and signature. {} if none
);

-- The 18 joints, in the order of every FLOAT[18] column (COCO-18). The first 14 are the body joints of every FLOAT[14].
CREATE TABLE joints (
    position UTINYINT PRIMARY KEY,  -- from 1, as DuckDB counts array elements
    joint    VARCHAR NOT NULL UNIQUE
);
INSERT INTO joints VALUES
    (1, 'nose'), (2, 'neck'),
    (3, 'right_shoulder'), (4, 'right_elbow'), (5, 'right_wrist'),
    (6, 'left_shoulder'), (7, 'left_elbow'), (8, 'left_wrist'),
    (9, 'right_hip'), (10, 'right_knee'), (11, 'right_ankle'),
    (12, 'left_hip'), (13, 'left_knee'), (14, 'left_ankle'),
    (15, 'right_eye'), (16, 'left_eye'), (17, 'right_ear'), (18, 'left_ear');

-- A row per photo and collection. A photo that has several sources is one row.
CREATE SEQUENCE snapshot_ids;
CREATE TABLE snapshots (
    snapshot_id INTEGER PRIMARY KEY DEFAULT nextval('snapshot_ids'),
    source      VARCHAR NOT NULL,  -- absolute path or http(s) URL: one of its sources that exists, or the last that existed
    sha256      VARCHAR,           -- of the file's bytes. NULL if it could not be read
    width       INTEGER,           -- pixels of the upright photo. NULL if it could not be decoded
    height      INTEGER,
    collection  VARCHAR NOT NULL,
    status      VARCHAR NOT NULL CHECK (status IN ('ingested', 'rejected')),
    reason      VARCHAR,           -- why it was rejected, one word ('no_person', 'truncated', ...). NULL if ingested
    message     VARCHAR,           -- the same as a sentence. NULL if ingested
    settings    VARCHAR NOT NULL,  -- JSON: the rule that accepted or rejected it: "estimator", "strict", "min_joints", and for
                                   -- the user's own networks "files", their SHA-256 by name. "gps" is true after --gps
    -- Difference hash: whether each of 8 x 8 pixels of the photo in grey is darker than its right neighbour. Photos that look
    -- alike differ in few bits. NULL if the photo could not be decoded, or was ingested by an early version.
    dhash       UBIGINT,
    -- From the EXIF data. NULL if it does not say.
    taken_at    TIMESTAMP,         -- by the camera's own clock, without a time zone
    camera      VARCHAR,           -- make and model
    latitude    DOUBLE,            -- degrees, north and east positive. NULL without `ingest --gps`
    longitude   DOUBLE,
    ingested_at TIMESTAMP NOT NULL DEFAULT make_timestamp(epoch_us(now())),  -- UTC
    missing_since TIMESTAMP        -- UTC, when an ingest found that none of its sources exists. NULL if one exists
);

-- A row per path or URL at which a photo is or was. Two copies of a photo are one snapshot with two sources. An ingest compares
-- size and time to decide which files it must read.
CREATE TABLE sources (
    source        VARCHAR NOT NULL,  -- absolute path or http(s) URL, once per collection
    collection    VARCHAR NOT NULL,
    snapshot_id   INTEGER NOT NULL,
    bytes         BIGINT,            -- size. NULL if it could not be read, or was last read by an early version
    modified_ns   BIGINT,            -- nanoseconds since 1970 (UTC). NULL in the same cases, for a URL, if the file was just written or
                                     -- is dated in the future, and before 1677
    etag          VARCHAR,           -- from the server, to ask later whether the photo has changed
    last_modified VARCHAR,
    missing_since TIMESTAMP,         -- UTC, when an ingest did not find it. NULL if it exists
    unread_reason VARCHAR,           -- why the last ingest could not read the file. NULL if it could. The poses are then those of
                                     -- the last time that it could
    signature     VARCHAR            -- of the source, by the user whose ingest wrote it. A photo without a signature of the present
                                     -- user is not opened without --trust
);

-- A row per person with enough body joints.
CREATE SEQUENCE pose_ids;
CREATE TABLE poses (
    pose_id     INTEGER PRIMARY KEY DEFAULT nextval('pose_ids'),
    snapshot_id INTEGER NOT NULL,
    person      USMALLINT NOT NULL,   -- from 1, the most prominent person of the snapshot first
    box_x       FLOAT NOT NULL,       -- the person's box: left, top, width and height in pixels of the upright photo
    box_y       FLOAT NOT NULL,
    box_width   FLOAT NOT NULL,
    box_height  FLOAT NOT NULL,
    prominence  FLOAT NOT NULL,       -- height of the box divided by the height of the photo
    score       FLOAT NOT NULL,       -- the estimator's own score of the person. Larger is more certain
    estimator   VARCHAR NOT NULL,     -- its name
    settings    VARCHAR NOT NULL,     -- JSON: its version and settings
    body_joints UTINYINT NOT NULL,    -- number of body joints found. 14 is a complete pose
    -- Raw: pixels of the upright photo, x to the right and y down. The element of a missing joint is NULL.
    x           FLOAT[18] NOT NULL,
    y           FLOAT[18] NOT NULL,
    joint_score FLOAT[18] NOT NULL,   -- 0 to 1, how certain the estimator is. 0 for a missing joint
    -- Metres from the middle of the hips: x to the right and y down in the photo, z away from the camera. The element of a missing
    -- joint is NULL. The column is NULL if the estimator gives no metres. Only those of BlazePose do.
    world_x     FLOAT[18],
    world_y     FLOAT[18],
    world_z     FLOAT[18],
    -- Derived, "body" normalization: x0..x13, y0..y13 of the body joints. The centroid of the present joints is the origin, and
    -- they are divided by the Frobenius norm. The element of a missing joint is 0, never NULL, because inner products accept no
    -- NULL. The mask says which joints are missing.
    vector      FLOAT[28] NOT NULL,
    mask        FLOAT[14] NOT NULL,   -- 1 for a present body joint, 0 for a missing one
    squares     FLOAT[14] NOT NULL,   -- x^2 + y^2 of the vector, per joint
    joint_set   USMALLINT NOT NULL,   -- the mask as bits: 1 for the nose, 2 for the neck, 4, ... 16383 is a complete pose
    -- The same for the joints in metres: x0..x13, y0..y13, z0..z13. NULL if the estimator gives no metres.
    world_vector  FLOAT[42],
    world_squares FLOAT[14]
);

-- A row per k-means run. Runs are kept. The view current_clusterings has the current ones.
CREATE SEQUENCE clustering_ids;
CREATE TABLE clusterings (
    clustering_id INTEGER PRIMARY KEY DEFAULT nextval('clustering_ids'),
    collection    VARCHAR,           -- the collection that was clustered. NULL means all poses
    normalization VARCHAR NOT NULL CHECK (normalization IN ('body', 'max')),
    k             USMALLINT NOT NULL,
    chosen_by     VARCHAR NOT NULL CHECK (chosen_by IN ('user', 'elbow')),
    seed          INTEGER NOT NULL,
    complete      INTEGER NOT NULL,  -- complete poses, which k-means grouped
    partial       INTEGER NOT NULL,  -- partial poses, labelled by their nearest centroid afterwards
    inertia       DOUBLE NOT NULL,   -- sum of the squared distances of complete poses to their centroids
    created_at    TIMESTAMP NOT NULL DEFAULT make_timestamp(epoch_us(now()))  -- UTC
);

CREATE TABLE centroids (
    clustering_id  INTEGER NOT NULL,
    cluster        USMALLINT NOT NULL,  -- from 0, the largest cluster first
    vector         FLOAT[28] NOT NULL,  -- the mean, in the clustering's normalization: x0..x13, y0..y13
    size           INTEGER NOT NULL,    -- poses with this label when the clustering was made, with partial ones
    medoid_pose_id INTEGER NOT NULL,    -- the complete pose nearest to the centroid then. It may have been removed
    PRIMARY KEY (clustering_id, cluster)
);

CREATE TABLE labels (
    clustering_id INTEGER NOT NULL,
    pose_id       INTEGER NOT NULL,
    cluster       USMALLINT NOT NULL,
    -- Euclidean, in the clustering's normalization. For a partial pose: over its joints, after the best translation and scale
    -- ("body" only), times sqrt(14 / joints), so that it compares with the others.
    distance      FLOAT NOT NULL,
    PRIMARY KEY (clustering_id, pose_id)
);

-- The elbow curve of each clustering: k = 1..13, or fewer if there are fewer poses.
CREATE TABLE inertias (
    clustering_id INTEGER NOT NULL,
    k             USMALLINT NOT NULL,
    inertia       DOUBLE NOT NULL,
    PRIMARY KEY (clustering_id, k)
);

-- Views and macros. They have no data. A database of an earlier posesearch gets them when it is next opened.
--
-- DuckDB puts the text of an argument into a macro's body, where a column of the macro could have the same name. So a macro that has
-- a query first collects its arguments in a struct, in a SELECT without FROM, which sees only the caller's columns.

-- The newest clustering of each collection and of all poses, without those that a newer one of all poses replaces.
CREATE OR REPLACE VIEW current_clusterings AS
SELECT * FROM clusterings AS c
WHERE NOT EXISTS (
    FROM clusterings AS newer
    WHERE newer.clustering_id > c.clustering_id
      AND (newer.collection IS NULL OR newer.collection = c.collection)
);

-- A row per pose, with its source and its current label. clustering_id, cluster and distance are NULL if the pose was added after
-- the last clustering of its collection.
CREATE OR REPLACE VIEW labelled_poses AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection, p.person, p.body_joints, p.score, p.prominence,
    p.box_x, p.box_y, p.box_width, p.box_height, s.width, s.height, p.estimator,
    l.clustering_id, l.cluster, l.distance,
    s.taken_at, s.camera, s.latitude, s.longitude, s.missing_since
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id)
LEFT JOIN (
    SELECT among.collection, max(clustering_id) AS clustering_id
    FROM (SELECT DISTINCT collection FROM snapshots) AS among
    JOIN current_clusterings AS c ON c.collection IS NULL OR c.collection = among.collection
    GROUP BY among.collection
) AS newest ON newest.collection = s.collection
LEFT JOIN labels AS l ON l.clustering_id = newest.clustering_id AND l.pose_id = p.pose_id;

-- A row per joint of each pose, missing joints too.
CREATE OR REPLACE VIEW keypoints AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection, j.joint,
    p.x[j.position] AS x,            -- pixels of the upright photo. NULL if missing
    p.y[j.position] AS y,
    p.joint_score[j.position] AS score,
    p.world_x[j.position] AS world_x,  -- metres from the middle of the hips. NULL if missing or not given
    p.world_y[j.position] AS world_y,
    p.world_z[j.position] AS world_z,
    -- "body" normalized. NULL if missing, and for eyes and ears, which are not compared
    CASE WHEN p.mask[j.position] = 1 THEN p.vector[j.position] END AS nx,
    CASE WHEN p.mask[j.position] = 1 THEN p.vector[j.position + 14] END AS ny
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id)
CROSS JOIN joints AS j;

-- The names that `--parts` and parts := accept, with their joints. The name of a joint is a part too.
CREATE OR REPLACE VIEW body_parts AS
SELECT part, unnest(joints) AS joint
FROM (VALUES
    ('head', ['nose']),
    ('torso', ['neck', 'right_shoulder', 'left_shoulder', 'right_hip', 'left_hip']),
    ('right_arm', ['right_shoulder', 'right_elbow', 'right_wrist']),
    ('left_arm', ['left_shoulder', 'left_elbow', 'left_wrist']),
    ('arms', ['right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder', 'left_elbow', 'left_wrist']),
    ('right_leg', ['right_hip', 'right_knee', 'right_ankle']),
    ('left_leg', ['left_hip', 'left_knee', 'left_ankle']),
    ('legs', ['right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle'])
) AS named(part, joints)
UNION ALL SELECT joint, joint FROM joints WHERE position <= 14;

-- The poses in 3D, with the column names that the macros below read.
CREATE OR REPLACE VIEW world_poses AS
SELECT pose_id, snapshot_id, joint_set, world_vector AS vector, world_squares AS squares
FROM poses WHERE world_vector IS NOT NULL;

-- Similarity, -1 to 1: the weighted Pearson correlation of the coordinates of the joints that both poses have, which is what
-- remains after the best translation and scale. For two complete poses it is the inner product of their vectors.
--
-- The query is one struct, made once by pose_query or world_query: every sum over the shared joints is then an inner product
-- of a stored array with a constant of the query, or a sum that depends only on the stored pose's joint_set (query_within).

CREATE OR REPLACE MACRO joint_set_of(weight) AS
    list_sum([CASE WHEN weight[i] > 0 THEN 1 << (i - 1) ELSE 0 END for i in range(1, 15)])::USMALLINT;

-- A mirror exchanges left and right, and changes the sign of x.
CREATE OR REPLACE MACRO mirrored_axis(axis) AS [axis[i] for i in [1, 2, 6, 7, 8, 3, 4, 5, 12, 13, 14, 9, 10, 11]];
CREATE OR REPLACE MACRO mirrored_weight(weight) AS mirrored_axis(weight)::FLOAT[14];
CREATE OR REPLACE MACRO mirrored_vector(vector) AS
    list_concat([-v for v in mirrored_axis(vector)], mirrored_axis(vector[15:28]))::FLOAT[28];
CREATE OR REPLACE MACRO mirrored_world_vector(vector) AS
    list_concat([-v for v in mirrored_axis(vector)], mirrored_axis(vector[15:28]), mirrored_axis(vector[29:42]))::FLOAT[42];

-- Coordinates minus their weighted mean, times the weight. The other factor of a product needs no mean subtracted then.
CREATE OR REPLACE MACRO centred(axis, weight) AS [
    weight[i] * (axis[i] - list_dot_product(axis::DOUBLE[], weight::DOUBLE[]) / list_sum(weight::DOUBLE[])) for i in range(1, 15)
];

-- A query with u and v, the axes of the plane of a rotation that may be ignored, and f, the other axis, as lists of 14.
CREATE OR REPLACE MACRO query_of(u, v, f, weight) AS {
    'joint_set': joint_set_of(weight), 'total': list_sum(weight::DOUBLE[]), 'lightest': list_min([w for w in weight::FLOAT[] if w > 0]),
    'weight': weight::FLOAT[14],
    'u': centred(u, weight), 'v': centred(v, weight), 'f': centred(f, weight),
    'squares': [CASE WHEN weight[i] > 0 THEN (centred(u, weight)[i] ** 2 + centred(v, weight)[i] ** 2 + centred(f, weight)[i] ** 2)
                                             / weight[i] ELSE 0 END for i in range(1, 15)]
};

-- vector: FLOAT[28], 0 where missing. weight: FLOAT[14], 0 where the joint is missing or ignored. turn: whether rotations in the
-- image plane are ignored.
CREATE OR REPLACE MACRO pose_query(vector, weight, turn := false) AS list_transform(
    [query_of(vector[1:14], vector[15:28], repeat([0], 14), weight)], lambda q: struct_insert(q,
        rotates := turn, world := false, spread := list_sum(q.squares),
        ones_u := list_concat(q.weight::FLOAT[], repeat([0], 14))::FLOAT[28],
        ones_v := list_concat(repeat([0], 14), q.weight::FLOAT[])::FLOAT[28],
        ones_f := repeat([0], 28)::FLOAT[28],
        fixed := repeat([0], 28)::FLOAT[28],
        along := list_concat(q.u, q.v)::FLOAT[28],
        across := list_concat(q.v, [-u for u in q.u])::FLOAT[28])
)[1];

-- The same for world coordinates. Rotations about the vertical are ignored. vector: FLOAT[42].
CREATE OR REPLACE MACRO world_query(vector, weight) AS list_transform(
    [query_of(vector[1:14], vector[29:42], vector[15:28], weight)], lambda q: struct_insert(q,
        rotates := true, world := true, spread := list_sum(q.squares),
        ones_u := list_concat(q.weight::FLOAT[], repeat([0], 28))::FLOAT[42],
        ones_v := list_concat(repeat([0], 28), q.weight::FLOAT[])::FLOAT[42],
        ones_f := list_concat(repeat([0], 14), q.weight::FLOAT[], repeat([0], 14))::FLOAT[42],
        fixed := list_concat(repeat([0], 14), q.f, repeat([0], 14))::FLOAT[42],
        along := list_concat(q.u, repeat([0], 14), q.v)::FLOAT[42],
        across := list_concat(q.v, repeat([0], 14), [-u for u in q.u])::FLOAT[42])
)[1];

-- A query restricted to these joints of a stored pose: its weight n, its sums, and its spread about their mean.
CREATE OR REPLACE MACRO sum_within(list, joint_set) AS
    list_sum([CASE WHEN joint_set & (1 << (i - 1)) > 0 THEN list[i] ELSE 0 END for i in range(1, 15)])::DOUBLE;
CREATE OR REPLACE MACRO query_within(q, joint_set) AS list_transform(
    [{
        'n': sum_within(q['weight'], joint_set), 'squares': sum_within(q['squares'], joint_set),
        'u': sum_within(q['u'], joint_set), 'v': sum_within(q['v'], joint_set), 'f': sum_within(q['f'], joint_set)
    }],
    lambda sums: struct_insert(sums, spread := sums.squares - (sums.u ** 2 + sums.v ** 2 + sums.f ** 2) / sums.n)
)[1];

-- The spread, or NULL if the joints are within 3% of the body, which estimators can't tell from one point.
CREATE OR REPLACE MACRO spread_or_null(spread) AS CASE WHEN spread > 1e-3 THEN spread END;
CREATE OR REPLACE MACRO squared(a) AS a * a;

-- The product of a stored pose with a query, after the best rotation.
CREATE OR REPLACE MACRO rotated_product(vector, fixed, along, across) AS
    array_inner_product(vector, fixed)
    + sqrt(squared(array_inner_product(vector, along)) + squared(array_inner_product(vector, across)));

-- The spread of the query's joints of a stored pose about their centroid. A pose that has exactly these joints, each with weight 1,
-- has the spread 1: that is the norm of its vector.
CREATE OR REPLACE MACRO image_spread(vector, squares, weight, ones_u, ones_v, n) AS
    array_inner_product(squares, weight)::DOUBLE
    - (squared(array_inner_product(vector, ones_u)) + squared(array_inner_product(vector, ones_v))) / n;
CREATE OR REPLACE MACRO world_spread(vector, squares, weight, ones_u, ones_v, ones_f, n) AS
    image_spread(vector, squares, weight, ones_u, ones_v, n) - squared(array_inner_product(vector, ones_f)) / n;

-- The correlation of a query with a stored pose that has all its joints. NULL if they lie on one point.
CREATE OR REPLACE MACRO full_correlation(vector, squares, q) AS
    CASE WHEN q['rotates'] THEN rotated_product(vector, q['fixed'], q['along'], q['across']) ELSE array_inner_product(vector, q['along']) END
    / sqrt(spread_or_null(q['spread']) * spread_or_null(
        CASE WHEN q['world'] THEN world_spread(vector, squares, q['weight'], q['ones_u'], q['ones_v'], q['ones_f'], q['total'])
        ELSE image_spread(vector, squares, q['weight'], q['ones_u'], q['ones_v'], q['total']) END));

CREATE OR REPLACE MACRO along_within(vector, q, within) AS
    array_inner_product(vector, q['along'])
    - (array_inner_product(vector, q['ones_u']) * within['u'] + array_inner_product(vector, q['ones_v']) * within['v']) / within['n'];

-- The same for a stored pose that lacks some of the joints. "within" is query_within of its joint_set.
CREATE OR REPLACE MACRO partial_correlation(vector, squares, q, within) AS
    CASE WHEN q['rotates']
    THEN array_inner_product(vector, q['fixed']) - array_inner_product(vector, q['ones_f']) * within['f'] / within['n']
         + sqrt(squared(along_within(vector, q, within)) + squared(
             array_inner_product(vector, q['across'])
             - (array_inner_product(vector, q['ones_u']) * within['v'] - array_inner_product(vector, q['ones_v']) * within['u']) / within['n']))
    ELSE along_within(vector, q, within) END
    / sqrt(spread_or_null(within['spread'])
           * spread_or_null(world_spread(vector, squares, q['weight'], q['ones_u'], q['ones_v'], q['ones_f'], within['n'])));

-- The similarity: the correlation with a penalty for missing joints. share is the part of the query's weight that is on shared
-- joints. A missing joint counts as 0.9, about the similarity of two random people, or as twice the distance of the shared joints
-- if that is more.
CREATE OR REPLACE MACRO penalized(correlation, share) AS
    CASE WHEN correlation IS NOT NULL  -- least(1, NULL) is 1
    THEN greatest(-1, least(1, 1 - (1 - correlation) * share - (1 - share) * greatest(0.1, 2 * (1 - correlation)))) END;

-- The n poses most similar to the best of some queries, [{'mirrored': ..., 'q': ...}, ...], best first, without their sources.
-- First the poses that have all joints of the query. Then those that lack some and can still be among the n.
CREATE OR REPLACE MACRO rank_poses(queries, n, min_shared := 6, among := 'poses', in_collection := NULL) AS TABLE
    WITH bound(argument) AS MATERIALIZED (
        SELECT {'min_shared': min_shared, 'in_collection': in_collection}
    ),
    asked AS MATERIALIZED (
        SELECT one.mirrored, one.q FROM (SELECT unnest(queries) AS one) WHERE one.q.total > 0
    ),
    allowed AS MATERIALIZED (
        SELECT snapshot_id FROM snapshots, bound WHERE argument.in_collection IS NULL OR collection = argument.in_collection
    ),
    whole AS MATERIALIZED (
        SELECT pose_id, mirrored, joint_set, full_correlation(p.vector, p.squares, q) AS similarity
        FROM query_table(among) AS p, asked
        WHERE p.joint_set & q.joint_set = q.joint_set
          AND p.snapshot_id IN (FROM allowed)
        ORDER BY similarity DESC NULLS LAST, pose_id LIMIT 2 * n
    ),
    bar AS MATERIALIZED (
        SELECT CASE WHEN count(*) = n THEN min(similarity) ELSE -1 END AS height FROM (
            SELECT max(similarity) AS similarity FROM whole WHERE similarity IS NOT NULL
            GROUP BY pose_id ORDER BY similarity DESC LIMIT n
        )
    ),
    open AS MATERIALIZED (
        SELECT mirrored, q, height, argument.min_shared AS min_shared FROM asked, bar, bound WHERE penalized(1, 1 - q.lightest / q.total) >= height
    ),
    parts_of_it AS MATERIALIZED (
        SELECT joint_set, mirrored, query_within(q, joint_set) AS within, q.total
        FROM (SELECT DISTINCT p.joint_set FROM query_table(among) AS p, (SELECT DISTINCT true FROM open)), open
        WHERE joint_set & q.joint_set <> q.joint_set
          AND bit_count(joint_set & q.joint_set) >= least(open.min_shared, bit_count(q.joint_set))
          AND penalized(1, sum_within(q.weight, joint_set) / q.total) >= height
    ),
    lacking AS MATERIALIZED (
        SELECT p.pose_id, asked.mirrored, p.joint_set,
               penalized(partial_correlation(p.vector, p.squares, asked.q, o.within), o.within.n / o.total) AS similarity
        FROM query_table(among) AS p JOIN parts_of_it AS o ON p.joint_set = o.joint_set, asked
        WHERE o.mirrored IS NOT DISTINCT FROM asked.mirrored
          AND p.snapshot_id IN (FROM allowed)
        ORDER BY similarity DESC NULLS LAST, pose_id LIMIT 2 * n
    )
    SELECT row_number() OVER (ORDER BY similarity DESC, pose_id) AS rank, pose_id, similarity, mirrored,
           bit_count(joint_set & (SELECT any_value(q.joint_set) FROM asked WHERE asked.mirrored = best.mirrored))::INTEGER AS shared_joints
    FROM (
        SELECT pose_id, max(greatest(-1, least(1, similarity))) AS similarity,
               coalesce(max(similarity) FILTER (mirrored) > max(similarity) FILTER (NOT mirrored), bool_and(mirrored)) AS mirrored,
               any_value(joint_set) AS joint_set
        FROM (FROM whole UNION ALL FROM lacking) WHERE similarity IS NOT NULL
        GROUP BY pose_id ORDER BY similarity DESC, pose_id LIMIT n
    ) AS best
    ORDER BY rank;

-- The weight of each joint of a query: 1 if it is present and in one of the parts, else 0. wanted: names as in the view body_parts,
-- or NULL for the whole body. Fewer than three joints have no shape of their own, so the torso is added.
CREATE OR REPLACE MACRO part_names(wanted) AS string_split(replace(array_to_string(wanted, ','), '-', '_'), ',');
CREATE OR REPLACE MACRO parts_weight(mask, wanted) AS (
    SELECT CASE
        WHEN coalesce(len(asked_parts), 0) = 0 THEN given
        WHEN known < len(asked_parts) THEN error('there is no such part of the body; the view body_parts has all')
        ELSE [
            CASE WHEN list_contains(chosen, i) OR (len(chosen) < 3 AND list_contains(torso, i)) THEN given[i] ELSE 0 END for i in range(1, 15)
        ]::FLOAT[14] END
    FROM (
        SELECT any_value(argument.mask) AS given, any_value(argument.wanted) AS asked_parts,
               count(DISTINCT p.part) FILTER (list_contains(part_names(argument.wanted), p.part)) AS known,
               coalesce(list(DISTINCT j.position) FILTER (list_contains(part_names(argument.wanted), p.part)), []) AS chosen,
               list(j.position) FILTER (p.part = 'torso') AS torso
        FROM (SELECT {'mask': mask, 'wanted': wanted}) AS bound(argument), body_parts AS p JOIN joints AS j USING (joint)
    )
);

-- The result of rank_poses, with sources and labels.
CREATE OR REPLACE MACRO with_sources(queries, n, min_shared, among, in_collection) AS TABLE
    SELECT rank, pose_id, snapshot_id, source, collection, similarity, shared_joints, mirrored, cluster
    FROM rank_poses(queries, n, min_shared := min_shared, among := among, in_collection := in_collection)
    JOIN labelled_poses USING (pose_id)
    ORDER BY rank;

-- The n poses most similar to a query, best first, as `posesearch similar --all --close 0` finds them.
--   FROM nearest_poses([...28 numbers...], [...14 weights...], 10)
-- mirror: whether mirrored poses match as well. turn: whether rotations in the image plane are ignored. min_shared: joints that a
-- pose must share with the query. among: the name of a table or view with the columns of poses, to search only in it:
--   CREATE TEMP VIEW wide AS SELECT p.* FROM poses AS p JOIN snapshots USING (snapshot_id) WHERE width > height
CREATE OR REPLACE MACRO nearest_poses(
    q_vector, q_weight, n, mirror := true, turn := false, min_shared := 6, among := 'poses', in_collection := NULL
) AS TABLE
    FROM with_sources(
        (SELECT [{'mirrored': false, 'q': pose_query(argument.v, argument.w, turn := argument.turn)}]
             || CASE WHEN argument.mirror
                THEN [{'mirrored': true,
                       'q': pose_query(mirrored_vector(argument.v), mirrored_weight(argument.w), turn := argument.turn)}]
                ELSE [] END
         FROM (SELECT {'v': q_vector::FLOAT[28], 'w': q_weight::FLOAT[14], 'mirror': mirror, 'turn': turn}) AS bound(argument)
         WHERE argument.v IS NOT NULL),
        n, min_shared, among, in_collection);

-- The n poses most similar to a stored one, itself first:  FROM similar_poses(42)
--   FROM similar_poses(42, 20, parts := ['left_arm', 'head'], mirror := false, in_collection := 'women')
CREATE OR REPLACE MACRO similar_poses(
    id, n := 10, mirror := true, turn := false, parts := NULL, min_shared := 6, among := 'poses', in_collection := NULL
) AS TABLE
    FROM nearest_poses(
        (SELECT p.vector FROM (SELECT {'id': id}) AS bound(argument) JOIN poses AS p ON p.pose_id = argument.id),
        (SELECT parts_weight(p.mask, argument.parts)
         FROM (SELECT {'id': id, 'parts': parts}) AS bound(argument) JOIN poses AS p ON p.pose_id = argument.id),
        n, mirror := mirror, turn := turn, min_shared := min_shared, among := among, in_collection := in_collection);

-- The same for world coordinates, ignoring the side from which the person is seen. among has the columns of world_poses.
CREATE OR REPLACE MACRO similar_views(
    id, n := 10, mirror := true, parts := NULL, min_shared := 6, among := 'world_poses', in_collection := NULL
) AS TABLE
    FROM with_sources(
        (SELECT [{'mirrored': false, 'q': world_query(world_vector, weight)}]
             || CASE WHEN argument.mirror
                THEN [{'mirrored': true, 'q': world_query(mirrored_world_vector(world_vector), mirrored_weight(weight))}]
                ELSE [] END
         FROM (SELECT p.world_vector, parts_weight(p.mask, argument.parts) AS weight, argument
               FROM (SELECT {'id': id, 'parts': parts, 'mirror': mirror}) AS bound(argument)
               JOIN poses AS p ON p.pose_id = argument.id WHERE p.world_vector IS NOT NULL)),
        n, min_shared, among, in_collection);

-- The correlation of two poses, whose joints all have the same weight, from the eight sums over the joints that both have.
CREATE OR REPLACE MACRO correlation_of_sums(n, ab, ax, ay, bx, b_y, aa, bb) AS
    (ab - (ax * bx + ay * b_y) / n) / sqrt(spread_or_null(aa - (ax * ax + ay * ay) / n) * spread_or_null(bb - (bx * bx + b_y * b_y) / n));
CREATE OR REPLACE MACRO pair_correlation(a, a_mask, a_squares, b, b_mask, b_squares) AS correlation_of_sums(
    nullif(array_inner_product(a_mask, b_mask), 0)::DOUBLE, array_inner_product(a, b)::DOUBLE,
    array_inner_product(a[1:14]::FLOAT[14], b_mask)::DOUBLE, array_inner_product(a[15:28]::FLOAT[14], b_mask)::DOUBLE,
    array_inner_product(b[1:14]::FLOAT[14], a_mask)::DOUBLE, array_inner_product(b[15:28]::FLOAT[14], a_mask)::DOUBLE,
    array_inner_product(a_squares, b_mask)::DOUBLE, array_inner_product(b_squares, a_mask)::DOUBLE);

-- The similarity of two poses. of_joints: the number of joints of the query, or of the pose with more joints for the same similarity
-- in both directions. NULL if they share fewer than 6 body joints, unless the pose with fewer joints shares all of its own.
CREATE OR REPLACE MACRO pair_similarity(a, a_mask, a_squares, b, b_mask, b_squares, fewest, of_joints) AS
    CASE WHEN array_inner_product(a_mask, b_mask) >= least(6, fewest)
    THEN penalized(pair_correlation(a, a_mask, a_squares, b, b_mask, b_squares), array_inner_product(a_mask, b_mask)::DOUBLE / of_joints)
    END;

-- The similarity of two stored poses, the same in both directions. Joints that only one pose has lower it.  SELECT pose_similarity(42, 43)
-- NULL if they share fewer than 6 body joints, unless one shares all of its own. mirror: whether the mirrored pair counts if it is better.
CREATE OR REPLACE MACRO pose_similarity(a, b, mirror := false) AS list_transform(
    [{
        'a': (SELECT {'v': p.vector, 'm': p.mask, 's': p.squares, 'n': p.body_joints}
              FROM (SELECT {'id': a}) AS bound(argument) JOIN poses AS p ON p.pose_id = argument.id),
        'b': (SELECT {'v': p.vector, 'm': p.mask, 's': p.squares, 'n': p.body_joints}
              FROM (SELECT {'id': b}) AS bound(argument) JOIN poses AS p ON p.pose_id = argument.id),
        'may_mirror': mirror
    }],
    lambda p: greatest(
        pair_similarity(p.a.v, p.a.m, p.a.s, p.b.v, p.b.m, p.b.s, least(p.a.n, p.b.n), greatest(p.a.n, p.b.n)),
        CASE WHEN p.may_mirror THEN pair_similarity(p.a.v, p.a.m, p.a.s, mirrored_vector(p.b.v), mirrored_weight(p.b.m),
                                              mirrored_weight(p.b.s), least(p.a.n, p.b.n), greatest(p.a.n, p.b.n)) END)
)[1];

-- How much each joint of a stored pose, the query, adds to its distance from another stored pose. The contributions sum to the
-- distance, 1 - similarity.  FROM pose_differences(42, 43) ORDER BY contribution DESC
CREATE OR REPLACE MACRO pose_differences(query_id, id, mirrored := false) AS TABLE
    WITH bound(argument) AS (
        SELECT {'query_id': query_id, 'id': id, 'mirrored': mirrored}
    ), pair AS (
        SELECT argument.mirrored AS is_mirrored, a.mask AS has, a.vector AS a,
               CASE WHEN argument.mirrored THEN mirrored_vector(b.vector) ELSE b.vector END AS b,
               CASE WHEN argument.mirrored THEN mirrored_weight(b.mask) ELSE b.mask END AS asked
        FROM bound JOIN poses AS a ON a.pose_id = argument.id JOIN poses AS b ON b.pose_id = argument.query_id
    ), shared AS (
        SELECT *, [has[i] * asked[i] for i in range(1, 15)]::DOUBLE[] AS w FROM pair
    ), moved AS (
        SELECT *, centred(a[1:14], w) AS ax, centred(a[15:28], w) AS ay, centred(b[1:14], w) AS bx, centred(b[15:28], w) AS byy
        FROM shared
    ), scaled AS (
        SELECT *, sqrt(list_dot_product(ax, ax) + list_dot_product(ay, ay)) AS size_a,
               sqrt(list_dot_product(bx, bx) + list_dot_product(byy, byy)) AS size_b FROM moved
    ), parted AS (
        SELECT *, (list_dot_product(ax, bx) + list_dot_product(ay, byy)) / (size_a * size_b) AS correlation,
               list_sum(w) / list_sum(asked::DOUBLE[]) AS share FROM scaled
    )
    SELECT CASE WHEN is_mirrored THEN mirror.joint ELSE j.joint END AS joint,
           CASE WHEN w[j.position] > 0
           THEN share / 2 * ((ax[j.position] / size_a - bx[j.position] / size_b) ** 2
                             + (ay[j.position] / size_a - byy[j.position] / size_b) ** 2)
           ELSE greatest(0.1, 2 * (1 - correlation)) / list_sum(asked::DOUBLE[]) END AS contribution
    FROM parted, joints AS j JOIN joints AS mirror
      ON mirror.position = [1, 2, 6, 7, 8, 3, 4, 5, 12, 13, 14, 9, 10, 11, 16, 15, 18, 17][j.position]
    WHERE asked[j.position] > 0;

-- The percentage of random pairs of the database's poses that are at most as similar: all pairs of 200 poses from all over it, each
-- plain or mirrored, whichever is more similar.  SELECT rank, similarity, closer_than(similarity) FROM similar_poses(42)
CREATE OR REPLACE MACRO hash_id(id) AS (id::UBIGINT * 2654435761) % 4294967296;  -- Knuth's multiplicative hash
CREATE OR REPLACE MACRO random_similarities() AS TABLE
    WITH sample AS MATERIALIZED (
        SELECT pose_id, vector, mask, squares, body_joints, mirrored_vector(vector) AS flipped,
               mirrored_weight(mask) AS flipped_mask, mirrored_weight(squares) AS flipped_squares
        FROM poses
        WHERE pose_id IN (SELECT pose_id FROM poses ORDER BY hash_id(pose_id), pose_id LIMIT 200)
    )
    SELECT greatest(
        pair_similarity(a.vector, a.mask, a.squares, b.vector, b.mask, b.squares, b.body_joints, b.body_joints),
        pair_similarity(a.vector, a.mask, a.squares, b.flipped, b.flipped_mask, b.flipped_squares, b.body_joints, b.body_joints)
    ) AS similarity
    FROM sample AS a, sample AS b WHERE a.pose_id <> b.pose_id;
CREATE OR REPLACE MACRO closer_than(value) AS (
    SELECT 100.0 * count(*) FILTER (pair.similarity <= argument.value + 1e-6) / count(pair.similarity)
    FROM (SELECT {'value': value}) AS bound(argument), random_similarities() AS pair
);
