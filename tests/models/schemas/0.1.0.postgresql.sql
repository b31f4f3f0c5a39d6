CREATE TABLE batches (
    id VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    started_at VARCHAR NOT NULL,
    completed_at VARCHAR,
    provider VARCHAR NOT NULL,
    model VARCHAR,
    target INTEGER NOT NULL,
    samples_generated INTEGER NOT NULL,
    tokens_used INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    request VARCHAR NOT NULL,
    errors VARCHAR NOT NULL,
    model_switches VARCHAR NOT NULL,
    provider_switches VARCHAR NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_batches_status ON batches (status);
CREATE TABLE journal (
    seq SERIAL NOT NULL,
    id VARCHAR NOT NULL,
    op VARCHAR NOT NULL,
    topic VARCHAR,
    difficulty VARCHAR,
    created_at VARCHAR,
    data VARCHAR,
    PRIMARY KEY (seq),
    UNIQUE (id)
);
CREATE TABLE work (
    batch_id VARCHAR NOT NULL,
    ordinal INTEGER NOT NULL,
    state VARCHAR NOT NULL,
    job VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    raw_answer VARCHAR,
    sample_id VARCHAR,
    reason VARCHAR,
    PRIMARY KEY (batch_id, ordinal)
);
CREATE INDEX ix_work_batch_state ON work (batch_id, state);
CREATE TABLE schema_version (version INTEGER PRIMARY KEY);
INSERT INTO schema_version VALUES (1);
INSERT INTO batches VALUES ('b', 'completed', 'x', 'x', 'p', 'm', 1, 1, 77, 1, 0, '{}', '[]', '[]', '[]');
INSERT INTO work VALUES ('b', 0, 'done', '{}', 1, NULL, 's', NULL);
INSERT INTO journal (id, op, data) VALUES ('s', 'u', '{"id": "s"}');
