-- Streams of one kind, in the table of their versions (`:table`).

-- name: one
SELECT s.body, (
    SELECT MAX(e.version) FROM :table e
    WHERE e.organisation_id = :organisation_id AND e.stream_id = :stream_id AND e.known_from <= :known
  ) AS stream_version
FROM :table s
WHERE s.organisation_id = :organisation_id AND s.stream_id = :stream_id
  AND :in_force(s)
