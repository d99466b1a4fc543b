-- Submissions, their parts and files, and what happened to each file.

-- name: insert_submission
INSERT INTO submissions (
    id, channel, received_at, username, verified_by, peer, subject, message_id, outcome, fingerprint
) VALUES (
    :id, :channel, :received_at, :username, :verified_by, :peer, :subject, :message_id, :outcome, :fingerprint
)
ON CONFLICT (id) DO NOTHING

-- name: insert_part
INSERT INTO parts (submission, position, number, name, content_type, size, fate, why, file_id)
VALUES (:submission, :position, :number, :name, :content_type, :size, :fate, :why, :file_id)

-- name: insert_file
INSERT INTO files (
    id, submission, name, name_key, school, service, status, channel, sent_by, sent_by_key, sent_by_user, sent_at,
    size, sha256, expires_at, reason, faults, remark, warnings, received_by, received_by_user, received_at,
    delivered_at, comment, tags, entries, supersedes, correction, detail, place, rejected_by, status_at, purged_at,
    date, extension, private
) VALUES (
    :id, :submission, :name, :name_key, :school, :service, :status, :channel, :sent_by, :sent_by_key, :sent_by_user,
    :sent_at, :size, :sha256, :expires_at, :reason, :faults, :remark, :warnings, :received_by, :received_by_user,
    :received_at, :delivered_at, :comment, :tags, :entries, :supersedes, :correction, :detail, :place, :rejected_by,
    :status_at, :purged_at, :date, :extension, :private
)

-- name: insert_history
INSERT INTO history (file, number, at, actor, event, status, why)
SELECT :file, COALESCE(MAX(number), 0) + 1, :at, :actor, :event, :status, :why FROM history WHERE file = :file

-- name: has_submission
SELECT 1 FROM submissions WHERE id = :id

-- name: submission
SELECT id, channel, received_at, username, verified_by, peer, subject, message_id, outcome, fingerprint
FROM submissions WHERE id = :id

-- name: submission_like
SELECT id FROM submissions WHERE fingerprint = :fingerprint AND received_at >= :since
ORDER BY received_at LIMIT 1

-- name: parts
SELECT number, name, content_type, size, fate, why, file_id FROM parts WHERE submission = :submission ORDER BY position

-- name: history
SELECT file, at, actor, event, status, why FROM history WHERE file = :file ORDER BY number

-- name: file_columns
f.id, f.submission, f.name, f.school, f.service, f.status, f.channel, f.sent_by, f.sent_by_user, f.sent_at, f.size,
f.sha256, f.expires_at, f.reason, f.faults, f.remark, f.warnings, f.received_by, f.received_by_user, f.received_at,
f.delivered_at, f.comment, f.tags, f.entries, f.supersedes, f.correction, f.detail, f.place, f.rejected_by,
f.status_at, f.purged_at, f.date, f.extension, f.private

-- name: file
SELECT {file_columns} FROM files f WHERE f.id = :id

-- name: files_of_submission
SELECT {file_columns} FROM files f WHERE f.submission = :submission ORDER BY f.id

-- name: is_held
f.place IS NOT NULL AND f.destroying_at IS NULL

-- name: twins
SELECT {file_columns} FROM files f
WHERE f.school = :school AND f.name_key = :name_key AND {is_held}
ORDER BY f.id DESC

-- name: same_bytes
SELECT {file_columns} FROM files f
WHERE f.school = :school AND f.service = :service AND f.sha256 = :sha256 AND f.status IN ('Sent', 'Received')
    AND {is_held}
ORDER BY f.id DESC

-- name: files
SELECT {file_columns} FROM files f

-- name: listed
-- As core.listed has them: a fifth of the columns, since a room may hold ten thousand files, and each column of each is
-- felt; all of them stand in the index files_shown.
SELECT f.id, f.name, f.service, f.sent_by_user, f.sent_at, f.size, f.private FROM files f

-- name: is_in_inbox
f.service = :service AND f.status IN ('Sent', 'Received') AND {is_held} AND f.delivered_at IS NOT NULL

-- name: inbox_schools
SELECT f.school FROM files f WHERE {is_in_inbox} AND f.school IS NOT NULL GROUP BY f.school ORDER BY f.school

-- name: inbox_school
SELECT f.school FROM files f WHERE {is_in_inbox} AND f.school = :school LIMIT 1

-- name: files_order
ORDER BY f.id DESC

-- name: files_order_since
-- The sum of texts is no column: SQLite then finds by time and sorts what it found, and does not walk all ids.
ORDER BY f.id || '' DESC

-- name: files_order_listed
-- As it stands in the indexes of what is shown, so that nothing is sorted here: by id it is afterwards.
ORDER BY f.sent_at DESC, f.id DESC

-- name: files_school
f.school = :school

-- name: files_schools
f.school IN (:schools)

-- name: files_service
f.service = :service

-- name: files_services
f.service IN (:services)

-- name: files_status
f.status IN (:status)

-- name: files_sent_by
(f.sent_by_user = :sent_by OR f.sent_by_key = :sent_by)

-- name: files_since
f.sent_at >= :since

-- name: files_until
f.sent_at < :until

-- name: files_search
f.name_key LIKE :search ESCAPE '\'

-- name: files_submission
f.submission = :submission

-- name: files_with_bytes
{is_held}

-- name: files_without_bytes
NOT ({is_held})

-- name: files_delivered
f.delivered_at IS NOT NULL

-- name: files_after
f.id < :after

-- name: limit
LIMIT :limit

-- name: change_file
-- A file whose destruction began is changed no more. A delivery that was written since the caller looked stays, unless
-- the file goes to another service. One that went to another service and back is not the one that the caller saw.
UPDATE files SET
    name = :name, name_key = :name_key, school = :school, service = :service, status = :status, size = :size,
    sha256 = :sha256, expires_at = :expires_at, reason = :reason, faults = :faults, remark = :remark,
    warnings = :warnings, received_by = :received_by, received_by_user = :received_by_user,
    received_at = :received_at,
    delivered_at = CASE
        WHEN COALESCE(service, '') = COALESCE(:service, '') THEN COALESCE(:delivered_at, delivered_at)
        ELSE :delivered_at
    END,
    comment = :comment, tags = :tags, entries = :entries, supersedes = :supersedes, correction = :correction,
    detail = :detail, place = :place, rejected_by = :rejected_by, status_at = :status_at, date = :date,
    extension = :extension, private = :private
WHERE id = :id AND status = :expected AND destroying_at IS NULL AND purged_at IS NULL AND (
    :was_seen = 0 OR (
        COALESCE(service, '') = COALESCE(:seen_service, '') AND COALESCE(status_at, '') = COALESCE(:seen_status_at, '')
    )
)

-- name: count_files
SELECT status, COUNT(*) FROM files GROUP BY status
