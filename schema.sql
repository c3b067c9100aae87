-- posesearch's database: what is in it, in which units, and when a value is NULL.
--
-- Open it with the duckdb shell (`duckdb poses.duckdb`) and write SQL. The views at the end (keypoints,
-- labelled_poses) and the macros (similar_poses, pose_similarity) are the comfortable way in; docs/sql.md has examples.
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

-- A row for each photo that an ingest looked at, once per collection.
CREATE SEQUENCE snapshot_ids;
CREATE TABLE snapshots (
    snapshot_id INTEGER PRIMARY KEY DEFAULT nextval('snapshot_ids'),
    source      VARCHAR NOT NULL,  -- absolute path or http(s) address at the time of the ingest
    sha256      VARCHAR,           -- of the file's bytes; NULL where it could not be read
    width       INTEGER,           -- pixels of the upright photo; NULL where it could not be decoded
    height      INTEGER,
    collection  VARCHAR NOT NULL,
    status      VARCHAR NOT NULL CHECK (status IN ('ingested', 'rejected')),
    reason      VARCHAR,           -- why it was rejected, one word ('no_person', 'truncated', ...); NULL where ingested
    message     VARCHAR,           -- the same as a sentence; NULL where ingested
    settings    VARCHAR NOT NULL,  -- JSON: the rule that took or rejected it {"estimator", "strict", "min_joints"}, and
                                   -- "files", SHA-256 by name, where it was made with networks of the user's
    ingested_at TIMESTAMP NOT NULL DEFAULT make_timestamp(epoch_us(now()))  -- UTC
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
    squares     FLOAT[14] NOT NULL    -- x^2 + y^2 of the vector, per joint
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
    l.clustering_id, l.cluster, l.distance
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id)
LEFT JOIN (
    SELECT pose_id, max(clustering_id) AS clustering_id,
           arg_max(cluster, clustering_id) AS cluster, arg_max(distance, clustering_id) AS distance
    FROM labels WHERE clustering_id IN (SELECT clustering_id FROM current_clusterings)
    GROUP BY pose_id
) AS l USING (pose_id);

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

-- Similarity, -1 to 1: the weighted Pearson correlation of the coordinates of the joints that both poses have, which is what is
-- left after the best move and scale. For two complete poses it is the inner product of their vectors.
--
-- Each macro below takes the query as one struct, made once by pose_query; every sum over the shared joints is then an inner
-- product of a stored array with a constant of the query.

-- vector: FLOAT[28], 0 where missing. weight: FLOAT[14], 0 where the joint is missing or does not count.
CREATE OR REPLACE MACRO pose_query(q_vector, q_weight) AS {
    'w':   q_weight::FLOAT[14],
    'has': list_transform(q_weight::FLOAT[], lambda w: (w > 0)::INTEGER)::FLOAT[14],
    'wx':  list_concat(q_weight::FLOAT[], repeat([0], 14))::FLOAT[28],
    'wy':  list_concat(repeat([0], 14), q_weight::FLOAT[])::FLOAT[28],
    'wv':  list_transform(range(1, 29), lambda i: q_vector[i] * q_weight[(i - 1) % 14 + 1])::FLOAT[28],
    'wbx': list_transform(range(1, 15), lambda i: q_vector[i] * q_weight[i])::FLOAT[14],
    'wby': list_transform(range(1, 15), lambda i: q_vector[i + 14] * q_weight[i])::FLOAT[14],
    'wbb': list_transform(range(1, 15), lambda i: q_weight[i] * (q_vector[i] ** 2 + q_vector[i + 14] ** 2))::FLOAT[14]
};

-- How many body joints a stored pose shares with the query.
CREATE OR REPLACE MACRO shared_joints(mask, q) AS array_inner_product(mask, q.has)::INTEGER;

