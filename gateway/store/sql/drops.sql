-- Drops: the deliveries that we owe.

-- name: insert_drop
INSERT INTO drops (id, file, service, target, state, due_at, first_due_at, attempts, placed_as, error, done_at)
VALUES (:id, :file, :service, :target, :state, :due_at, :first_due_at, :attempts, :placed_as, :error, :done_at)

-- name: drop_columns
d.id, d.file, d.service, d.target, d.state, d.due_at, d.first_due_at, d.attempts, d.placed_as, d.error, d.done_at

-- name: is_owed
-- Of a file that was rejected or recalled, whatever may lie somewhere yet is owed too: to be taken back.
d.state IN ('due', 'placing', 'withdrawing') AND (d.state <> 'due' OR f.status IN ('Sent', 'Received')) AND {is_held}

-- name: due_drops
-- The cross join keeps SQLite from walking the files first: the drops that are owed are few.
SELECT {drop_columns}, {file_columns} FROM drops d CROSS JOIN files f
WHERE f.id = d.file AND {is_owed} AND d.due_at <= :now
ORDER BY d.due_at, d.id LIMIT :limit

-- name: next_drop
SELECT MIN(d.due_at) FROM drops d CROSS JOIN files f WHERE f.id = d.file AND {is_owed}

-- name: lying_drops
-- Files that wait are few beside all files that ever were: the index files_waiting holds them alone.
SELECT {drop_columns}, {file_columns} FROM files f CROSS JOIN drops d
WHERE f.status = 'Sent' AND {is_held} AND d.file = f.id AND d.state = 'done' AND d.target LIKE 'folder:%'
ORDER BY d.target, d.done_at DESC, d.id DESC

-- name: arrivals
-- The first delivery of a file to a service, in the order of the commits: a time of the file's own would leave gaps.
SELECT t.sequence, {file_columns} FROM trail t CROSS JOIN files f
WHERE t.sequence > :after AND t.sequence <= :upto AND t.action = 'deliver' AND f.id = t.subject
    AND f.service = :service AND f.delivered_at = t.at AND f.status IN ('Sent', 'Received') AND {is_held}
ORDER BY t.sequence

-- name: mark_drop
UPDATE drops SET
    state = :state, due_at = :due_at, first_due_at = COALESCE(:first_due_at, first_due_at), attempts = :attempts,
    placed_as = :placed_as, error = :error, done_at = :done_at
WHERE id = :id AND state = :expected

-- name: withdraw_drop
UPDATE drops SET state = 'withdrawn' WHERE id = :id AND file = :file

-- name: reclaim_drop
UPDATE drops SET state = 'withdrawing', due_at = :now WHERE id = :id AND file = :file AND state <> 'withdrawn'

-- name: delivery_of
SELECT status, remark FROM files WHERE id = :file

-- name: mark_delivered
UPDATE files SET delivered_at = COALESCE(delivered_at, :done_at), remark = :remark WHERE id = :file

-- name: drops
SELECT {drop_columns} FROM drops d

-- name: drops_file
d.file = :file

-- name: drops_state
d.state = :state

-- name: drops_order
ORDER BY d.id DESC

-- name: folder_paths
SELECT DISTINCT d.service, d.target FROM drops d WHERE d.target LIKE 'folder:/%' ORDER BY d.service, d.target

-- name: rename_target
UPDATE drops SET target = :new WHERE service = :service AND target = :old

-- name: count_drops
SELECT state, COUNT(*) FROM drops GROUP BY state
