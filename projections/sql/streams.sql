-- Streams of one kind, in the table of their versions (`:table`).

-- name: one
SELECT s.body, (
    SELECT MAX(e.version) FROM :table e
    WHERE e.organisation_id = :organisation_id AND e.stream_id = :stream_id AND e.known_from <= :known
  ) AS stream_version
FROM :table s
WHERE s.organisation_id = :organisation_id AND s.stream_id = :stream_id
  AND :in_force(s)

-- name: versions_at
-- `+` keeps SQLite from an index on times: the ids are few.
SELECT stream_id, MAX(version) AS version FROM :table
WHERE organisation_id = :organisation_id AND stream_id IN (:ids)
  AND +valid_from <= :at AND known_from <= :known AND +known_to > :known
GROUP BY stream_id