-- From the eight sums over the shared joints, named after the weight w, the stored pose a and the query b.
CREATE OR REPLACE MACRO correlation_of_sums(n, ab, ax, ay, bx, b_y, aa, bb) AS
    CASE WHEN n > 0 AND aa - (ax * ax + ay * ay) / n > 1e-3 AND bb - (bx * bx + b_y * b_y) / n > 1e-3
    THEN greatest(-1.0, least(1.0,
        (ab - (ax * bx + ay * b_y) / n)
        / sqrt((aa - (ax * ax + ay * ay) / n) * (bb - (bx * bx + b_y * b_y) / n))))
    END;

-- Similarity of a stored pose and the query; NULL where the shared joints lie on one point.
CREATE OR REPLACE MACRO pose_correlation(vector, mask, squares, q) AS correlation_of_sums(
    array_inner_product(mask, q.w)::DOUBLE,
    array_inner_product(vector, q.wv)::DOUBLE,
    array_inner_product(vector, q.wx)::DOUBLE,
    array_inner_product(vector, q.wy)::DOUBLE,
    array_inner_product(mask, q.wbx)::DOUBLE,
    array_inner_product(mask, q.wby)::DOUBLE,
    array_inner_product(squares, q.w)::DOUBLE,
    array_inner_product(mask, q.wbb)::DOUBLE
);

-- Whether enough is shared to compare: 80% of the body joints that the query has and at least 8, or all where it has fewer.
-- A few joints fit anything: asked for a whole body, a passer-by of whom only the trunk shows would answer first.
CREATE OR REPLACE MACRO enough_shared(mask, q) AS
    shared_joints(mask, q) >= least(list_sum(q.has::FLOAT[]), greatest(8, 0.8 * list_sum(q.has::FLOAT[])));

-- The n poses most similar to a query, best first, among those that share enough body joints with it.
--   FROM nearest_poses([...28 numbers...], [...14 weights...], 10)
--   FROM nearest_poses([...], [...], 10, in_collection := 'women')
CREATE OR REPLACE MACRO nearest_poses(q_vector, q_weight, n, in_collection := NULL) AS TABLE
    SELECT rank, pose_id, snapshot_id, source, collection, similarity, found.shared_joints, cluster
    FROM (
        SELECT row_number() OVER (ORDER BY similarity DESC, pose_id) AS rank, *
        FROM (
            SELECT p.pose_id, pose_correlation(p.vector, p.mask, p.squares, query.q) AS similarity,
                   shared_joints(p.mask, query.q) AS shared_joints
            FROM poses AS p, (SELECT pose_query(v, w) AS q
                                   FROM (SELECT q_vector AS v, q_weight AS w) WHERE v IS NOT NULL) AS query
            WHERE enough_shared(p.mask, query.q)
              AND (in_collection IS NULL OR p.snapshot_id IN (
                  SELECT snapshot_id FROM snapshots WHERE collection = in_collection))
        )
        WHERE similarity IS NOT NULL
        ORDER BY similarity DESC, pose_id
        LIMIT n
    ) AS found
    JOIN labelled_poses USING (pose_id)
    ORDER BY rank;

-- The n poses most similar to a stored one, itself first:  FROM similar_poses(42, 10)
CREATE OR REPLACE MACRO similar_poses(id, n := 10, in_collection := NULL) AS TABLE
    FROM nearest_poses((SELECT vector FROM poses WHERE pose_id = id), (SELECT mask FROM poses WHERE pose_id = id),
                       n, in_collection := in_collection);

-- The similarity of two stored poses:  SELECT pose_similarity(42, 43)
-- NULL where they share fewer than 8 body joints and one has others; both ways the same, which enough_shared is not.
CREATE OR REPLACE MACRO pose_similarity(a, b) AS (
    SELECT pose_correlation(pa.vector, pa.mask, pa.squares, pose_query(pb.vector, pb.mask))
    FROM poses AS pa, poses AS pb
    WHERE pa.pose_id = a AND pb.pose_id = b AND array_inner_product(pa.mask, pb.mask) >= least(8, pa.body_joints, pb.body_joints)
);
