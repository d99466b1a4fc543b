-- Documents, their schools, and who read them.

-- name: insert_document
INSERT INTO documents (
    id, submission, publication, name, name_key, sent_name, sent_name_key, folder, head_only, everyone, reach, state,
    channel, published_by, published_by_key, published_by_user, sent_at, published_at, size, sha256, expires_at, place,
    reason, detail, remark, supersedes, confirmed_by, confirmed_at, deleted_by, deleted_at, delete_reason, requested_by,
    purged_at, extension
) VALUES (
    :id, :submission, :publication, :name, :name_key, :sent_name, :sent_name_key, :folder, :head_only, :everyone,
    :reach, :state, :channel, :published_by, :published_by_key, :published_by_user, :sent_at, :published_at, :size,
    :sha256, :expires_at, :place, :reason, :detail, :remark, :supersedes, :confirmed_by, :confirmed_at, :deleted_by,
    :deleted_at, :delete_reason, :requested_by, :purged_at, :extension
)

-- name: insert_document_school
INSERT INTO document_schools (document, school, replaced_by) VALUES (:document, :school, NULL)

-- name: document_columns
d.id, d.submission, d.publication, d.name, d.sent_name, d.folder, d.head_only, d.everyone, d.reach, d.state, d.channel,
d.published_by, d.published_by_user, d.sent_at, d.published_at, d.size, d.sha256, d.expires_at, d.place, d.reason,
d.detail, d.remark, d.supersedes, d.confirmed_by, d.confirmed_at, d.deleted_by, d.deleted_at, d.delete_reason,
d.requested_by, d.purged_at, d.extension

-- name: document
SELECT {document_columns} FROM documents d WHERE d.id = :id

-- name: documents_of_submission
SELECT {document_columns} FROM documents d WHERE d.submission = :submission ORDER BY d.id

-- name: schools_of_document
SELECT school FROM document_schools WHERE document = :document ORDER BY school

-- name: drop_document_schools
DELETE FROM document_schools WHERE document = :document

-- name: replace_versions
-- What a school of this document sees under the same name, in the same folder, for the same readers, it sees no more.
UPDATE document_schools SET replaced_by = :id
WHERE replaced_by IS NULL
    AND document IN (
        SELECT o.id FROM documents o
        WHERE o.folder = :folder AND o.name_key = :name_key AND o.head_only = :head_only AND o.state = 'published'
            AND o.id <> :id
    )
    AND school IN (SELECT s.school FROM document_schools s WHERE s.document = :id)

-- name: newest_replaced
SELECT MAX(s.document) FROM document_schools s
WHERE s.replaced_by = :id AND s.document IN (
    SELECT d.id FROM documents d WHERE d.folder = :folder AND d.name_key = :name_key AND d.head_only = :head_only
        AND d.state = 'published'
)

-- name: note_superseded
UPDATE documents SET supersedes = :supersedes WHERE id = :id

-- name: is_document_shown
d.state = 'published' AND d.place IS NOT NULL AND d.destroying_at IS NULL

-- name: shown_documents
SELECT {document_columns} FROM document_schools s CROSS JOIN documents d
WHERE s.school = :school AND s.replaced_by IS NULL AND d.id = s.document AND {is_document_shown}
ORDER BY d.published_at DESC, d.id DESC

-- name: shown_versions
-- Who sees what under a name: for the question whether a school has exactly these bytes there already.
SELECT s.school, d.id, d.sha256 FROM documents d CROSS JOIN document_schools s
WHERE d.folder = :folder AND d.name_key = :name_key AND d.head_only = :head_only AND {is_document_shown}
    AND s.document = d.id AND s.replaced_by IS NULL

-- name: held_content
SELECT d.place FROM documents d
WHERE d.sha256 = :sha256 AND d.size = :size AND d.place IS NOT NULL AND d.destroying_at IS NULL
    AND d.state IN ('waiting', 'published', 'held')
ORDER BY d.id LIMIT 1

-- name: place_claims
-- Documents that hold a place and are not about to let go.
SELECT COUNT(*) FROM documents d WHERE d.place = :place AND d.destroying_at IS NULL

-- name: change_document
UPDATE documents SET
    state = :state, published_at = :published_at, reason = :reason, detail = :detail, remark = :remark,
    reach = :reach, expires_at = :expires_at,
    confirmed_by = :confirmed_by, confirmed_at = :confirmed_at, deleted_by = :deleted_by, deleted_at = :deleted_at,
    delete_reason = :delete_reason, requested_by = :requested_by, destroying_at = :destroying_at
WHERE id = :id AND state = :expected AND destroying_at IS NULL AND purged_at IS NULL

-- name: published_between
-- In the order of the commits: a time would leave gaps.
SELECT t.sequence, {document_columns} FROM trail t CROSS JOIN documents d
WHERE t.sequence > :after AND t.sequence <= :upto AND t.action = 'publish' AND d.id = t.subject
    AND {is_document_shown}
ORDER BY t.sequence

-- name: issued_between
-- What came in, or was confirmed: a document that waited and went out between the two places stands there twice.
SELECT t.at, {document_columns} FROM trail t CROSS JOIN documents d
WHERE t.sequence > :after AND t.sequence <= :upto AND t.action IN ('publish', 'wait', 'hold') AND d.id = t.subject
    AND d.place IS NOT NULL AND d.destroying_at IS NULL
ORDER BY t.sequence

