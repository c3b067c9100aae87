-- The tables, views and macros of a posesearch database. The comments give units, and say when a value is NULL. The database has
-- them too, as comments of its tables, columns, views and macros.
--
-- Open the database in the duckdb shell (`duckdb poses.duckdb`). Start with the views labelled_poses, skeletons and angles, and
-- with the macro similar_poses. They come after the tables. docs/sql.md has examples, and docs/search.md has the formulas.
--
-- Keypoints (poses.x, y, joint_score) are stored as the estimator found them. Vectors, labels and centroids are computed from
-- them, and can be computed again without the photos.
--
-- Tables refer to each other by columns whose names end in _id. There are no declared foreign keys. DuckDB updates a row by
-- deleting and inserting it, and a foreign key would forbid that.

-- A row per fact about the whole database.
CREATE TABLE about (
    key   VARCHAR PRIMARY KEY,  -- name of the fact: 'schema_version', 'estimator', 'model_files'
    value VARCHAR NOT NULL      -- schema_version: a whole number.
                                -- estimator: its name. The first ingest sets it, and `reestimate` can change it. Poses of
                                -- different estimators are hardly comparable.
                                -- model_files: JSON, for each of the user's own network files: name of the network, path,
                                -- SHA-256 and signature. {} if there are none
);

-- A row per joint. Every FLOAT[18] column has one element per joint, in this order (COCO-18). The first 14 are the body joints.
-- Every FLOAT[14] column has one element per body joint, in the same order.
CREATE TABLE joints (
    position UTINYINT PRIMARY KEY,     -- place of the joint in the arrays. It counts from 1, as DuckDB does
    joint    VARCHAR NOT NULL UNIQUE,  -- name of the joint
    opposite UTINYINT NOT NULL         -- position of the same joint on the other side of the body, or its own if it has no side
);
INSERT INTO joints VALUES
    (1, 'nose', 1), (2, 'neck', 2),
    (3, 'right_shoulder', 6), (4, 'right_elbow', 7), (5, 'right_wrist', 8),
    (6, 'left_shoulder', 3), (7, 'left_elbow', 4), (8, 'left_wrist', 5),
    (9, 'right_hip', 12), (10, 'right_knee', 13), (11, 'right_ankle', 14),
    (12, 'left_hip', 9), (13, 'left_knee', 10), (14, 'left_ankle', 11),
    (15, 'right_eye', 16), (16, 'left_eye', 15), (17, 'right_ear', 18), (18, 'left_ear', 17);

-- A row per part of the body and joint in it. `--parts` and `parts :=` accept the names of the parts. Each of the 14 body joints
-- is also a part of its own.
CREATE TABLE body_parts (
    part  VARCHAR NOT NULL,  -- name of the part
    joint VARCHAR NOT NULL,  -- name of a joint of the part
    PRIMARY KEY (part, joint)
);
INSERT INTO body_parts
SELECT part, unnest(joints) AS joint
FROM (VALUES
    ('head', ['nose']),
    ('torso', ['neck', 'right_shoulder', 'left_shoulder', 'right_hip', 'left_hip']),
    ('right_arm', ['right_shoulder', 'right_elbow', 'right_wrist']),
    ('left_arm', ['left_shoulder', 'left_elbow', 'left_wrist']),
    ('arms', ['right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder', 'left_elbow', 'left_wrist']),
    ('right_leg', ['right_hip', 'right_knee', 'right_ankle']),
    ('left_leg', ['left_hip', 'left_knee', 'left_ankle']),
    ('legs', ['right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle']),
    ('upper', ['nose', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder', 'left_elbow', 'left_wrist']),
    ('lower', ['right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle'])
) AS named(part, joints)
UNION ALL SELECT joint, joint FROM joints WHERE position <= 14;

-- A row per photo and collection. The same bytes are one photo, even if they have several sources.
CREATE SEQUENCE snapshot_ids;
CREATE TABLE snapshots (
    snapshot_id BIGINT PRIMARY KEY DEFAULT nextval('snapshot_ids'),  -- id of the snapshot. It stays the same
    source      VARCHAR NOT NULL,  -- absolute path or http(s) URL: one of the photo's sources. If any of them exists, this one does
    sha256      VARCHAR,           -- SHA-256 of the photo's bytes, in hexadecimal digits. NULL if the photo could not be read
    width       INTEGER,           -- pixels of the upright photo. NULL if it could not be decoded, or is not known
    height      INTEGER,           -- pixels of the upright photo. NULL in the same cases
    collection  VARCHAR NOT NULL,  -- name of the collection
    status      VARCHAR NOT NULL CHECK (status IN ('ingested', 'rejected')),  -- whether the photo has poses
    reason      VARCHAR,           -- why the photo was rejected, as a code ('no_person', 'truncated', ...). NULL if ingested
    message     VARCHAR,           -- why the photo was rejected, as a sentence. NULL if ingested
    settings    VARCHAR NOT NULL,  -- JSON: the rule that accepted or rejected the photo. It has "estimator", "strict" and
                                   -- "min_joints". After `ingest --gps`, "gps" is true. With the user's own network files,
                                   -- "files" has the SHA-256 of each by the name of its network
    -- Difference hash of the photo, scaled down and in grey: whether each of 8 x 8 pixels is darker than its right neighbour. The
    -- hashes of photos that look alike differ in few bits. NULL if the photo could not be decoded, or was ingested by an early
    -- version.
    dhash       UBIGINT,
    -- The photo scaled down to 32 x 32 pixels in grey, a byte each, row by row from the top left. Searches and `duplicates`
    -- recognize near-duplicates by it. NULL if the photo could not be decoded, or was ingested by an earlier version.
    thumbnail   BLOB,
    -- The next four columns are from the photo's EXIF data. Each is NULL if the EXIF data does not have it.
    taken_at    TIMESTAMP,         -- when the photo was taken, by the camera's own clock, without a time zone
    camera      VARCHAR,           -- make and model of the camera
    latitude    DOUBLE,            -- where the photo was taken: degrees, positive to the north. NULL without `ingest --gps`
    longitude   DOUBLE,            -- where the photo was taken: degrees, positive to the east. NULL without `ingest --gps`
    ingested_at TIMESTAMP NOT NULL DEFAULT make_timestamp(epoch_us(now())),  -- UTC: when the row was written
    missing_since TIMESTAMP        -- UTC: when an ingest first found that none of the sources exists. NULL if one exists
);

-- A row per attribute of a snapshot: a further column of a list that names the photo. The view snapshot_attributes has a column per
-- attribute.
CREATE TABLE attributes (
    snapshot_id BIGINT NOT NULL,   -- the snapshot
    name        VARCHAR NOT NULL,  -- name of the attribute
    value       VARCHAR,           -- its value as text. NULL if the cell of the list is empty
    list        VARCHAR,           -- absolute path of the list that was ingested last. NULL if the attribute is not from a list
    PRIMARY KEY (snapshot_id, name)
);

-- A row per photo that `forget` removed. An ingest leaves out photos with the same bytes, except with --again.
CREATE TABLE forgotten (
    sha256       VARCHAR NOT NULL,  -- SHA-256 of the photo's bytes, in hexadecimal digits
    collection   VARCHAR,           -- the collection from which the photo was removed. NULL means all
    forgotten_at TIMESTAMP NOT NULL DEFAULT make_timestamp(epoch_us(now()))  -- UTC: when it was removed
);

-- A row per path or URL at which a photo is or was. Two copies of a photo are one snapshot with two sources. An ingest
-- compares the size and modification time of each file with this table, to decide which files it must read.
CREATE TABLE sources (
    source        VARCHAR NOT NULL,  -- absolute path or http(s) URL, unique in its collection
    collection    VARCHAR NOT NULL,  -- name of the collection
    snapshot_id   BIGINT NOT NULL,   -- the snapshot of the photo
    bytes         BIGINT,            -- size of the photo. NULL if it could not be read, or was last read by an early version
    modified_ns   BIGINT,            -- modification time of the file, nanoseconds since 1970 (UTC). NULL in the same cases, and
                                     -- for a URL. Also NULL if the file was just written, and for a time in the future, before
                                     -- 1677 or after 2262
    etag          VARCHAR,           -- the header ETag of the server, to ask later whether the photo has changed. NULL for a file,
                                     -- if the server did not send it, and for an incomplete photo
    last_modified VARCHAR,           -- the header Last-Modified of the server. NULL in the same cases
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
    pose_id     BIGINT PRIMARY KEY DEFAULT nextval('pose_ids'),  -- id of the pose. A new estimation gives a new id
    snapshot_id BIGINT NOT NULL,      -- the snapshot that shows the person
    person      USMALLINT NOT NULL,   -- which person of the snapshot. 1 is the most prominent
    box_x       FLOAT NOT NULL,       -- left edge of the box around the person, in pixels
    box_y       FLOAT NOT NULL,       -- top edge of the box, in pixels
    box_width   FLOAT NOT NULL,       -- width of the box, in pixels
    box_height  FLOAT NOT NULL,       -- height of the box, in pixels
    prominence  FLOAT,                -- height of the box divided by the height of the photo. NULL if that height is not known
    score       FLOAT NOT NULL,       -- the estimator's own score of the person. A higher score is more certain
    estimator   VARCHAR NOT NULL,     -- name of the estimator
    settings    VARCHAR NOT NULL,     -- JSON: version and settings of the estimator
    body_joints UTINYINT NOT NULL,    -- number of body joints found. 14 is a complete pose
    -- The keypoints as the estimator found them, in pixels of the upright photo.
    x           FLOAT[18] NOT NULL,   -- pixels to the right. The element of a missing joint is NULL
    y           FLOAT[18] NOT NULL,   -- pixels down. The element of a missing joint is NULL
    joint_score FLOAT[18] NOT NULL,   -- 0 to 1: how certain the estimator is of each joint. 0 for a missing joint
    -- World coordinates, in metres from the middle of the hips. The element of a missing joint is NULL. The whole column is NULL if
    -- the estimator gives no world coordinates. Only the BlazePose estimators give them.
    world_x     FLOAT[18],            -- metres to the right in the photo. NULL without world coordinates
    world_y     FLOAT[18],            -- metres down in the photo. NULL without world coordinates
    world_z     FLOAT[18],            -- metres away from the camera. NULL without world coordinates
    -- Computed from x and y: the "body" normalization of the body joints, x0..x13, y0..y13, without a unit. The origin is the
    -- centroid of the joints found, and the coordinates are divided by their Frobenius norm. The element of a missing joint is 0,
    -- never NULL, because inner products accept no NULL. The mask says which joints are missing.
    vector      FLOAT[28] NOT NULL,
    mask        FLOAT[14] NOT NULL,   -- 1 for a body joint that was found, 0 for a missing one
    squares     FLOAT[14] NOT NULL,   -- x^2 + y^2 of the vector, per joint
    joint_set   USMALLINT NOT NULL,   -- the mask as bits: 1 for the nose, 2 for the neck, 4 for the next joint, ... 16383 is a
                                      -- complete pose
    -- Computed from x, y and world_z, and normalized like vector: x0..x13, y0..y13, z0..z13. x and z are relative to the joint
    -- before it on the body: those of the wrist are those of the forearm. y is multiplied by 3.5 and z by 0.8, because height is
    -- the most reliable and depth the least. NULL without world coordinates.
    world_vector  FLOAT[42],
    world_squares FLOAT[14],          -- x^2 + y^2 + z^2 of world_vector, per joint. NULL in the same case
    -- How clearly each trait holds, computed from the joints: ten times its distance from the threshold in margins, without the digits
    -- after the point. A trait holds from 10 on, does not hold up to -10, and can't be told in between. docs/traits.md has the rules.
    -- The view pose_traits has the facts. NULL only in rows that posesearch did not write.
    clearness   STRUCT(
        left_hand_raised TINYINT, right_hand_raised TINYINT, left_hand_above_head TINYINT, right_hand_above_head TINYINT,
        left_hand_at_face TINYINT, right_hand_at_face TINYINT, left_hand_on_hip TINYINT, right_hand_on_hip TINYINT,
        left_hand_in_front TINYINT, right_hand_in_front TINYINT, left_hand_behind TINYINT, right_hand_behind TINYINT,
        left_arm_straight TINYINT, right_arm_straight TINYINT, left_arm_bent TINYINT, right_arm_bent TINYINT,
        left_arm_horizontal TINYINT, right_arm_horizontal TINYINT, left_arm_hanging TINYINT, right_arm_hanging TINYINT,
        arms_crossed TINYINT, hands_together TINYINT, arms_spread TINYINT, left_leg_straight TINYINT, right_leg_straight
        TINYINT, left_knee_bent TINYINT, right_knee_bent TINYINT, left_leg_raised TINYINT, right_leg_raised TINYINT,
        one_leg_raised TINYINT, legs_crossed TINYINT, feet_apart TINYINT, feet_together TINYINT, stride TINYINT, lunge TINYINT,
        squat TINYINT, kneeling TINYINT, sitting TINYINT, standing TINYINT, standing_on_left_leg TINYINT, standing_on_right_leg
        TINYINT, standing_on_one_leg TINYINT, trunk_upright TINYINT, leaning_left TINYINT, leaning_right TINYINT, bent_over
        TINYINT, lying TINYINT, upside_down TINYINT, facing_front TINYINT, facing_back TINYINT, facing_left TINYINT,
        facing_right TINYINT, weight_on_left_leg TINYINT, weight_on_right_leg TINYINT, head_turned_left TINYINT,
        head_turned_right TINYINT, head_tilted_left TINYINT, head_tilted_right TINYINT, symmetrical TINYINT
    )
);

-- A row per k-means run. Earlier runs are kept. The view current_clusterings has those from which collections take their labels.
CREATE SEQUENCE clustering_ids;
CREATE TABLE clusterings (
    clustering_id BIGINT PRIMARY KEY DEFAULT nextval('clustering_ids'),  -- id of the clustering. A higher one is newer
    collection    VARCHAR,           -- the collection that was clustered. NULL means all poses
    normalization VARCHAR NOT NULL CHECK (normalization IN ('body', 'max')),  -- of the vectors that were clustered
    k             USMALLINT NOT NULL,  -- number of clusters
    chosen_by     VARCHAR NOT NULL CHECK (chosen_by IN ('user', 'elbow')),  -- who chose k: the user, or the elbow of the curve
    seed          INTEGER NOT NULL,  -- seed of the random starts
    complete      INTEGER NOT NULL,  -- number of complete poses. K-means grouped these
    partial       INTEGER NOT NULL,  -- number of partial poses. They got the label of their nearest centroid afterwards
    inertia       DOUBLE NOT NULL,   -- sum of the squared distances of complete poses to their centroids
    name          VARCHAR,           -- the user's name of the clustering, unique. NULL if it has none
    created_at    TIMESTAMP NOT NULL DEFAULT make_timestamp(epoch_us(now()))  -- UTC: when it was stored
);

-- A row per collection for which the user has chosen a clustering. A new clustering of the collection removes the row. The view
-- collection_clusterings has the clusterings of all collections.
CREATE TABLE chosen_clusterings (
    collection    VARCHAR PRIMARY KEY,  -- name of the collection
    clustering_id BIGINT NOT NULL       -- the clustering from which its labels come
);

-- A row per cluster of a clustering.
CREATE TABLE centroids (
    clustering_id  BIGINT NOT NULL,     -- the clustering
    cluster        USMALLINT NOT NULL,  -- number of the cluster, from 0, the largest cluster first
    vector         FLOAT[28] NOT NULL,  -- mean of the cluster's complete poses, in the clustering's normalization: x0..x13, y0..y13
    size           INTEGER NOT NULL,    -- number of poses with this label when the clustering was stored, partial ones too
    medoid_pose_id BIGINT NOT NULL,     -- the complete pose nearest to the centroid at that time. It may have been removed since
    PRIMARY KEY (clustering_id, cluster)
);

-- A row per pose of a clustering.
CREATE TABLE labels (
    clustering_id BIGINT NOT NULL,     -- the clustering
    pose_id       BIGINT NOT NULL,     -- the pose
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
    clustering_id BIGINT NOT NULL,   -- the clustering
    k             USMALLINT NOT NULL,  -- a number of clusters that was tried
    inertia       DOUBLE NOT NULL,   -- sum of the squared distances with this k, as in clusterings
    PRIMARY KEY (clustering_id, k)
);

-- Views and macros. They have no data. A later posesearch replaces them when it next opens the database.

-- A row per collection that has a clustering, with the one from which its labels come. It is the one that the user chose by
-- `posesearch clusterings use`, otherwise the newest of this collection, otherwise the newest of all poses.
CREATE OR REPLACE VIEW collection_clusterings AS
SELECT
    known.collection,
    coalesce(
        max(CASE WHEN c.clustering_id = chosen.clustering_id THEN c.clustering_id END),
        max(CASE WHEN c.collection IS NOT NULL THEN c.clustering_id END),
        max(c.clustering_id)
    ) AS clustering_id
FROM (SELECT DISTINCT collection FROM snapshots) AS known
JOIN clusterings AS c ON c.collection IS NULL OR c.collection = known.collection
LEFT JOIN chosen_clusterings AS chosen ON chosen.collection = known.collection
GROUP BY known.collection;

-- A row per clustering from which a collection takes its labels.
CREATE OR REPLACE VIEW current_clusterings AS
SELECT
    clustering_id,
    collection,  -- the collection that was clustered. NULL means all poses
    normalization, k, chosen_by, seed, complete, partial, inertia, created_at, name
FROM clusterings
WHERE clustering_id IN (SELECT clustering_id FROM collection_clusterings);

-- A row per pose, with its source and its label in the clustering from which its collection takes its labels. clustering_id,
-- cluster and distance are NULL if there is no such clustering, or if the pose was added after it. `--where` has these columns.
CREATE OR REPLACE VIEW labelled_poses AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection, p.person, p.body_joints, p.score, p.prominence,
    p.box_x, p.box_y, p.box_width, p.box_height, s.width, s.height, p.estimator,
    l.clustering_id, l.cluster, l.distance,
    s.taken_at, s.camera, s.latitude, s.longitude, s.missing_since
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id)
LEFT JOIN collection_clusterings AS used ON used.collection = s.collection
LEFT JOIN labels AS l ON l.clustering_id = used.clustering_id AND l.pose_id = p.pose_id;

-- A row per snapshot that has attributes, with a column per attribute. Its type is BIGINT, DOUBLE, BOOLEAN, DATE or TIMESTAMP if
-- all values of the attribute have it, and otherwise VARCHAR. An ingest that changes attributes writes this view again. Here, it is
-- that of a database without attributes. `--where` has these columns:
--   SELECT source, gender FROM labelled_poses JOIN snapshot_attributes USING (snapshot_id) WHERE age < 30
CREATE OR REPLACE VIEW snapshot_attributes AS
SELECT
    a.snapshot_id
FROM attributes AS a
GROUP BY a.snapshot_id;

-- A row per pose and joint, for all 18 joints. A missing joint has a row too.
CREATE OR REPLACE VIEW keypoints AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection, j.joint,
    p.x[j.position] AS x,  -- pixels of the upright photo, to the right. NULL if the joint is missing
    p.y[j.position] AS y,  -- pixels of the upright photo, down. NULL if the joint is missing
    p.joint_score[j.position] AS score,  -- 0 to 1: how certain the estimator is of the joint. 0 if it is missing
    p.world_x[j.position] AS world_x,  -- metres to the right of the middle of the hips. NULL without world coordinates
    p.world_y[j.position] AS world_y,  -- metres below the middle of the hips. NULL without world coordinates
    p.world_z[j.position] AS world_z,  -- metres behind the middle of the hips. NULL without world coordinates
    -- The elements of poses.vector. NULL if the joint is missing, and for eyes and ears, which are not compared.
    CASE WHEN p.mask[j.position] = 1 THEN p.vector[j.position] END AS nx,  -- element of poses.vector. NULL if missing
    CASE WHEN p.mask[j.position] = 1 THEN p.vector[j.position + 14] END AS ny  -- element of poses.vector. NULL if missing
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id)
CROSS JOIN joints AS j;

