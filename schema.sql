-- The tables, views and macros of a posesearch database. The comments give units, and say when a value is NULL.
--
-- Open the database in the duckdb shell (`duckdb poses.duckdb`). Start with two views, keypoints and labelled_poses, and these
-- macros: similar_poses, similar_views, pose_similarity, pose_differences, closer_than. They come after the tables.
-- docs/sql.md has examples, and docs/search.md has the formulas.
--
-- Keypoints (poses.x, y, joint_score) are stored as the estimator found them. Vectors, labels and centroids are computed from
-- them, and can be computed again without the photos.
--
-- Tables refer to each other by columns whose names end in _id. There are no declared foreign keys. DuckDB updates a row by
-- deleting and inserting it, and a foreign key would forbid that.

CREATE TABLE about (
    key   VARCHAR PRIMARY KEY,  -- 'schema_version', 'estimator', 'model_files'
    value VARCHAR NOT NULL      -- estimator: its name. The first ingest sets it, and `reestimate` can change it. Poses of
                                -- different estimators are hardly comparable.
                                -- model_files: JSON, for each of the user's own network files: name of the network, path,
                                -- SHA-256 and signature. {} if there are none
);

-- A row per joint. Every FLOAT[18] column has one element per joint, in this order (COCO-18). The first 14 are the body joints.
-- Every FLOAT[14] column has one element per body joint, in the same order.
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

-- A row per photo and collection. The same bytes are one photo, even if they have several sources.
CREATE SEQUENCE snapshot_ids;
CREATE TABLE snapshots (
    snapshot_id INTEGER PRIMARY KEY DEFAULT nextval('snapshot_ids'),
    source      VARCHAR NOT NULL,  -- absolute path or http(s) URL: one of the photo's sources. If any of them exists, this one does
    sha256      VARCHAR,           -- SHA-256 of the photo's bytes, in hexadecimal digits. NULL if the photo could not be read
    width       INTEGER,           -- pixels of the upright photo. NULL if the photo could not be decoded
    height      INTEGER,           -- the same
    collection  VARCHAR NOT NULL,  -- name of the collection
    status      VARCHAR NOT NULL CHECK (status IN ('ingested', 'rejected')),
    reason      VARCHAR,           -- why the photo was rejected, as a code ('no_person', 'truncated', ...). NULL if ingested
    message     VARCHAR,           -- the same as a sentence. NULL if ingested
    settings    VARCHAR NOT NULL,  -- JSON: the rule that accepted or rejected the photo. It has "estimator", "strict" and
                                   -- "min_joints". After `ingest --gps`, "gps" is true. With the user's own network files,
                                   -- "files" has the SHA-256 of each by the name of its network
    -- Difference hash of the photo, scaled down and in grey: whether each of 8 x 8 pixels is darker than its right neighbour. The
    -- hashes of photos that look alike differ in few bits. NULL if the photo could not be decoded, or was ingested by an early
    -- version.
    dhash       UBIGINT,
    -- The next four columns are from the photo's EXIF data. Each is NULL if the EXIF data does not have it.
    taken_at    TIMESTAMP,         -- by the camera's own clock, without a time zone
    camera      VARCHAR,           -- make and model
    latitude    DOUBLE,            -- degrees, positive to the north. NULL without `ingest --gps`
    longitude   DOUBLE,            -- degrees, positive to the east. NULL without `ingest --gps`
    ingested_at TIMESTAMP NOT NULL DEFAULT make_timestamp(epoch_us(now())),  -- UTC
    missing_since TIMESTAMP        -- UTC: when an ingest first found that none of the sources exists. NULL if one exists
);