-- name: schools_shown
SELECT school FROM document_schools WHERE document = :document AND replaced_by IS NULL ORDER BY school

-- name: note_document_reading
INSERT INTO document_readings (document, school, username, first_at, last_at, times)
VALUES (:document, :school, :username, :at, :at, 1)
ON CONFLICT (document, school, username) DO UPDATE SET last_at = :at, times = times + 1

-- name: document_readings
SELECT document, school, username, first_at FROM document_readings WHERE document = :document
ORDER BY first_at, username

-- name: audience
SELECT s.document, s.school, s.replaced_by,
    (SELECT MIN(r.first_at) FROM document_readings r WHERE r.document = s.document AND r.school = s.school),
    (
        SELECT r.username FROM document_readings r WHERE r.document = s.document AND r.school = s.school
        ORDER BY r.first_at, r.username LIMIT 1
    ),
    (SELECT COUNT(*) FROM document_readings r WHERE r.document = s.document AND r.school = s.school)
FROM document_schools s WHERE s.document = :document ORDER BY s.school

-- name: documents
SELECT {document_columns} FROM documents d

-- name: documents_order
ORDER BY d.id DESC

-- name: documents_school
d.id IN (SELECT s.document FROM document_schools s WHERE s.school = :school)

-- name: documents_folder
d.folder = :folder

-- name: documents_state
d.state IN (:state)

-- name: documents_published_by
(d.published_by_user = :published_by OR d.published_by_key = :published_by)

-- name: documents_publication
d.publication = :publication

-- name: documents_since
d.sent_at >= :since

-- name: documents_until
d.sent_at < :until

-- name: documents_search
(d.name_key LIKE :search ESCAPE '\' OR d.sent_name_key LIKE :search ESCAPE '\')

-- name: documents_expires_by
d.expires_at <= :expires_by

-- name: documents_unread
{is_document_shown} AND EXISTS (
    SELECT 1 FROM document_schools s
    WHERE s.document = d.id AND s.replaced_by IS NULL AND (:unread = '' OR s.school = :unread) AND NOT EXISTS (
        SELECT 1 FROM document_readings r WHERE r.document = d.id AND r.school = s.school
    )
)

-- name: is_document_on_hold
-- An open incident is about a school that it is for, or about its publisher.
(
    EXISTS (
        SELECT 1 FROM document_schools s CROSS JOIN incidents i
        WHERE s.document = d.id AND i.school = s.school AND i.closed_at IS NULL
    )
    OR EXISTS (
        SELECT 1 FROM incident_parties p CROSS JOIN incidents i
        WHERE p.username = d.published_by_user AND i.id = p.incident AND i.closed_at IS NULL
    )
)

-- name: document_on_hold
SELECT d.id FROM documents d WHERE d.id = :id AND {is_document_on_hold}

-- name: due_documents
SELECT {document_columns} FROM documents d
WHERE d.place IS NOT NULL AND d.destroying_at IS NULL AND d.expires_at <= :at AND NOT {is_document_on_hold}
ORDER BY d.expires_at, d.id LIMIT :limit

-- name: mark_document_destroying
UPDATE documents SET destroying_at = :at
WHERE id IN (
    SELECT d.id FROM documents d
    WHERE d.id = :id AND d.place IS NOT NULL AND d.destroying_at IS NULL AND NOT {is_document_on_hold}
)

-- name: shown_past_term
-- What a hold keeps beyond its term, and schools that no incident is about are shown yet.
SELECT s.document, s.school FROM documents d CROSS JOIN document_schools s
WHERE d.place IS NOT NULL AND d.destroying_at IS NULL AND d.expires_at <= :at AND {is_document_on_hold}
    AND s.document = d.id AND s.replaced_by IS NULL
    AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.school = s.school AND i.closed_at IS NULL)

-- name: hide_from_school
UPDATE document_schools SET replaced_by = '' WHERE document = :document AND school = :school AND replaced_by IS NULL

-- name: destroying_documents
SELECT {document_columns} FROM documents d WHERE d.destroying_at IS NOT NULL ORDER BY d.destroying_at, d.id

-- name: not_yet_destroyed_document
SELECT name, sent_name FROM documents WHERE id = :id AND destroying_at IS NOT NULL

-- name: mask_document
UPDATE documents SET
    state = :state, name = :name, name_key = :name_key, sent_name = :sent_name, sent_name_key = :sent_name_key,
    detail = :detail, purged_at = :purged_at, place = NULL, destroying_at = NULL
WHERE id = :id

-- name: submissions_about_document
SELECT submission FROM documents WHERE id = :id UNION SELECT submission FROM parts WHERE file_id = :id

-- name: holds_no_document
NOT EXISTS (SELECT 1 FROM documents d WHERE d.submission = :submission AND d.place IS NOT NULL)

-- name: clear_document_subject
UPDATE submissions SET subject = NULL WHERE id = :submission AND {holds_no_document}

-- name: clear_document_part_names
UPDATE parts SET name = NULL WHERE submission = :submission AND {holds_no_document}

-- name: clear_document_contexts
UPDATE notices SET context = '{}' WHERE submission = :submission AND state <> 'due' AND {holds_no_document}

-- name: show_no_more
-- What was destroyed leaves the index of what schools are shown: it holds the documents of months, not of years.
UPDATE document_schools SET replaced_by = COALESCE(replaced_by, '') WHERE document = :id

-- name: count_documents
SELECT state, COUNT(*) FROM documents GROUP BY state