-- The poses that have world coordinates, with the column names that the macro similar_views reads.
CREATE OR REPLACE VIEW world_poses AS
SELECT
    pose_id, snapshot_id, joint_set,
    world_vector AS vector,  -- poses.world_vector
    world_squares AS squares  -- poses.world_squares
FROM poses WHERE world_vector IS NOT NULL;

-- The rest is written by docs/schema/make_schema.py, from the files beside it and from the comments above.

-- A row per pose with a struct per joint. The fields of a missing joint are NULL. `--where` has these columns too:
--   SELECT source FROM skeletons WHERE least(left_wrist.y, right_wrist.y) < nose.y
CREATE OR REPLACE VIEW skeletons AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection,
    {'x': p.x[1], 'y': p.y[1], 'score': p.joint_score[1], 'world_x': p.world_x[1], 'world_y': p.world_y[1], 'world_z': p.world_z[1], 'nx': CASE WHEN p.mask[1] = 1 THEN p.vector[1] END, 'ny': CASE WHEN p.mask[1] = 1 THEN p.vector[15] END} AS nose,  -- the nose, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[2], 'y': p.y[2], 'score': p.joint_score[2], 'world_x': p.world_x[2], 'world_y': p.world_y[2], 'world_z': p.world_z[2], 'nx': CASE WHEN p.mask[2] = 1 THEN p.vector[2] END, 'ny': CASE WHEN p.mask[2] = 1 THEN p.vector[16] END} AS neck,  -- the neck, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[3], 'y': p.y[3], 'score': p.joint_score[3], 'world_x': p.world_x[3], 'world_y': p.world_y[3], 'world_z': p.world_z[3], 'nx': CASE WHEN p.mask[3] = 1 THEN p.vector[3] END, 'ny': CASE WHEN p.mask[3] = 1 THEN p.vector[17] END} AS right_shoulder,  -- the right shoulder, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[4], 'y': p.y[4], 'score': p.joint_score[4], 'world_x': p.world_x[4], 'world_y': p.world_y[4], 'world_z': p.world_z[4], 'nx': CASE WHEN p.mask[4] = 1 THEN p.vector[4] END, 'ny': CASE WHEN p.mask[4] = 1 THEN p.vector[18] END} AS right_elbow,  -- the right elbow, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[5], 'y': p.y[5], 'score': p.joint_score[5], 'world_x': p.world_x[5], 'world_y': p.world_y[5], 'world_z': p.world_z[5], 'nx': CASE WHEN p.mask[5] = 1 THEN p.vector[5] END, 'ny': CASE WHEN p.mask[5] = 1 THEN p.vector[19] END} AS right_wrist,  -- the right wrist, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[6], 'y': p.y[6], 'score': p.joint_score[6], 'world_x': p.world_x[6], 'world_y': p.world_y[6], 'world_z': p.world_z[6], 'nx': CASE WHEN p.mask[6] = 1 THEN p.vector[6] END, 'ny': CASE WHEN p.mask[6] = 1 THEN p.vector[20] END} AS left_shoulder,  -- the left shoulder, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[7], 'y': p.y[7], 'score': p.joint_score[7], 'world_x': p.world_x[7], 'world_y': p.world_y[7], 'world_z': p.world_z[7], 'nx': CASE WHEN p.mask[7] = 1 THEN p.vector[7] END, 'ny': CASE WHEN p.mask[7] = 1 THEN p.vector[21] END} AS left_elbow,  -- the left elbow, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[8], 'y': p.y[8], 'score': p.joint_score[8], 'world_x': p.world_x[8], 'world_y': p.world_y[8], 'world_z': p.world_z[8], 'nx': CASE WHEN p.mask[8] = 1 THEN p.vector[8] END, 'ny': CASE WHEN p.mask[8] = 1 THEN p.vector[22] END} AS left_wrist,  -- the left wrist, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[9], 'y': p.y[9], 'score': p.joint_score[9], 'world_x': p.world_x[9], 'world_y': p.world_y[9], 'world_z': p.world_z[9], 'nx': CASE WHEN p.mask[9] = 1 THEN p.vector[9] END, 'ny': CASE WHEN p.mask[9] = 1 THEN p.vector[23] END} AS right_hip,  -- the right hip, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[10], 'y': p.y[10], 'score': p.joint_score[10], 'world_x': p.world_x[10], 'world_y': p.world_y[10], 'world_z': p.world_z[10], 'nx': CASE WHEN p.mask[10] = 1 THEN p.vector[10] END, 'ny': CASE WHEN p.mask[10] = 1 THEN p.vector[24] END} AS right_knee,  -- the right knee, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[11], 'y': p.y[11], 'score': p.joint_score[11], 'world_x': p.world_x[11], 'world_y': p.world_y[11], 'world_z': p.world_z[11], 'nx': CASE WHEN p.mask[11] = 1 THEN p.vector[11] END, 'ny': CASE WHEN p.mask[11] = 1 THEN p.vector[25] END} AS right_ankle,  -- the right ankle, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[12], 'y': p.y[12], 'score': p.joint_score[12], 'world_x': p.world_x[12], 'world_y': p.world_y[12], 'world_z': p.world_z[12], 'nx': CASE WHEN p.mask[12] = 1 THEN p.vector[12] END, 'ny': CASE WHEN p.mask[12] = 1 THEN p.vector[26] END} AS left_hip,  -- the left hip, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[13], 'y': p.y[13], 'score': p.joint_score[13], 'world_x': p.world_x[13], 'world_y': p.world_y[13], 'world_z': p.world_z[13], 'nx': CASE WHEN p.mask[13] = 1 THEN p.vector[13] END, 'ny': CASE WHEN p.mask[13] = 1 THEN p.vector[27] END} AS left_knee,  -- the left knee, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[14], 'y': p.y[14], 'score': p.joint_score[14], 'world_x': p.world_x[14], 'world_y': p.world_y[14], 'world_z': p.world_z[14], 'nx': CASE WHEN p.mask[14] = 1 THEN p.vector[14] END, 'ny': CASE WHEN p.mask[14] = 1 THEN p.vector[28] END} AS left_ankle,  -- the left ankle, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[15], 'y': p.y[15], 'score': p.joint_score[15], 'world_x': p.world_x[15], 'world_y': p.world_y[15], 'world_z': p.world_z[15], 'nx': NULL::FLOAT, 'ny': NULL::FLOAT} AS right_eye,  -- the right eye, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[16], 'y': p.y[16], 'score': p.joint_score[16], 'world_x': p.world_x[16], 'world_y': p.world_y[16], 'world_z': p.world_z[16], 'nx': NULL::FLOAT, 'ny': NULL::FLOAT} AS left_eye,  -- the left eye, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[17], 'y': p.y[17], 'score': p.joint_score[17], 'world_x': p.world_x[17], 'world_y': p.world_y[17], 'world_z': p.world_z[17], 'nx': NULL::FLOAT, 'ny': NULL::FLOAT} AS right_ear,  -- the right ear, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
    {'x': p.x[18], 'y': p.y[18], 'score': p.joint_score[18], 'world_x': p.world_x[18], 'world_y': p.world_y[18], 'world_z': p.world_z[18], 'nx': NULL::FLOAT, 'ny': NULL::FLOAT} AS left_ear  -- the left ear, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id);

-- A row per pose with the angles of its joints in the photo, in degrees from 0 to 180. They are those of the picture, not of the
-- body in space. NULL if a joint is missing. `--where` has them as fields of angles, such as angles.left_elbow:
--   SELECT source FROM angles WHERE left_elbow < 60
CREATE OR REPLACE VIEW angles AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection,
    CASE WHEN (x[6] - x[7]) * (x[8] - x[7]) + (y[6] - y[7]) * (y[8] - y[7]) <> 0 OR (x[6] - x[7]) * (y[8] - y[7]) - (y[6] - y[7]) * (x[8] - x[7]) <> 0 THEN degrees(atan2(abs((x[6] - x[7]) * (y[8] - y[7]) - (y[6] - y[7]) * (x[8] - x[7])), (x[6] - x[7]) * (x[8] - x[7]) + (y[6] - y[7]) * (y[8] - y[7]))) END AS left_elbow,  -- degrees at the left elbow, between shoulder and wrist. 180 is a straight arm. NULL if a joint is missing
    CASE WHEN (x[3] - x[4]) * (x[5] - x[4]) + (y[3] - y[4]) * (y[5] - y[4]) <> 0 OR (x[3] - x[4]) * (y[5] - y[4]) - (y[3] - y[4]) * (x[5] - x[4]) <> 0 THEN degrees(atan2(abs((x[3] - x[4]) * (y[5] - y[4]) - (y[3] - y[4]) * (x[5] - x[4])), (x[3] - x[4]) * (x[5] - x[4]) + (y[3] - y[4]) * (y[5] - y[4]))) END AS right_elbow,  -- degrees at the right elbow, between shoulder and wrist. 180 is a straight arm. NULL if a joint is missing
    CASE WHEN (x[12] - x[13]) * (x[14] - x[13]) + (y[12] - y[13]) * (y[14] - y[13]) <> 0 OR (x[12] - x[13]) * (y[14] - y[13]) - (y[12] - y[13]) * (x[14] - x[13]) <> 0 THEN degrees(atan2(abs((x[12] - x[13]) * (y[14] - y[13]) - (y[12] - y[13]) * (x[14] - x[13])), (x[12] - x[13]) * (x[14] - x[13]) + (y[12] - y[13]) * (y[14] - y[13]))) END AS left_knee,  -- degrees at the left knee, between hip and ankle. 180 is a straight leg. NULL if a joint is missing
    CASE WHEN (x[9] - x[10]) * (x[11] - x[10]) + (y[9] - y[10]) * (y[11] - y[10]) <> 0 OR (x[9] - x[10]) * (y[11] - y[10]) - (y[9] - y[10]) * (x[11] - x[10]) <> 0 THEN degrees(atan2(abs((x[9] - x[10]) * (y[11] - y[10]) - (y[9] - y[10]) * (x[11] - x[10])), (x[9] - x[10]) * (x[11] - x[10]) + (y[9] - y[10]) * (y[11] - y[10]))) END AS right_knee,  -- degrees at the right knee, between hip and ankle. 180 is a straight leg. NULL if a joint is missing
    CASE WHEN (x[6] - x[12]) * (x[13] - x[12]) + (y[6] - y[12]) * (y[13] - y[12]) <> 0 OR (x[6] - x[12]) * (y[13] - y[12]) - (y[6] - y[12]) * (x[13] - x[12]) <> 0 THEN degrees(atan2(abs((x[6] - x[12]) * (y[13] - y[12]) - (y[6] - y[12]) * (x[13] - x[12])), (x[6] - x[12]) * (x[13] - x[12]) + (y[6] - y[12]) * (y[13] - y[12]))) END AS left_hip,  -- degrees at the left hip, between shoulder and knee. 180 is a straight body. NULL if a joint is missing
    CASE WHEN (x[3] - x[9]) * (x[10] - x[9]) + (y[3] - y[9]) * (y[10] - y[9]) <> 0 OR (x[3] - x[9]) * (y[10] - y[9]) - (y[3] - y[9]) * (x[10] - x[9]) <> 0 THEN degrees(atan2(abs((x[3] - x[9]) * (y[10] - y[9]) - (y[3] - y[9]) * (x[10] - x[9])), (x[3] - x[9]) * (x[10] - x[9]) + (y[3] - y[9]) * (y[10] - y[9]))) END AS right_hip,  -- degrees at the right hip, between shoulder and knee. 180 is a straight body. NULL if a joint is missing
    CASE WHEN (x[7] - x[6]) * (x[12] - x[6]) + (y[7] - y[6]) * (y[12] - y[6]) <> 0 OR (x[7] - x[6]) * (y[12] - y[6]) - (y[7] - y[6]) * (x[12] - x[6]) <> 0 THEN degrees(atan2(abs((x[7] - x[6]) * (y[12] - y[6]) - (y[7] - y[6]) * (x[12] - x[6])), (x[7] - x[6]) * (x[12] - x[6]) + (y[7] - y[6]) * (y[12] - y[6]))) END AS left_shoulder,  -- degrees at the left shoulder, between elbow and hip. 0 is an arm along the trunk, 180 an arm above the head. NULL if a joint is missing
    CASE WHEN (x[4] - x[3]) * (x[9] - x[3]) + (y[4] - y[3]) * (y[9] - y[3]) <> 0 OR (x[4] - x[3]) * (y[9] - y[3]) - (y[4] - y[3]) * (x[9] - x[3]) <> 0 THEN degrees(atan2(abs((x[4] - x[3]) * (y[9] - y[3]) - (y[4] - y[3]) * (x[9] - x[3])), (x[4] - x[3]) * (x[9] - x[3]) + (y[4] - y[3]) * (y[9] - y[3]))) END AS right_shoulder,  -- degrees at the right shoulder, between elbow and hip. 0 is an arm along the trunk, 180 an arm above the head. NULL if a joint is missing
    CASE WHEN x[2] - (x[12] + x[9]) / 2 <> 0 OR y[2] - (y[12] + y[9]) / 2 <> 0 THEN degrees(atan2(abs(x[2] - (x[12] + x[9]) / 2), -(y[2] - (y[12] + y[9]) / 2))) END AS trunk  -- degrees between the vertical and the line from the hips to the neck. 0 is upright, 180 upside down. NULL if unknown
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id);

