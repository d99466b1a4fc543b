-- What we asked people, and what they answered by reply.

-- name: addressee
SELECT username FROM review_letters WHERE id = :id
UNION SELECT username FROM address_changes WHERE id = :id OR letter_to_new = :id

-- name: insert_review
INSERT INTO reviews (id, started_at, started_by) VALUES (:id, :started_at, :started_by)

-- name: reviews
SELECT id, started_at, started_by FROM reviews ORDER BY started_at DESC, id DESC

-- name: letter_columns
l.id, l.review, l.school, l.username, l.sent_at, l.reminded_at, l.reported_at, l.answered_at, l.answer

-- name: letters_of_review
SELECT {letter_columns} FROM review_letters l WHERE l.review = :review ORDER BY l.school, l.username

-- name: letter
SELECT {letter_columns} FROM review_letters l WHERE l.id = :id

-- name: put_letter
-- What became of a letter is never taken back, also by who read it before an answer came.
INSERT INTO review_letters (id, review, school, username, sent_at, reminded_at, reported_at, answered_at, answer)
VALUES (:id, :review, :school, :username, :sent_at, :reminded_at, :reported_at, :answered_at, :answer)
ON CONFLICT (id) DO UPDATE SET
    reminded_at = COALESCE(excluded.reminded_at, reminded_at), reported_at = COALESCE(excluded.reported_at, reported_at),
    answered_at = COALESCE(excluded.answered_at, answered_at), answer = COALESCE(excluded.answer, answer)

-- name: change_columns
c.id, c.username, c.old, c.new, c.asked_at, c.asked_by, c.until, c.letter_to_new, c.old_at, c.new_at, c.ended_at,
c.outcome

-- name: address_change
SELECT {change_columns} FROM address_changes c WHERE c.id = :id OR c.letter_to_new = :id

-- name: open_address_changes
SELECT c.username, c.new, c.until FROM address_changes c WHERE c.ended_at IS NULL

-- name: replace_address_change
UPDATE address_changes SET ended_at = :at, outcome = 'replaced'
WHERE username = :username AND ended_at IS NULL AND id <> :id

-- name: put_address_change
-- The words from both addresses may come at the same time; how it ended first is how it ended.
INSERT INTO address_changes (
    id, username, old, new, asked_at, asked_by, until, letter_to_new, old_at, new_at, ended_at, outcome
) VALUES (
    :id, :username, :old, :new, :asked_at, :asked_by, :until, :letter_to_new, :old_at, :new_at, :ended_at, :outcome
)
ON CONFLICT (id) DO UPDATE SET
    old_at = COALESCE(excluded.old_at, old_at), new_at = COALESCE(excluded.new_at, new_at),
    ended_at = COALESCE(ended_at, excluded.ended_at), outcome = COALESCE(outcome, excluded.outcome)
