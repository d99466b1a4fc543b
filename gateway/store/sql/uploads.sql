-- Uploads that are not finished, and small marks that survive a restart.

-- name: put_unfinished
INSERT INTO unfinished (id, username, folder, name, size, since)
VALUES (:id, :username, :folder, :name, :size, :since)
ON CONFLICT (id) DO UPDATE SET
    username = excluded.username, folder = excluded.folder, name = excluded.name, size = excluded.size,
    since = excluded.since

-- name: drop_unfinished
DELETE FROM unfinished WHERE id = :id

-- name: unfinished
SELECT u.id, u.username, u.folder, u.name, u.size, u.since FROM unfinished u

-- name: unfinished_username
u.username = :username

-- name: unfinished_order
ORDER BY u.since, u.id

-- name: mark
SELECT value FROM marks WHERE name = :name

-- name: set_mark
INSERT INTO marks (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value
