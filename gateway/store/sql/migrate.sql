-- The version of the database itself.

-- name: create_versions
CREATE TABLE IF NOT EXISTS schema_versions (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at TEXT NOT NULL
)

-- name: schema_version
SELECT COALESCE(MAX(version), 0) FROM schema_versions

-- name: add_version
INSERT INTO schema_versions (version, name, applied_at) VALUES (:version, :name, :at)
