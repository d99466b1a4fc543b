-- File requests, whom they ask, and what answers them.

-- name: insert_request
INSERT INTO requests (
    id, title, service, due_at, opened_at, opened_by, types, word, word_key, note, closed_at, closed_by
) VALUES (
    :id, :title, :service, :due_at, :opened_at, :opened_by, :types, :word, :word_key, :note, :closed_at, :closed_by
)

-- name: insert_request_school
INSERT INTO request_schools (request, position, school) VALUES (:request, :position, :school)

-- name: close_request
UPDATE requests SET closed_at = :at, closed_by = :actor WHERE id = :id AND closed_at IS NULL

-- name: request_columns
r.id, r.title, r.service, r.due_at, r.opened_at, r.opened_by, r.types, r.word, r.note, r.closed_at, r.closed_by

-- name: requests
SELECT {request_columns} FROM requests r ORDER BY r.id DESC

-- name: open_requests
SELECT {request_columns} FROM requests r WHERE r.closed_at IS NULL ORDER BY r.id DESC

-- name: request
SELECT {request_columns} FROM requests r WHERE r.id = :id

-- name: request_schools
SELECT school FROM request_schools WHERE request = :request ORDER BY position

-- name: new_answers
-- What was sent again after an end of the request answers nothing: only open ones are looked at.
SELECT r.id, f.id FROM requests r
JOIN request_schools s ON s.request = r.id
JOIN files f ON f.school = s.school AND f.sent_at >= r.opened_at
WHERE r.closed_at IS NULL AND f.service = r.service AND f.status IN ('Sent', 'Received')
    AND f.name_key LIKE r.word_key ESCAPE '\'
    AND (r.types = '[]' OR r.types LIKE '%"' || LOWER(f.extension) || '"%')
    AND NOT EXISTS (SELECT 1 FROM request_answers a WHERE a.request = r.id AND a.file = f.id)

-- name: insert_answer
INSERT INTO request_answers (request, file) VALUES (:request, :file) ON CONFLICT (request, file) DO NOTHING

-- name: answers
-- A file that was rejected, recalled or handed to another service meanwhile counts no more.
SELECT {file_columns} FROM request_answers a
JOIN files f ON f.id = a.file
JOIN requests r ON r.id = a.request
WHERE a.request = :request AND f.service = r.service AND f.status IN ('Sent', 'Received')
ORDER BY f.sent_at, f.id