-- A row per path or URL at which a photo is or was. Two copies of a photo are one snapshot with two sources. An ingest
-- compares the size and modification time of each file with this table, to decide which files it must read.
CREATE TABLE sources (
    source        VARCHAR NOT NULL,  -- absolute path or http(s) URL, unique in its collection
    collection    VARCHAR NOT NULL,  -- name of the collection
    snapshot_id   INTEGER NOT NULL,
    bytes         BIGINT,            -- size of the photo. NULL if it could not be read, or was last read by an early version
    modified_ns   BIGINT,            -- modification time of the file, nanoseconds since 1970 (UTC). NULL in the same cases, and
                                     -- for a URL. Also NULL if the file was just written, and for a time in the future, before
                                     -- 1677 or after 2262
    etag          VARCHAR,           -- the header ETag of the server, to ask later whether the photo has changed. NULL for a file,
                                     -- if the server did not send it, and for an incomplete photo
    last_modified VARCHAR,           -- the header Last-Modified, the same
    missing_since TIMESTAMP,         -- UTC: when an ingest first did not find the source. NULL if the source exists
    unread_reason VARCHAR,           -- why the last ingest could not read the photo, as a code. NULL if it could. If it could not,
                                     -- the poses are those of the last ingest that could
    signature     VARCHAR            -- signature of the source, by the user who ingested it. NULL if an early version stored the
                                     -- source, or if the user's key could not be stored. posesearch opens a photo without the
                                     -- present user's signature only if that user ingests it, or with --trust
);

-- A row per person with enough body joints (at least `ingest --min-joints`).
CREATE SEQUENCE pose_ids;
CREATE TABLE poses (
    pose_id     INTEGER PRIMARY KEY DEFAULT nextval('pose_ids'),
    snapshot_id INTEGER NOT NULL,
    person      USMALLINT NOT NULL,   -- which person of the snapshot. 1 is the most prominent
    -- The box around the person, in pixels of the upright photo.
    box_x       FLOAT NOT NULL,       -- left edge
    box_y       FLOAT NOT NULL,       -- top edge
    box_width   FLOAT NOT NULL,
    box_height  FLOAT NOT NULL,
    prominence  FLOAT NOT NULL,       -- height of the box divided by the height of the photo
    score       FLOAT NOT NULL,       -- the estimator's own score of the person. A higher score is more certain
    estimator   VARCHAR NOT NULL,     -- name of the estimator
    settings    VARCHAR NOT NULL,     -- JSON: version and settings of the estimator
    body_joints UTINYINT NOT NULL,    -- number of body joints found. 14 is a complete pose
    -- The keypoints as the estimator found them, in pixels of the upright photo: x to the right, y down. The element of a missing
    -- joint is NULL.
    x           FLOAT[18] NOT NULL,
    y           FLOAT[18] NOT NULL,
    joint_score FLOAT[18] NOT NULL,   -- 0 to 1: how certain the estimator is. 0 for a missing joint
    -- World coordinates, in metres from the middle of the hips: x to the right and y down in the photo, z away from the camera. The
    -- element of a missing joint is NULL. The whole column is NULL if the estimator gives no world coordinates. Only the BlazePose
    -- estimators give them.
    world_x     FLOAT[18],
    world_y     FLOAT[18],
    world_z     FLOAT[18],
    -- Computed from x and y: the "body" normalization of the body joints, x0..x13, y0..y13, without a unit. The origin is the
    -- centroid of the joints found, and the coordinates are divided by their Frobenius norm. The element of a missing joint is 0,
    -- never NULL, because inner products accept no NULL. The mask says which joints are missing.
    vector      FLOAT[28] NOT NULL,
    mask        FLOAT[14] NOT NULL,   -- 1 for a body joint that was found, 0 for a missing one
    squares     FLOAT[14] NOT NULL,   -- x^2 + y^2 of the vector, per joint
    joint_set   USMALLINT NOT NULL,   -- the mask as bits: 1 for the nose, 2 for the neck, 4 for the next joint, ... 16383 is a
                                      -- complete pose
    -- The same for the world coordinates: x0..x13, y0..y13, z0..z13. NULL if the estimator gives no world coordinates.
    world_vector  FLOAT[42],
    world_squares FLOAT[14]           -- x^2 + y^2 + z^2 of world_vector, per joint
);

