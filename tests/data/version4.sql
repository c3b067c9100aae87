-- posesearch's database: what is in it, in which units, and when a value is NULL.
--
-- Open it with the duckdb shell (`duckdb poses.duckdb`) and write SQL. The views at the end (keypoints,
-- labelled_poses) and the macros (similar_poses, similar_views, pose_similarity, pose_differences) are the comfortable
-- way in; docs/sql.md has examples, docs/search.md the formulas.
--
-- Raw keypoints are the truth. Vectors, labels and centroids are derived from them and can be computed again without
-- looking at a photo.
--
-- Tables refer to each other by the _id columns. There are no declared foreign keys: DuckDB updates a row by deleting and
-- inserting it, which a foreign key would refuse.

CREATE TABLE about (
    key   VARCHAR PRIMARY KEY,  -- 'schema_version', 'estimator', 'model_files'
    value VARCHAR NOT NULL      -- the estimator is recorded at the first ingest; poses of two do not compare.
                                -- model_files: JSON, the user's own networks by name, path and SHA-256; {} for none
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

-- A row for each photo that an ingest looked at, once per collection, wherever and how often it lies there.
CREATE SEQUENCE snapshot_ids;
CREATE TABLE snapshots (
    snapshot_id INTEGER PRIMARY KEY DEFAULT nextval('snapshot_ids'),
    source      VARCHAR NOT NULL,  -- absolute path or http(s) address: of its sources one that is there, or the last that was
    sha256      VARCHAR,           -- of the file's bytes; NULL where it could not be read
    width       INTEGER,           -- pixels of the upright photo; NULL where it could not be decoded
    height      INTEGER,
    collection  VARCHAR NOT NULL,
    status      VARCHAR NOT NULL CHECK (status IN ('ingested', 'rejected')),
    reason      VARCHAR,           -- why it was rejected, one word ('no_person', 'truncated', ...); NULL where ingested
    message     VARCHAR,           -- the same as a sentence; NULL where ingested
    settings    VARCHAR NOT NULL,  -- JSON: the rule that took or rejected it {"estimator", "strict", "min_joints"}, and
                                   -- "files", SHA-256 by name, where it was made with networks of the user's; "gps": true
                                   -- where latitude and longitude were asked for
    -- Difference hash: whether each of 8 x 8 pixels of the photo in grey is darker than its right neighbour. Photos that look
    -- alike differ in few bits. NULL where the photo could not be decoded, or was ingested before posesearch kept it.
    dhash       UBIGINT,
    -- From the EXIF block; NULL where it does not say.
    taken_at    TIMESTAMP,         -- by the camera's own clock, which knows no zone
    camera      VARCHAR,           -- make and model
    latitude    DOUBLE,            -- degrees, north and east positive; NULL also without `ingest --gps`
    longitude   DOUBLE,
    ingested_at TIMESTAMP NOT NULL DEFAULT make_timestamp(epoch_us(now())),  -- UTC
    missing_since TIMESTAMP        -- UTC, when an ingest found that it was at none of its sources any more; NULL where it is
);

-- A row for each place where a photo lies, or lay: two copies of one photo are one snapshot with two sources. An ingest compares
-- size and time to tell what it need not read.
CREATE TABLE sources (
    source        VARCHAR NOT NULL,  -- absolute path or http(s) address; once per collection
    collection    VARCHAR NOT NULL,
    snapshot_id   INTEGER NOT NULL,
    bytes         BIGINT,            -- size; NULL where it could not be read, or was last read before posesearch kept it
    modified_ns   BIGINT,            -- nanoseconds since 1970 (UTC); NULL likewise, for an address, and where it was just written
    etag          VARCHAR,           -- what an address answered, to be asked whether the photo is still the same
    last_modified VARCHAR,
    missing_since TIMESTAMP          -- UTC, when an ingest did not find it any more; NULL where it is there
);

-- A row for each person in an ingested photo with enough body joints.
CREATE SEQUENCE pose_ids;
CREATE TABLE poses (
    pose_id     INTEGER PRIMARY KEY DEFAULT nextval('pose_ids'),
    snapshot_id INTEGER NOT NULL,
    person      USMALLINT NOT NULL,   -- from 1, the most prominent person of the snapshot first
    box_x       FLOAT NOT NULL,       -- the person's box: left, top, width and height in pixels of the upright photo
    box_y       FLOAT NOT NULL,
    box_width   FLOAT NOT NULL,
    box_height  FLOAT NOT NULL,
    prominence  FLOAT NOT NULL,       -- height of the box over the height of the photo
    score       FLOAT NOT NULL,       -- the estimator's own score of the person; larger is surer
    estimator   VARCHAR NOT NULL,     -- its name
    settings    VARCHAR NOT NULL,     -- JSON: its version and settings
    body_joints UTINYINT NOT NULL,    -- how many of the 14 body joints were found; 14 is a complete pose
    -- Raw: pixels of the upright photo, x to the right and y down. An element is NULL where the joint is missing.
    x           FLOAT[18] NOT NULL,
    y           FLOAT[18] NOT NULL,
    joint_score FLOAT[18] NOT NULL,   -- 0 to 1, how sure the estimator is; 0 where the joint is missing
    -- Metres from the middle of the hips: x to the right and y down in the photo, z away from the camera. An element is NULL where
    -- the joint is missing, and the whole column where the estimator does not give them (all but blazepose's).
    world_x     FLOAT[18],
    world_y     FLOAT[18],
    world_z     FLOAT[18],
    -- Derived, "body" normalisation: x0..x13, y0..y13 of the body joints, moved so that the joints present have their
    -- centroid at the origin, divided by the Frobenius norm. An element is 0 where the joint is missing, never NULL:
    -- inner products take no NULL, and the mask tells.
    vector      FLOAT[28] NOT NULL,
    mask        FLOAT[14] NOT NULL,   -- 1 where the body joint is there, else 0
    squares     FLOAT[14] NOT NULL,   -- x^2 + y^2 of the vector, per joint
    joint_set   USMALLINT NOT NULL,   -- the mask as bits: 1 for the nose, 2 for the neck, 4, ...; 16383 is a complete pose
    -- The same of the joints in metres: x0..x13, y0..y13, z0..z13. NULL where the estimator does not give them.
    world_vector  FLOAT[42],
    world_squares FLOAT[14]
);

-- A row for each k-means run. Runs are kept; see current_clusterings for the ones that count.
CREATE SEQUENCE clustering_ids;
CREATE TABLE clusterings (
    clustering_id INTEGER PRIMARY KEY DEFAULT nextval('clustering_ids'),
    collection    VARCHAR,           -- the collection that was clustered; NULL means all poses
    normalization VARCHAR NOT NULL CHECK (normalization IN ('body', 'max')),
    k             USMALLINT NOT NULL,
    chosen_by     VARCHAR NOT NULL CHECK (chosen_by IN ('user', 'elbow')),
    seed          INTEGER NOT NULL,
    complete      INTEGER NOT NULL,  -- complete poses, the ones that k-means saw
    partial       INTEGER NOT NULL,  -- partial poses, labelled by their nearest centroid afterwards
    inertia       DOUBLE NOT NULL,   -- sum of the squared distances of complete poses to their centroids
    created_at    TIMESTAMP NOT NULL DEFAULT make_timestamp(epoch_us(now()))  -- UTC
);

CREATE TABLE centroids (
    clustering_id  INTEGER NOT NULL,
    cluster        USMALLINT NOT NULL,  -- from 0, the largest cluster first
    vector         FLOAT[28] NOT NULL,  -- the mean, in the clustering's normalisation: x0..x13, y0..y13
    size           INTEGER NOT NULL,    -- poses that got this label when the clustering was made, partial ones too
    medoid_pose_id INTEGER NOT NULL,    -- the complete pose nearest the centroid then; it may be gone by now
    PRIMARY KEY (clustering_id, cluster)
);

CREATE TABLE labels (
    clustering_id INTEGER NOT NULL,
    pose_id       INTEGER NOT NULL,
    cluster       USMALLINT NOT NULL,
    -- Euclidean, in the clustering's normalisation. Of a partial pose: over the joints it has, after the best move and scale
    -- on them ("body" only), and times sqrt(14 / joints), so that it compares with the others.
    distance      FLOAT NOT NULL,
    PRIMARY KEY (clustering_id, pose_id)
);

-- The elbow curve of each clustering: k = 1..13, fewer where there are fewer poses.
CREATE TABLE inertias (
    clustering_id INTEGER NOT NULL,
    k             USMALLINT NOT NULL,
    inertia       DOUBLE NOT NULL,
    PRIMARY KEY (clustering_id, k)
);

-- Views and macros. They hold no data: a database of an earlier posesearch gets these when it is next opened.

-- The newest clustering of each collection and of the whole, less those that a newer one of the whole replaces.
CREATE OR REPLACE VIEW current_clusterings AS
SELECT * FROM clusterings AS c
WHERE NOT EXISTS (
    FROM clusterings AS newer
    WHERE newer.clustering_id > c.clustering_id
      AND (newer.collection IS NULL OR newer.collection = c.collection)
);

-- A row for each pose: where it is from and its current label. clustering_id, cluster and distance are NULL where the pose came
-- after the last clustering of its collection.
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

-- A row for each joint of each pose, missing ones too.
CREATE OR REPLACE VIEW keypoints AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection, j.joint,
    p.x[j.position] AS x,            -- pixels of the upright photo; NULL where missing
    p.y[j.position] AS y,
    p.joint_score[j.position] AS score,
    p.world_x[j.position] AS world_x,  -- metres from the middle of the hips; NULL where missing or not given
    p.world_y[j.position] AS world_y,
    p.world_z[j.position] AS world_z,
    -- "body" normalised; NULL where missing, and for eyes and ears, which are not compared
    CASE WHEN p.mask[j.position] = 1 THEN p.vector[j.position] END AS nx,
    CASE WHEN p.mask[j.position] = 1 THEN p.vector[j.position + 14] END AS ny
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id)
CROSS JOIN joints AS j;

-- What `--parts` and parts := know by name; a joint's own name is a part too.
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

-- The poses in 3D, under the names that the macros below read.
CREATE OR REPLACE VIEW world_poses AS
SELECT pose_id, snapshot_id, joint_set, world_vector AS vector, world_squares AS squares
FROM poses WHERE world_vector IS NOT NULL;

-- Similarity, -1 to 1: the weighted Pearson correlation of the coordinates of the joints that both poses have, which is what is
-- left after the best move and scale. For two complete poses it is the inner product of their vectors.
--
-- The query is one struct, made once by pose_query or view_query: every sum over the shared joints is then an inner product
-- of a stored array with a constant of the query, or a sum that only the stored pose's joint_set tells (query_within).

CREATE OR REPLACE MACRO bits_of(weight) AS
    list_sum([CASE WHEN weight[i] > 0 THEN 1 << (i - 1) ELSE 0 END for i in range(1, 15)])::USMALLINT;

-- In a mirror left and right change places, and x its sign.
CREATE OR REPLACE MACRO mirrored_axis(axis) AS [axis[i] for i in [1, 2, 6, 7, 8, 3, 4, 5, 12, 13, 14, 9, 10, 11]];
CREATE OR REPLACE MACRO mirrored_weight(weight) AS mirrored_axis(weight)::FLOAT[14];
CREATE OR REPLACE MACRO mirrored_vector(vector) AS
    list_concat([-v for v in mirrored_axis(vector)], mirrored_axis(vector[15:28]))::FLOAT[28];
CREATE OR REPLACE MACRO mirrored_view(vector) AS
    list_concat([-v for v in mirrored_axis(vector)], mirrored_axis(vector[15:28]), mirrored_axis(vector[29:42]))::FLOAT[42];

-- Coordinates less their weighted mean, times the weight: what is multiplied with these needs no mean taken off.
CREATE OR REPLACE MACRO centred(axis, weight) AS [
    weight[i] * (axis[i] - list_dot_product(axis::DOUBLE[], weight::DOUBLE[]) / list_sum(weight::DOUBLE[])) for i in range(1, 15)
];

-- A query with u and v, the axes of the plane in which a turn may be free, and f, the axis that stays, as lists of 14.
CREATE OR REPLACE MACRO query_of(u, v, f, weight) AS {
    'joint_set': bits_of(weight), 'total': list_sum(weight::DOUBLE[]), 'lightest': list_min([w for w in weight::FLOAT[] if w > 0]),
    'weight': weight::FLOAT[14],
    'u': centred(u, weight), 'v': centred(v, weight), 'f': centred(f, weight),
    'squares': [CASE WHEN weight[i] > 0 THEN (centred(u, weight)[i] ** 2 + centred(v, weight)[i] ** 2 + centred(f, weight)[i] ** 2)
                                             / weight[i] ELSE 0 END for i in range(1, 15)]
};

-- vector: FLOAT[28], 0 where missing. weight: FLOAT[14], 0 where the joint is missing or does not count. turn: whether a turn
-- in the picture is free.
CREATE OR REPLACE MACRO pose_query(vector, weight, turn := false) AS list_transform(
    [query_of(vector[1:14], vector[15:28], repeat([0], 14), weight)], lambda q: struct_insert(q,
        free := turn, view := false, spread := list_sum(q.squares),
        ones_u := list_concat(q.weight::FLOAT[], repeat([0], 14))::FLOAT[28],
        ones_v := list_concat(repeat([0], 14), q.weight::FLOAT[])::FLOAT[28],
        ones_f := repeat([0], 28)::FLOAT[28],
        fixed := repeat([0], 28)::FLOAT[28],
        along := list_concat(q.u, q.v)::FLOAT[28],
        across := list_concat(q.v, [-u for u in q.u])::FLOAT[28])
)[1];

-- The same in 3D, a turn about the vertical free. vector: FLOAT[42].
CREATE OR REPLACE MACRO view_query(vector, weight) AS list_transform(
    [query_of(vector[1:14], vector[29:42], vector[15:28], weight)], lambda q: struct_insert(q,
        free := true, view := true, spread := list_sum(q.squares),
        ones_u := list_concat(q.weight::FLOAT[], repeat([0], 28))::FLOAT[42],
        ones_v := list_concat(repeat([0], 28), q.weight::FLOAT[])::FLOAT[42],
        ones_f := list_concat(repeat([0], 14), q.weight::FLOAT[], repeat([0], 14))::FLOAT[42],
        fixed := list_concat(repeat([0], 14), q.f, repeat([0], 14))::FLOAT[42],
        along := list_concat(q.u, repeat([0], 14), q.v)::FLOAT[42],
        across := list_concat(q.v, repeat([0], 14), [-u for u in q.u])::FLOAT[42])
)[1];

-- What is left of a query for a stored pose with these joints: its weight n, its sums, and how far it spreads about them.
CREATE OR REPLACE MACRO sum_within(list, joint_set) AS
    list_sum([CASE WHEN joint_set & (1 << (i - 1)) > 0 THEN list[i] ELSE 0 END for i in range(1, 15)])::DOUBLE;
CREATE OR REPLACE MACRO query_within(q, joint_set) AS list_transform(
    [{
        'n': sum_within(q['weight'], joint_set), 'squares': sum_within(q['squares'], joint_set),
        'u': sum_within(q['u'], joint_set), 'v': sum_within(q['v'], joint_set), 'f': sum_within(q['f'], joint_set)
    }],
    lambda sums: struct_insert(sums, spread := sums.squares - (sums.u ** 2 + sums.v ** 2 + sums.f ** 2) / sums.n)
)[1];

-- A spread that tells something: NULL where the joints lie within 3% of the body, on one point for any estimator.
CREATE OR REPLACE MACRO told(spread) AS CASE WHEN spread > 1e-3 THEN spread END;
CREATE OR REPLACE MACRO squared(a) AS a * a;

-- The product of a stored pose with a query, the best of all turns where one is free.
CREATE OR REPLACE MACRO turned_product(vector, fixed, along, across) AS
    array_inner_product(vector, fixed)
    + sqrt(squared(array_inner_product(vector, along)) + squared(array_inner_product(vector, across)));

-- How far the query's joints of a stored pose lie from their centroid. A pose that has these joints, each weighing 1, and no
-- others, needs no sums: its vector has norm 1.
CREATE OR REPLACE MACRO flat_spread(vector, squares, weight, ones_u, ones_v, n) AS
    array_inner_product(squares, weight)::DOUBLE
    - (squared(array_inner_product(vector, ones_u)) + squared(array_inner_product(vector, ones_v))) / n;
CREATE OR REPLACE MACRO solid_spread(vector, squares, weight, ones_u, ones_v, ones_f, n) AS
    flat_spread(vector, squares, weight, ones_u, ones_v, n) - squared(array_inner_product(vector, ones_f)) / n;

-- Correlation of a query with a stored pose that has all its joints; NULL where they tell nothing.
CREATE OR REPLACE MACRO whole_correlation(vector, squares, q) AS
    CASE WHEN q['free'] THEN turned_product(vector, q['fixed'], q['along'], q['across']) ELSE array_inner_product(vector, q['along']) END
    / sqrt(told(q['spread']) * told(
        CASE WHEN q['view'] THEN solid_spread(vector, squares, q['weight'], q['ones_u'], q['ones_v'], q['ones_f'], q['total'])
        ELSE flat_spread(vector, squares, q['weight'], q['ones_u'], q['ones_v'], q['total']) END));

CREATE OR REPLACE MACRO along_within(vector, q, within) AS
    array_inner_product(vector, q['along'])
    - (array_inner_product(vector, q['ones_u']) * within['u'] + array_inner_product(vector, q['ones_v']) * within['v']) / within['n'];

-- The same where the stored pose lacks some; "within" is query_within of its joint_set.
CREATE OR REPLACE MACRO part_correlation(vector, squares, q, within) AS
    CASE WHEN q['free']
    THEN array_inner_product(vector, q['fixed']) - array_inner_product(vector, q['ones_f']) * within['f'] / within['n']
         + sqrt(squared(along_within(vector, q, within)) + squared(
             array_inner_product(vector, q['across'])
             - (array_inner_product(vector, q['ones_u']) * within['v'] - array_inner_product(vector, q['ones_v']) * within['u']) / within['n']))
    ELSE along_within(vector, q, within) END
    / sqrt(told(within['spread'])
           * told(solid_spread(vector, squares, q['weight'], q['ones_u'], q['ones_v'], q['ones_f'], within['n'])));

-- Similarity of a pose that has a share of what the query asks for: what it lacks counts as 0.9, about what two people picked at
-- random have, or differs twice as much as the rest where that is worse.
CREATE OR REPLACE MACRO shrunk(correlation, share) AS
    CASE WHEN correlation IS NOT NULL  -- least(1, NULL) is 1
    THEN greatest(-1, least(1, 1 - (1 - correlation) * share - (1 - share) * greatest(0.1, 2 * (1 - correlation)))) END;

-- The n poses most similar to the best of some queries, [{'mirrored': ..., 'q': ...}, ...], best first, without their sources.
-- First the poses that have all that is asked for; then those that lack some joints and could still be among the n.
CREATE OR REPLACE MACRO nearest_to(queries, n, min_shared := 6, among := 'poses', in_collection := NULL) AS TABLE
    WITH asked AS MATERIALIZED (
        SELECT one.mirrored, one.q FROM (SELECT unnest(queries) AS one) WHERE one.q.total > 0
    ),
    whole AS MATERIALIZED (
        SELECT pose_id, mirrored, joint_set, whole_correlation(p.vector, p.squares, q) AS similarity
        FROM query_table(among) AS p, asked
        WHERE p.joint_set & q.joint_set = q.joint_set
          AND (in_collection IS NULL OR p.snapshot_id IN (SELECT snapshot_id FROM snapshots WHERE collection = in_collection))
        ORDER BY similarity DESC NULLS LAST, pose_id LIMIT 2 * n
    ),
    bar AS MATERIALIZED (
        SELECT CASE WHEN count(*) = n THEN min(similarity) ELSE -1 END AS height FROM (
            SELECT max(similarity) AS similarity FROM whole WHERE similarity IS NOT NULL
            GROUP BY pose_id ORDER BY similarity DESC LIMIT n
        )
    ),
    open AS MATERIALIZED (
        SELECT mirrored, q, height FROM asked, bar WHERE shrunk(1, 1 - q.lightest / q.total) >= height
    ),
    parts_of_it AS MATERIALIZED (
        SELECT joint_set, mirrored, query_within(q, joint_set) AS within, q.total
        FROM (SELECT DISTINCT p.joint_set FROM query_table(among) AS p, (SELECT DISTINCT true FROM open)), open
        WHERE joint_set & q.joint_set <> q.joint_set
          AND bit_count(joint_set & q.joint_set) >= least(min_shared, bit_count(q.joint_set))
          AND shrunk(1, sum_within(q.weight, joint_set) / q.total) >= height
    ),
    lacking AS MATERIALIZED (
        SELECT p.pose_id, asked.mirrored, p.joint_set,
               shrunk(part_correlation(p.vector, p.squares, asked.q, o.within), o.within.n / o.total) AS similarity
        FROM query_table(among) AS p JOIN parts_of_it AS o ON p.joint_set = o.joint_set, asked
        WHERE o.mirrored IS NOT DISTINCT FROM asked.mirrored
          AND (in_collection IS NULL OR p.snapshot_id IN (SELECT snapshot_id FROM snapshots WHERE collection = in_collection))
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

-- How much each joint of a query counts: 1 where it is there and in one of the parts, else 0. wanted: names as in the view body_parts,
-- or NULL for the whole body. Fewer than three joints have no shape of their own: the torso is their frame.
CREATE OR REPLACE MACRO part_names(wanted) AS string_split(replace(array_to_string(wanted, ','), '-', '_'), ',');
CREATE OR REPLACE MACRO parts_weight(mask, wanted) AS (
    SELECT CASE
        WHEN coalesce(len(wanted), 0) = 0 THEN given
        WHEN known < len(wanted) THEN error('there is no such part of the body; the view body_parts has all')
        ELSE [
            CASE WHEN list_contains(chosen, i) OR (len(chosen) < 3 AND list_contains(torso, i)) THEN given[i] ELSE 0 END for i in range(1, 15)
        ]::FLOAT[14] END
    FROM (SELECT mask AS given), (
        SELECT count(DISTINCT p.part) FILTER (list_contains(part_names(wanted), p.part)) AS known,
               coalesce(list(DISTINCT j.position) FILTER (list_contains(part_names(wanted), p.part)), []) AS chosen,
               list(j.position) FILTER (p.part = 'torso') AS torso
        FROM body_parts AS p JOIN joints AS j USING (joint)
    )
);

-- What nearest_to found, with where it is from.
CREATE OR REPLACE MACRO named(queries, n, min_shared, among, in_collection) AS TABLE
    SELECT rank, pose_id, snapshot_id, source, collection, similarity, shared_joints, mirrored, cluster
    FROM nearest_to(queries, n, min_shared := min_shared, among := among, in_collection := in_collection)
    JOIN labelled_poses USING (pose_id)
    ORDER BY rank;

-- The n poses most similar to a query, best first, as `posesearch similar --all --close 0` finds them.
--   FROM nearest_poses([...28 numbers...], [...14 weights...], 10)
-- mirror: also what is like the query in a mirror. turn: let a turn in the picture not count. min_shared: joints that a pose
-- must share with the query. among: the name of a table or view with the columns of poses, to search in it alone:
--   CREATE TEMP VIEW wide AS SELECT p.* FROM poses AS p JOIN snapshots USING (snapshot_id) WHERE width > height
CREATE OR REPLACE MACRO nearest_poses(
    q_vector, q_weight, n, mirror := true, turn := false, min_shared := 6, among := 'poses', in_collection := NULL
) AS TABLE
    FROM named(
        (SELECT [{'mirrored': false, 'q': pose_query(v, w, turn := turn)}]
             || CASE WHEN mirror
                THEN [{'mirrored': true, 'q': pose_query(mirrored_vector(v), mirrored_weight(w), turn := turn)}]
                ELSE [] END
         FROM (SELECT q_vector::FLOAT[28] AS v, q_weight::FLOAT[14] AS w) WHERE v IS NOT NULL),
        n, min_shared, among, in_collection);

-- The n poses most similar to a stored one, itself first:  FROM similar_poses(42)
--   FROM similar_poses(42, 20, parts := ['left_arm', 'head'], mirror := false, in_collection := 'women')
CREATE OR REPLACE MACRO similar_poses(
    id, n := 10, mirror := true, turn := false, parts := NULL, min_shared := 6, among := 'poses', in_collection := NULL
) AS TABLE
    FROM nearest_poses(
        (SELECT vector FROM poses WHERE pose_id = id),
        (SELECT parts_weight(mask, parts) FROM poses WHERE pose_id = id),
        n, mirror := mirror, turn := turn, min_shared := min_shared, among := among, in_collection := in_collection);

-- The same in 3D: the side that somebody is seen from does not count. among has the columns of world_poses.
CREATE OR REPLACE MACRO similar_views(
    id, n := 10, mirror := true, parts := NULL, min_shared := 6, among := 'world_poses', in_collection := NULL
) AS TABLE
    FROM named(
        (SELECT [{'mirrored': false, 'q': view_query(world_vector, weight)}]
             || CASE WHEN mirror
                THEN [{'mirrored': true, 'q': view_query(mirrored_view(world_vector), mirrored_weight(weight))}]
                ELSE [] END
         FROM (SELECT world_vector, parts_weight(mask, parts) AS weight FROM poses
               WHERE pose_id = id AND world_vector IS NOT NULL)),
        n, min_shared, among, in_collection);

-- Two poses of which all joints count alike, from the eight sums over the joints that both have.
CREATE OR REPLACE MACRO correlation_of_sums(n, ab, ax, ay, bx, b_y, aa, bb) AS
    (ab - (ax * bx + ay * b_y) / n) / sqrt(told(aa - (ax * ax + ay * ay) / n) * told(bb - (bx * bx + b_y * b_y) / n));
CREATE OR REPLACE MACRO pair_correlation(a, a_mask, a_squares, b, b_mask, b_squares) AS correlation_of_sums(
    nullif(array_inner_product(a_mask, b_mask), 0)::DOUBLE, array_inner_product(a, b)::DOUBLE,
    array_inner_product(a[1:14]::FLOAT[14], b_mask)::DOUBLE, array_inner_product(a[15:28]::FLOAT[14], b_mask)::DOUBLE,
    array_inner_product(b[1:14]::FLOAT[14], a_mask)::DOUBLE, array_inner_product(b[15:28]::FLOAT[14], a_mask)::DOUBLE,
    array_inner_product(a_squares, b_mask)::DOUBLE, array_inner_product(b_squares, a_mask)::DOUBLE);

-- Their similarity where the second is the query, or where of is the joints of the one that has more, the same both ways.
-- NULL where they share fewer than 6 body joints and the one with fewer has others.
CREATE OR REPLACE MACRO pair_similarity(a, a_mask, a_squares, b, b_mask, b_squares, fewest, of_joints) AS
    CASE WHEN array_inner_product(a_mask, b_mask) >= least(6, fewest)
    THEN shrunk(pair_correlation(a, a_mask, a_squares, b, b_mask, b_squares), array_inner_product(a_mask, b_mask)::DOUBLE / of_joints)
    END;

-- The similarity of two stored poses, the same both ways: what one lacks is held against the pair.  SELECT pose_similarity(42, 43)
-- NULL where they share fewer than 6 body joints, and one has others. mirror: of the pair as it is and mirrored, the better.
CREATE OR REPLACE MACRO pose_similarity(a, b, mirror := false) AS list_transform(
    [{
        'a': (SELECT {'v': vector, 'm': mask, 's': squares, 'n': body_joints} FROM poses WHERE pose_id = a),
        'b': (SELECT {'v': vector, 'm': mask, 's': squares, 'n': body_joints} FROM poses WHERE pose_id = b)
    }],
    lambda p: greatest(
        pair_similarity(p.a.v, p.a.m, p.a.s, p.b.v, p.b.m, p.b.s, least(p.a.n, p.b.n), greatest(p.a.n, p.b.n)),
        CASE WHEN mirror THEN pair_similarity(p.a.v, p.a.m, p.a.s, mirrored_vector(p.b.v), mirrored_weight(p.b.m),
                                              mirrored_weight(p.b.s), least(p.a.n, p.b.n), greatest(p.a.n, p.b.n)) END)
)[1];

-- Why a stored pose is as far from a query, another stored pose, as it is: a row for each joint of the query. Contributions sum to
-- the distance, 1 - similarity.  FROM pose_differences(42, 43) ORDER BY contribution DESC
CREATE OR REPLACE MACRO pose_differences(query_id, id, mirrored := false) AS TABLE
    WITH pair AS (
        SELECT a.mask AS has, a.vector AS a, CASE WHEN mirrored THEN mirrored_vector(b.vector) ELSE b.vector END AS b,
               CASE WHEN mirrored THEN mirrored_weight(b.mask) ELSE b.mask END AS asked
        FROM poses AS a, poses AS b WHERE a.pose_id = id AND b.pose_id = query_id
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
    SELECT CASE WHEN mirrored THEN mirror.joint ELSE j.joint END AS joint,
           CASE WHEN w[j.position] > 0
           THEN share / 2 * ((ax[j.position] / size_a - bx[j.position] / size_b) ** 2
                             + (ay[j.position] / size_a - byy[j.position] / size_b) ** 2)
           ELSE greatest(0.1, 2 * (1 - correlation)) / list_sum(asked::DOUBLE[]) END AS contribution
    FROM parted, joints AS j JOIN joints AS mirror
      ON mirror.position = [1, 2, 6, 7, 8, 3, 4, 5, 12, 13, 14, 9, 10, 11, 16, 15, 18, 17][j.position]
    WHERE asked[j.position] > 0;

-- How many per cent of random pairs of the database's poses are no more similar: all pairs of 200 poses, spread over it, each
-- as it is or mirrored, whichever is more alike.  SELECT rank, similarity, closer_than(similarity) FROM similar_poses(42)
CREATE OR REPLACE MACRO scattered(id) AS (id::UBIGINT * 2654435761) % 4294967296;  -- Knuth's multiplicative hash
CREATE OR REPLACE MACRO random_similarities() AS TABLE
    WITH sample AS MATERIALIZED (
        SELECT pose_id, vector, mask, squares, body_joints, mirrored_vector(vector) AS flipped,
               mirrored_weight(mask) AS flipped_mask, mirrored_weight(squares) AS flipped_squares
        FROM poses
        WHERE pose_id IN (SELECT pose_id FROM poses ORDER BY scattered(pose_id), pose_id LIMIT 200)
    )
    SELECT greatest(
        pair_similarity(a.vector, a.mask, a.squares, b.vector, b.mask, b.squares, b.body_joints, b.body_joints),
        pair_similarity(a.vector, a.mask, a.squares, b.flipped, b.flipped_mask, b.flipped_squares, b.body_joints, b.body_joints)
    ) AS similarity
    FROM sample AS a, sample AS b WHERE a.pose_id <> b.pose_id;
CREATE OR REPLACE MACRO closer_than(value) AS (
    SELECT 100.0 * count(*) FILTER (similarity <= value + 1e-6) / count(similarity) FROM random_similarities()
);

-- The rows.
INSERT INTO about (key, value) VALUES ('estimator', 'blazepose');
INSERT INTO about (key, value) VALUES ('model_files', '{}');
INSERT INTO about (key, value) VALUES ('schema_version', '4');
INSERT INTO snapshots (snapshot_id, source, sha256, width, height, collection, status, reason, message, settings, dhash, taken_at, camera, latitude, longitude, ingested_at, missing_since) VALUES (1, '/photos/men/arms-crossed-1.jpg', '2430bc29a7c32f21f5e651652398a40caba962b69b915c5cb4fc5f79e56027d2', 480, 640, 'men', 'ingested', NULL, NULL, '{"estimator": "blazepose", "strict": false, "min_joints": 8}', 17361632650011924680, NULL, NULL, NULL, NULL, '2026-11-28 00:47:25.827108', NULL);
INSERT INTO snapshots (snapshot_id, source, sha256, width, height, collection, status, reason, message, settings, dhash, taken_at, camera, latitude, longitude, ingested_at, missing_since) VALUES (2, '/photos/men/arms-crossed-2.jpg', 'a19f670c47fdd0663acc1df518fc81e85e1929294444eb9db910edad002eb571', 480, 640, 'men', 'ingested', NULL, NULL, '{"estimator": "blazepose", "strict": false, "min_joints": 8}', 17361632494550437060, NULL, NULL, NULL, NULL, '2026-11-28 00:47:25.827108', NULL);
INSERT INTO snapshots (snapshot_id, source, sha256, width, height, collection, status, reason, message, settings, dhash, taken_at, camera, latitude, longitude, ingested_at, missing_since) VALUES (5, '/photos/men/arms-up-1.jpg', '59e102a7103a2d22ba6ca5d553dbf3b413e0be7d33b34ba68db87e28d4c2d1a9', 480, 640, 'men', 'ingested', NULL, NULL, '{"estimator": "blazepose", "strict": false, "min_joints": 8}', 17361599682447197380, NULL, NULL, NULL, NULL, '2026-11-28 00:47:25.827108', NULL);
INSERT INTO snapshots (snapshot_id, source, sha256, width, height, collection, status, reason, message, settings, dhash, taken_at, camera, latitude, longitude, ingested_at, missing_since) VALUES (7, '/photos/men/empty-room.jpg', 'd6e67930f2688345189bd157a9290ba3cb6b344f09c5ceb87a33d9fc3b8c7a4e', 480, 640, 'men', 'rejected', 'no_person', 'the estimator finds nobody in it', '{"estimator": "blazepose", "strict": false, "min_joints": 8}', 17361641481138401520, NULL, NULL, NULL, NULL, '2026-11-28 00:47:25.827108', NULL);
INSERT INTO snapshots (snapshot_id, source, sha256, width, height, collection, status, reason, message, settings, dhash, taken_at, camera, latitude, longitude, ingested_at, missing_since) VALUES (34, '/photos/women/arms-crossed-1.jpg', 'c3e7fea36b71756d19ce8c90e8d07dbe5fb5244c776772782aa8cc52c8cfdee3', 480, 640, 'women', 'ingested', NULL, NULL, '{"estimator": "blazepose", "strict": false, "min_joints": 8}', 17361597345448124636, NULL, NULL, NULL, NULL, '2026-11-28 00:47:27.448522', NULL);
INSERT INTO snapshots (snapshot_id, source, sha256, width, height, collection, status, reason, message, settings, dhash, taken_at, camera, latitude, longitude, ingested_at, missing_since) VALUES (39, '/photos/women/arms-up-2.jpg', '263026cc2527aa34f6f392c5d303ea39cd87852fc0f11c0af17fa3db4572e12b', 480, 640, 'women', 'ingested', NULL, NULL, '{"estimator": "blazepose", "strict": false, "min_joints": 8}', 17361634616234790044, NULL, NULL, NULL, NULL, '2026-11-28 00:47:27.448522', NULL);
INSERT INTO sources (source, collection, snapshot_id, bytes, modified_ns, etag, last_modified, missing_since) VALUES ('/photos/men/arms-crossed-1.jpg', 'men', 1, 37954, 1795826836030086997, NULL, NULL, NULL);
INSERT INTO sources (source, collection, snapshot_id, bytes, modified_ns, etag, last_modified, missing_since) VALUES ('/photos/men/arms-crossed-2.jpg', 'men', 2, 40329, 1795826838050074218, NULL, NULL, NULL);
INSERT INTO sources (source, collection, snapshot_id, bytes, modified_ns, etag, last_modified, missing_since) VALUES ('/photos/men/arms-up-1.jpg', 'men', 5, 39234, 1795826835520431379, NULL, NULL, NULL);
INSERT INTO sources (source, collection, snapshot_id, bytes, modified_ns, etag, last_modified, missing_since) VALUES ('/photos/men/empty-room.jpg', 'men', 7, 31330, NULL, NULL, NULL, NULL);
INSERT INTO sources (source, collection, snapshot_id, bytes, modified_ns, etag, last_modified, missing_since) VALUES ('/photos/women/arms-crossed-1.jpg', 'women', 34, 38536, 1795826840111731291, NULL, NULL, NULL);
INSERT INTO sources (source, collection, snapshot_id, bytes, modified_ns, etag, last_modified, missing_since) VALUES ('/photos/women/arms-up-2.jpg', 'women', 39, 42198, 1795826841703508347, NULL, NULL, NULL);
INSERT INTO poses (pose_id, snapshot_id, person, box_x, box_y, box_width, box_height, prominence, score, estimator, settings, body_joints, x, y, joint_score, world_x, world_y, world_z, vector, mask, squares, joint_set, world_vector, world_squares) VALUES (1, 1, 1, 175.58651733398438, 230.63973999023438, 106.2277603149414, 360.1808776855469, 0.5627826452255249, 0.9889186024665833, 'blazepose', '{"version": "pose_landmark_full, MediaPipe 0.10.21", "detection": 0.25, "presence": 0.5, "confidence": 0.4, "visibility": 0.05, "again": 0.1, "tiles": true, "turns": [90, 180, 270], "doubt": 0.5, "sampling": "area"}', 14, [227.386185, 227.40329, 186.889862, 175.586517, 220.523346, 267.916687, 281.81427, 234.2043, 204.355835, 198.031097, 194.252884, 252.374649, 250.254684, 251.473724, 217.903015, 234.805176, 209.865646, 242.381424], [237.3302, 282.453522, 282.65097, 340.834045, 341.240204, 282.256073, 343.632904, 341.628204, 390.911743, 479.661469, 565.776733, 392.193512, 481.913391, 567.109863, 230.63974, 230.910553, 235.418823, 234.781616], [0.999643207, 0.998726726, 0.99884814, 0.900046706, 0.635403097, 0.998726726, 0.920950532, 0.666323483, 0.998036563, 0.996070266, 0.995289087, 0.99769783, 0.993485153, 0.993486702, 0.999429405, 0.999422371, 0.999213874, 0.999227047], [-0.00872709788, -0.0127483932, -0.182430819, -0.196601853, -0.0631439388, 0.156934038, 0.166496769, 0.0262906682, -0.116814211, -0.12763685, -0.121589035, 0.116426431, 0.101745054, 0.123276554, -0.0361201316, -0.00381691474, -0.103492625, 0.0447919033], [-0.610120177, -0.448339075, -0.443771631, -0.234635979, -0.184346169, -0.452906519, -0.231892481, -0.197484732, 0.000203476302, 0.391379565, 0.736616373, -0.000933307223, 0.411991954, 0.748494685, -0.644313633, -0.6488204, -0.618743658, -0.632815182], [-0.309874773, -0.117397241, -0.123411655, -0.182072222, -0.346250772, -0.111382827, -0.189094067, -0.359357357, -0.00018787384, 0.0150552988, 0.14789772, 0.00122642517, -0.0192086697, 0.123720169, -0.293973684, -0.292360067, -0.18941164, -0.178571224], [0.0019653535, 0.00200837711, -0.0998929814, -0.128323704, -0.0152963949, 0.103909664, 0.138865545, 0.0191146117, -0.0559617132, -0.0718699992, -0.0813731477, 0.0648175627, 0.0594853275, 0.0625515133, -0.36057353, -0.247077137, -0.246580511, -0.100235581, -0.099213995, -0.247573778, -0.0931957588, -0.0982380807, 0.0257222969, 0.24894996, 0.465551287, 0.0289462637, 0.254614115, 0.468904436], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [0.130017132, 0.0610511452, 0.0707805604, 0.0265141465, 0.0100773964, 0.0720899925, 0.0279690884, 0.0100160884, 0.00379334996, 0.0671413764, 0.223359585, 0.00503920252, 0.0683668554, 0.223784059], 16383, [0.000661505735, -0.00161719613, -0.0977692157, -0.105799355, -0.0301742684, 0.0945348218, 0.0999536291, 0.0205046255, -0.0605869927, -0.0667197332, -0.0632926896, 0.0715808347, 0.0632615089, 0.0754625201, -0.324854821, -0.233180165, -0.230591983, -0.11208345, -0.0835862979, -0.235768348, -0.110528827, -0.09103138, 0.0209903605, 0.242653683, 0.438285112, 0.0203461926, 0.254333884, 0.445016056, -0.116080388, -0.00701132976, -0.0104194498, -0.0436599664, -0.136693165, -0.00360320974, -0.0476389565, -0.144120127, 0.0594063736, 0.0680440515, 0.143320367, 0.0602077991, 0.0486280769, 0.129619941], [0.119005755, 0.0544247627, 0.0628400445, 0.0256623942, 0.0265821759, 0.0645365342, 0.0244768187, 0.0294777639, 0.0076404959, 0.0679623261, 0.216640532, 0.00916276313, 0.0710524321, 0.220535219]);
INSERT INTO poses (pose_id, snapshot_id, person, box_x, box_y, box_width, box_height, prominence, score, estimator, settings, body_joints, x, y, joint_score, world_x, world_y, world_z, vector, mask, squares, joint_set, world_vector, world_squares) VALUES (2, 2, 1, 156.298828125, 238.68679809570312, 168.5663299560547, 401.3132019042969, 0.6270518898963928, 0.9793593287467957, 'blazepose', '{"version": "pose_landmark_full, MediaPipe 0.10.21", "detection": 0.25, "presence": 0.5, "confidence": 0.4, "visibility": 0.05, "again": 0.1, "tiles": true, "turns": [90, 180, 270], "doubt": 0.5, "sampling": "area"}', 12, [242.897614, 243.984894, 180.38063, 156.298828, 245.193481, 307.589142, 324.865143, 243.168289, 206.542816, 206.912125, NULL, 284.348541, 293.506226, NULL, 228.640381, 257.463196, 216.980881, 273.248383], [251.356979, 323.147247, 323.912445, 418.891052, 406.832489, 322.38208, 427.016724, 404.67215, 496.314453, 639.809021, NULL, 500.664856, 639.225647, NULL, 238.836365, 239.91124, 247.751633, 249.455521], [0.998452783, 0.994598567, 0.998988569, 0.998251796, 0.990546942, 0.994598567, 0.991265953, 0.978517711, 0.998575985, 0.311107218, 0, 0.9980129, 0.275992244, 0, 0.998694718, 0.998154759, 0.999391019, 0.998143494], [-0.00901630986, 0.00300215231, -0.1670378, -0.203667402, -0.00176419748, 0.173042104, 0.124776073, -0.0420650877, -0.114076674, -0.163762704, NULL, 0.113867551, 0.0826288015, NULL, -0.038226787, -0.00204972993, -0.108357005, 0.0542922728], [-0.563734055, -0.440683007, -0.434805244, -0.226725206, -0.193420976, -0.44656077, -0.201557815, -0.239104927, 0.000795439584, 0.356884658, NULL, 0.000457221817, 0.282279283, NULL, -0.604224682, -0.608003318, -0.601894021, -0.609852374], [-0.249078989, -0.0363764167, -0.0482947826, -0.0964159966, -0.243742824, -0.0244580545, -0.119703889, -0.264851809, -0.0253744125, -0.107536077, NULL, 0.0264015198, -0.0502018929, NULL, -0.239835024, -0.236725807, -0.129088879, -0.124797583], [-0.00395899406, -0.00148942391, -0.145955563, -0.20065324, 0.00125567499, 0.142976686, 0.182216153, -0.00334420078, -0.0865326598, -0.0856938437, 0, 0.0901896581, 0.110989764, 0, -0.404663831, -0.241604596, -0.239866585, -0.024139015, -0.0515279658, -0.243342549, -0.00568294991, -0.0564348064, 0.151714921, 0.477638155, 0, 0.161596119, 0.476313114, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0], [0.163768485, 0.0583749972, 0.078839004, 0.0408444144, 0.00265670801, 0.0796579272, 0.0332350209, 0.00319607113, 0.0305053182, 0.23548165, 0, 0.0342474803, 0.239192918, 0], 7167, [0.00728086988, 0.0182329211, -0.136719212, -0.170098618, 0.0138894944, 0.17318505, 0.12920171, -0.022835454, -0.0884573758, -0.133734718, 0, 0.119261116, 0.0907942131, 0, -0.353772312, -0.241639718, -0.236283496, -0.0466666184, -0.0163175091, -0.246995941, -0.0237323586, -0.0579478741, 0.16066587, 0.48515892, 0, 0.160357669, 0.417173356, 0, -0.132841304, 0.0609879345, 0.0501271002, 0.0062757316, -0.127978623, 0.0718487725, -0.0149458013, -0.147214592, 0.0710137188, -0.00385765242, 0, 0.118195519, 0.0483892076, 0], [0.142854691, 0.0624417216, 0.0770347565, 0.0311506987, 0.0168377068, 0.0961622968, 0.0174796842, 0.0255515501, 0.0386811793, 0.25327903, 0, 0.0539079756, 0.184618711, 0]);
INSERT INTO poses (pose_id, snapshot_id, person, box_x, box_y, box_width, box_height, prominence, score, estimator, settings, body_joints, x, y, joint_score, world_x, world_y, world_z, vector, mask, squares, joint_set, world_vector, world_squares) VALUES (5, 5, 1, 151.173583984375, 157.81243896484375, 187.16629028320312, 431.3213806152344, 0.6739396452903748, 0.9765508770942688, 'blazepose', '{"version": "pose_landmark_full, MediaPipe 0.10.21", "detection": 0.25, "presence": 0.5, "confidence": 0.4, "visibility": 0.05, "again": 0.1, "tiles": true, "turns": [90, 180, 270], "doubt": 0.5, "sampling": "area"}', 14, [245.53714, 245.840942, 212.811172, 178.359833, 156.159943, 278.870697, 313.192169, 333.791931, 227.880997, 224.702011, 218.979294, 267.847961, 268.197266, 282.708893, 240.32077, 252.908051, 234.773361, 257.773651], [243.418274, 285.384491, 286.539703, 236.833557, 173.512314, 284.229279, 237.626678, 174.942429, 393.778564, 483.527252, 568.574585, 393.997559, 486.534271, 566.738831, 235.590286, 236.503723, 240.324615, 241.675583], [0.999985218, 0.998153031, 0.998293817, 0.986462414, 0.975284874, 0.998153031, 0.990604579, 0.961688221, 0.999358416, 0.982026696, 0.97569555, 0.999021888, 0.97906971, 0.977080524, 0.999971449, 0.999970615, 0.999962866, 0.999955893], [0.00422600051, -0.00531983934, -0.149148881, -0.27126798, -0.347676218, 0.138509199, 0.250258684, 0.326511443, -0.109871119, -0.120804764, -0.127870187, 0.109534204, 0.0901782066, 0.155092031, -0.018716922, 0.0125635732, -0.0856181905, 0.0606440604], [-0.599227846, -0.476682901, -0.483476281, -0.620666444, -0.858793557, -0.469889522, -0.636289775, -0.874577165, -0.00292582554, 0.384270191, 0.723875284, 0.00244202069, 0.424405962, 0.750001013, -0.633392394, -0.634734333, -0.604053259, -0.605295897], [-0.386288404, -0.225512877, -0.234022617, -0.329989582, -0.452506542, -0.217003137, -0.285296917, -0.366014004, 0.00204944611, 0.00399240851, 0.129216194, -0.000962734222, -0.00427901745, 0.116705418, -0.36962986, -0.366366625, -0.273522377, -0.254672527], [-0.00235797814, -0.0017802784, -0.0645884797, -0.130099893, -0.172314391, 0.0610278957, 0.126292348, 0.165464103, -0.035932254, -0.0419772975, -0.0528594069, 0.0400674641, 0.0407316871, 0.0683264658, -0.191213325, -0.111411907, -0.1092152, -0.203734592, -0.324143946, -0.113608621, -0.202226415, -0.321424484, 0.0947062969, 0.265369117, 0.427092016, 0.0951227248, 0.27108714, 0.42360121], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [0.0365680978, 0.0124157825, 0.0160996318, 0.0584337637, 0.134761542, 0.0166313238, 0.0568452775, 0.130692065, 0.0102604097, 0.072182864, 0.185201705, 0.0106537342, 0.0751473084, 0.184106484], 16383, [0.00365751563, -0.000526914664, -0.0635745451, -0.117105596, -0.150599241, 0.0625207126, 0.111506231, 0.144931719, -0.0463570915, -0.0511498675, -0.0542470068, 0.0498194918, 0.0413347669, 0.0697898194, -0.176957831, -0.123240113, -0.126217991, -0.186355472, -0.290738761, -0.120262228, -0.193203971, -0.29765752, 0.0844318643, 0.254159689, 0.403025985, 0.0867848694, 0.271753252, 0.414478242, -0.0988834277, -0.0284072831, -0.0321375392, -0.0742047727, -0.127910227, -0.0246770289, -0.0546136871, -0.0899961218, 0.0713449344, 0.0721966326, 0.127088621, 0.0700245351, 0.0685708448, 0.12160451], [0.0411053859, 0.0159953777, 0.0210055262, 0.0539484322, 0.123570189, 0.0189807992, 0.0527440682, 0.117704511, 0.0143678198, 0.072425805, 0.181524202, 0.0149170309, 0.0802603513, 0.191450492]);
INSERT INTO poses (pose_id, snapshot_id, person, box_x, box_y, box_width, box_height, prominence, score, estimator, settings, body_joints, x, y, joint_score, world_x, world_y, world_z, vector, mask, squares, joint_set, world_vector, world_squares) VALUES (33, 34, 1, 177.4163360595703, 220.108154296875, 104.78511047363281, 370.37005615234375, 0.5787032246589661, 0.9884688258171082, 'blazepose', '{"version": "pose_landmark_full, MediaPipe 0.10.21", "detection": 0.25, "presence": 0.5, "confidence": 0.4, "visibility": 0.05, "again": 0.1, "tiles": true, "turns": [90, 180, 270], "doubt": 0.5, "sampling": "area"}', 14, [228.389801, 231.480042, 192.30719, 177.416336, 222.424561, 270.652893, 282.201447, 247.213425, 209.145813, 199.366989, 192.918213, 258.801239, 262.345551, 266.141266, 219.894623, 236.575806, 213.408051, 245.412292], [226.573425, 273.154449, 274.251434, 336.074066, 332.837128, 272.057465, 336.812958, 327.213226, 382.953949, 471.86438, 564.525269, 384.378815, 474.26828, 567.797607, 220.513565, 220.125854, 225.216858, 223.791519], [0.999635398, 0.999021709, 0.999461114, 0.925395608, 0.855519831, 0.999021709, 0.902579665, 0.790940285, 0.998180926, 0.991917431, 0.99121511, 0.998051703, 0.989668548, 0.990142226, 0.99940747, 0.99925822, 0.999147654, 0.998562872], [-0.0334865041, -0.0253908224, -0.183812097, -0.203623056, -0.0652070716, 0.133030459, 0.145893842, 0.0428169034, -0.112468697, -0.12851356, -0.159865826, 0.112083025, 0.111192413, 0.156685919, -0.0587944426, -0.0260114223, -0.121379286, 0.0277910456], [-0.605894089, -0.451359481, -0.449923038, -0.215936944, -0.187401265, -0.452795923, -0.223198965, -0.232251361, 0.000103651189, 0.383528799, 0.738191903, -0.000811572536, 0.405767262, 0.748931706, -0.640716612, -0.644068539, -0.621501446, -0.631087363], [-0.203054428, -0.00664096326, -0.016597271, -0.0725723505, -0.240487099, 0.00331534445, -0.0727236271, -0.256037712, -0.000875711441, -0.00274008512, 0.110342979, 0.00194787979, -0.0161775351, 0.0895576477, -0.185776949, -0.186492443, -0.077173233, -0.0727288723], [-0.00756671093, -1.46948669e-05, -0.0957464054, -0.13213709, -0.022144733, 0.0957170203, 0.123939693, 0.038434986, -0.0545957088, -0.0784934685, -0.094253175, 0.066753611, 0.0754152983, 0.0846913755, -0.358323574, -0.244487569, -0.241806716, -0.090722844, -0.0986333638, -0.247168407, -0.0889171213, -0.112377211, 0.0238435287, 0.24112533, 0.4675726, 0.0273256544, 0.247000054, 0.475569636], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [0.128453031, 0.0597741716, 0.0676378608, 0.0256908443, 0.0102189295, 0.0702539682, 0.0232673027, 0.0141058853, 0.00354920514, 0.0643026531, 0.227507785, 0.00520273577, 0.0666964948, 0.233339101], 16383, [-0.0107427211, -0.00602610642, -0.0983237177, -0.109865755, -0.0292233992, 0.0862715095, 0.0937658325, 0.0337123089, -0.0567584336, -0.066106312, -0.0843724161, 0.0740673542, 0.0735484734, 0.100053385, -0.330400229, -0.24036701, -0.239530131, -0.103207797, -0.0865826607, -0.241203904, -0.107438713, -0.112712719, 0.0226593353, 0.246046171, 0.452675968, 0.0221261177, 0.259002477, 0.458933085, -0.0898889899, 0.0245432016, 0.0187425688, -0.0138689997, -0.111697592, 0.0303438324, -0.0139571344, -0.120757513, 0.0279020872, 0.0268158857, 0.0926990658, 0.0295471363, 0.0189871117, 0.0805893466], [0.11735975, 0.0584149808, 0.067393519, 0.0229146834, 0.0208269171, 0.0665428489, 0.0205299091, 0.0284230541, 0.00451349188, 0.0656278506, 0.220627353, 0.00684857136, 0.072852172, 0.2271249]);
INSERT INTO poses (pose_id, snapshot_id, person, box_x, box_y, box_width, box_height, prominence, score, estimator, settings, body_joints, x, y, joint_score, world_x, world_y, world_z, vector, mask, squares, joint_set, world_vector, world_squares) VALUES (38, 39, 1, 75.70207977294922, 159.79803466796875, 284.1060791015625, 480.20196533203125, 0.7503155469894409, 0.9506057500839233, 'blazepose', '{"version": "pose_landmark_full, MediaPipe 0.10.21", "detection": 0.25, "presence": 0.5, "confidence": 0.4, "visibility": 0.05, "again": 0.1, "tiles": true, "turns": [90, 180, 270], "doubt": 0.5, "sampling": "area"}', 12, [231.424057, 229.571259, 179.432739, 123.047653, 89.2991257, 279.709778, 328.568604, 351.77063, 197.614441, 188.634872, NULL, 262.120789, 268.031158, NULL, 218.004944, 242.48558, 205.266495, 254.238739], [283.721191, 353.191528, 353.02652, 283.394623, 190.253952, 353.356537, 278.104828, 192.662277, 514.445923, 611.580933, NULL, 520.153809, 636.717041, NULL, 273.7117, 274.502716, 281.757446, 283.337402], [0.999819458, 0.992967844, 0.992967844, 0.99011761, 0.945787847, 0.994550228, 0.98896116, 0.955983818, 0.981166422, 0.892397225, 0, 0.98464334, 0.92689842, 0, 0.999807298, 0.999848068, 0.999894977, 0.99989748], [0.00538279442, -0.0111057349, -0.167055637, -0.293773174, -0.395524532, 0.144844174, 0.22629109, 0.30319041, -0.125617504, -0.110950664, NULL, 0.125272214, 0.0660717115, NULL, -0.0200666506, 0.0122205345, -0.097285457, 0.0598641559], [-0.610422313, -0.480499178, -0.475722432, -0.647348166, -0.878969908, -0.485275924, -0.642359853, -0.853689075, -0.00647629658, 0.201286659, NULL, 0.00610206323, 0.300257415, NULL, -0.643323064, -0.646731019, -0.604792953, -0.613144279], [-0.155268669, -0.00724139437, -0.00324559212, -0.105742559, -0.208093405, -0.0112371966, -0.115600348, -0.220108509, -0.0053601265, -0.33320421, NULL, 0.0069770813, -0.276986003, NULL, -0.132020712, -0.12956357, -0.0336947441, -0.0176045895], [0.00699166721, 0.00374389929, -0.0841438472, -0.182981193, -0.242138952, 0.0916316435, 0.177276224, 0.217947021, -0.0522731654, -0.0680134371, 0, 0.0607999302, 0.0711602122, 0, -0.170316741, -0.0485422686, -0.0488315113, -0.170889184, -0.334155351, -0.0482530259, -0.180161655, -0.329933792, 0.234120354, 0.404388189, 0, 0.244125709, 0.448449254, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0], [0.0290566757, 0.00237036869, 0.0094647035, 0.0626852289, 0.170291066, 0.0107247122, 0.0638850778, 0.156357214, 0.0575448275, 0.16815564, 0, 0.0632939935, 0.206170499, 0], 7167, [0.0159349088, 0.00533929886, -0.0948748812, -0.176304191, -0.241690114, 0.105553478, 0.157891676, 0.207307547, -0.0682465285, -0.0588215441, 0, 0.0929764435, 0.0549339056, 0, -0.147368088, -0.0638788491, -0.0608092882, -0.171096832, -0.319938093, -0.0669484064, -0.167891324, -0.30369252, 0.240730599, 0.3742401, 0, 0.24881351, 0.43783921, 0, -0.0229256321, 0.0721974224, 0.0747651458, 0.00890009012, -0.0568710677, 0.0696297064, 0.00256542675, -0.0645920336, 0.0734063387, -0.137267888, 0, 0.0813342854, -0.101141796, 0], [0.0224968586, 0.00932148285, 0.0182888396, 0.0604365058, 0.164008811, 0.0204719212, 0.0531238578, 0.139377698, 0.0679972991, 0.162358105, 0, 0.0771680474, 0.204950571, 0]);
INSERT INTO clusterings (clustering_id, collection, normalization, k, chosen_by, seed, complete, partial, inertia, created_at) VALUES (1, NULL, 'body', 5, 'elbow', 0, 58, 8, 1.5486398935317993, '2026-11-28 00:47:30.204946');
INSERT INTO centroids (clustering_id, cluster, vector, size, medoid_pose_id) VALUES (1, 0, [0.00855339132, -0.000976477517, -0.0915656388, -0.121064104, -0.0796930417, 0.0896126702, 0.129864901, 0.0875082612, -0.0504375733, -0.075326927, -0.0936329737, 0.052987013, 0.068147257, 0.0760232508, -0.369972736, -0.253692299, -0.253320932, -0.108160585, -0.040133059, -0.254063636, -0.116392292, -0.0316272639, 0.0230340268, 0.23928386, 0.444964051, 0.0252287537, 0.241134644, 0.45371747], 34, 45);
INSERT INTO centroids (clustering_id, cluster, vector, size, medoid_pose_id) VALUES (1, 1, [-0.0020427946, -0.00137699372, -0.0721162558, -0.17476894, -0.262960881, 0.0693622753, 0.173079088, 0.263483316, -0.0417958647, -0.0759921819, -0.112818494, 0.0436557531, 0.0791156292, 0.11517632, -0.221401006, -0.134509087, -0.132930577, -0.178682953, -0.230313838, -0.136087596, -0.178364813, -0.229075789, 0.0776002258, 0.243507802, 0.398141414, 0.0791542828, 0.24578844, 0.397173494], 12, 32);
INSERT INTO centroids (clustering_id, cluster, vector, size, medoid_pose_id) VALUES (1, 2, [-0.0198607147, -0.0254676379, -0.109228104, -0.170513466, -0.150494009, 0.0582928136, 0.194135487, 0.319485068, -0.0703796595, -0.131764948, -0.189960763, 0.0309367999, 0.128817335, 0.136001766, -0.2940543, -0.194125921, -0.194534853, -0.0768476725, 0.0391647816, -0.193716973, -0.187117934, -0.190001637, 0.0486371256, 0.229764909, 0.39383319, 0.048254814, 0.192312777, 0.378431708], 8, 15);
INSERT INTO centroids (clustering_id, cluster, vector, size, medoid_pose_id) VALUES (1, 3, [0.0460147895, 0.0307647362, -0.0497656018, -0.161808833, -0.171684638, 0.111295082, 0.135881647, 0.149986506, -0.0579430871, -0.0924628899, -0.121137768, 0.0391314924, 0.0625974387, 0.0791311413, -0.270252228, -0.173981667, -0.189151913, -0.251061499, -0.377943635, -0.15881142, -0.0297108367, 0.084651567, 0.0407462642, 0.21523495, 0.402162999, 0.0565496236, 0.234904379, 0.416663468], 8, 17);
INSERT INTO centroids (clustering_id, cluster, vector, size, medoid_pose_id) VALUES (1, 4, [-0.0765112266, -0.0545018762, -0.135092288, -0.257264972, -0.368208647, 0.0260885507, 0.142316401, 0.253648698, -0.0470511541, -0.0623593628, -0.0679388493, 0.0471263528, 0.214013487, 0.385734856, -0.248234361, -0.157291919, -0.1377244, -0.0924802348, -0.0846910775, -0.176859438, -0.111090332, -0.100995615, 0.079263553, 0.26046288, 0.425608337, 0.0515622124, 0.11922662, 0.173243821], 4, 42);
INSERT INTO labels (clustering_id, pose_id, cluster, distance) VALUES (1, 1, 0, 0.13990136981010437);
INSERT INTO labels (clustering_id, pose_id, cluster, distance) VALUES (1, 2, 0, 0.25098422169685364);
INSERT INTO labels (clustering_id, pose_id, cluster, distance) VALUES (1, 5, 1, 0.23419395089149475);
INSERT INTO labels (clustering_id, pose_id, cluster, distance) VALUES (1, 33, 0, 0.137739896774292);
INSERT INTO labels (clustering_id, pose_id, cluster, distance) VALUES (1, 38, 1, 0.27571776509284973);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 1, 6.2874555587768555);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 2, 4.161074638366699);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 3, 2.8531265258789062);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 4, 2.159048318862915);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 5, 1.5486398935317993);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 6, 1.2402489185333252);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 7, 1.0061309337615967);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 8, 0.8011986017227173);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 9, 0.6023871898651123);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 10, 0.4342591464519501);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 11, 0.3268720507621765);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 12, 0.25294917821884155);
INSERT INTO inertias (clustering_id, k, inertia) VALUES (1, 13, 0.18293723464012146);
SELECT max(nextval('snapshot_ids')) FROM range(66);
SELECT max(nextval('pose_ids')) FROM range(66);
SELECT max(nextval('clustering_ids')) FROM range(1);
