-- The ledger. Times are ISO 8601 in UTC with microseconds, so that text sorts as time; lists and mappings are JSON.
-- A column that ends in _key holds folded text (NFC, case ignored) for comparing; people see the column beside it.

CREATE TABLE submissions (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    received_at TEXT NOT NULL,
    username TEXT NOT NULL,
    verified_by TEXT NOT NULL,
    peer TEXT NOT NULL,
    subject TEXT,
    message_id TEXT,
    outcome TEXT NOT NULL
);

-- file_id may be a file of an earlier submission: the part was a duplicate of it.
CREATE TABLE parts (
    submission TEXT NOT NULL REFERENCES submissions (id),
    position INTEGER NOT NULL,
    number INTEGER NOT NULL,
    name TEXT,
    content_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    fate TEXT NOT NULL,
    why TEXT NOT NULL,
    file_id TEXT,
    PRIMARY KEY (submission, position)
);

CREATE INDEX parts_by_file ON parts (file_id) WHERE file_id IS NOT NULL;

CREATE TABLE files (
    id TEXT PRIMARY KEY,
    submission TEXT NOT NULL REFERENCES submissions (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    school TEXT,
    service TEXT,
    status TEXT NOT NULL,
    channel TEXT NOT NULL,
    sent_by TEXT NOT NULL,
    sent_by_key TEXT NOT NULL,
    sent_by_user TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    size BIGINT,
    sha256 TEXT,
    expires_at TEXT,
    reason TEXT,
    faults TEXT NOT NULL,
    remark TEXT,
    warnings TEXT NOT NULL,
    received_by TEXT,
    received_by_user TEXT,
    received_at TEXT,
    delivered_at TEXT,
    comment TEXT,
    tags TEXT NOT NULL,
    entries TEXT NOT NULL,
    supersedes TEXT,
    correction TEXT,
    detail TEXT,
    place TEXT,
    rejected_by TEXT,
    status_at TEXT,
    destroying_at TEXT,
    purged_at TEXT,
    date TEXT,
    extension TEXT,
    private BOOLEAN NOT NULL
);

-- Records outlive bytes by years: what is asked often has an index of held files alone.
CREATE INDEX files_by_submission ON files (submission);
CREATE INDEX files_by_school ON files (school, id);
CREATE INDEX files_by_school_and_time ON files (school, sent_at);
CREATE INDEX files_by_service ON files (service, id);
CREATE INDEX files_by_status ON files (status, id);
CREATE INDEX files_by_time ON files (sent_at);
CREATE INDEX files_by_sender ON files (sent_by_user);
CREATE INDEX files_by_sender_name ON files (sent_by_key);
CREATE INDEX files_held_by_school ON files (school, id) WHERE place IS NOT NULL;
CREATE INDEX files_held_by_name ON files (school, name_key, id) WHERE place IS NOT NULL;
CREATE INDEX files_held_by_service ON files (service, id) WHERE place IS NOT NULL;
CREATE INDEX files_due ON files (expires_at, id) WHERE place IS NOT NULL;
CREATE INDEX files_destroying ON files (destroying_at) WHERE destroying_at IS NOT NULL;

CREATE TABLE history (
    file TEXT NOT NULL REFERENCES files (id),
    number INTEGER NOT NULL,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL,
    status TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (file, number)
);

CREATE TABLE drops (
    id TEXT PRIMARY KEY,
    file TEXT NOT NULL REFERENCES files (id),
    service TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at TEXT,
    first_due_at TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    placed_as TEXT,
    error TEXT,
    done_at TEXT
);

CREATE INDEX drops_by_file ON drops (file);
CREATE INDEX drops_by_state ON drops (state, due_at);

-- submission refers to nothing by force: a notice may be owed for what left no record.
CREATE TABLE notices (
    id TEXT PRIMARY KEY,
    template TEXT NOT NULL,
    username TEXT NOT NULL,
    address TEXT NOT NULL,
    address_key TEXT NOT NULL,
    context TEXT NOT NULL,
    submission TEXT,
    state TEXT NOT NULL,
    due_at TEXT,
    first_due_at TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT,
    sent_at TEXT,
    is_answer BOOLEAN NOT NULL,
    in_reply_to TEXT
);

CREATE INDEX notices_by_submission ON notices (submission) WHERE submission IS NOT NULL;
CREATE INDEX notices_by_address ON notices (address_key, state, sent_at);
CREATE INDEX notices_by_username ON notices (username);
CREATE INDEX notices_by_state ON notices (state, due_at);
CREATE INDEX notices_by_time ON notices (first_due_at, id);

-- A hold keeps a file's bytes beyond their term for as long as it is not released.
CREATE TABLE holds (
    case_reference TEXT NOT NULL,
    file TEXT NOT NULL REFERENCES files (id),
    placed_at TEXT NOT NULL,
    placed_by TEXT NOT NULL,
    released_at TEXT,
    released_by TEXT,
    PRIMARY KEY (case_reference, file)
);

CREATE INDEX holds_in_force ON holds (file) WHERE released_at IS NULL;

CREATE TABLE unfinished (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    folder TEXT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    since TEXT NOT NULL
);

CREATE INDEX unfinished_by_username ON unfinished (username);

CREATE TABLE schools (
    number TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    urn TEXT NOT NULL,
    phase TEXT NOT NULL,
    status TEXT NOT NULL,
    closed_on TEXT
);

CREATE TABLE successions (
    old TEXT PRIMARY KEY,
    new TEXT NOT NULL,
    until TEXT NOT NULL
);

CREATE TABLE accounts (
    username TEXT PRIMARY KEY,
    forename TEXT NOT NULL,
    surname TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    password_hash TEXT,
    password_set_at TEXT,
    activated_at TEXT,
    policy_version TEXT,
    is_stale BOOLEAN NOT NULL,
    added_at TEXT NOT NULL
);

CREATE UNIQUE INDEX accounts_by_address ON accounts (email_key) WHERE email_key <> '';

CREATE TABLE account_schools (
    username TEXT NOT NULL REFERENCES accounts (username),
    position INTEGER NOT NULL,
    school TEXT NOT NULL,
    PRIMARY KEY (username, position)
);

CREATE INDEX account_schools_by_school ON account_schools (school);

CREATE TABLE account_services (
    username TEXT NOT NULL REFERENCES accounts (username),
    position INTEGER NOT NULL,
    service TEXT NOT NULL,
    PRIMARY KEY (username, position)
);

CREATE TABLE account_keys (
    username TEXT NOT NULL REFERENCES accounts (username),
    position INTEGER NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (username, position)
);

-- Every hash that an account ever had: none may be used again.
CREATE TABLE password_hashes (
    username TEXT NOT NULL REFERENCES accounts (username),
    hash TEXT NOT NULL,
    set_at TEXT NOT NULL,
    PRIMARY KEY (username, hash)
);

CREATE TABLE policy_acceptances (
    username TEXT NOT NULL REFERENCES accounts (username),
    version TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    actor TEXT NOT NULL,
    how TEXT NOT NULL,
    PRIMARY KEY (username, version, accepted_at)
);

CREATE TABLE logins (
    username TEXT NOT NULL,
    at TEXT NOT NULL,
    peer TEXT NOT NULL,
    how TEXT NOT NULL
);

CREATE INDEX logins_by_username ON logins (username, at);

CREATE TABLE last_logins (
    username TEXT PRIMARY KEY,
    at TEXT NOT NULL
);

-- The audit trail. Each row carries the digest of the row before; what is personal stands there only as a salted
-- digest, and its clear text beside it in trail_words, which can be erased without breaking the chain.
CREATE TABLE trail (
    sequence INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous TEXT NOT NULL,
    digest TEXT NOT NULL
);

CREATE INDEX trail_by_subject ON trail (subject, sequence);

CREATE TABLE trail_words (
    sequence INTEGER NOT NULL REFERENCES trail (sequence),
    field TEXT NOT NULL,
    about TEXT NOT NULL,
    salt TEXT NOT NULL,
    clear TEXT NOT NULL,
    PRIMARY KEY (sequence, field)
);

CREATE INDEX trail_words_by_about ON trail_words (about, field);

CREATE TABLE marks (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO counters (name, value) VALUES ('directory', 0);
