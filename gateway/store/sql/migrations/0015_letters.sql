-- What we ask people and they answer by reply: who has access to their school, and whether an address is theirs.

CREATE TABLE reviews (
    id TEXT PRIMARY KEY,
    started_at TEXT NOT NULL,
    started_by TEXT NOT NULL
);

CREATE TABLE review_letters (
    id TEXT PRIMARY KEY,
    review TEXT NOT NULL REFERENCES reviews (id),
    school TEXT NOT NULL,
    username TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    reminded_at TEXT,
    reported_at TEXT,
    answered_at TEXT,
    answer TEXT
);

CREATE INDEX review_letters_by_review ON review_letters (review, school);

CREATE TABLE address_changes (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL REFERENCES accounts (username),
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    until TEXT NOT NULL,
    letter_to_new TEXT NOT NULL,
    old_at TEXT,
    new_at TEXT,
    ended_at TEXT,
    outcome TEXT
);

CREATE INDEX address_changes_open ON address_changes (username) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX address_changes_by_letter ON address_changes (letter_to_new);
