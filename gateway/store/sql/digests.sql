-- The daily email of new documents.

-- name: digest_choices
SELECT username FROM digest_choices ORDER BY username

-- name: choose_digest
INSERT INTO digest_choices (username, chosen_at) VALUES (:username, :at) ON CONFLICT (username) DO NOTHING

-- name: leave_digest
DELETE FROM digest_choices WHERE username = :username

-- name: clear_left_context
-- Where whole names are shown, a list of documents has no term of its own: its words go when it has left.
UPDATE notices SET context = '{}' WHERE id = :id AND state = 'sent' AND template IN ('digest', 'unread', 'unread-summary')