-- A row per k-means run. Earlier runs are kept. The view current_clusterings has the current ones.
CREATE SEQUENCE clustering_ids;
CREATE TABLE clusterings (
    clustering_id INTEGER PRIMARY KEY DEFAULT nextval('clustering_ids'),
    collection    VARCHAR,           -- the collection that was clustered. NULL means all poses
    normalization VARCHAR NOT NULL CHECK (normalization IN ('body', 'max')),
    k             USMALLINT NOT NULL,  -- number of clusters
    chosen_by     VARCHAR NOT NULL CHECK (chosen_by IN ('user', 'elbow')),  -- who chose k: the user, or the elbow of the curve
    seed          INTEGER NOT NULL,  -- seed of the random starts
    complete      INTEGER NOT NULL,  -- number of complete poses. K-means grouped these
    partial       INTEGER NOT NULL,  -- number of partial poses. They got the label of their nearest centroid afterwards
    inertia       DOUBLE NOT NULL,   -- sum of the squared distances of complete poses to their centroids
    created_at    TIMESTAMP NOT NULL DEFAULT make_timestamp(epoch_us(now()))  -- UTC
);

-- A row per cluster of a clustering.
CREATE TABLE centroids (
    clustering_id  INTEGER NOT NULL,
    cluster        USMALLINT NOT NULL,  -- from 0, the largest cluster first
    vector         FLOAT[28] NOT NULL,  -- mean of the cluster's complete poses, in the clustering's normalization: x0..x13, y0..y13
    size           INTEGER NOT NULL,    -- number of poses with this label when the clustering was stored, partial ones too
    medoid_pose_id INTEGER NOT NULL,    -- the complete pose nearest to the centroid at that time. It may have been removed since
    PRIMARY KEY (clustering_id, cluster)
);

-- A row per pose of a clustering.
CREATE TABLE labels (
    clustering_id INTEGER NOT NULL,
    pose_id       INTEGER NOT NULL,
    cluster       USMALLINT NOT NULL,  -- the label: the cluster with the nearest centroid
    -- Distance to the centroid, without a unit. For a complete pose it is Euclidean, in the clustering's normalization. For a
    -- partial pose it is computed over the joints found, so that it is comparable with the distances of complete poses:
    --   "body": both the pose and the centroid are first moved and scaled, so that these joints have centroid 0 and norm 1
    --   "max": the Euclidean distance is multiplied by sqrt(14 / joints)
    distance      FLOAT NOT NULL,
    PRIMARY KEY (clustering_id, pose_id)
);

-- The inertia curve of each clustering, which has the elbow: a row per k from 1 to 13, or up to the number of distinct complete
-- poses if that is smaller.
CREATE TABLE inertias (
    clustering_id INTEGER NOT NULL,
    k             USMALLINT NOT NULL,
    inertia       DOUBLE NOT NULL,   -- sum of the squared distances with this k, as in clusterings
    PRIMARY KEY (clustering_id, k)
);

-- Views and macros. They have no data. A database of an earlier posesearch gets them when posesearch next opens it.
--
-- DuckDB puts the text of an argument into a macro's body. There, a column of the macro could have the same name as one of the
-- caller's. So a macro that has a query first collects its arguments in a struct, in a SELECT without FROM. That SELECT sees only
-- the caller's columns.

-- The newest clustering of each collection, and the newest of all poses. A newer clustering of all poses replaces those of the
-- collections.
CREATE OR REPLACE VIEW current_clusterings AS
SELECT * FROM clusterings AS c
WHERE NOT EXISTS (
    FROM clusterings AS newer
    WHERE newer.clustering_id > c.clustering_id
      AND (newer.collection IS NULL OR newer.collection = c.collection)
);

-- A row per pose, with its source and its label in the newest clustering that covers its collection. clustering_id, cluster and
-- distance are NULL if there is no such clustering, or if the pose was added after it.
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

