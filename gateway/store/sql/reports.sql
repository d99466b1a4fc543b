-- Counts over many records.

-- name: tallies
SELECT f.school, f.service, f.status, f.reason, f.channel, COUNT(*), COALESCE(SUM(f.size), 0), MIN(f.sent_at),
    MAX(f.sent_at)
FROM files f

-- name: files_tallies
GROUP BY f.school, f.service, f.status, f.reason, f.channel
ORDER BY f.school, f.service, f.status, f.reason, f.channel