-- A row per pose with its traits, which are facts about the pose. A trait is NULL if nobody can tell, for example because a joint is
-- missing. Some need the world coordinates. Left and right are those of the person, unless the comment says otherwise. `--where` has
-- these columns too:
--   SELECT source FROM pose_traits WHERE left_hand_raised AND NOT sitting
--   SELECT source FROM pose_traits WHERE list_contains(traits, 'lunge')
CREATE OR REPLACE VIEW pose_traits AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection,
    CASE WHEN clearness.left_hand_raised >= 10 THEN true WHEN clearness.left_hand_raised <= -10 THEN false END AS left_hand_raised,  -- The left hand is higher than the left shoulder
    CASE WHEN clearness.right_hand_raised >= 10 THEN true WHEN clearness.right_hand_raised <= -10 THEN false END AS right_hand_raised,  -- The right hand is higher than the right shoulder
    CASE WHEN clearness.left_hand_above_head >= 10 THEN true WHEN clearness.left_hand_above_head <= -10 THEN false END AS left_hand_above_head,  -- The left hand is higher than the top of the head
    CASE WHEN clearness.right_hand_above_head >= 10 THEN true WHEN clearness.right_hand_above_head <= -10 THEN false END AS right_hand_above_head,  -- The right hand is higher than the top of the head
    CASE WHEN clearness.left_hand_at_face >= 10 THEN true WHEN clearness.left_hand_at_face <= -10 THEN false END AS left_hand_at_face,  -- The left hand is at the face or the head. It is uncertain
    CASE WHEN clearness.right_hand_at_face >= 10 THEN true WHEN clearness.right_hand_at_face <= -10 THEN false END AS right_hand_at_face,  -- The right hand is at the face or the head. It is uncertain
    CASE WHEN clearness.left_hand_on_hip >= 10 THEN true WHEN clearness.left_hand_on_hip <= -10 THEN false END AS left_hand_on_hip,  -- The left hand is on the hip or the waist, and the elbow points outwards
    CASE WHEN clearness.right_hand_on_hip >= 10 THEN true WHEN clearness.right_hand_on_hip <= -10 THEN false END AS right_hand_on_hip,  -- The right hand is on the hip or the waist, and the elbow points outwards
    CASE WHEN clearness.left_hand_in_front >= 10 THEN true WHEN clearness.left_hand_in_front <= -10 THEN false END AS left_hand_in_front,  -- The left hand is in front of the trunk. It is uncertain
    CASE WHEN clearness.right_hand_in_front >= 10 THEN true WHEN clearness.right_hand_in_front <= -10 THEN false END AS right_hand_in_front,  -- The right hand is in front of the trunk. It is uncertain
    CASE WHEN clearness.left_hand_behind >= 10 THEN true WHEN clearness.left_hand_behind <= -10 THEN false END AS left_hand_behind,  -- The left hand is behind the back. It is uncertain
    CASE WHEN clearness.right_hand_behind >= 10 THEN true WHEN clearness.right_hand_behind <= -10 THEN false END AS right_hand_behind,  -- The right hand is behind the back. It is uncertain
    CASE WHEN clearness.left_arm_straight >= 10 THEN true WHEN clearness.left_arm_straight <= -10 THEN false END AS left_arm_straight,  -- The left elbow is straight
    CASE WHEN clearness.right_arm_straight >= 10 THEN true WHEN clearness.right_arm_straight <= -10 THEN false END AS right_arm_straight,  -- The right elbow is straight
    CASE WHEN clearness.left_arm_bent >= 10 THEN true WHEN clearness.left_arm_bent <= -10 THEN false END AS left_arm_bent,  -- The left elbow is bent by 60 degrees or more
    CASE WHEN clearness.right_arm_bent >= 10 THEN true WHEN clearness.right_arm_bent <= -10 THEN false END AS right_arm_bent,  -- The right elbow is bent by 60 degrees or more
    CASE WHEN clearness.left_arm_horizontal >= 10 THEN true WHEN clearness.left_arm_horizontal <= -10 THEN false END AS left_arm_horizontal,  -- The left arm is stretched out level
    CASE WHEN clearness.right_arm_horizontal >= 10 THEN true WHEN clearness.right_arm_horizontal <= -10 THEN false END AS right_arm_horizontal,  -- The right arm is stretched out level
    CASE WHEN clearness.left_arm_hanging >= 10 THEN true WHEN clearness.left_arm_hanging <= -10 THEN false END AS left_arm_hanging,  -- The left arm hangs down
    CASE WHEN clearness.right_arm_hanging >= 10 THEN true WHEN clearness.right_arm_hanging <= -10 THEN false END AS right_arm_hanging,  -- The right arm hangs down
    CASE WHEN clearness.arms_crossed >= 10 THEN true WHEN clearness.arms_crossed <= -10 THEN false END AS arms_crossed,  -- The forearms are crossed in front of the chest. It is uncertain
    CASE WHEN clearness.hands_together >= 10 THEN true WHEN clearness.hands_together <= -10 THEN false END AS hands_together,  -- The hands touch each other
    CASE WHEN clearness.arms_spread >= 10 THEN true WHEN clearness.arms_spread <= -10 THEN false END AS arms_spread,  -- Both arms are stretched out to their sides
    CASE WHEN clearness.left_leg_straight >= 10 THEN true WHEN clearness.left_leg_straight <= -10 THEN false END AS left_leg_straight,  -- The left knee is straight
    CASE WHEN clearness.right_leg_straight >= 10 THEN true WHEN clearness.right_leg_straight <= -10 THEN false END AS right_leg_straight,  -- The right knee is straight
    CASE WHEN clearness.left_knee_bent >= 10 THEN true WHEN clearness.left_knee_bent <= -10 THEN false END AS left_knee_bent,  -- The left knee is bent by 45 degrees or more
    CASE WHEN clearness.right_knee_bent >= 10 THEN true WHEN clearness.right_knee_bent <= -10 THEN false END AS right_knee_bent,  -- The right knee is bent by 45 degrees or more
    CASE WHEN clearness.left_leg_raised >= 10 THEN true WHEN clearness.left_leg_raised <= -10 THEN false END AS left_leg_raised,  -- The left foot is lifted above the other one. It is uncertain
    CASE WHEN clearness.right_leg_raised >= 10 THEN true WHEN clearness.right_leg_raised <= -10 THEN false END AS right_leg_raised,  -- The right foot is lifted above the other one. It is uncertain
    CASE WHEN clearness.one_leg_raised >= 10 THEN true WHEN clearness.one_leg_raised <= -10 THEN false END AS one_leg_raised,  -- One foot is lifted above the other one
    CASE WHEN clearness.legs_crossed >= 10 THEN true WHEN clearness.legs_crossed <= -10 THEN false END AS legs_crossed,  -- The legs cross each other. It is uncertain
    CASE WHEN clearness.feet_apart >= 10 THEN true WHEN clearness.feet_apart <= -10 THEN false END AS feet_apart,  -- The feet are further apart than the shoulders are wide
    CASE WHEN clearness.feet_together >= 10 THEN true WHEN clearness.feet_together <= -10 THEN false END AS feet_together,  -- The feet touch each other, or nearly do
    CASE WHEN clearness.stride >= 10 THEN true WHEN clearness.stride <= -10 THEN false END AS stride,  -- One foot is before the other, as in a step. It is uncertain
    CASE WHEN clearness.lunge >= 10 THEN true WHEN clearness.lunge <= -10 THEN false END AS lunge,  -- One knee is bent, and the other leg is stretched out, with the feet far apart
    CASE WHEN clearness.squat >= 10 THEN true WHEN clearness.squat <= -10 THEN false END AS squat,  -- Both knees are bent, and the hips are low, above the feet. It is uncertain
    CASE WHEN clearness.kneeling >= 10 THEN true WHEN clearness.kneeling <= -10 THEN false END AS kneeling,  -- A knee is on the ground
    CASE WHEN clearness.sitting >= 10 THEN true WHEN clearness.sitting <= -10 THEN false END AS sitting,  -- The person sits
    CASE WHEN clearness.standing >= 10 THEN true WHEN clearness.standing <= -10 THEN false END AS standing,  -- The person stands or walks
    CASE WHEN clearness.standing_on_left_leg >= 10 THEN true WHEN clearness.standing_on_left_leg <= -10 THEN false END AS standing_on_left_leg,  -- The person stands on the left leg only. It is uncertain
    CASE WHEN clearness.standing_on_right_leg >= 10 THEN true WHEN clearness.standing_on_right_leg <= -10 THEN false END AS standing_on_right_leg,  -- The person stands on the right leg only. It is uncertain
    CASE WHEN clearness.standing_on_one_leg >= 10 THEN true WHEN clearness.standing_on_one_leg <= -10 THEN false END AS standing_on_one_leg,  -- The person stands on one leg only
    CASE WHEN clearness.trunk_upright >= 10 THEN true WHEN clearness.trunk_upright <= -10 THEN false END AS trunk_upright,  -- The trunk is upright
    CASE WHEN clearness.leaning_left >= 10 THEN true WHEN clearness.leaning_left <= -10 THEN false END AS leaning_left,  -- The trunk leans to the left of the picture
    CASE WHEN clearness.leaning_right >= 10 THEN true WHEN clearness.leaning_right <= -10 THEN false END AS leaning_right,  -- The trunk leans to the right of the picture
    CASE WHEN clearness.bent_over >= 10 THEN true WHEN clearness.bent_over <= -10 THEN false END AS bent_over,  -- The person stands and bends over, so that the trunk is level or lower
    CASE WHEN clearness.lying >= 10 THEN true WHEN clearness.lying <= -10 THEN false END AS lying,  -- The person lies
    CASE WHEN clearness.upside_down >= 10 THEN true WHEN clearness.upside_down <= -10 THEN false END AS upside_down,  -- The head is lower than the hips
    CASE WHEN clearness.facing_front >= 10 THEN true WHEN clearness.facing_front <= -10 THEN false END AS facing_front,  -- The front of the trunk faces the camera
    CASE WHEN clearness.facing_back >= 10 THEN true WHEN clearness.facing_back <= -10 THEN false END AS facing_back,  -- The back of the trunk faces the camera. It is uncertain
    CASE WHEN clearness.facing_left >= 10 THEN true WHEN clearness.facing_left <= -10 THEN false END AS facing_left,  -- The front of the trunk faces the left of the picture
    CASE WHEN clearness.facing_right >= 10 THEN true WHEN clearness.facing_right <= -10 THEN false END AS facing_right,  -- The front of the trunk faces the right of the picture
    CASE WHEN clearness.weight_on_left_leg >= 10 THEN true WHEN clearness.weight_on_left_leg <= -10 THEN false END AS weight_on_left_leg,  -- The person stands with the weight on the left leg
    CASE WHEN clearness.weight_on_right_leg >= 10 THEN true WHEN clearness.weight_on_right_leg <= -10 THEN false END AS weight_on_right_leg,  -- The person stands with the weight on the right leg
    CASE WHEN clearness.head_turned_left >= 10 THEN true WHEN clearness.head_turned_left <= -10 THEN false END AS head_turned_left,  -- The face points more to the left of the picture than the trunk. It is uncertain
    CASE WHEN clearness.head_turned_right >= 10 THEN true WHEN clearness.head_turned_right <= -10 THEN false END AS head_turned_right,  -- The face points more to the right of the picture than the trunk. It is uncertain
    CASE WHEN clearness.head_tilted_left >= 10 THEN true WHEN clearness.head_tilted_left <= -10 THEN false END AS head_tilted_left,  -- The head is tilted to the left of the picture. It is uncertain
    CASE WHEN clearness.head_tilted_right >= 10 THEN true WHEN clearness.head_tilted_right <= -10 THEN false END AS head_tilted_right,  -- The head is tilted to the right of the picture. It is uncertain
    CASE WHEN clearness.symmetrical >= 10 THEN true WHEN clearness.symmetrical <= -10 THEN false END AS symmetrical,  -- Left and right mirror each other
    system.main.list_where(
        system.main.list_value('left_hand_raised', 'right_hand_raised', 'left_hand_above_head', 'right_hand_above_head',
        'left_hand_at_face', 'right_hand_at_face', 'left_hand_on_hip', 'right_hand_on_hip', 'left_hand_in_front',
        'right_hand_in_front', 'left_hand_behind', 'right_hand_behind', 'left_arm_straight', 'right_arm_straight',
        'left_arm_bent', 'right_arm_bent', 'left_arm_horizontal', 'right_arm_horizontal', 'left_arm_hanging', 'right_arm_hanging',
        'arms_crossed', 'hands_together', 'arms_spread', 'left_leg_straight', 'right_leg_straight', 'left_knee_bent',
        'right_knee_bent', 'left_leg_raised', 'right_leg_raised', 'one_leg_raised', 'legs_crossed', 'feet_apart', 'feet_together',
        'stride', 'lunge', 'squat', 'kneeling', 'sitting', 'standing', 'standing_on_left_leg', 'standing_on_right_leg',
        'standing_on_one_leg', 'trunk_upright', 'leaning_left', 'leaning_right', 'bent_over', 'lying', 'upside_down',
        'facing_front', 'facing_back', 'facing_left', 'facing_right', 'weight_on_left_leg', 'weight_on_right_leg',
        'head_turned_left', 'head_turned_right', 'head_tilted_left', 'head_tilted_right', 'symmetrical'),
        system.main.list_value(coalesce(clearness.left_hand_raised >= 10, false), coalesce(clearness.right_hand_raised >= 10,
        false), coalesce(clearness.left_hand_above_head >= 10, false), coalesce(clearness.right_hand_above_head >= 10, false),
        coalesce(clearness.left_hand_at_face >= 10, false), coalesce(clearness.right_hand_at_face >= 10, false),
        coalesce(clearness.left_hand_on_hip >= 10, false), coalesce(clearness.right_hand_on_hip >= 10, false),
        coalesce(clearness.left_hand_in_front >= 10, false), coalesce(clearness.right_hand_in_front >= 10, false),
        coalesce(clearness.left_hand_behind >= 10, false), coalesce(clearness.right_hand_behind >= 10, false),
        coalesce(clearness.left_arm_straight >= 10, false), coalesce(clearness.right_arm_straight >= 10, false),
        coalesce(clearness.left_arm_bent >= 10, false), coalesce(clearness.right_arm_bent >= 10, false),
        coalesce(clearness.left_arm_horizontal >= 10, false), coalesce(clearness.right_arm_horizontal >= 10, false),
        coalesce(clearness.left_arm_hanging >= 10, false), coalesce(clearness.right_arm_hanging >= 10, false),
        coalesce(clearness.arms_crossed >= 10, false), coalesce(clearness.hands_together >= 10, false),
        coalesce(clearness.arms_spread >= 10, false), coalesce(clearness.left_leg_straight >= 10, false),
        coalesce(clearness.right_leg_straight >= 10, false), coalesce(clearness.left_knee_bent >= 10, false),
        coalesce(clearness.right_knee_bent >= 10, false), coalesce(clearness.left_leg_raised >= 10, false),
        coalesce(clearness.right_leg_raised >= 10, false), coalesce(clearness.one_leg_raised >= 10, false),
        coalesce(clearness.legs_crossed >= 10, false), coalesce(clearness.feet_apart >= 10, false),
        coalesce(clearness.feet_together >= 10, false), coalesce(clearness.stride >= 10, false), coalesce(clearness.lunge >= 10,
        false), coalesce(clearness.squat >= 10, false), coalesce(clearness.kneeling >= 10, false), coalesce(clearness.sitting >=
        10, false), coalesce(clearness.standing >= 10, false), coalesce(clearness.standing_on_left_leg >= 10, false),
        coalesce(clearness.standing_on_right_leg >= 10, false), coalesce(clearness.standing_on_one_leg >= 10, false),
        coalesce(clearness.trunk_upright >= 10, false), coalesce(clearness.leaning_left >= 10, false),
        coalesce(clearness.leaning_right >= 10, false), coalesce(clearness.bent_over >= 10, false), coalesce(clearness.lying >=
        10, false), coalesce(clearness.upside_down >= 10, false), coalesce(clearness.facing_front >= 10, false),
        coalesce(clearness.facing_back >= 10, false), coalesce(clearness.facing_left >= 10, false),
        coalesce(clearness.facing_right >= 10, false), coalesce(clearness.weight_on_left_leg >= 10, false),
        coalesce(clearness.weight_on_right_leg >= 10, false), coalesce(clearness.head_turned_left >= 10, false),
        coalesce(clearness.head_turned_right >= 10, false), coalesce(clearness.head_tilted_left >= 10, false),
        coalesce(clearness.head_tilted_right >= 10, false), coalesce(clearness.symmetrical >= 10, false))
    ) AS traits  -- the names of the traits that hold, in the order of the columns. Empty if none does
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id);