-- A row per pose and joint, for all 18 joints. A missing joint has a row too.
CREATE OR REPLACE VIEW keypoints AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection, j.joint,
    p.x[j.position] AS x,            -- pixels of the upright photo, x to the right and y down. NULL if the joint is missing
    p.y[j.position] AS y,
    p.joint_score[j.position] AS score,  -- 0 to 1. 0 if the joint is missing
    -- Metres from the middle of the hips. NULL if the joint is missing, or if the estimator gives no world coordinates.
    p.world_x[j.position] AS world_x,
    p.world_y[j.position] AS world_y,
    p.world_z[j.position] AS world_z,
    -- The elements of poses.vector. NULL if the joint is missing, and for eyes and ears, which are not compared.
    CASE WHEN p.mask[j.position] = 1 THEN p.vector[j.position] END AS nx,
    CASE WHEN p.mask[j.position] = 1 THEN p.vector[j.position + 14] END AS ny
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id)
CROSS JOIN joints AS j;

-- A row per part of the body and joint in it. `--parts` and `parts :=` accept the names of the parts. Each of the 14 body joints
-- is also a part of its own.
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

-- The poses that have world coordinates, with the column names that the macros below read.
CREATE OR REPLACE VIEW world_poses AS
SELECT pose_id, snapshot_id, joint_set, world_vector AS vector, world_squares AS squares
FROM poses WHERE world_vector IS NOT NULL;

-- The similarity is -1 to 1. It is the weighted Pearson correlation of the coordinates of the joints that both poses have, with a
-- penalty for missing joints (penalized). The correlation does not depend on the position and size of the poses. For two complete
-- poses and equal weights, it is the inner product of their vectors.
--
-- A query is one struct, which pose_query or world_query makes once. Every sum over the shared joints is then either an inner
-- product of a stored array with a constant of the query, or a sum that depends only on the query and on the joint_set of the
-- stored pose (query_within).

-- The joints with a weight above 0, as the bits of poses.joint_set.
CREATE OR REPLACE MACRO joint_set_of(weight) AS
    list_sum([CASE WHEN weight[i] > 0 THEN 1 << (i - 1) ELSE 0 END for i in range(1, 15)])::USMALLINT;

-- Mirroring exchanges left and right joints, and changes the sign of x.
CREATE OR REPLACE MACRO mirrored_axis(axis) AS [axis[i] for i in [1, 2, 6, 7, 8, 3, 4, 5, 12, 13, 14, 9, 10, 11]];
CREATE OR REPLACE MACRO mirrored_weight(weight) AS mirrored_axis(weight)::FLOAT[14];
CREATE OR REPLACE MACRO mirrored_vector(vector) AS
    list_concat([-v for v in mirrored_axis(vector)], mirrored_axis(vector[15:28]))::FLOAT[28];
CREATE OR REPLACE MACRO mirrored_world_vector(vector) AS
    list_concat([-v for v in mirrored_axis(vector)], mirrored_axis(vector[15:28]), mirrored_axis(vector[29:42]))::FLOAT[42];

-- The coordinates of one axis, minus their weighted mean, times the weight. In an inner product with the result, the mean of the
-- other factor need not be subtracted.
CREATE OR REPLACE MACRO centred(axis, weight) AS [
    weight[i] * (axis[i] - list_dot_product(axis::DOUBLE[], weight::DOUBLE[]) / list_sum(weight::DOUBLE[])) for i in range(1, 15)
];

-- The fields that every query has. u and v are the axes of the plane in which rotations can be ignored. f is the third axis,
-- or zeros if there is none. Each is a list of 14.
CREATE OR REPLACE MACRO query_of(u, v, f, weight) AS {
    'joint_set': joint_set_of(weight), 'total': list_sum(weight::DOUBLE[]), 'lightest': list_min([w for w in weight::FLOAT[] if w > 0]),
    'weight': weight::FLOAT[14],
    'u': centred(u, weight), 'v': centred(v, weight), 'f': centred(f, weight),
    'squares': [CASE WHEN weight[i] > 0 THEN (centred(u, weight)[i] ** 2 + centred(v, weight)[i] ** 2 + centred(f, weight)[i] ** 2)
                                             / weight[i] ELSE 0 END for i in range(1, 15)]
};

