-- Notices: the emails that we owe.

-- name: insert_notice
INSERT INTO notices (
    id, template, username, address, address_key, context, submission, state, due_at, first_due_at, attempts, error,
    sent_at, is_answer, in_reply_to
) VALUES (
    :id, :template, :username, :address, :address_key, :context, :submission, :state, :due_at, :first_due_at,
    :attempts, :error, :sent_at, :is_answer, :in_reply_to
)
ON CONFLICT (id) DO NOTHING

-- name: notice_columns
n.id, n.template, n.username, n.address, n.context, n.submission, n.state, n.due_at, n.first_due_at, n.attempts,
n.error, n.sent_at, n.is_answer, n.in_reply_to

-- name: notice
SELECT {notice_columns} FROM notices n WHERE n.id = :id

-- name: due_notices
SELECT {notice_columns} FROM notices n WHERE n.state = 'due' AND n.due_at <= :now ORDER BY n.due_at, n.id LIMIT :limit

-- name: next_notice
SELECT MIN(n.due_at) FROM notices n WHERE n.state = 'due'

-- name: mark_notice
UPDATE notices SET
    state = :state, due_at = :due_at, first_due_at = COALESCE(:first_due_at, first_due_at), attempts = :attempts,
    error = :error, sent_at = :sent_at
WHERE id = :id

-- name: clear_late_context
-- A notice that left after the bytes were destroyed keeps its words no longer than they; a letter that was handed on is
-- its reader's now.
UPDATE notices SET context = '{}' WHERE id = :id AND state <> 'due' AND (
    (template = 'postmaster' AND state = 'sent')
    OR EXISTS (SELECT 1 FROM files f WHERE f.submission = notices.submission AND f.purged_at IS NOT NULL)
    OR EXISTS (SELECT 1 FROM documents d WHERE d.submission = notices.submission AND d.purged_at IS NOT NULL)
    OR EXISTS (
        SELECT 1 FROM parts p JOIN files f ON f.id = p.file_id
        WHERE p.submission = notices.submission AND f.purged_at IS NOT NULL
    )
)

-- name: notices_to
SELECT COUNT(*) FROM notices n WHERE n.address_key = :address AND n.state = 'sent' AND n.sent_at >= :since

-- name: notices
SELECT {notice_columns} FROM notices n

-- name: notices_school
(
    n.username IN (SELECT s.username FROM account_schools s WHERE s.school = :school)
    OR n.submission IN (SELECT f.submission FROM files f WHERE f.school = :school)
)

-- name: notices_username
n.username = :username

-- name: notices_state
n.state = :state

-- name: notices_submission
n.submission = :submission

-- name: notices_template
n.template = :template

-- name: notices_since
n.first_due_at >= :since

-- name: notices_until
n.first_due_at < :until

-- name: notices_search
LOWER(n.address || ' ' || n.username || ' ' || n.template) LIKE :search ESCAPE '\'

-- name: notices_order
ORDER BY n.first_due_at DESC, n.id DESC

-- name: count_notices
SELECT state, COUNT(*) FROM notices GROUP BY state
