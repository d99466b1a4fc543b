-- Access that was taken away: grounds, and incidents.

-- name: suspension_columns
s.username, s.ground, s.was, s.reason, s.at, s.actor, s.ended_at, s.ended_by, s.ended_why

-- name: suspensions
SELECT {suspension_columns} FROM suspensions s

-- name: suspensions_username
s.username = :username

-- name: suspensions_ground
s.ground = :ground

-- name: suspensions_in_force
(s.ended_at IS NULL) = :in_force

-- name: suspensions_order
ORDER BY s.at, s.username, s.ground

-- name: insert_suspension
INSERT INTO suspensions (username, ground, was, reason, at, actor)
VALUES (:username, :ground, :was, :reason, :at, :actor)

-- name: end_suspension
UPDATE suspensions SET ended_at = :at, ended_by = :actor, ended_why = :reason
WHERE username = :username AND ground = :ground AND ended_at IS NULL

-- name: incident_columns
i.id, i.school, i.reason, i.opened_at, i.opened_by, i.closed_at, i.closed_by, i.closed_why

-- name: incidents
SELECT {incident_columns} FROM incidents i

-- name: incidents_is_open
(i.closed_at IS NULL) = :is_open

-- name: incidents_id
i.id = :id

-- name: incidents_order
ORDER BY i.opened_at DESC, i.id DESC

-- name: incident_parties
SELECT username FROM incident_parties WHERE incident = :id ORDER BY username

-- name: insert_incident
INSERT INTO incidents (id, school, reason, opened_at, opened_by)
VALUES (:id, :school, :reason, :opened_at, :opened_by)

-- name: insert_incident_party
INSERT INTO incident_parties (incident, username) VALUES (:id, :username)

-- name: end_incident
UPDATE incidents SET closed_at = :at, closed_by = :actor, closed_why = :reason WHERE id = :id AND closed_at IS NULL

-- name: last_sendings
SELECT s.username, MAX(s.received_at) FROM submissions s GROUP BY s.username
