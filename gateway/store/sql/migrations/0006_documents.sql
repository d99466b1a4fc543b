-- Documents: files from the authority to its schools. One row a document, one a school that it is for, one a person of
-- a school who read it to its end. Several documents may share one place: one set of bytes, kept until the last of them
-- lets go.

CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    submission TEXT NOT NULL REFERENCES submissions (id),
    publication TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    sent_name TEXT NOT NULL,
    sent_name_key TEXT NOT NULL,
    folder TEXT NOT NULL,
    head_only BOOLEAN NOT NULL,
    everyone BOOLEAN NOT NULL,
    reach BIGINT NOT NULL,
    state TEXT NOT NULL,
    channel TEXT NOT NULL,
    published_by TEXT NOT NULL,
    published_by_key TEXT NOT NULL,
    published_by_user TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    published_at TEXT,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    place TEXT,
    reason TEXT,
    detail TEXT,
    remark TEXT,
    supersedes TEXT,
    confirmed_by TEXT,
    confirmed_at TEXT,
    deleted_by TEXT,
    deleted_at TEXT,
    delete_reason TEXT,
    requested_by TEXT,
    purged_at TEXT,
    extension TEXT,
    destroying_at TEXT
);

CREATE INDEX documents_by_submission ON documents (submission);
CREATE INDEX documents_by_publication ON documents (publication);
CREATE INDEX documents_by_state ON documents (state, id);
CREATE INDEX documents_by_publisher ON documents (published_by_user, id);
CREATE INDEX documents_by_time ON documents (sent_at);
CREATE INDEX documents_by_place ON documents (place) WHERE place IS NOT NULL;
CREATE INDEX documents_by_content ON documents (sha256, size) WHERE place IS NOT NULL;
CREATE INDEX documents_by_name ON documents (folder, name_key, head_only) WHERE state = 'published';
CREATE INDEX documents_due ON documents (expires_at, id) WHERE place IS NOT NULL;
CREATE INDEX documents_destroying ON documents (destroying_at) WHERE destroying_at IS NOT NULL;

CREATE TABLE document_schools (
    document TEXT NOT NULL REFERENCES documents (id),
    school TEXT NOT NULL,
    replaced_by TEXT,
    PRIMARY KEY (document, school)
);

CREATE INDEX document_schools_shown ON document_schools (school, document) WHERE replaced_by IS NULL;
CREATE INDEX document_schools_by_school ON document_schools (school, document);

CREATE TABLE document_readings (
    document TEXT NOT NULL REFERENCES documents (id),
    school TEXT NOT NULL,
    username TEXT NOT NULL,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (document, school, username)
);
