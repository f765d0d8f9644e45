-- Goals. Each question names its organisation, its business time and its belief.

-- name: get
SELECT :goal_body(g) AS body, (
    SELECT MAX(e.version) FROM goals e
    WHERE e.organisation_id = :organisation_id AND e.stream_id = :stream_id AND e.known_from <= :known
  ) AS stream_version,
  CASE WHEN (g.valid_to & g.known_to) = 9223372036854775807 THEN 1 ELSE 0 END AS is_latest
FROM goals g
WHERE g.organisation_id = :organisation_id AND g.stream_id = :stream_id
  AND :in_force(g)

-- name: versions
SELECT stream_id, MAX(version) AS version FROM goals
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id

-- name: of_cycle
-- Whether a goal (of the query around this) is in the cycle, as the same question sees it.
SELECT 1 FROM cycles
WHERE cycles.organisation_id = :organisation_id AND cycles.stream_id = :cycle
  AND :in_force(cycles)
  AND cycles.goals LIKE '%' || goals.stream_id || '%'

-- name: ever_in_cycle
-- Every goal that any version of the cycle holds: few, among which `of_cycle` finds those of the question.
SELECT goals FROM cycles WHERE organisation_id = :organisation_id AND stream_id = :cycle