-- A query for image coordinates.
-- vector: FLOAT[28], 0 where a joint is missing. weight: FLOAT[14], 0 where a joint is missing or ignored.
-- turn: whether rotations in the image plane are ignored.
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

-- A query for world coordinates. Rotations about the vertical are ignored. vector: FLOAT[42].
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

-- The sum of a list over the joints of a joint_set.
CREATE OR REPLACE MACRO sum_within(list, joint_set) AS
    list_sum([CASE WHEN joint_set & (1 << (i - 1)) > 0 THEN list[i] ELSE 0 END for i in range(1, 15)])::DOUBLE;
-- The sums of a query over the joints of a stored pose. n is the sum of the weights. spread is the sum of squares about the
-- weighted mean of these joints.
CREATE OR REPLACE MACRO query_within(q, joint_set) AS list_transform(
    [{
        'n': sum_within(q['weight'], joint_set), 'squares': sum_within(q['squares'], joint_set),
        'u': sum_within(q['u'], joint_set), 'v': sum_within(q['v'], joint_set), 'f': sum_within(q['f'], joint_set)
    }],
    lambda sums: struct_insert(sums, spread := sums.squares - (sums.u ** 2 + sums.v ** 2 + sums.f ** 2) / sums.n)
)[1];

-- The spread, or NULL if it is so small that the joints lie within 3% of the body. Estimators can't distinguish that from one
-- point.
CREATE OR REPLACE MACRO spread_or_null(spread) AS CASE WHEN spread > 1e-3 THEN spread END;
CREATE OR REPLACE MACRO squared(a) AS a * a;

-- The product of a stored pose with a query, after the best rotation.
CREATE OR REPLACE MACRO rotated_product(vector, fixed, along, across) AS
    array_inner_product(vector, fixed)
    + sqrt(squared(array_inner_product(vector, along)) + squared(array_inner_product(vector, across)));

-- The spread of a stored pose: the weighted sum of squares of the query's joints about their centroid. n is the sum of the weights.
-- The spread is 1 if the pose has exactly the joints of the query and each has weight 1, because its vector has norm 1.
CREATE OR REPLACE MACRO image_spread(vector, squares, weight, ones_u, ones_v, n) AS
    array_inner_product(squares, weight)::DOUBLE
    - (squared(array_inner_product(vector, ones_u)) + squared(array_inner_product(vector, ones_v))) / n;
CREATE OR REPLACE MACRO world_spread(vector, squares, weight, ones_u, ones_v, ones_f, n) AS
    image_spread(vector, squares, weight, ones_u, ones_v, n) - squared(array_inner_product(vector, ones_f)) / n;

-- The correlation of a query with a stored pose that has all joints of the query. NULL if these lie on one point in either pose.
CREATE OR REPLACE MACRO full_correlation(vector, squares, q) AS
    CASE WHEN q['rotates'] THEN rotated_product(vector, q['fixed'], q['along'], q['across']) ELSE array_inner_product(vector, q['along']) END
    / sqrt(spread_or_null(q['spread']) * spread_or_null(
        CASE WHEN q['world'] THEN world_spread(vector, squares, q['weight'], q['ones_u'], q['ones_v'], q['ones_f'], q['total'])
        ELSE image_spread(vector, squares, q['weight'], q['ones_u'], q['ones_v'], q['total']) END));

-- The product of a stored pose with q['along'] over the shared joints, about their means.
CREATE OR REPLACE MACRO along_within(vector, q, within) AS
    array_inner_product(vector, q['along'])
    - (array_inner_product(vector, q['ones_u']) * within['u'] + array_inner_product(vector, q['ones_v']) * within['v']) / within['n'];

