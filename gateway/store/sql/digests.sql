-- The daily email of new documents.

-- name: digest_choices
SELECT username FROM digest_choices ORDER BY username

-- name: choose_digest
INSERT INTO digest_choices (username, chosen_at) VALUES (:username, :at) ON CONFLICT (username) DO NOTHING

-- name: leave_digest
DELETE FROM digest_choices WHERE username = :username

-- name: unread_documents
-- The sum of texts is no column: SQLite then finds by the end of the term, and does not walk all that was published.
SELECT s.school, {document_columns} FROM documents d CROSS JOIN document_schools s
WHERE d.expires_at > :after AND d.expires_at <= :upto AND d.state || '' = 'published' AND d.place IS NOT NULL
    AND d.destroying_at IS NULL
    AND s.document = d.id AND s.replaced_by IS NULL
    AND NOT EXISTS (SELECT 1 FROM document_readings r WHERE r.document = d.id AND r.school = s.school)
ORDER BY d.expires_at, d.id, s.school

-- name: clear_left_context
-- Where whole names are shown, a list of documents has no term of its own: its words go when it has left.
UPDATE notices SET context = '{}' WHERE id = :id AND state = 'sent' AND template IN ('digest', 'unread', 'unread-summary')
