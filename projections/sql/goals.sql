-- Goals. Each question names its organisation, its business time and its belief.
-- `+valid_to` keeps SQLite, which has no statistics, from preferring the index on valid_to to the key.

-- name: get
SELECT :body(g) AS body, (
    SELECT MAX(e.version) FROM goals e
    WHERE e.organisation_id = :organisation_id AND e.stream_id = :stream_id AND e.known_from <= :known
  ) AS stream_version
FROM goals g
WHERE g.organisation_id = :organisation_id AND g.stream_id = :stream_id
  AND g.valid_from <= :at AND +g.valid_to > :at AND g.known_from <= :known AND g.known_to > :known

-- name: timelines
SELECT stream_id, event_id, version, valid_from, valid_to, known_from, recorded_from, :body(goals) AS body
FROM goals
WHERE :began
ORDER BY stream_id, valid_from, version

-- name: of_cycle
-- Whether a goal (of the query around this) is in the cycle, as the same lens shows it.
SELECT 1 FROM cycles
WHERE cycles.organisation_id = :organisation_id AND cycles.stream_id = :cycle
  AND cycles.valid_from <= :at AND +cycles.valid_to > :at
  AND cycles.known_from <= :known AND cycles.known_to > :known
  AND cycles.goals LIKE '%' || goals.stream_id || '%'

-- name: ever_in_cycle
-- Every goal that any version of the cycle holds: few, among which `of_cycle` finds those of the lens.
SELECT goals FROM cycles WHERE organisation_id = :organisation_id AND stream_id = :cycle