-- The n poses most similar to the stored pose with this id, best first. Usually that pose itself is first.
--   FROM similar_poses(42)
--   FROM similar_poses(42, 20, parts := ['left_arm', 'head'], mirror := false, in_collection := 'women')
-- mirror: whether mirrored poses match as well. turn: whether rotations in the image plane are ignored.
-- sides: 'any' also finds poses with left and right exchanged: in the arms, in the legs, or everywhere, as from behind. Such a match
-- has that much less similarity that only a clear gain counts. The column exchanged says it. 'same' does not find them.
-- parts: only these parts of the body, from the table body_parts. NULL means the whole body.
-- anchored: whether the parts are compared relative to the torso. The torso is compared too, with less weight, and rotations are
-- ignored.
-- min_shared: number of joints that a pose must share with the query. If the query has fewer, a pose must share all of them.
-- in_collection: only poses of this collection. NULL means all.
-- among: the name of a table or view with the columns of poses. Only its poses are searched:
--   CREATE TEMP VIEW wide AS SELECT p.* FROM poses AS p JOIN snapshots USING (snapshot_id) WHERE width > height
CREATE OR REPLACE MACRO similar_poses(
    id, n := 10, mirror := true, turn := false, parts := NULL, min_shared := 6, among := 'poses', in_collection := NULL, sides := 'any', anchored := false
) AS TABLE
    WITH argument(id, n, mirror, sides, turn, parts, anchored, min_shared, in_collection) AS MATERIALIZED (
        SELECT id::BIGINT, n::BIGINT, mirror::BOOLEAN, sides::VARCHAR, turn::BOOLEAN, parts::VARCHAR[], anchored::BOOLEAN, min_shared::INTEGER, in_collection::VARCHAR
    ), stored AS MATERIALIZED (
        SELECT CASE WHEN p.pose_id IS NULL THEN error('there is no pose ' || argument.id)
               ELSE {'vector': p.vector, 'mask': p.mask} END AS pose
        FROM argument LEFT JOIN poses AS p ON p.pose_id = argument.id
        WHERE argument.id IS NOT NULL
    ), named AS (
        SELECT unnest(string_split(replace(array_to_string(argument.parts, ','), '-', '_'), ',')) AS part
        FROM argument WHERE len(argument.parts) > 0
    ), chosen AS MATERIALIZED (
        SELECT DISTINCT CASE WHEN body_parts.part IS NULL
                        THEN error('there is no part of the body named ' || named.part || '. The table body_parts has all')
                        ELSE body_parts.joint END AS joint
        FROM named LEFT JOIN body_parts USING (part)
    ), compared AS MATERIALIZED (
        SELECT j.position
        FROM joints AS j, argument, (SELECT count(*) AS joints FROM chosen) AS number
        WHERE j.position <= 14 AND (
            number.joints = 0
            OR j.joint IN (SELECT joint FROM chosen)
            OR number.joints < 3 AND j.joint IN (SELECT joint FROM body_parts WHERE part = 'torso'))
          AND CASE WHEN number.joints = 0 AND argument.anchored THEN error('anchored needs parts')::BOOLEAN ELSE true END
    ), joint AS MATERIALIZED (
        SELECT j.position AS i, j.opposite, (CASE WHEN j.position IN (SELECT position FROM compared) THEN stored.pose.mask[j.position] WHEN argument.anchored AND j.position IN (2, 3, 6, 9, 12) THEN 0.25 * stored.pose.mask[j.position] ELSE 0 END)::DOUBLE AS w,
               stored.pose.vector[j.position]::DOUBLE AS u, stored.pose.vector[j.position + 14]::DOUBLE AS v, 0::DOUBLE AS f
        FROM stored, argument, joints AS j WHERE j.position <= 14
    ), centre AS (
        SELECT sum(w) AS total, sum(w * u) / sum(w) AS u, sum(w * v) / sum(w) AS v, sum(w * f) / sum(w) AS f FROM joint
    ), centred AS MATERIALIZED (
        SELECT j.i, j.opposite, j.w, j.w * (j.u - c.u) AS u, j.w * (j.v - c.v) AS v, j.w * (j.f - c.f) AS f,
               j.w * ((j.u - c.u) * (j.u - c.u) + (j.v - c.v) * (j.v - c.v) + (j.f - c.f) * (j.f - c.f)) AS squares
        FROM joint AS j, centre AS c WHERE c.total > 0
    ), place AS MATERIALIZED (
        SELECT v.mirrored, v.exchanged, j.position AS i,
               CASE WHEN v.mirrored <> CASE v.exchanged WHEN 'none' THEN false WHEN 'all' THEN j.position IN (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) WHEN 'arms' THEN j.position IN (3, 4, 5, 6, 7, 8) WHEN 'legs' THEN j.position IN (9, 10, 11, 12, 13, 14) ELSE error('exchanged must be one of ''none'', ''all'', ''arms'', ''legs'', and not ' || coalesce(v.exchanged, 'NULL'))::BOOLEAN END THEN j.opposite ELSE j.position END AS comes_from
        FROM argument, joints AS j, (VALUES (false, 'none'), (false, 'all'), (false, 'arms'), (false, 'legs'), (true, 'none'), (true, 'all'), (true, 'arms'), (true, 'legs')) AS v(mirrored, exchanged)
        WHERE j.position <= 14 AND (argument.mirror OR NOT v.mirrored)
          AND CASE argument.sides WHEN 'any' THEN true WHEN 'same' THEN v.exchanged = 'none'
              ELSE error('sides must be ''any'' or ''same'', not ' || coalesce(argument.sides, 'NULL'))::BOOLEAN END
    ), moved AS MATERIALIZED (
        SELECT p.mirrored, p.exchanged, p.i, c.w, CASE WHEN p.mirrored THEN -c.u ELSE c.u END AS u, c.v, c.f, c.squares
        FROM place AS p JOIN centred AS c ON c.i = p.comes_from
    ), query AS MATERIALIZED (
        SELECT mirrored, exchanged, sum(w) AS total, count(*) FILTER (w > 0) AS joints,
               list(w ORDER BY i)::FLOAT[14] AS weight,
               (list(w ORDER BY i) || list(0.0 ORDER BY i))::FLOAT[28] AS ones_u,
               (list(0.0 ORDER BY i) || list(w ORDER BY i))::FLOAT[28] AS ones_v,
               (list(u ORDER BY i) || list(v ORDER BY i))::FLOAT[28] AS along,
               (list(v ORDER BY i) || list(-u ORDER BY i))::FLOAT[28] AS across
        FROM moved GROUP BY mirrored, exchanged
    ), shared AS MATERIALIZED (
        SELECT q.mirrored, q.exchanged, s.joint_set, count(*) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0) AS joints,
               coalesce(sum(q.w) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS n, coalesce(sum(q.u) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS u, coalesce(sum(q.v) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS v, coalesce(sum(q.f) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS f, coalesce(sum(q.squares) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS squares
        FROM (SELECT DISTINCT joint_set FROM query_table(among)) AS s, (FROM moved WHERE w > 0) AS q
        GROUP BY q.mirrored, q.exchanged, s.joint_set
    ), multiplied_plain AS (
        SELECT p.pose_id, p.snapshot_id, p.joint_set, q.mirrored, q.exchanged, q.total, q.joints,
               array_inner_product(p.vector, q.ones_u)::DOUBLE AS ones_u,
               array_inner_product(p.vector, q.ones_v)::DOUBLE AS ones_v,
               array_inner_product(p.vector, q.along)::DOUBLE AS along,
               CASE WHEN (argument.turn OR argument.anchored) THEN array_inner_product(p.vector, q.across)::DOUBLE END AS across,
               array_inner_product(p.squares, q.weight)::DOUBLE AS weight
        FROM query_table(among) AS p, query AS q, argument
        WHERE q.exchanged = 'none' AND p.snapshot_id IN (
            SELECT s.snapshot_id FROM snapshots AS s, argument AS a
            WHERE a.in_collection IS NULL OR s.collection = a.in_collection)
    ), correlated_plain AS (
        SELECT m.pose_id, m.snapshot_id, m.mirrored, m.exchanged, s.joints AS shared_joints, s.n / m.total AS share,
               CASE WHEN s.joints >= least(argument.min_shared, m.joints)
               THEN (CASE WHEN (argument.turn OR argument.anchored) THEN sqrt(((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) * ((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) + ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n)) * ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n))) ELSE (m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n) END) / sqrt((CASE WHEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n > 0.001 THEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n END) * (CASE WHEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v)) / s.n > 0.001 THEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v)) / s.n END)) END AS correlation
        FROM multiplied_plain AS m
        JOIN shared AS s ON s.joint_set = m.joint_set AND s.mirrored = m.mirrored AND s.exchanged = m.exchanged, argument
    ), plain AS MATERIALIZED (
        SELECT pose_id, snapshot_id, mirrored, exchanged, shared_joints::INTEGER AS shared_joints,
               CASE WHEN isfinite(correlation) THEN greatest(-1, least(1, 1 - ((1 - correlation) * share + (1 - share) * greatest(0.1, 2.0 * (1 - correlation))))) END AS similarity
        FROM correlated_plain WHERE isfinite(correlation)
    ), lowest AS (  -- Any 2 n of these rows are of n poses.
        SELECT CASE WHEN any_value(a.n) < 500000 AND count(*) >= 2 * greatest(1, any_value(a.n))
               THEN list_min(max(c.similarity, greatest(1, least(2 * a.n, 999999)))) ELSE -1 END AS similarity
        FROM plain AS c, argument AS a
    ), multiplied_other AS (
        SELECT p.pose_id, p.snapshot_id, p.joint_set, q.mirrored, q.exchanged, q.total, q.joints,
               array_inner_product(p.vector, q.ones_u)::DOUBLE AS ones_u,
               array_inner_product(p.vector, q.ones_v)::DOUBLE AS ones_v,
               array_inner_product(p.vector, q.along)::DOUBLE AS along,
               CASE WHEN (argument.turn OR argument.anchored) THEN array_inner_product(p.vector, q.across)::DOUBLE END AS across,
               array_inner_product(p.squares, q.weight)::DOUBLE AS weight
        FROM query_table(among) AS p, query AS q, argument
        WHERE q.exchanged <> 'none' AND (SELECT lowest.similarity FROM lowest) <= 0.97 AND p.snapshot_id IN (
            SELECT s.snapshot_id FROM snapshots AS s, argument AS a
            WHERE a.in_collection IS NULL OR s.collection = a.in_collection)
    ), correlated_other AS (
        SELECT m.pose_id, m.snapshot_id, m.mirrored, m.exchanged, s.joints AS shared_joints, s.n / m.total AS share,
               CASE WHEN s.joints >= least(argument.min_shared, m.joints)
               THEN (CASE WHEN (argument.turn OR argument.anchored) THEN sqrt(((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) * ((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) + ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n)) * ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n))) ELSE (m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n) END) / sqrt((CASE WHEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n > 0.001 THEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n END) * (CASE WHEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v)) / s.n > 0.001 THEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v)) / s.n END)) END AS correlation
        FROM multiplied_other AS m
        JOIN shared AS s ON s.joint_set = m.joint_set AND s.mirrored = m.mirrored AND s.exchanged = m.exchanged, argument
    ), other AS MATERIALIZED (
        SELECT pose_id, snapshot_id, mirrored, exchanged, shared_joints::INTEGER AS shared_joints,
               CASE WHEN isfinite(correlation) THEN greatest(-1, least(1, 1 - ((1 - correlation) * share + (1 - share) * greatest(0.1, 2.0 * (1 - correlation))))) END AS similarity
        FROM correlated_other WHERE isfinite(correlation)
    ), compared_poses AS (  -- Sorting is fast for the few poses that are as similar as the lowest.
        SELECT c.* FROM plain AS c, lowest WHERE c.similarity >= lowest.similarity
        UNION ALL
        SELECT c.* REPLACE (greatest(-1, c.similarity - 0.03) AS similarity) FROM other AS c, lowest
        WHERE c.similarity - 0.03 >= lowest.similarity OR lowest.similarity = -1
    ), best AS (
        SELECT * FROM compared_poses
        QUALIFY row_number() OVER (
            PARTITION BY pose_id
            ORDER BY round(similarity, 6) DESC, exchanged <> 'none', mirrored, exchanged = 'all', exchanged) = 1
    ), ranked AS (
        SELECT row_number() OVER (ORDER BY similarity DESC, pose_id) AS rank, best.* FROM best
    )
    SELECT r.rank, r.pose_id, r.snapshot_id, s.source, s.collection, r.similarity, r.shared_joints, r.mirrored, l.cluster,
           r.exchanged
    FROM ranked AS r JOIN argument AS a ON a.n IS NULL OR r.rank <= a.n
    JOIN snapshots AS s ON s.snapshot_id = r.snapshot_id
    LEFT JOIN collection_clusterings AS used ON used.collection = s.collection
    LEFT JOIN labels AS l ON l.clustering_id = used.clustering_id AND l.pose_id = r.pose_id
    ORDER BY r.rank;

-- The same for limbs in 3D. The direction from which the person is seen is ignored. There are no rows if the pose has no
-- world coordinates. among: the name of a table or view with the columns of world_poses.
--   FROM similar_views(42)
CREATE OR REPLACE MACRO similar_views(
    id, n := 10, mirror := true, parts := NULL, min_shared := 6, among := 'world_poses', in_collection := NULL, sides := 'any'
) AS TABLE
    WITH argument(id, n, mirror, sides, parts, min_shared, in_collection) AS MATERIALIZED (
        SELECT id::BIGINT, n::BIGINT, mirror::BOOLEAN, sides::VARCHAR, parts::VARCHAR[], min_shared::INTEGER, in_collection::VARCHAR
    ), stored AS MATERIALIZED (
        SELECT CASE WHEN p.pose_id IS NULL THEN error('there is no pose ' || argument.id)
               ELSE {'world_vector': p.world_vector, 'mask': p.mask} END AS pose
        FROM argument LEFT JOIN poses AS p ON p.pose_id = argument.id
        WHERE argument.id IS NOT NULL
    ), named AS (
        SELECT unnest(string_split(replace(array_to_string(argument.parts, ','), '-', '_'), ',')) AS part
        FROM argument WHERE len(argument.parts) > 0
    ), chosen AS MATERIALIZED (
        SELECT DISTINCT CASE WHEN body_parts.part IS NULL
                        THEN error('there is no part of the body named ' || named.part || '. The table body_parts has all')
                        ELSE body_parts.joint END AS joint
        FROM named LEFT JOIN body_parts USING (part)
    ), compared AS MATERIALIZED (
        SELECT j.position
        FROM joints AS j, argument, (SELECT count(*) AS joints FROM chosen) AS number
        WHERE j.position <= 14 AND (
            number.joints = 0
            OR j.joint IN (SELECT joint FROM chosen)
            OR number.joints < 3 AND j.joint IN (SELECT joint FROM body_parts WHERE part = 'torso'))
          AND CASE WHEN number.joints = 0 AND false THEN error('anchored needs parts')::BOOLEAN ELSE true END
    ), joint AS MATERIALIZED (
        SELECT j.position AS i, j.opposite, (CASE WHEN j.position IN (SELECT position FROM compared) THEN stored.pose.mask[j.position] ELSE 0 END)::DOUBLE AS w,
               stored.pose.world_vector[j.position]::DOUBLE AS u, stored.pose.world_vector[j.position + 28]::DOUBLE AS v, stored.pose.world_vector[j.position + 14]::DOUBLE AS f
        FROM stored, joints AS j WHERE j.position <= 14 AND stored.pose.world_vector IS NOT NULL
    ), centre AS (
        SELECT sum(w) AS total, sum(w * u) / sum(w) AS u, sum(w * v) / sum(w) AS v, sum(w * f) / sum(w) AS f FROM joint
    ), centred AS MATERIALIZED (
        SELECT j.i, j.opposite, j.w, j.w * (j.u - c.u) AS u, j.w * (j.v - c.v) AS v, j.w * (j.f - c.f) AS f,
               j.w * ((j.u - c.u) * (j.u - c.u) + (j.v - c.v) * (j.v - c.v) + (j.f - c.f) * (j.f - c.f)) AS squares
        FROM joint AS j, centre AS c WHERE c.total > 0
    ), place AS MATERIALIZED (
        SELECT v.mirrored, v.exchanged, j.position AS i,
               CASE WHEN v.mirrored <> CASE v.exchanged WHEN 'none' THEN false WHEN 'all' THEN j.position IN (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) WHEN 'arms' THEN j.position IN (3, 4, 5, 6, 7, 8) WHEN 'legs' THEN j.position IN (9, 10, 11, 12, 13, 14) ELSE error('exchanged must be one of ''none'', ''all'', ''arms'', ''legs'', and not ' || coalesce(v.exchanged, 'NULL'))::BOOLEAN END THEN j.opposite ELSE j.position END AS comes_from
        FROM argument, joints AS j, (VALUES (false, 'none'), (false, 'all'), (false, 'arms'), (false, 'legs'), (true, 'none'), (true, 'all'), (true, 'arms'), (true, 'legs')) AS v(mirrored, exchanged)
        WHERE j.position <= 14 AND (argument.mirror OR NOT v.mirrored)
          AND CASE argument.sides WHEN 'any' THEN true WHEN 'same' THEN v.exchanged = 'none'
              ELSE error('sides must be ''any'' or ''same'', not ' || coalesce(argument.sides, 'NULL'))::BOOLEAN END
    ), moved AS MATERIALIZED (
        SELECT p.mirrored, p.exchanged, p.i, c.w, CASE WHEN p.mirrored THEN -c.u ELSE c.u END AS u, c.v, c.f, c.squares
        FROM place AS p JOIN centred AS c ON c.i = p.comes_from
    ), query AS MATERIALIZED (
        SELECT mirrored, exchanged, sum(w) AS total, count(*) FILTER (w > 0) AS joints,
               list(w ORDER BY i)::FLOAT[14] AS weight,
               (list(w ORDER BY i) || list(0.0 ORDER BY i) || list(0.0 ORDER BY i))::FLOAT[42] AS ones_u,
               (list(0.0 ORDER BY i) || list(0.0 ORDER BY i) || list(w ORDER BY i))::FLOAT[42] AS ones_v,
               (list(0.0 ORDER BY i) || list(w ORDER BY i) || list(0.0 ORDER BY i))::FLOAT[42] AS ones_f,
               (list(0.0 ORDER BY i) || list(f ORDER BY i) || list(0.0 ORDER BY i))::FLOAT[42] AS fixed,
               (list(u ORDER BY i) || list(0.0 ORDER BY i) || list(v ORDER BY i))::FLOAT[42] AS along,
               (list(v ORDER BY i) || list(0.0 ORDER BY i) || list(-u ORDER BY i))::FLOAT[42] AS across
        FROM moved GROUP BY mirrored, exchanged
    ), shared AS MATERIALIZED (
        SELECT q.mirrored, q.exchanged, s.joint_set, count(*) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0) AS joints,
               coalesce(sum(q.w) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS n, coalesce(sum(q.u) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS u, coalesce(sum(q.v) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS v, coalesce(sum(q.f) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS f, coalesce(sum(q.squares) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS squares
        FROM (SELECT DISTINCT joint_set FROM query_table(among)) AS s, (FROM moved WHERE w > 0) AS q
        GROUP BY q.mirrored, q.exchanged, s.joint_set
    ), multiplied_plain AS (
        SELECT p.pose_id, p.snapshot_id, p.joint_set, q.mirrored, q.exchanged, q.total, q.joints,
               array_inner_product(p.vector, q.ones_u)::DOUBLE AS ones_u,
               array_inner_product(p.vector, q.ones_v)::DOUBLE AS ones_v,
               array_inner_product(p.vector, q.ones_f)::DOUBLE AS ones_f,
               array_inner_product(p.vector, q.fixed)::DOUBLE AS fixed,
               array_inner_product(p.vector, q.along)::DOUBLE AS along,
               array_inner_product(p.vector, q.across)::DOUBLE AS across,
               array_inner_product(p.squares, q.weight)::DOUBLE AS weight
        FROM query_table(among) AS p, query AS q, argument
        WHERE q.exchanged = 'none' AND p.snapshot_id IN (
            SELECT s.snapshot_id FROM snapshots AS s, argument AS a
            WHERE a.in_collection IS NULL OR s.collection = a.in_collection)
    ), correlated_plain AS (
        SELECT m.pose_id, m.snapshot_id, m.mirrored, m.exchanged, s.joints AS shared_joints, s.n / m.total AS share,
               CASE WHEN s.joints >= least(argument.min_shared, m.joints)
               THEN (m.fixed - m.ones_f * s.f / s.n + sqrt(((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) * ((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) + ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n)) * ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n)))) / sqrt((CASE WHEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n > 0.001 THEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n END) * (CASE WHEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v) + (m.ones_f) * (m.ones_f)) / s.n > 0.001 THEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v) + (m.ones_f) * (m.ones_f)) / s.n END)) END AS correlation
        FROM multiplied_plain AS m
        JOIN shared AS s ON s.joint_set = m.joint_set AND s.mirrored = m.mirrored AND s.exchanged = m.exchanged, argument
    ), plain AS MATERIALIZED (
        SELECT pose_id, snapshot_id, mirrored, exchanged, shared_joints::INTEGER AS shared_joints,
               CASE WHEN isfinite(correlation) THEN greatest(-1, least(1, 1 - ((1 - correlation) * share + (1 - share) * greatest(0.1, 2.0 * (1 - correlation))))) END AS similarity
        FROM correlated_plain WHERE isfinite(correlation)
    ), lowest AS (  -- Any 2 n of these rows are of n poses.
        SELECT CASE WHEN any_value(a.n) < 500000 AND count(*) >= 2 * greatest(1, any_value(a.n))
               THEN list_min(max(c.similarity, greatest(1, least(2 * a.n, 999999)))) ELSE -1 END AS similarity
        FROM plain AS c, argument AS a
    ), multiplied_other AS (
        SELECT p.pose_id, p.snapshot_id, p.joint_set, q.mirrored, q.exchanged, q.total, q.joints,
               array_inner_product(p.vector, q.ones_u)::DOUBLE AS ones_u,
               array_inner_product(p.vector, q.ones_v)::DOUBLE AS ones_v,
               array_inner_product(p.vector, q.ones_f)::DOUBLE AS ones_f,
               array_inner_product(p.vector, q.fixed)::DOUBLE AS fixed,
               array_inner_product(p.vector, q.along)::DOUBLE AS along,
               array_inner_product(p.vector, q.across)::DOUBLE AS across,
               array_inner_product(p.squares, q.weight)::DOUBLE AS weight
        FROM query_table(among) AS p, query AS q, argument
        WHERE q.exchanged <> 'none' AND (SELECT lowest.similarity FROM lowest) <= 0.97 AND p.snapshot_id IN (
            SELECT s.snapshot_id FROM snapshots AS s, argument AS a
            WHERE a.in_collection IS NULL OR s.collection = a.in_collection)
    ), correlated_other AS (
        SELECT m.pose_id, m.snapshot_id, m.mirrored, m.exchanged, s.joints AS shared_joints, s.n / m.total AS share,
               CASE WHEN s.joints >= least(argument.min_shared, m.joints)
               THEN (m.fixed - m.ones_f * s.f / s.n + sqrt(((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) * ((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) + ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n)) * ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n)))) / sqrt((CASE WHEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n > 0.001 THEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n END) * (CASE WHEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v) + (m.ones_f) * (m.ones_f)) / s.n > 0.001 THEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v) + (m.ones_f) * (m.ones_f)) / s.n END)) END AS correlation
        FROM multiplied_other AS m
        JOIN shared AS s ON s.joint_set = m.joint_set AND s.mirrored = m.mirrored AND s.exchanged = m.exchanged, argument
    ), other AS MATERIALIZED (
        SELECT pose_id, snapshot_id, mirrored, exchanged, shared_joints::INTEGER AS shared_joints,
               CASE WHEN isfinite(correlation) THEN greatest(-1, least(1, 1 - ((1 - correlation) * share + (1 - share) * greatest(0.1, 2.0 * (1 - correlation))))) END AS similarity
        FROM correlated_other WHERE isfinite(correlation)
    ), compared_poses AS (  -- Sorting is fast for the few poses that are as similar as the lowest.
        SELECT c.* FROM plain AS c, lowest WHERE c.similarity >= lowest.similarity
        UNION ALL
        SELECT c.* REPLACE (greatest(-1, c.similarity - 0.03) AS similarity) FROM other AS c, lowest
        WHERE c.similarity - 0.03 >= lowest.similarity OR lowest.similarity = -1
    ), best AS (
        SELECT * FROM compared_poses
        QUALIFY row_number() OVER (
            PARTITION BY pose_id
            ORDER BY round(similarity, 6) DESC, exchanged <> 'none', mirrored, exchanged = 'all', exchanged) = 1
    ), ranked AS (
        SELECT row_number() OVER (ORDER BY similarity DESC, pose_id) AS rank, best.* FROM best
    )
    SELECT r.rank, r.pose_id, r.snapshot_id, s.source, s.collection, r.similarity, r.shared_joints, r.mirrored, l.cluster,
           r.exchanged
    FROM ranked AS r JOIN argument AS a ON a.n IS NULL OR r.rank <= a.n
    JOIN snapshots AS s ON s.snapshot_id = r.snapshot_id
    LEFT JOIN collection_clusterings AS used ON used.collection = s.collection
    LEFT JOIN labels AS l ON l.clustering_id = used.clustering_id AND l.pose_id = r.pose_id
    ORDER BY r.rank;

