-- What is known of people's keys besides the keys themselves.

-- name: key_facts
SELECT k.username, k.fingerprint, k.added_at, k.added_by, k.last_used_at FROM key_facts k

-- name: key_facts_username
k.username = :username

-- name: key_facts_order
ORDER BY k.added_at, k.username, k.fingerprint

-- name: insert_key_fact
INSERT INTO key_facts (username, fingerprint, added_at, added_by) VALUES (:username, :fingerprint, :at, :actor)
ON CONFLICT (username, fingerprint) DO NOTHING

-- name: forget_key_fact
DELETE FROM key_facts WHERE username = :username AND fingerprint = :fingerprint

-- name: put_key_use
UPDATE key_facts SET last_used_at = :at WHERE username = :username AND fingerprint = :fingerprint
