-- What is known of people's keys besides the keys themselves.

CREATE TABLE key_facts (
    username TEXT NOT NULL REFERENCES accounts (username),
    fingerprint TEXT NOT NULL,
    added_at TEXT NOT NULL,
    added_by TEXT NOT NULL,
    last_used_at TEXT,
    PRIMARY KEY (username, fingerprint)
);