-- The n poses most similar to a pose that need not be stored, best first.
--   FROM nearest_poses([...28 numbers...], [...14 weights...], 10)
-- vector: like poses.vector. weight: the weight of each body joint, 0 where it is missing or ignored.
-- The other arguments are those of similar_poses.
CREATE OR REPLACE MACRO nearest_poses(
    vector, weight, n := 10, mirror := true, turn := false, min_shared := 6, among := 'poses', in_collection := NULL, sides := 'any'
) AS TABLE
    WITH argument(vector, weight, n, mirror, sides, turn, min_shared, in_collection) AS MATERIALIZED (
        SELECT vector::FLOAT[28], weight::FLOAT[14], n::BIGINT, mirror::BOOLEAN, sides::VARCHAR, turn::BOOLEAN, min_shared::INTEGER, in_collection::VARCHAR
    ), joint AS MATERIALIZED (
        SELECT j.position AS i, j.opposite, argument.weight[j.position]::DOUBLE AS w,
               argument.vector[j.position]::DOUBLE AS u, argument.vector[j.position + 14]::DOUBLE AS v, 0::DOUBLE AS f
        FROM argument, joints AS j WHERE j.position <= 14
    ), centre AS (
        SELECT sum(w) AS total, sum(w * u) / sum(w) AS u, sum(w * v) / sum(w) AS v, sum(w * f) / sum(w) AS f FROM joint
    ), centred AS MATERIALIZED (
        SELECT j.i, j.opposite, j.w, j.w * (j.u - c.u) AS u, j.w * (j.v - c.v) AS v, j.w * (j.f - c.f) AS f,
               j.w * ((j.u - c.u) * (j.u - c.u) + (j.v - c.v) * (j.v - c.v) + (j.f - c.f) * (j.f - c.f)) AS squares
        FROM joint AS j, centre AS c WHERE c.total > 0
    ), place AS MATERIALIZED (
        SELECT v.mirrored, v.exchanged, j.position AS i,
               CASE WHEN v.mirrored <> CASE v.exchanged WHEN 'none' THEN false WHEN 'all' THEN j.position IN (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) WHEN 'arms' THEN j.position IN (3, 4, 5, 6, 7, 8) WHEN 'legs' THEN j.position IN (9, 10, 11, 12, 13, 14) ELSE error('exchanged must be one of ''none'', ''all'', ''arms'', ''legs'', and not ' || coalesce(v.exchanged, 'NULL'))::BOOLEAN END THEN j.opposite ELSE j.position END AS comes_from
        FROM argument, joints AS j, (VALUES (false, 'none'), (false, 'all'), (false, 'arms'), (false, 'legs'), (true, 'none'), (true, 'all'), (true, 'arms'), (true, 'legs')) AS v(mirrored, exchanged)
        WHERE j.position <= 14 AND (argument.mirror OR NOT v.mirrored)
          AND CASE argument.sides WHEN 'any' THEN true WHEN 'same' THEN v.exchanged = 'none'
              ELSE error('sides must be ''any'' or ''same'', not ' || coalesce(argument.sides, 'NULL'))::BOOLEAN END
    ), moved AS MATERIALIZED (
        SELECT p.mirrored, p.exchanged, p.i, c.w, CASE WHEN p.mirrored THEN -c.u ELSE c.u END AS u, c.v, c.f, c.squares
        FROM place AS p JOIN centred AS c ON c.i = p.comes_from
    ), query AS MATERIALIZED (
        SELECT mirrored, exchanged, sum(w) AS total, count(*) FILTER (w > 0) AS joints,
               list(w ORDER BY i)::FLOAT[14] AS weight,
               (list(w ORDER BY i) || list(0.0 ORDER BY i))::FLOAT[28] AS ones_u,
               (list(0.0 ORDER BY i) || list(w ORDER BY i))::FLOAT[28] AS ones_v,
               (list(u ORDER BY i) || list(v ORDER BY i))::FLOAT[28] AS along,
               (list(v ORDER BY i) || list(-u ORDER BY i))::FLOAT[28] AS across
        FROM moved GROUP BY mirrored, exchanged
    ), shared AS MATERIALIZED (
        SELECT q.mirrored, q.exchanged, s.joint_set, count(*) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0) AS joints,
               coalesce(sum(q.w) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS n, coalesce(sum(q.u) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS u, coalesce(sum(q.v) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS v, coalesce(sum(q.f) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS f, coalesce(sum(q.squares) FILTER (s.joint_set & (1 << (q.i - 1)::INTEGER) > 0), 0) AS squares
        FROM (SELECT DISTINCT joint_set FROM query_table(among)) AS s, (FROM moved WHERE w > 0) AS q
        GROUP BY q.mirrored, q.exchanged, s.joint_set
    ), multiplied_plain AS (
        SELECT p.pose_id, p.snapshot_id, p.joint_set, q.mirrored, q.exchanged, q.total, q.joints,
               array_inner_product(p.vector, q.ones_u)::DOUBLE AS ones_u,
               array_inner_product(p.vector, q.ones_v)::DOUBLE AS ones_v,
               array_inner_product(p.vector, q.along)::DOUBLE AS along,
               CASE WHEN argument.turn THEN array_inner_product(p.vector, q.across)::DOUBLE END AS across,
               array_inner_product(p.squares, q.weight)::DOUBLE AS weight
        FROM query_table(among) AS p, query AS q, argument
        WHERE q.exchanged = 'none' AND p.snapshot_id IN (
            SELECT s.snapshot_id FROM snapshots AS s, argument AS a
            WHERE a.in_collection IS NULL OR s.collection = a.in_collection)
    ), correlated_plain AS (
        SELECT m.pose_id, m.snapshot_id, m.mirrored, m.exchanged, s.joints AS shared_joints, s.n / m.total AS share,
               CASE WHEN s.joints >= least(argument.min_shared, m.joints)
               THEN (CASE WHEN argument.turn THEN sqrt(((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) * ((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) + ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n)) * ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n))) ELSE (m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n) END) / sqrt((CASE WHEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n > 0.001 THEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n END) * (CASE WHEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v)) / s.n > 0.001 THEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v)) / s.n END)) END AS correlation
        FROM multiplied_plain AS m
        JOIN shared AS s ON s.joint_set = m.joint_set AND s.mirrored = m.mirrored AND s.exchanged = m.exchanged, argument
    ), plain AS MATERIALIZED (
        SELECT pose_id, snapshot_id, mirrored, exchanged, shared_joints::INTEGER AS shared_joints,
               CASE WHEN isfinite(correlation) THEN greatest(-1, least(1, 1 - ((1 - correlation) * share + (1 - share) * greatest(0.1, 2.0 * (1 - correlation))))) END AS similarity
        FROM correlated_plain WHERE isfinite(correlation)
    ), lowest AS (  -- Any 2 n of these rows are of n poses.
        SELECT CASE WHEN any_value(a.n) < 500000 AND count(*) >= 2 * greatest(1, any_value(a.n))
               THEN list_min(max(c.similarity, greatest(1, least(2 * a.n, 999999)))) ELSE -1 END AS similarity
        FROM plain AS c, argument AS a
    ), multiplied_other AS (
        SELECT p.pose_id, p.snapshot_id, p.joint_set, q.mirrored, q.exchanged, q.total, q.joints,
               array_inner_product(p.vector, q.ones_u)::DOUBLE AS ones_u,
               array_inner_product(p.vector, q.ones_v)::DOUBLE AS ones_v,
               array_inner_product(p.vector, q.along)::DOUBLE AS along,
               CASE WHEN argument.turn THEN array_inner_product(p.vector, q.across)::DOUBLE END AS across,
               array_inner_product(p.squares, q.weight)::DOUBLE AS weight
        FROM query_table(among) AS p, query AS q, argument
        WHERE q.exchanged <> 'none' AND (SELECT lowest.similarity FROM lowest) <= 0.97 AND p.snapshot_id IN (
            SELECT s.snapshot_id FROM snapshots AS s, argument AS a
            WHERE a.in_collection IS NULL OR s.collection = a.in_collection)
    ), correlated_other AS (
        SELECT m.pose_id, m.snapshot_id, m.mirrored, m.exchanged, s.joints AS shared_joints, s.n / m.total AS share,
               CASE WHEN s.joints >= least(argument.min_shared, m.joints)
               THEN (CASE WHEN argument.turn THEN sqrt(((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) * ((m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n)) + ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n)) * ((m.across - (m.ones_u * s.v - m.ones_v * s.u) / s.n))) ELSE (m.along - (m.ones_u * s.u + m.ones_v * s.v) / s.n) END) / sqrt((CASE WHEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n > 0.001 THEN s.squares - ((s.u) * (s.u) + (s.v) * (s.v) + (s.f) * (s.f)) / s.n END) * (CASE WHEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v)) / s.n > 0.001 THEN m.weight - ((m.ones_u) * (m.ones_u) + (m.ones_v) * (m.ones_v)) / s.n END)) END AS correlation
        FROM multiplied_other AS m
        JOIN shared AS s ON s.joint_set = m.joint_set AND s.mirrored = m.mirrored AND s.exchanged = m.exchanged, argument
    ), other AS MATERIALIZED (
        SELECT pose_id, snapshot_id, mirrored, exchanged, shared_joints::INTEGER AS shared_joints,
               CASE WHEN isfinite(correlation) THEN greatest(-1, least(1, 1 - ((1 - correlation) * share + (1 - share) * greatest(0.1, 2.0 * (1 - correlation))))) END AS similarity
        FROM correlated_other WHERE isfinite(correlation)
    ), compared_poses AS (  -- Sorting is fast for the few poses that are as similar as the lowest.
        SELECT c.* FROM plain AS c, lowest WHERE c.similarity >= lowest.similarity
        UNION ALL
        SELECT c.* REPLACE (greatest(-1, c.similarity - 0.03) AS similarity) FROM other AS c, lowest
        WHERE c.similarity - 0.03 >= lowest.similarity OR lowest.similarity = -1
    ), best AS (
        SELECT * FROM compared_poses
        QUALIFY row_number() OVER (
            PARTITION BY pose_id
            ORDER BY round(similarity, 6) DESC, exchanged <> 'none', mirrored, exchanged = 'all', exchanged) = 1
    ), ranked AS (
        SELECT row_number() OVER (ORDER BY similarity DESC, pose_id) AS rank, best.* FROM best
    )
    SELECT r.rank, r.pose_id, r.snapshot_id, s.source, s.collection, r.similarity, r.shared_joints, r.mirrored, l.cluster,
           r.exchanged
    FROM ranked AS r JOIN argument AS a ON a.n IS NULL OR r.rank <= a.n
    JOIN snapshots AS s ON s.snapshot_id = r.snapshot_id
    LEFT JOIN collection_clusterings AS used ON used.collection = s.collection
    LEFT JOIN labels AS l ON l.clustering_id = used.clustering_id AND l.pose_id = r.pose_id
    ORDER BY r.rank;

-- The similarity of two stored poses. It is the same in both directions. Joints that only one pose has lower the similarity.
--   SELECT pose_similarity(42, 43)
-- NULL if the poses share fewer than 6 body joints, unless one of them shares all of its joints.
-- mirror: whether one pose may be mirrored if that makes them more similar. sides: 'any' or 'same', as in similar_poses.
CREATE OR REPLACE MACRO pose_similarity(a, b, mirror := false, sides := 'same') AS (
    WITH argument(a, b, mirror, sides) AS MATERIALIZED (
        SELECT a::BIGINT, b::BIGINT, mirror::BOOLEAN, sides::VARCHAR
    ), first AS MATERIALIZED (
        SELECT CASE WHEN p.pose_id IS NULL THEN error('there is no pose ' || argument.a)
               ELSE {'vector': p.vector, 'mask': p.mask, 'body_joints': p.body_joints} END AS pose
        FROM argument LEFT JOIN poses AS p ON p.pose_id = argument.a
        WHERE argument.a IS NOT NULL
    ), second AS MATERIALIZED (
        SELECT CASE WHEN p.pose_id IS NULL THEN error('there is no pose ' || argument.b)
               ELSE {'vector': p.vector, 'mask': p.mask, 'body_joints': p.body_joints} END AS pose
        FROM argument LEFT JOIN poses AS p ON p.pose_id = argument.b
        WHERE argument.b IS NOT NULL
    ), place AS MATERIALIZED (
        SELECT v.mirrored, v.exchanged, j.position AS i,
               CASE WHEN v.mirrored <> CASE v.exchanged WHEN 'none' THEN false WHEN 'all' THEN j.position IN (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) WHEN 'arms' THEN j.position IN (3, 4, 5, 6, 7, 8) WHEN 'legs' THEN j.position IN (9, 10, 11, 12, 13, 14) ELSE error('exchanged must be one of ''none'', ''all'', ''arms'', ''legs'', and not ' || coalesce(v.exchanged, 'NULL'))::BOOLEAN END THEN j.opposite ELSE j.position END AS comes_from
        FROM argument, joints AS j, (VALUES (false, 'none'), (false, 'all'), (false, 'arms'), (false, 'legs'), (true, 'none'), (true, 'all'), (true, 'arms'), (true, 'legs')) AS v(mirrored, exchanged)
        WHERE j.position <= 14 AND (argument.mirror OR NOT v.mirrored)
          AND CASE argument.sides WHEN 'any' THEN true WHEN 'same' THEN v.exchanged = 'none'
              ELSE error('sides must be ''any'' or ''same'', not ' || coalesce(argument.sides, 'NULL'))::BOOLEAN END
    ), joint AS (
        SELECT v.mirrored, v.exchanged, first.pose.mask[v.i]::DOUBLE * second.pose.mask[v.comes_from] AS shared,
               first.pose.vector[v.i]::DOUBLE AS ax, first.pose.vector[v.i + 14]::DOUBLE AS ay,
               CASE WHEN v.mirrored THEN -1 ELSE 1 END * second.pose.vector[v.comes_from]::DOUBLE AS bx,
               second.pose.vector[v.comes_from + 14]::DOUBLE AS b_y
        FROM first, second, place AS v
    ), sums AS (
        SELECT mirrored, exchanged, sum(shared) AS n, sum(shared * ax) AS ax, sum(shared * ay) AS ay, sum(shared * bx) AS bx,
               sum(shared * b_y) AS b_y, sum(shared * (ax * bx + ay * b_y)) AS ab,
               sum(shared * (ax * ax + ay * ay)) AS aa, sum(shared * (bx * bx + b_y * b_y)) AS bb
        FROM joint GROUP BY mirrored, exchanged
    ), correlated AS (
        SELECT s.exchanged, s.n / greatest(first.pose.body_joints, second.pose.body_joints) AS share,
               (s.ab - (s.ax * s.bx + s.ay * s.b_y) / s.n) / sqrt((CASE WHEN s.aa - (s.ax * s.ax + s.ay * s.ay) / s.n > 0.001 THEN s.aa - (s.ax * s.ax + s.ay * s.ay) / s.n END) * (CASE WHEN s.bb - (s.bx * s.bx + s.b_y * s.b_y) / s.n > 0.001 THEN s.bb - (s.bx * s.bx + s.b_y * s.b_y) / s.n END)) AS correlation
        FROM sums AS s, first, second
        WHERE s.n >= least(6, first.pose.body_joints, second.pose.body_joints)
    ), penalized AS (
        SELECT exchanged, CASE WHEN isfinite(correlation) THEN greatest(-1, least(1, 1 - ((1 - correlation) * share + (1 - share) * greatest(0.1, 2.0 * (1 - correlation))))) END AS similarity FROM correlated
    )
    SELECT max(CASE WHEN exchanged = 'none' THEN similarity ELSE greatest(-1, similarity - 0.03) END)
    FROM penalized WHERE similarity IS NOT NULL
);

