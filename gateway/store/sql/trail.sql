-- The audit trail and the words beside it.

-- name: end_of_trail
SELECT sequence, digest FROM trail ORDER BY sequence DESC LIMIT 1

-- name: append_to_trail
INSERT INTO trail (sequence, at, actor, action, subject, detail, previous, digest)
VALUES (:sequence, :at, :actor, :action, :subject, :detail, :previous, :digest)

-- name: insert_word
INSERT INTO trail_words (sequence, field, about, salt, clear) VALUES (:sequence, :field, :about, :salt, :clear)

-- name: erase_words
-- Who did it and why stays as long as the row; what describes the file goes with its bytes, also in a reason.
DELETE FROM trail_words WHERE about = :about AND (
    field NOT IN ('actor', 'subject', 'detail.why', 'detail.reason') OR REPLACE(clear, :name, '') <> clear
)

-- name: trail_columns
t.sequence, t.at, t.actor, t.action, t.subject, t.detail, t.previous, t.digest

-- name: trail
SELECT {trail_columns} FROM trail t

-- name: trail_subject
t.sequence IN (
    SELECT b.sequence FROM trail b WHERE b.subject = :subject
    UNION SELECT w.sequence FROM trail_words w WHERE w.about = :subject AND w.field = 'subject'
)

-- name: trail_order
ORDER BY t.sequence DESC

-- name: trail_page
SELECT {trail_columns} FROM trail t WHERE t.sequence > :after ORDER BY t.sequence LIMIT :limit

-- name: words_between
SELECT sequence, field, about, salt, clear FROM trail_words WHERE sequence >= :first AND sequence <= :last

-- name: words_at
SELECT field, about, salt, clear FROM trail_words WHERE sequence = :sequence
