-- What only SQLite says. Another engine has its own words for these.

-- name: write_ahead
PRAGMA journal_mode = WAL

-- name: set_up
-- FULL: an acknowledged commit survives a power cut. secure_delete: what is erased is overwritten in the file.
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16000;
PRAGMA journal_size_limit = 67108864

-- name: set_up_to_read
PRAGMA query_only = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16000

-- name: begin_write
BEGIN IMMEDIATE

-- name: begin_read
BEGIN DEFERRED

-- name: commit
COMMIT

-- name: roll_back
ROLLBACK

-- name: begin_one
SAVEPOINT one

-- name: keep_one
RELEASE one

-- name: undo_one
ROLLBACK TO one

-- name: change_counter
PRAGMA data_version

-- name: empty_log
-- Of a connection that has no transaction yet: one that has begun to read can't.
PRAGMA wal_checkpoint(TRUNCATE)