-- How much each joint of a query, which is a stored pose, adds to its distance from another stored pose. The contributions sum to
-- 1 - similarity, with the similarity of similar_poses(query_id).
--   FROM pose_differences(42, 43) ORDER BY contribution DESC
-- mirrored: whether the query is mirrored. exchanged: 'all', 'arms' or 'legs' if left and right are exchanged in these joints. The
-- contributions then sum to 1 - similarity - 0.03. The joints are named as in the query itself.
CREATE OR REPLACE MACRO pose_differences(query_id, id, mirrored := false, exchanged := 'none') AS TABLE
    WITH argument(query_id, id, mirrored, exchanged) AS MATERIALIZED (
        SELECT query_id::BIGINT, id::BIGINT, mirrored::BOOLEAN, exchanged::VARCHAR
    ), stored AS MATERIALIZED (
        SELECT CASE WHEN p.pose_id IS NULL THEN error('there is no pose ' || argument.id)
               ELSE {'vector': p.vector, 'mask': p.mask} END AS pose
        FROM argument LEFT JOIN poses AS p ON p.pose_id = argument.id
        WHERE argument.id IS NOT NULL
    ), query AS MATERIALIZED (
        SELECT CASE WHEN p.pose_id IS NULL THEN error('there is no pose ' || argument.query_id)
               ELSE {'vector': p.vector, 'mask': p.mask} END AS pose
        FROM argument LEFT JOIN poses AS p ON p.pose_id = argument.query_id
        WHERE argument.query_id IS NOT NULL
    ), joint AS (
        SELECT k.position, k.joint, stored.pose.mask[j.position]::DOUBLE * query.pose.mask[k.position] AS shared,
               stored.pose.vector[j.position]::DOUBLE AS ax, stored.pose.vector[j.position + 14]::DOUBLE AS ay,
               CASE WHEN argument.mirrored THEN -1 ELSE 1 END * query.pose.vector[k.position]::DOUBLE AS bx,
               query.pose.vector[k.position + 14]::DOUBLE AS b_y
        FROM stored, query, argument, joints AS j
        JOIN joints AS k ON k.position =
            CASE WHEN argument.mirrored <> CASE argument.exchanged WHEN 'none' THEN false WHEN 'all' THEN j.position IN (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) WHEN 'arms' THEN j.position IN (3, 4, 5, 6, 7, 8) WHEN 'legs' THEN j.position IN (9, 10, 11, 12, 13, 14) ELSE error('exchanged must be one of ''none'', ''all'', ''arms'', ''legs'', and not ' || coalesce(argument.exchanged, 'NULL'))::BOOLEAN END THEN j.opposite ELSE j.position END
        WHERE j.position <= 14 AND query.pose.mask[k.position] > 0
    ), centre AS (
        SELECT sum(shared) AS n, count(*) AS asked, sum(shared * ax) / sum(shared) AS ax, sum(shared * ay) / sum(shared) AS ay,
               sum(shared * bx) / sum(shared) AS bx, sum(shared * b_y) / sum(shared) AS b_y
        FROM joint
    ), centred AS (
        SELECT j.position, j.joint, j.shared, j.ax - c.ax AS ax, j.ay - c.ay AS ay, j.bx - c.bx AS bx, j.b_y - c.b_y AS b_y
        FROM joint AS j, centre AS c
    ), size AS (
        SELECT sqrt(sum(shared * (ax * ax + ay * ay))) AS a, sqrt(sum(shared * (bx * bx + b_y * b_y))) AS b,
               sum(shared * (ax * bx + ay * b_y)) / (a * b) AS correlation
        FROM centred
    )
    SELECT j.joint,
           CASE WHEN j.shared > 0
           THEN c.n / c.asked / 2 * ((j.ax / s.a - j.bx / s.b) ** 2 + (j.ay / s.a - j.b_y / s.b) ** 2)
           ELSE greatest(0.1, 2.0 * (1 - s.correlation)) / c.asked END AS contribution
    FROM centred AS j, centre AS c, size AS s ORDER BY j.position;

