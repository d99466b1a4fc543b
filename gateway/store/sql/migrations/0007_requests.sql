-- File requests: what the authority asks its schools for, the schools that it asks, and the files that answer.
-- types is a JSON list of extensions; word_key is the LIKE pattern of the word that must stand in a name.

CREATE TABLE requests (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    service TEXT NOT NULL,
    due_at TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    types TEXT NOT NULL,
    word TEXT NOT NULL,
    word_key TEXT NOT NULL,
    note TEXT NOT NULL,
    closed_at TEXT,
    closed_by TEXT
);

CREATE INDEX requests_by_close ON requests (closed_at, id);

CREATE TABLE request_schools (
    request TEXT NOT NULL REFERENCES requests (id),
    position INTEGER NOT NULL,
    school TEXT NOT NULL,
    PRIMARY KEY (request, position)
);

-- Written down when a file is seen to answer: its name is masked in the end, and the word in it gone.
CREATE TABLE request_answers (
    request TEXT NOT NULL REFERENCES requests (id),
    file TEXT NOT NULL REFERENCES files (id),
    PRIMARY KEY (request, file)
);
