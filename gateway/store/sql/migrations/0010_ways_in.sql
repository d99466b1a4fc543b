-- How a person came to an account: who asked for it, who verified them and on what, the code that is out, and to which
-- words they agreed.

ALTER TABLE accounts ADD COLUMN requested_at TEXT;
ALTER TABLE accounts ADD COLUMN requested_by TEXT;
ALTER TABLE accounts ADD COLUMN verified_at TEXT;
ALTER TABLE accounts ADD COLUMN verified_by TEXT;
ALTER TABLE accounts ADD COLUMN evidence TEXT;
ALTER TABLE accounts ADD COLUMN code TEXT;

ALTER TABLE policy_acceptances ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE policy_acceptances ADD COLUMN peer TEXT NOT NULL DEFAULT '';

-- What each digest stands for, and since when a version is in force.
CREATE TABLE policy_texts (
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    text TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (version, digest)
);