-- The same as full_correlation for a stored pose that lacks some joints of the query. within: query_within(q, joint_set).
CREATE OR REPLACE MACRO partial_correlation(vector, squares, q, within) AS
    CASE WHEN q['rotates']
    THEN array_inner_product(vector, q['fixed']) - array_inner_product(vector, q['ones_f']) * within['f'] / within['n']
         + sqrt(squared(along_within(vector, q, within)) + squared(
             array_inner_product(vector, q['across'])
             - (array_inner_product(vector, q['ones_u']) * within['v'] - array_inner_product(vector, q['ones_v']) * within['u']) / within['n']))
    ELSE along_within(vector, q, within) END
    / sqrt(spread_or_null(within['spread'])
           * spread_or_null(world_spread(vector, squares, q['weight'], q['ones_u'], q['ones_v'], q['ones_f'], within['n'])));

-- The similarity: the correlation with a penalty for missing joints. share is the fraction of the query's weight that is on shared
-- joints. A missing joint has the distance 0.1, which is about that of two random people (similarity 0.9). If twice the distance of
-- the shared joints is more, it has that distance.
CREATE OR REPLACE MACRO penalized(correlation, share) AS
    CASE WHEN correlation IS NOT NULL  -- least(1, NULL) is 1
    THEN greatest(-1, least(1, 1 - (1 - correlation) * share - (1 - share) * greatest(0.1, 2 * (1 - correlation)))) END;

-- The n poses most similar to any of some queries, best first, without their sources. A pose gets its highest similarity to one of
-- the queries. queries: [{'mirrored': ..., 'q': ...}, ...]. The other arguments are those of nearest_poses.
-- The macro first compares the poses that have all joints of the query. Then it compares those that lack some, if they can still be
-- among the n.
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

-- The names of parts as the view body_parts has them: "left-arm" becomes "left_arm".
CREATE OR REPLACE MACRO part_names(wanted) AS string_split(replace(array_to_string(wanted, ','), '-', '_'), ',');
-- The weight of each joint of a query: 1 if the joint was found and is in one of the parts, else 0. wanted: names of parts, or
-- NULL for the whole body. Fewer than three joints have no shape of their own, so the torso is added to them.
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

-- The result of rank_poses, with the source and the current label of each pose.
CREATE OR REPLACE MACRO with_sources(queries, n, min_shared, among, in_collection) AS TABLE
    SELECT rank, pose_id, snapshot_id, source, collection, similarity, shared_joints, mirrored, cluster
    FROM rank_poses(queries, n, min_shared := min_shared, among := among, in_collection := in_collection)
    JOIN labelled_poses USING (pose_id)
    ORDER BY rank;

-- The n poses most similar to a query, best first. `posesearch similar --all --close 0` lists the same poses.
--   FROM nearest_poses([...28 numbers...], [...14 weights...], 10)
-- q_vector: like poses.vector. q_weight: the weight of each body joint, 0 where it is missing or ignored.
-- mirror: whether mirrored poses match as well. turn: whether rotations in the image plane are ignored.
-- min_shared: number of joints that a pose must share with the query. If the query has fewer, a pose must share all of them.
-- in_collection: only poses of this collection. NULL means all.
-- among: the name of a table or view with the columns of poses. Only its poses are searched:
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

-- The n poses most similar to the stored pose with this id. Usually that pose itself is first.
--   FROM similar_poses(42)
--   FROM similar_poses(42, 20, parts := ['left_arm', 'head'], mirror := false, in_collection := 'women')
-- parts: only these parts of the body, from the view body_parts. The other arguments are those of nearest_poses.
CREATE OR REPLACE MACRO similar_poses(
    id, n := 10, mirror := true, turn := false, parts := NULL, min_shared := 6, among := 'poses', in_collection := NULL
) AS TABLE
    FROM nearest_poses(
        (SELECT p.vector FROM (SELECT {'id': id}) AS bound(argument) JOIN poses AS p ON p.pose_id = argument.id),
        (SELECT parts_weight(p.mask, argument.parts)
         FROM (SELECT {'id': id, 'parts': parts}) AS bound(argument) JOIN poses AS p ON p.pose_id = argument.id),
        n, mirror := mirror, turn := turn, min_shared := min_shared, among := among, in_collection := in_collection);