-- The percentile of a similarity: the percentage of random pairs of poses that are at most as similar. The pairs are those of 200
-- random poses, always the same. Of the plain and the mirrored pair, the more similar counts. NULL if there are fewer than 30 poses,
-- because their pairs say little.
--   SELECT rank, similarity, similarity_percentile(similarity) AS percentile FROM similar_poses(42)
CREATE OR REPLACE MACRO similarity_percentile(value) AS (
    WITH argument(value) AS MATERIALIZED (
        SELECT value::DOUBLE
    ), sample AS MATERIALIZED (
        SELECT pose_id, vector, mask, body_joints, squares FROM poses
        ORDER BY abs(pose_id % 4294967296)::UBIGINT * 2654435761 % 4294967296, pose_id LIMIT 200
    ), prepared AS MATERIALIZED (
        SELECT s.pose_id, s.vector, s.mask, s.body_joints, s.squares, s.vector[1:14]::FLOAT[14] AS x, s.vector[15:28]::FLOAT[14] AS y,
               list(-s.vector[j.position] ORDER BY opposite)::FLOAT[14] AS flipped_x,
               list(s.vector[j.position + 14] ORDER BY opposite)::FLOAT[14] AS flipped_y,
               (list(-s.vector[j.position] ORDER BY opposite) || list(s.vector[j.position + 14] ORDER BY opposite))::FLOAT[28] AS flipped_vector,
               list(s.mask[j.position] ORDER BY opposite)::FLOAT[14] AS flipped_mask,
               list(s.squares[j.position] ORDER BY opposite)::FLOAT[14] AS flipped_squares
        FROM sample AS s, joints AS j WHERE j.position <= 14 GROUP BY ALL
    ), correlated AS (
        SELECT array_inner_product(a.mask, b.mask)::DOUBLE / b.body_joints AS share,
               array_inner_product(a.mask, b.flipped_mask)::DOUBLE / b.body_joints AS flipped_share,
               CASE WHEN array_inner_product(a.mask, b.mask) >= least(6, b.body_joints)
               THEN (array_inner_product(a.vector, b.vector)::DOUBLE - (array_inner_product(a.x, b.mask)::DOUBLE * array_inner_product(b.x, a.mask)::DOUBLE + array_inner_product(a.y, b.mask)::DOUBLE * array_inner_product(b.y, a.mask)::DOUBLE) / nullif(array_inner_product(a.mask, b.mask)::DOUBLE, 0)) / sqrt((CASE WHEN array_inner_product(a.squares, b.mask)::DOUBLE - ((array_inner_product(a.x, b.mask)::DOUBLE) * (array_inner_product(a.x, b.mask)::DOUBLE) + (array_inner_product(a.y, b.mask)::DOUBLE) * (array_inner_product(a.y, b.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.mask)::DOUBLE, 0) > 0.001 THEN array_inner_product(a.squares, b.mask)::DOUBLE - ((array_inner_product(a.x, b.mask)::DOUBLE) * (array_inner_product(a.x, b.mask)::DOUBLE) + (array_inner_product(a.y, b.mask)::DOUBLE) * (array_inner_product(a.y, b.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.mask)::DOUBLE, 0) END) * (CASE WHEN array_inner_product(b.squares, a.mask)::DOUBLE - ((array_inner_product(b.x, a.mask)::DOUBLE) * (array_inner_product(b.x, a.mask)::DOUBLE) + (array_inner_product(b.y, a.mask)::DOUBLE) * (array_inner_product(b.y, a.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.mask)::DOUBLE, 0) > 0.001 THEN array_inner_product(b.squares, a.mask)::DOUBLE - ((array_inner_product(b.x, a.mask)::DOUBLE) * (array_inner_product(b.x, a.mask)::DOUBLE) + (array_inner_product(b.y, a.mask)::DOUBLE) * (array_inner_product(b.y, a.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.mask)::DOUBLE, 0) END)) END AS plain,
               CASE WHEN array_inner_product(a.mask, b.flipped_mask) >= least(6, b.body_joints)
               THEN (array_inner_product(a.vector, b.flipped_vector)::DOUBLE - (array_inner_product(a.x, b.flipped_mask)::DOUBLE * array_inner_product(b.flipped_x, a.mask)::DOUBLE + array_inner_product(a.y, b.flipped_mask)::DOUBLE * array_inner_product(b.flipped_y, a.mask)::DOUBLE) / nullif(array_inner_product(a.mask, b.flipped_mask)::DOUBLE, 0)) / sqrt((CASE WHEN array_inner_product(a.squares, b.flipped_mask)::DOUBLE - ((array_inner_product(a.x, b.flipped_mask)::DOUBLE) * (array_inner_product(a.x, b.flipped_mask)::DOUBLE) + (array_inner_product(a.y, b.flipped_mask)::DOUBLE) * (array_inner_product(a.y, b.flipped_mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.flipped_mask)::DOUBLE, 0) > 0.001 THEN array_inner_product(a.squares, b.flipped_mask)::DOUBLE - ((array_inner_product(a.x, b.flipped_mask)::DOUBLE) * (array_inner_product(a.x, b.flipped_mask)::DOUBLE) + (array_inner_product(a.y, b.flipped_mask)::DOUBLE) * (array_inner_product(a.y, b.flipped_mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.flipped_mask)::DOUBLE, 0) END) * (CASE WHEN array_inner_product(b.flipped_squares, a.mask)::DOUBLE - ((array_inner_product(b.flipped_x, a.mask)::DOUBLE) * (array_inner_product(b.flipped_x, a.mask)::DOUBLE) + (array_inner_product(b.flipped_y, a.mask)::DOUBLE) * (array_inner_product(b.flipped_y, a.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.flipped_mask)::DOUBLE, 0) > 0.001 THEN array_inner_product(b.flipped_squares, a.mask)::DOUBLE - ((array_inner_product(b.flipped_x, a.mask)::DOUBLE) * (array_inner_product(b.flipped_x, a.mask)::DOUBLE) + (array_inner_product(b.flipped_y, a.mask)::DOUBLE) * (array_inner_product(b.flipped_y, a.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.flipped_mask)::DOUBLE, 0) END)) END AS flipped
        FROM prepared AS a, prepared AS b WHERE a.pose_id <> b.pose_id
    ), pair AS MATERIALIZED (
        SELECT greatest(CASE WHEN isfinite(plain) THEN greatest(-1, least(1, 1 - ((1 - plain) * share + (1 - share) * greatest(0.1, 2.0 * (1 - plain))))) END,
                        CASE WHEN isfinite(flipped) THEN greatest(-1, least(1, 1 - ((1 - flipped) * flipped_share + (1 - flipped_share) * greatest(0.1, 2.0 * (1 - flipped))))) END) AS similarity
        FROM correlated
    )
    SELECT CASE WHEN (SELECT count(*) FROM sample) >= 30
           THEN 100.0 * count(*) FILTER (p.similarity <= a.value + 1e-6) / nullif(count(p.similarity), 0) END
    FROM argument AS a, pair AS p WHERE isfinite(a.value)
);

-- The grade of a similarity: 'same', 'alike', 'loosely alike' or 'not alike'.
--   SELECT rank, similarity, similarity_grade(similarity, exchanged) AS grade FROM similar_poses(42)
-- exchanged: the joints whose left and right are exchanged, from the column exchanged of a search.
-- view: 'any' for a similarity from similar_views.
CREATE OR REPLACE MACRO similarity_grade(value, exchanged := 'none', view := 'same') AS (
    WITH argument(value, exchanged, view) AS MATERIALIZED (
        SELECT value::DOUBLE, exchanged::VARCHAR, view::VARCHAR
    ), raised AS (
        SELECT round(argument.value + CASE WHEN argument.exchanged = 'none' THEN 0
                                      WHEN argument.exchanged IN ('all', 'arms', 'legs')
                                      THEN CASE argument.view WHEN 'any' THEN 0.03 ELSE 0.015 END
                                      ELSE error('exchanged must be one of ''none'', ''all'', ''arms'', ''legs'', and not ' || coalesce(argument.exchanged, 'NULL'))::DOUBLE END, 3) AS similarity,
               CASE argument.view WHEN 'any' THEN true WHEN 'same' THEN false
               ELSE error('view must be ''any'' or ''same'', not ' || coalesce(argument.view, 'NULL'))::BOOLEAN END AS is_view
        FROM argument WHERE isfinite(argument.value)
    )
    SELECT CASE WHEN raised.similarity >= CASE WHEN raised.is_view THEN 0.996 ELSE 0.985 END THEN 'same' WHEN raised.similarity >= CASE WHEN raised.is_view THEN 0.994 ELSE 0.97 END THEN 'alike' WHEN raised.similarity >= CASE WHEN raised.is_view THEN 0.985 ELSE 0.955 END THEN 'loosely alike' ELSE 'not alike' END FROM raised
);

-- The old name of similarity_percentile, for one version.
CREATE OR REPLACE MACRO closer_than(value) AS (
    WITH argument(value) AS MATERIALIZED (
        SELECT value::DOUBLE
    ), sample AS MATERIALIZED (
        SELECT pose_id, vector, mask, body_joints, squares FROM poses
        ORDER BY abs(pose_id % 4294967296)::UBIGINT * 2654435761 % 4294967296, pose_id LIMIT 200
    ), prepared AS MATERIALIZED (
        SELECT s.pose_id, s.vector, s.mask, s.body_joints, s.squares, s.vector[1:14]::FLOAT[14] AS x, s.vector[15:28]::FLOAT[14] AS y,
               list(-s.vector[j.position] ORDER BY opposite)::FLOAT[14] AS flipped_x,
               list(s.vector[j.position + 14] ORDER BY opposite)::FLOAT[14] AS flipped_y,
               (list(-s.vector[j.position] ORDER BY opposite) || list(s.vector[j.position + 14] ORDER BY opposite))::FLOAT[28] AS flipped_vector,
               list(s.mask[j.position] ORDER BY opposite)::FLOAT[14] AS flipped_mask,
               list(s.squares[j.position] ORDER BY opposite)::FLOAT[14] AS flipped_squares
        FROM sample AS s, joints AS j WHERE j.position <= 14 GROUP BY ALL
    ), correlated AS (
        SELECT array_inner_product(a.mask, b.mask)::DOUBLE / b.body_joints AS share,
               array_inner_product(a.mask, b.flipped_mask)::DOUBLE / b.body_joints AS flipped_share,
               CASE WHEN array_inner_product(a.mask, b.mask) >= least(6, b.body_joints)
               THEN (array_inner_product(a.vector, b.vector)::DOUBLE - (array_inner_product(a.x, b.mask)::DOUBLE * array_inner_product(b.x, a.mask)::DOUBLE + array_inner_product(a.y, b.mask)::DOUBLE * array_inner_product(b.y, a.mask)::DOUBLE) / nullif(array_inner_product(a.mask, b.mask)::DOUBLE, 0)) / sqrt((CASE WHEN array_inner_product(a.squares, b.mask)::DOUBLE - ((array_inner_product(a.x, b.mask)::DOUBLE) * (array_inner_product(a.x, b.mask)::DOUBLE) + (array_inner_product(a.y, b.mask)::DOUBLE) * (array_inner_product(a.y, b.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.mask)::DOUBLE, 0) > 0.001 THEN array_inner_product(a.squares, b.mask)::DOUBLE - ((array_inner_product(a.x, b.mask)::DOUBLE) * (array_inner_product(a.x, b.mask)::DOUBLE) + (array_inner_product(a.y, b.mask)::DOUBLE) * (array_inner_product(a.y, b.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.mask)::DOUBLE, 0) END) * (CASE WHEN array_inner_product(b.squares, a.mask)::DOUBLE - ((array_inner_product(b.x, a.mask)::DOUBLE) * (array_inner_product(b.x, a.mask)::DOUBLE) + (array_inner_product(b.y, a.mask)::DOUBLE) * (array_inner_product(b.y, a.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.mask)::DOUBLE, 0) > 0.001 THEN array_inner_product(b.squares, a.mask)::DOUBLE - ((array_inner_product(b.x, a.mask)::DOUBLE) * (array_inner_product(b.x, a.mask)::DOUBLE) + (array_inner_product(b.y, a.mask)::DOUBLE) * (array_inner_product(b.y, a.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.mask)::DOUBLE, 0) END)) END AS plain,
               CASE WHEN array_inner_product(a.mask, b.flipped_mask) >= least(6, b.body_joints)
               THEN (array_inner_product(a.vector, b.flipped_vector)::DOUBLE - (array_inner_product(a.x, b.flipped_mask)::DOUBLE * array_inner_product(b.flipped_x, a.mask)::DOUBLE + array_inner_product(a.y, b.flipped_mask)::DOUBLE * array_inner_product(b.flipped_y, a.mask)::DOUBLE) / nullif(array_inner_product(a.mask, b.flipped_mask)::DOUBLE, 0)) / sqrt((CASE WHEN array_inner_product(a.squares, b.flipped_mask)::DOUBLE - ((array_inner_product(a.x, b.flipped_mask)::DOUBLE) * (array_inner_product(a.x, b.flipped_mask)::DOUBLE) + (array_inner_product(a.y, b.flipped_mask)::DOUBLE) * (array_inner_product(a.y, b.flipped_mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.flipped_mask)::DOUBLE, 0) > 0.001 THEN array_inner_product(a.squares, b.flipped_mask)::DOUBLE - ((array_inner_product(a.x, b.flipped_mask)::DOUBLE) * (array_inner_product(a.x, b.flipped_mask)::DOUBLE) + (array_inner_product(a.y, b.flipped_mask)::DOUBLE) * (array_inner_product(a.y, b.flipped_mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.flipped_mask)::DOUBLE, 0) END) * (CASE WHEN array_inner_product(b.flipped_squares, a.mask)::DOUBLE - ((array_inner_product(b.flipped_x, a.mask)::DOUBLE) * (array_inner_product(b.flipped_x, a.mask)::DOUBLE) + (array_inner_product(b.flipped_y, a.mask)::DOUBLE) * (array_inner_product(b.flipped_y, a.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.flipped_mask)::DOUBLE, 0) > 0.001 THEN array_inner_product(b.flipped_squares, a.mask)::DOUBLE - ((array_inner_product(b.flipped_x, a.mask)::DOUBLE) * (array_inner_product(b.flipped_x, a.mask)::DOUBLE) + (array_inner_product(b.flipped_y, a.mask)::DOUBLE) * (array_inner_product(b.flipped_y, a.mask)::DOUBLE)) / nullif(array_inner_product(a.mask, b.flipped_mask)::DOUBLE, 0) END)) END AS flipped
        FROM prepared AS a, prepared AS b WHERE a.pose_id <> b.pose_id
    ), pair AS MATERIALIZED (
        SELECT greatest(CASE WHEN isfinite(plain) THEN greatest(-1, least(1, 1 - ((1 - plain) * share + (1 - share) * greatest(0.1, 2.0 * (1 - plain))))) END,
                        CASE WHEN isfinite(flipped) THEN greatest(-1, least(1, 1 - ((1 - flipped) * flipped_share + (1 - flipped_share) * greatest(0.1, 2.0 * (1 - flipped))))) END) AS similarity
        FROM correlated
    )
    SELECT CASE WHEN (SELECT count(*) FROM sample) >= 30
           THEN 100.0 * count(*) FILTER (p.similarity <= a.value + 1e-6) / nullif(count(p.similarity), 0) END
    FROM argument AS a, pair AS p WHERE isfinite(a.value)
);

-- The comments of the database.
COMMENT ON TABLE about IS 'A row per fact about the whole database.';
COMMENT ON COLUMN about.key IS 'name of the fact: ''schema_version'', ''estimator'', ''model_files''';
COMMENT ON COLUMN about.value IS 'schema_version: a whole number. estimator: its name. The first ingest sets it, and `reestimate` can change it. Poses of different estimators are hardly comparable. model_files: JSON, for each of the user''s own network files: name of the network, path, SHA-256 and signature. {} if there are none';
COMMENT ON TABLE joints IS 'A row per joint. Every FLOAT[18] column has one element per joint, in this order (COCO-18). The first 14 are the body joints. Every FLOAT[14] column has one element per body joint, in the same order.';
COMMENT ON COLUMN joints.position IS 'place of the joint in the arrays. It counts from 1, as DuckDB does';
COMMENT ON COLUMN joints.joint IS 'name of the joint';
COMMENT ON COLUMN joints.opposite IS 'position of the same joint on the other side of the body, or its own if it has no side';
COMMENT ON TABLE body_parts IS 'A row per part of the body and joint in it. `--parts` and `parts :=` accept the names of the parts. Each of the 14 body joints is also a part of its own.';
COMMENT ON COLUMN body_parts.part IS 'name of the part';
COMMENT ON COLUMN body_parts.joint IS 'name of a joint of the part';
COMMENT ON TABLE snapshots IS 'A row per photo and collection. The same bytes are one photo, even if they have several sources.';
COMMENT ON COLUMN snapshots.snapshot_id IS 'id of the snapshot. It stays the same';
COMMENT ON COLUMN snapshots.source IS 'absolute path or http(s) URL: one of the photo''s sources. If any of them exists, this one does';
COMMENT ON COLUMN snapshots.sha256 IS 'SHA-256 of the photo''s bytes, in hexadecimal digits. NULL if the photo could not be read';
COMMENT ON COLUMN snapshots.width IS 'pixels of the upright photo. NULL if it could not be decoded, or is not known';
COMMENT ON COLUMN snapshots.height IS 'pixels of the upright photo. NULL in the same cases';
COMMENT ON COLUMN snapshots.collection IS 'name of the collection';
COMMENT ON COLUMN snapshots.status IS 'whether the photo has poses';
COMMENT ON COLUMN snapshots.reason IS 'why the photo was rejected, as a code (''no_person'', ''truncated'', ...). NULL if ingested';
COMMENT ON COLUMN snapshots.message IS 'why the photo was rejected, as a sentence. NULL if ingested';
COMMENT ON COLUMN snapshots.settings IS 'JSON: the rule that accepted or rejected the photo. It has "estimator", "strict" and "min_joints". After `ingest --gps`, "gps" is true. With the user''s own network files, "files" has the SHA-256 of each by the name of its network';
COMMENT ON COLUMN snapshots.dhash IS 'Difference hash of the photo, scaled down and in grey: whether each of 8 x 8 pixels is darker than its right neighbour. The hashes of photos that look alike differ in few bits. NULL if the photo could not be decoded, or was ingested by an early version.';
COMMENT ON COLUMN snapshots.thumbnail IS 'The photo scaled down to 32 x 32 pixels in grey, a byte each, row by row from the top left. Searches and `duplicates` recognize near-duplicates by it. NULL if the photo could not be decoded, or was ingested by an earlier version.';
COMMENT ON COLUMN snapshots.taken_at IS 'when the photo was taken, by the camera''s own clock, without a time zone';
COMMENT ON COLUMN snapshots.camera IS 'make and model of the camera';
COMMENT ON COLUMN snapshots.latitude IS 'where the photo was taken: degrees, positive to the north. NULL without `ingest --gps`';
COMMENT ON COLUMN snapshots.longitude IS 'where the photo was taken: degrees, positive to the east. NULL without `ingest --gps`';
COMMENT ON COLUMN snapshots.ingested_at IS 'UTC: when the row was written';
COMMENT ON COLUMN snapshots.missing_since IS 'UTC: when an ingest first found that none of the sources exists. NULL if one exists';
COMMENT ON TABLE attributes IS 'A row per attribute of a snapshot: a further column of a list that names the photo. The view snapshot_attributes has a column per attribute.';
COMMENT ON COLUMN attributes.snapshot_id IS 'the snapshot';
COMMENT ON COLUMN attributes.name IS 'name of the attribute';
COMMENT ON COLUMN attributes.value IS 'its value as text. NULL if the cell of the list is empty';
COMMENT ON COLUMN attributes.list IS 'absolute path of the list that was ingested last. NULL if the attribute is not from a list';
COMMENT ON TABLE forgotten IS 'A row per photo that `forget` removed. An ingest leaves out photos with the same bytes, except with --again.';
COMMENT ON COLUMN forgotten.sha256 IS 'SHA-256 of the photo''s bytes, in hexadecimal digits';
COMMENT ON COLUMN forgotten.collection IS 'the collection from which the photo was removed. NULL means all';
COMMENT ON COLUMN forgotten.forgotten_at IS 'UTC: when it was removed';
COMMENT ON TABLE sources IS 'A row per path or URL at which a photo is or was. Two copies of a photo are one snapshot with two sources. An ingest compares the size and modification time of each file with this table, to decide which files it must read.';
COMMENT ON COLUMN sources.source IS 'absolute path or http(s) URL, unique in its collection';
COMMENT ON COLUMN sources.collection IS 'name of the collection';
COMMENT ON COLUMN sources.snapshot_id IS 'the snapshot of the photo';
COMMENT ON COLUMN sources.bytes IS 'size of the photo. NULL if it could not be read, or was last read by an early version';
COMMENT ON COLUMN sources.modified_ns IS 'modification time of the file, nanoseconds since 1970 (UTC). NULL in the same cases, and for a URL. Also NULL if the file was just written, and for a time in the future, before 1677 or after 2262';
COMMENT ON COLUMN sources.etag IS 'the header ETag of the server, to ask later whether the photo has changed. NULL for a file, if the server did not send it, and for an incomplete photo';
COMMENT ON COLUMN sources.last_modified IS 'the header Last-Modified of the server. NULL in the same cases';
COMMENT ON COLUMN sources.missing_since IS 'UTC: when an ingest first did not find the source. NULL if the source exists';
COMMENT ON COLUMN sources.unread_reason IS 'why the last ingest could not read the photo, as a code. NULL if it could. If it could not, the poses are those of the last ingest that could';
COMMENT ON COLUMN sources.signature IS 'signature of the source, by the user who ingested it. NULL if an early version stored the source, or if the user''s key could not be stored. posesearch opens a photo without the present user''s signature only if that user ingests it, or with --trust';
COMMENT ON TABLE poses IS 'A row per person with enough body joints (at least `ingest --min-joints`).';
COMMENT ON COLUMN poses.pose_id IS 'id of the pose. A new estimation gives a new id';
COMMENT ON COLUMN poses.snapshot_id IS 'the snapshot that shows the person';
COMMENT ON COLUMN poses.person IS 'which person of the snapshot. 1 is the most prominent';
COMMENT ON COLUMN poses.box_x IS 'left edge of the box around the person, in pixels';
COMMENT ON COLUMN poses.box_y IS 'top edge of the box, in pixels';
COMMENT ON COLUMN poses.box_width IS 'width of the box, in pixels';
COMMENT ON COLUMN poses.box_height IS 'height of the box, in pixels';
COMMENT ON COLUMN poses.prominence IS 'height of the box divided by the height of the photo. NULL if that height is not known';
COMMENT ON COLUMN poses.score IS 'the estimator''s own score of the person. A higher score is more certain';
COMMENT ON COLUMN poses.estimator IS 'name of the estimator';
COMMENT ON COLUMN poses.settings IS 'JSON: version and settings of the estimator';
COMMENT ON COLUMN poses.body_joints IS 'number of body joints found. 14 is a complete pose';
COMMENT ON COLUMN poses.x IS 'pixels to the right. The element of a missing joint is NULL';
COMMENT ON COLUMN poses.y IS 'pixels down. The element of a missing joint is NULL';
COMMENT ON COLUMN poses.joint_score IS '0 to 1: how certain the estimator is of each joint. 0 for a missing joint';
COMMENT ON COLUMN poses.world_x IS 'metres to the right in the photo. NULL without world coordinates';
COMMENT ON COLUMN poses.world_y IS 'metres down in the photo. NULL without world coordinates';
COMMENT ON COLUMN poses.world_z IS 'metres away from the camera. NULL without world coordinates';
COMMENT ON COLUMN poses.vector IS 'Computed from x and y: the "body" normalization of the body joints, x0..x13, y0..y13, without a unit. The origin is the centroid of the joints found, and the coordinates are divided by their Frobenius norm. The element of a missing joint is 0, never NULL, because inner products accept no NULL. The mask says which joints are missing.';
COMMENT ON COLUMN poses.mask IS '1 for a body joint that was found, 0 for a missing one';
COMMENT ON COLUMN poses.squares IS 'x^2 + y^2 of the vector, per joint';
COMMENT ON COLUMN poses.joint_set IS 'the mask as bits: 1 for the nose, 2 for the neck, 4 for the next joint, ... 16383 is a complete pose';
COMMENT ON COLUMN poses.world_vector IS 'Computed from x, y and world_z, and normalized like vector: x0..x13, y0..y13, z0..z13. x and z are relative to the joint before it on the body: those of the wrist are those of the forearm. y is multiplied by 3.5 and z by 0.8, because height is the most reliable and depth the least. NULL without world coordinates.';
COMMENT ON COLUMN poses.world_squares IS 'x^2 + y^2 + z^2 of world_vector, per joint. NULL in the same case';
COMMENT ON COLUMN poses.clearness IS 'How clearly each trait holds, computed from the joints: ten times its distance from the threshold in margins, without the digits after the point. A trait holds from 10 on, does not hold up to -10, and can''t be told in between. docs/traits.md has the rules. The view pose_traits has the facts. NULL only in rows that posesearch did not write.';
COMMENT ON TABLE clusterings IS 'A row per k-means run. Earlier runs are kept. The view current_clusterings has those from which collections take their labels.';
COMMENT ON COLUMN clusterings.clustering_id IS 'id of the clustering. A higher one is newer';
COMMENT ON COLUMN clusterings.collection IS 'the collection that was clustered. NULL means all poses';
COMMENT ON COLUMN clusterings.normalization IS 'of the vectors that were clustered';
COMMENT ON COLUMN clusterings.k IS 'number of clusters';
COMMENT ON COLUMN clusterings.chosen_by IS 'who chose k: the user, or the elbow of the curve';
COMMENT ON COLUMN clusterings.seed IS 'seed of the random starts';
COMMENT ON COLUMN clusterings.complete IS 'number of complete poses. K-means grouped these';
COMMENT ON COLUMN clusterings.partial IS 'number of partial poses. They got the label of their nearest centroid afterwards';
COMMENT ON COLUMN clusterings.inertia IS 'sum of the squared distances of complete poses to their centroids';
COMMENT ON COLUMN clusterings.name IS 'the user''s name of the clustering, unique. NULL if it has none';
COMMENT ON COLUMN clusterings.created_at IS 'UTC: when it was stored';
COMMENT ON TABLE chosen_clusterings IS 'A row per collection for which the user has chosen a clustering. A new clustering of the collection removes the row. The view collection_clusterings has the clusterings of all collections.';
COMMENT ON COLUMN chosen_clusterings.collection IS 'name of the collection';
COMMENT ON COLUMN chosen_clusterings.clustering_id IS 'the clustering from which its labels come';
COMMENT ON TABLE centroids IS 'A row per cluster of a clustering.';
COMMENT ON COLUMN centroids.clustering_id IS 'the clustering';
COMMENT ON COLUMN centroids.cluster IS 'number of the cluster, from 0, the largest cluster first';
COMMENT ON COLUMN centroids.vector IS 'mean of the cluster''s complete poses, in the clustering''s normalization: x0..x13, y0..y13';
COMMENT ON COLUMN centroids.size IS 'number of poses with this label when the clustering was stored, partial ones too';
COMMENT ON COLUMN centroids.medoid_pose_id IS 'the complete pose nearest to the centroid at that time. It may have been removed since';
COMMENT ON TABLE labels IS 'A row per pose of a clustering.';
COMMENT ON COLUMN labels.clustering_id IS 'the clustering';
COMMENT ON COLUMN labels.pose_id IS 'the pose';
COMMENT ON COLUMN labels.cluster IS 'the label: the cluster with the nearest centroid';
COMMENT ON COLUMN labels.distance IS 'Distance to the centroid, without a unit. For a complete pose it is Euclidean, in the clustering''s normalization. For a partial pose it is computed over the joints found, so that it is comparable with the distances of complete poses: "body": both the pose and the centroid are first moved and scaled, so that these joints have centroid 0 and norm 1 "max": the Euclidean distance is multiplied by sqrt(14 / joints)';
COMMENT ON TABLE inertias IS 'The inertia curve of each clustering, which has the elbow: a row per k from 1 to 13, or up to the number of distinct complete poses if that is smaller.';
COMMENT ON COLUMN inertias.clustering_id IS 'the clustering';
COMMENT ON COLUMN inertias.k IS 'a number of clusters that was tried';
COMMENT ON COLUMN inertias.inertia IS 'sum of the squared distances with this k, as in clusterings';
COMMENT ON VIEW collection_clusterings IS 'A row per collection that has a clustering, with the one from which its labels come. It is the one that the user chose by `posesearch clusterings use`, otherwise the newest of this collection, otherwise the newest of all poses.';
COMMENT ON COLUMN collection_clusterings.collection IS 'name of the collection';
COMMENT ON COLUMN collection_clusterings.clustering_id IS 'id of the clustering. A higher one is newer';
COMMENT ON VIEW current_clusterings IS 'A row per clustering from which a collection takes its labels.';
COMMENT ON COLUMN current_clusterings.clustering_id IS 'id of the clustering. A higher one is newer';
COMMENT ON COLUMN current_clusterings.collection IS 'the collection that was clustered. NULL means all poses';
COMMENT ON COLUMN current_clusterings.normalization IS 'of the vectors that were clustered';
COMMENT ON COLUMN current_clusterings.k IS 'number of clusters';
COMMENT ON COLUMN current_clusterings.chosen_by IS 'who chose k: the user, or the elbow of the curve';
COMMENT ON COLUMN current_clusterings.seed IS 'seed of the random starts';
COMMENT ON COLUMN current_clusterings.complete IS 'number of complete poses. K-means grouped these';
COMMENT ON COLUMN current_clusterings.partial IS 'number of partial poses. They got the label of their nearest centroid afterwards';
COMMENT ON COLUMN current_clusterings.inertia IS 'sum of the squared distances of complete poses to their centroids';
COMMENT ON COLUMN current_clusterings.created_at IS 'UTC: when it was stored';
COMMENT ON COLUMN current_clusterings.name IS 'name of the attribute';
COMMENT ON VIEW labelled_poses IS 'A row per pose, with its source and its label in the clustering from which its collection takes its labels. clustering_id, cluster and distance are NULL if there is no such clustering, or if the pose was added after it. `--where` has these columns.';
COMMENT ON COLUMN labelled_poses.pose_id IS 'id of the pose. A new estimation gives a new id';
COMMENT ON COLUMN labelled_poses.snapshot_id IS 'id of the snapshot. It stays the same';
COMMENT ON COLUMN labelled_poses.source IS 'absolute path or http(s) URL: one of the photo''s sources. If any of them exists, this one does';
COMMENT ON COLUMN labelled_poses.collection IS 'name of the collection';
COMMENT ON COLUMN labelled_poses.person IS 'which person of the snapshot. 1 is the most prominent';
COMMENT ON COLUMN labelled_poses.body_joints IS 'number of body joints found. 14 is a complete pose';
COMMENT ON COLUMN labelled_poses.score IS 'the estimator''s own score of the person. A higher score is more certain';
COMMENT ON COLUMN labelled_poses.prominence IS 'height of the box divided by the height of the photo. NULL if that height is not known';
COMMENT ON COLUMN labelled_poses.box_x IS 'left edge of the box around the person, in pixels';
COMMENT ON COLUMN labelled_poses.box_y IS 'top edge of the box, in pixels';
COMMENT ON COLUMN labelled_poses.box_width IS 'width of the box, in pixels';
COMMENT ON COLUMN labelled_poses.box_height IS 'height of the box, in pixels';
COMMENT ON COLUMN labelled_poses.width IS 'pixels of the upright photo. NULL if it could not be decoded, or is not known';
COMMENT ON COLUMN labelled_poses.height IS 'pixels of the upright photo. NULL in the same cases';
COMMENT ON COLUMN labelled_poses.estimator IS 'name of the estimator';
COMMENT ON COLUMN labelled_poses.clustering_id IS 'id of the clustering. A higher one is newer';
COMMENT ON COLUMN labelled_poses.cluster IS 'number of the cluster, from 0, the largest cluster first';
COMMENT ON COLUMN labelled_poses.distance IS 'Distance to the centroid, without a unit. For a complete pose it is Euclidean, in the clustering''s normalization. For a partial pose it is computed over the joints found, so that it is comparable with the distances of complete poses: "body": both the pose and the centroid are first moved and scaled, so that these joints have centroid 0 and norm 1 "max": the Euclidean distance is multiplied by sqrt(14 / joints)';
COMMENT ON COLUMN labelled_poses.taken_at IS 'when the photo was taken, by the camera''s own clock, without a time zone';
COMMENT ON COLUMN labelled_poses.camera IS 'make and model of the camera';
COMMENT ON COLUMN labelled_poses.latitude IS 'where the photo was taken: degrees, positive to the north. NULL without `ingest --gps`';
COMMENT ON COLUMN labelled_poses.longitude IS 'where the photo was taken: degrees, positive to the east. NULL without `ingest --gps`';
COMMENT ON COLUMN labelled_poses.missing_since IS 'UTC: when an ingest first found that none of the sources exists. NULL if one exists';
COMMENT ON VIEW snapshot_attributes IS 'A row per snapshot that has attributes, with a column per attribute. Its type is BIGINT, DOUBLE, BOOLEAN, DATE or TIMESTAMP if all values of the attribute have it, and otherwise VARCHAR. An ingest that changes attributes writes this view again. Here, it is that of a database without attributes. `--where` has these columns: SELECT source, gender FROM labelled_poses JOIN snapshot_attributes USING (snapshot_id) WHERE age < 30';
COMMENT ON COLUMN snapshot_attributes.snapshot_id IS 'id of the snapshot. It stays the same';
COMMENT ON VIEW keypoints IS 'A row per pose and joint, for all 18 joints. A missing joint has a row too.';
COMMENT ON COLUMN keypoints.pose_id IS 'id of the pose. A new estimation gives a new id';
COMMENT ON COLUMN keypoints.snapshot_id IS 'id of the snapshot. It stays the same';
COMMENT ON COLUMN keypoints.source IS 'absolute path or http(s) URL: one of the photo''s sources. If any of them exists, this one does';
COMMENT ON COLUMN keypoints.collection IS 'name of the collection';
COMMENT ON COLUMN keypoints.joint IS 'name of the joint';
COMMENT ON COLUMN keypoints.x IS 'pixels of the upright photo, to the right. NULL if the joint is missing';
COMMENT ON COLUMN keypoints.y IS 'pixels of the upright photo, down. NULL if the joint is missing';
COMMENT ON COLUMN keypoints.score IS '0 to 1: how certain the estimator is of the joint. 0 if it is missing';
COMMENT ON COLUMN keypoints.world_x IS 'metres to the right of the middle of the hips. NULL without world coordinates';
COMMENT ON COLUMN keypoints.world_y IS 'metres below the middle of the hips. NULL without world coordinates';
COMMENT ON COLUMN keypoints.world_z IS 'metres behind the middle of the hips. NULL without world coordinates';
COMMENT ON COLUMN keypoints.nx IS 'element of poses.vector. NULL if missing';
COMMENT ON COLUMN keypoints.ny IS 'element of poses.vector. NULL if missing';
COMMENT ON VIEW world_poses IS 'The poses that have world coordinates, with the column names that the macro similar_views reads.';
COMMENT ON COLUMN world_poses.pose_id IS 'id of the pose. A new estimation gives a new id';
COMMENT ON COLUMN world_poses.snapshot_id IS 'id of the snapshot. It stays the same';
COMMENT ON COLUMN world_poses.joint_set IS 'the mask as bits: 1 for the nose, 2 for the neck, 4 for the next joint, ... 16383 is a complete pose';
COMMENT ON COLUMN world_poses.vector IS 'poses.world_vector';
COMMENT ON COLUMN world_poses.squares IS 'poses.world_squares';
COMMENT ON VIEW skeletons IS 'A row per pose with a struct per joint. The fields of a missing joint are NULL. `--where` has these columns too: SELECT source FROM skeletons WHERE least(left_wrist.y, right_wrist.y) < nose.y';
COMMENT ON COLUMN skeletons.pose_id IS 'id of the pose. A new estimation gives a new id';
COMMENT ON COLUMN skeletons.snapshot_id IS 'id of the snapshot. It stays the same';
COMMENT ON COLUMN skeletons.source IS 'absolute path or http(s) URL: one of the photo''s sources. If any of them exists, this one does';
COMMENT ON COLUMN skeletons.collection IS 'name of the collection';
COMMENT ON COLUMN skeletons.nose IS 'the nose, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.neck IS 'the neck, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.right_shoulder IS 'the right shoulder, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.right_elbow IS 'the right elbow, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.right_wrist IS 'the right wrist, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.left_shoulder IS 'the left shoulder, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.left_elbow IS 'the left elbow, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.left_wrist IS 'the left wrist, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.right_hip IS 'the right hip, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.right_knee IS 'the right knee, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.right_ankle IS 'the right ankle, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.left_hip IS 'the left hip, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.left_knee IS 'the left knee, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.left_ankle IS 'the left ankle, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.right_eye IS 'the right eye, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.left_eye IS 'the left eye, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.right_ear IS 'the right ear, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON COLUMN skeletons.left_ear IS 'the left ear, with the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints';
COMMENT ON VIEW angles IS 'A row per pose with the angles of its joints in the photo, in degrees from 0 to 180. They are those of the picture, not of the body in space. NULL if a joint is missing. `--where` has them as fields of angles, such as angles.left_elbow: SELECT source FROM angles WHERE left_elbow < 60';
COMMENT ON COLUMN angles.pose_id IS 'id of the pose. A new estimation gives a new id';
COMMENT ON COLUMN angles.snapshot_id IS 'id of the snapshot. It stays the same';
COMMENT ON COLUMN angles.source IS 'absolute path or http(s) URL: one of the photo''s sources. If any of them exists, this one does';
COMMENT ON COLUMN angles.collection IS 'name of the collection';
COMMENT ON COLUMN angles.left_elbow IS 'degrees at the left elbow, between shoulder and wrist. 180 is a straight arm. NULL if a joint is missing';
COMMENT ON COLUMN angles.right_elbow IS 'degrees at the right elbow, between shoulder and wrist. 180 is a straight arm. NULL if a joint is missing';
COMMENT ON COLUMN angles.left_knee IS 'degrees at the left knee, between hip and ankle. 180 is a straight leg. NULL if a joint is missing';
COMMENT ON COLUMN angles.right_knee IS 'degrees at the right knee, between hip and ankle. 180 is a straight leg. NULL if a joint is missing';
COMMENT ON COLUMN angles.left_hip IS 'degrees at the left hip, between shoulder and knee. 180 is a straight body. NULL if a joint is missing';
COMMENT ON COLUMN angles.right_hip IS 'degrees at the right hip, between shoulder and knee. 180 is a straight body. NULL if a joint is missing';
COMMENT ON COLUMN angles.left_shoulder IS 'degrees at the left shoulder, between elbow and hip. 0 is an arm along the trunk, 180 an arm above the head. NULL if a joint is missing';
COMMENT ON COLUMN angles.right_shoulder IS 'degrees at the right shoulder, between elbow and hip. 0 is an arm along the trunk, 180 an arm above the head. NULL if a joint is missing';
COMMENT ON COLUMN angles.trunk IS 'degrees between the vertical and the line from the hips to the neck. 0 is upright, 180 upside down. NULL if unknown';
COMMENT ON VIEW pose_traits IS 'A row per pose with its traits, which are facts about the pose. A trait is NULL if nobody can tell, for example because a joint is missing. Some need the world coordinates. Left and right are those of the person, unless the comment says otherwise. `--where` has these columns too: SELECT source FROM pose_traits WHERE left_hand_raised AND NOT sitting SELECT source FROM pose_traits WHERE list_contains(traits, ''lunge'')';
COMMENT ON COLUMN pose_traits.pose_id IS 'id of the pose. A new estimation gives a new id';
COMMENT ON COLUMN pose_traits.snapshot_id IS 'id of the snapshot. It stays the same';
COMMENT ON COLUMN pose_traits.source IS 'absolute path or http(s) URL: one of the photo''s sources. If any of them exists, this one does';
COMMENT ON COLUMN pose_traits.collection IS 'name of the collection';
COMMENT ON COLUMN pose_traits.left_hand_raised IS 'The left hand is higher than the left shoulder';
COMMENT ON COLUMN pose_traits.right_hand_raised IS 'The right hand is higher than the right shoulder';
COMMENT ON COLUMN pose_traits.left_hand_above_head IS 'The left hand is higher than the top of the head';
COMMENT ON COLUMN pose_traits.right_hand_above_head IS 'The right hand is higher than the top of the head';
COMMENT ON COLUMN pose_traits.left_hand_at_face IS 'The left hand is at the face or the head. It is uncertain';
COMMENT ON COLUMN pose_traits.right_hand_at_face IS 'The right hand is at the face or the head. It is uncertain';
COMMENT ON COLUMN pose_traits.left_hand_on_hip IS 'The left hand is on the hip or the waist, and the elbow points outwards';
COMMENT ON COLUMN pose_traits.right_hand_on_hip IS 'The right hand is on the hip or the waist, and the elbow points outwards';
COMMENT ON COLUMN pose_traits.left_hand_in_front IS 'The left hand is in front of the trunk. It is uncertain';
COMMENT ON COLUMN pose_traits.right_hand_in_front IS 'The right hand is in front of the trunk. It is uncertain';
COMMENT ON COLUMN pose_traits.left_hand_behind IS 'The left hand is behind the back. It is uncertain';
COMMENT ON COLUMN pose_traits.right_hand_behind IS 'The right hand is behind the back. It is uncertain';
COMMENT ON COLUMN pose_traits.left_arm_straight IS 'The left elbow is straight';
COMMENT ON COLUMN pose_traits.right_arm_straight IS 'The right elbow is straight';
COMMENT ON COLUMN pose_traits.left_arm_bent IS 'The left elbow is bent by 60 degrees or more';
COMMENT ON COLUMN pose_traits.right_arm_bent IS 'The right elbow is bent by 60 degrees or more';
COMMENT ON COLUMN pose_traits.left_arm_horizontal IS 'The left arm is stretched out level';
COMMENT ON COLUMN pose_traits.right_arm_horizontal IS 'The right arm is stretched out level';
COMMENT ON COLUMN pose_traits.left_arm_hanging IS 'The left arm hangs down';
COMMENT ON COLUMN pose_traits.right_arm_hanging IS 'The right arm hangs down';
COMMENT ON COLUMN pose_traits.arms_crossed IS 'The forearms are crossed in front of the chest. It is uncertain';
COMMENT ON COLUMN pose_traits.hands_together IS 'The hands touch each other';
COMMENT ON COLUMN pose_traits.arms_spread IS 'Both arms are stretched out to their sides';
COMMENT ON COLUMN pose_traits.left_leg_straight IS 'The left knee is straight';
COMMENT ON COLUMN pose_traits.right_leg_straight IS 'The right knee is straight';
COMMENT ON COLUMN pose_traits.left_knee_bent IS 'The left knee is bent by 45 degrees or more';
COMMENT ON COLUMN pose_traits.right_knee_bent IS 'The right knee is bent by 45 degrees or more';
COMMENT ON COLUMN pose_traits.left_leg_raised IS 'The left foot is lifted above the other one. It is uncertain';
COMMENT ON COLUMN pose_traits.right_leg_raised IS 'The right foot is lifted above the other one. It is uncertain';
COMMENT ON COLUMN pose_traits.one_leg_raised IS 'One foot is lifted above the other one';
COMMENT ON COLUMN pose_traits.legs_crossed IS 'The legs cross each other. It is uncertain';
COMMENT ON COLUMN pose_traits.feet_apart IS 'The feet are further apart than the shoulders are wide';
COMMENT ON COLUMN pose_traits.feet_together IS 'The feet touch each other, or nearly do';
COMMENT ON COLUMN pose_traits.stride IS 'One foot is before the other, as in a step. It is uncertain';
COMMENT ON COLUMN pose_traits.lunge IS 'One knee is bent, and the other leg is stretched out, with the feet far apart';
COMMENT ON COLUMN pose_traits.squat IS 'Both knees are bent, and the hips are low, above the feet. It is uncertain';
COMMENT ON COLUMN pose_traits.kneeling IS 'A knee is on the ground';
COMMENT ON COLUMN pose_traits.sitting IS 'The person sits';
COMMENT ON COLUMN pose_traits.standing IS 'The person stands or walks';
COMMENT ON COLUMN pose_traits.standing_on_left_leg IS 'The person stands on the left leg only. It is uncertain';
COMMENT ON COLUMN pose_traits.standing_on_right_leg IS 'The person stands on the right leg only. It is uncertain';
COMMENT ON COLUMN pose_traits.standing_on_one_leg IS 'The person stands on one leg only';
COMMENT ON COLUMN pose_traits.trunk_upright IS 'The trunk is upright';
COMMENT ON COLUMN pose_traits.leaning_left IS 'The trunk leans to the left of the picture';
COMMENT ON COLUMN pose_traits.leaning_right IS 'The trunk leans to the right of the picture';
COMMENT ON COLUMN pose_traits.bent_over IS 'The person stands and bends over, so that the trunk is level or lower';
COMMENT ON COLUMN pose_traits.lying IS 'The person lies';
COMMENT ON COLUMN pose_traits.upside_down IS 'The head is lower than the hips';
COMMENT ON COLUMN pose_traits.facing_front IS 'The front of the trunk faces the camera';
COMMENT ON COLUMN pose_traits.facing_back IS 'The back of the trunk faces the camera. It is uncertain';
COMMENT ON COLUMN pose_traits.facing_left IS 'The front of the trunk faces the left of the picture';
COMMENT ON COLUMN pose_traits.facing_right IS 'The front of the trunk faces the right of the picture';
COMMENT ON COLUMN pose_traits.weight_on_left_leg IS 'The person stands with the weight on the left leg';
COMMENT ON COLUMN pose_traits.weight_on_right_leg IS 'The person stands with the weight on the right leg';
COMMENT ON COLUMN pose_traits.head_turned_left IS 'The face points more to the left of the picture than the trunk. It is uncertain';
COMMENT ON COLUMN pose_traits.head_turned_right IS 'The face points more to the right of the picture than the trunk. It is uncertain';
COMMENT ON COLUMN pose_traits.head_tilted_left IS 'The head is tilted to the left of the picture. It is uncertain';
COMMENT ON COLUMN pose_traits.head_tilted_right IS 'The head is tilted to the right of the picture. It is uncertain';
COMMENT ON COLUMN pose_traits.symmetrical IS 'Left and right mirror each other';
COMMENT ON COLUMN pose_traits.traits IS 'the names of the traits that hold, in the order of the columns. Empty if none does';
COMMENT ON MACRO TABLE similar_poses IS 'The n poses most similar to the stored pose with this id, best first. Usually that pose itself is first.
  FROM similar_poses(42)
  FROM similar_poses(42, 20, parts := [''left_arm'', ''head''], mirror := false, in_collection := ''women'')
mirror: whether mirrored poses match as well. turn: whether rotations in the image plane are ignored.
sides: ''any'' also finds poses with left and right exchanged: in the arms, in the legs, or everywhere, as from behind. Such a match
has that much less similarity that only a clear gain counts. The column exchanged says it. ''same'' does not find them.
parts: only these parts of the body, from the table body_parts. NULL means the whole body.
anchored: whether the parts are compared relative to the torso. The torso is compared too, with less weight, and rotations are
ignored.
min_shared: number of joints that a pose must share with the query. If the query has fewer, a pose must share all of them.
in_collection: only poses of this collection. NULL means all.
among: the name of a table or view with the columns of poses. Only its poses are searched:
  CREATE TEMP VIEW wide AS SELECT p.* FROM poses AS p JOIN snapshots USING (snapshot_id) WHERE width > height';
COMMENT ON MACRO TABLE similar_views IS 'The same for limbs in 3D. The direction from which the person is seen is ignored. There are no rows if the pose has no
world coordinates. among: the name of a table or view with the columns of world_poses.
  FROM similar_views(42)';
COMMENT ON MACRO TABLE nearest_poses IS 'The n poses most similar to a pose that need not be stored, best first.
  FROM nearest_poses([...28 numbers...], [...14 weights...], 10)
vector: like poses.vector. weight: the weight of each body joint, 0 where it is missing or ignored.
The other arguments are those of similar_poses.';
COMMENT ON MACRO pose_similarity IS 'The similarity of two stored poses. It is the same in both directions. Joints that only one pose has lower the similarity.
  SELECT pose_similarity(42, 43)
NULL if the poses share fewer than 6 body joints, unless one of them shares all of its joints.
mirror: whether one pose may be mirrored if that makes them more similar. sides: ''any'' or ''same'', as in similar_poses.';
COMMENT ON MACRO TABLE pose_differences IS 'How much each joint of a query, which is a stored pose, adds to its distance from another stored pose. The contributions sum to
1 - similarity, with the similarity of similar_poses(query_id).
  FROM pose_differences(42, 43) ORDER BY contribution DESC
mirrored: whether the query is mirrored. exchanged: ''all'', ''arms'' or ''legs'' if left and right are exchanged in these joints. The
contributions then sum to 1 - similarity - 0.03. The joints are named as in the query itself.';
COMMENT ON MACRO similarity_percentile IS 'The percentile of a similarity: the percentage of random pairs of poses that are at most as similar. The pairs are those of 200
random poses, always the same. Of the plain and the mirrored pair, the more similar counts. NULL if there are fewer than 30 poses,
because their pairs say little.
  SELECT rank, similarity, similarity_percentile(similarity) AS percentile FROM similar_poses(42)';
COMMENT ON MACRO similarity_grade IS 'The grade of a similarity: ''same'', ''alike'', ''loosely alike'' or ''not alike''.
  SELECT rank, similarity, similarity_grade(similarity, exchanged) AS grade FROM similar_poses(42)
exchanged: the joints whose left and right are exchanged, from the column exchanged of a search.
view: ''any'' for a similarity from similar_views.';
COMMENT ON MACRO closer_than IS 'The old name of similarity_percentile, for one version.';
