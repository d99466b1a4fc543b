-- Access that was taken away. An account is suspended for as long as one ground of it has no end.

CREATE TABLE suspensions (
    username TEXT NOT NULL REFERENCES accounts (username),
    ground TEXT NOT NULL,
    was TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    ended_at TEXT,
    ended_by TEXT,
    ended_why TEXT
);

CREATE UNIQUE INDEX suspensions_in_force ON suspensions (username, ground) WHERE ended_at IS NULL;
CREATE INDEX suspensions_by_username ON suspensions (username, at);

CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    school TEXT NOT NULL,
    reason TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    closed_at TEXT,
    closed_by TEXT,
    closed_why TEXT
);

CREATE INDEX incidents_open ON incidents (school) WHERE closed_at IS NULL;

CREATE TABLE incident_parties (
    incident TEXT NOT NULL REFERENCES incidents (id),
    username TEXT NOT NULL REFERENCES accounts (username),
    PRIMARY KEY (incident, username)
);

CREATE INDEX incident_parties_by_username ON incident_parties (username);

-- Who has not come in for long may have sent by email all the same.
CREATE INDEX submissions_by_username ON submissions (username, received_at);
