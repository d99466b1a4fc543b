-- Terms: which bytes are to be destroyed, and what is erased with them.

-- name: is_on_hold
-- By name, for a case; or because it is of a school, or from somebody, that an open incident is about.
(
    EXISTS (SELECT 1 FROM holds h WHERE h.file = f.id AND h.released_at IS NULL)
    OR EXISTS (SELECT 1 FROM incidents i WHERE i.school = f.school AND i.closed_at IS NULL)
    OR EXISTS (
        SELECT 1 FROM incident_parties p JOIN incidents i ON i.id = p.incident
        WHERE p.username = f.sent_by_user AND i.closed_at IS NULL
    )
)

-- name: on_hold
SELECT f.id FROM files f WHERE f.id = :id AND {is_on_hold}

-- name: due
SELECT {file_columns} FROM files f

-- name: due_at
{is_held} AND f.purged_at IS NULL AND f.expires_at <= :at AND NOT {is_on_hold}

-- name: due_order
ORDER BY f.expires_at, f.id

-- name: mark_destroying
UPDATE files SET destroying_at = :at
WHERE id IN (
    SELECT f.id FROM files f WHERE f.id = :id AND f.place IS NOT NULL AND f.destroying_at IS NULL AND NOT {is_on_hold}
)

-- name: destroying
SELECT {file_columns} FROM files f WHERE f.destroying_at IS NOT NULL ORDER BY f.destroying_at, f.id

-- name: not_yet_destroyed
SELECT name, detail FROM files WHERE id = :id AND purged_at IS NULL

-- name: mask_file
UPDATE files SET
    name = :name, name_key = :name_key, detail = :detail, purged_at = :purged_at, comment = NULL, tags = '[]',
    entries = '[]', correction = NULL, place = NULL, destroying_at = NULL
WHERE id = :id

-- name: mask_history
UPDATE history SET why = REPLACE(why, :old, :new) WHERE file = :file

-- name: close_drops
UPDATE drops SET
    placed_as = NULL,
    error = CASE WHEN state = 'done' THEN NULL ELSE 'Its term ended before it could be delivered.' END,
    state = CASE WHEN state = 'done' THEN state ELSE 'withdrawn' END
WHERE file = :file AND state <> 'withdrawn'

-- name: forget_placed_names
UPDATE drops SET placed_as = NULL WHERE file = :file

-- name: mask_parts
UPDATE parts SET name = NULL WHERE file_id = :file

-- name: submissions_about
SELECT submission FROM files WHERE id = :file UNION SELECT submission FROM parts WHERE file_id = :file

-- name: holds_nothing
NOT EXISTS (SELECT 1 FROM files f WHERE f.submission = :submission AND f.place IS NOT NULL)

-- name: clear_subject
UPDATE submissions SET subject = NULL WHERE id = :submission AND {holds_nothing}

-- name: forget_fingerprint
-- The name of what was destroyed is in it: who knows all the rest could try names until one fits.
UPDATE submissions SET fingerprint = NULL WHERE id = :submission AND fingerprint IS NOT NULL

-- name: clear_part_names
UPDATE parts SET name = NULL WHERE submission = :submission AND {holds_nothing}

-- name: clear_contexts
UPDATE notices SET context = '{}' WHERE submission = :submission AND state <> 'due'

-- name: clear_answers
-- Answers to the sender since then may tell of the file, whatever message they answer. Nobody reads their words again.
UPDATE notices SET context = '{}'
WHERE username = :username AND template = 'answer' AND state <> 'due' AND first_due_at >= :since

-- name: fileless
SELECT s.id FROM submissions s WHERE s.id >= :since AND s.id < :until
    AND NOT EXISTS (SELECT 1 FROM files f WHERE f.submission = s.id)
    AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.submission = s.id)
    AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.submission = s.id AND p.file_id IS NOT NULL)