-- The same for world coordinates. The direction from which the person is seen is ignored. There are no rows if the pose has no
-- world coordinates. among: the name of a table or view with the columns of world_poses.
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

-- The correlation of two poses from sums over the joints that both have: their number n, and seven sums of coordinates and of
-- products. All joints have the same weight.
CREATE OR REPLACE MACRO correlation_of_sums(n, ab, ax, ay, bx, b_y, aa, bb) AS
    (ab - (ax * bx + ay * b_y) / n) / sqrt(spread_or_null(aa - (ax * ax + ay * ay) / n) * spread_or_null(bb - (bx * bx + b_y * b_y) / n));
CREATE OR REPLACE MACRO pair_correlation(a, a_mask, a_squares, b, b_mask, b_squares) AS correlation_of_sums(
    nullif(array_inner_product(a_mask, b_mask), 0)::DOUBLE, array_inner_product(a, b)::DOUBLE,
    array_inner_product(a[1:14]::FLOAT[14], b_mask)::DOUBLE, array_inner_product(a[15:28]::FLOAT[14], b_mask)::DOUBLE,
    array_inner_product(b[1:14]::FLOAT[14], a_mask)::DOUBLE, array_inner_product(b[15:28]::FLOAT[14], a_mask)::DOUBLE,
    array_inner_product(a_squares, b_mask)::DOUBLE, array_inner_product(b_squares, a_mask)::DOUBLE);

-- The similarity of two poses. NULL if they share fewer than 6 body joints, and also fewer than `fewest`.
-- fewest: number of joints of the query. For the same similarity in both directions, that of the pose with fewer joints.
-- of_joints: number of joints of the query. For the same similarity in both directions, that of the pose with more joints.
CREATE OR REPLACE MACRO pair_similarity(a, a_mask, a_squares, b, b_mask, b_squares, fewest, of_joints) AS
    CASE WHEN array_inner_product(a_mask, b_mask) >= least(6, fewest)
    THEN penalized(pair_correlation(a, a_mask, a_squares, b, b_mask, b_squares), array_inner_product(a_mask, b_mask)::DOUBLE / of_joints)
    END;

-- The similarity of two stored poses. It is the same in both directions. Joints that only one pose has lower the similarity.
--   SELECT pose_similarity(42, 43)
-- NULL if the poses share fewer than 6 body joints, unless one of them shares all of its joints.
-- mirror: whether one pose may be mirrored if that makes them more similar.
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

-- How much each joint of a query, which is a stored pose, adds to its distance from another stored pose. The contributions sum to
-- 1 - similarity, with the similarity of similar_poses(query_id).
--   FROM pose_differences(42, 43) ORDER BY contribution DESC
-- mirrored: whether the query is mirrored. The joints are named as in the query that is not mirrored.
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

-- A number that orders ids as if at random, and always in the same way.
CREATE OR REPLACE MACRO hash_id(id) AS (id::UBIGINT * 2654435761) % 4294967296;  -- Knuth's multiplicative hash
-- The similarities of random pairs: all pairs of 200 random poses of the database. Of the plain and the mirrored pair, the more
-- similar counts.
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
-- The percentile of a similarity: the percentage of random pairs that are at most as similar. NaN if the database has no pairs.
-- It also answers if there are fewer than 30 poses, for which posesearch's own commands give no percentile.
--   SELECT rank, similarity, closer_than(similarity) AS percentile FROM similar_poses(42)
CREATE OR REPLACE MACRO closer_than(value) AS (
    SELECT 100.0 * count(*) FILTER (pair.similarity <= argument.value + 1e-6) / count(pair.similarity)
    FROM (SELECT {'value': value}) AS bound(argument), random_similarities() AS pair
);
