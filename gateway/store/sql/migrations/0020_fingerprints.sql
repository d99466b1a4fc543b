-- By what a message is known when it is handed over again. What was recorded before this has none.

ALTER TABLE submissions ADD COLUMN fingerprint TEXT;

CREATE INDEX submissions_by_fingerprint ON submissions (fingerprint, received_at) WHERE fingerprint IS NOT NULL;
