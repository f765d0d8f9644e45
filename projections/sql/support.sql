-- The facts behind support, as one question sees them. `:whose` stands for whose they are, `:ids` for a slice of ids.

-- name: needs
-- Every need that waits, or that was raised or answered since `:since`.
-- Answers first: of most needs nothing more is asked, and their goals need not be looked up.
SELECT n.stream_id, n.event_id, n.need, n.party, n.addressee, n.answer_by, n.occurred_at,
  a.event_id AS answer, a.occurred_at AS answered_at, a.party AS answered_by,
  g.owner, g.sponsor, g.team, g.state
FROM support_needs n
LEFT JOIN support_needs a ON a.organisation_id = n.organisation_id AND a.stream_id = n.stream_id
  AND a.kind = 'answered' AND a.check_in = n.event_id AND a.need = n.need
  AND +a.occurred_at <= :at AND a.known_from <= :known
CROSS JOIN :goals_in_force
WHERE n.organisation_id = :organisation_id AND n.kind = 'raised' AND n.occurred_at <= :at AND n.known_from <= :known
  AND (a.event_id IS NULL OR n.occurred_at >= :since OR a.occurred_at >= :since)
  AND g.stream_id = n.stream_id AND :are_in_force
  AND (a.event_id IS NULL AND g.state IN (:states) OR n.occurred_at >= :since OR a.occurred_at >= :since)
  AND NOT EXISTS (
    SELECT 1 FROM support_words t WHERE t.organisation_id = :organisation_id AND t.stream_id = n.stream_id
      AND t.kind = 'taken_back' AND t.corrects = n.event_id AND +t.occurred_at <= :at AND t.known_from <= :known)
  AND (:whose)
ORDER BY n.known_from, n.need

-- name: resolved
-- Every blocker that was raised, and resolved since `:since`.
SELECT r.stream_id, r.event_id, r.occurred_at, b.occurred_at AS raised_at, g.team, g.owner
FROM support_blockers r
JOIN support_blockers b ON b.organisation_id = r.organisation_id AND b.stream_id = r.stream_id
  AND b.event_id = r.blocker AND b.kind = 'raised' AND +b.occurred_at <= :at AND b.known_from <= :known
JOIN goals g ON g.organisation_id = r.organisation_id AND g.stream_id = r.stream_id
  AND :in_force(g)
WHERE r.organisation_id = :organisation_id AND r.kind = 'resolved' AND r.occurred_at >= :since
  AND r.occurred_at <= :at AND r.known_from <= :known AND (:whose)
ORDER BY r.known_from

-- name: feedback
SELECT f.event_id, f.by_side, f.party, g.team FROM support_words f
JOIN goals g ON g.organisation_id = f.organisation_id AND g.stream_id = f.stream_id
  AND :in_force(g)
WHERE f.organisation_id = :organisation_id AND f.kind = 'feedback' AND f.occurred_at >= :since
  AND f.occurred_at <= :at AND f.known_from <= :known AND (:whose)
ORDER BY f.known_from

-- name: ended
-- What ended since `:since`, or was spoken of since.
SELECT g.stream_id, :goal_body(g) AS body FROM :all_in_force(goals) AS g
WHERE g.valid_from >= :since
  AND g.state IN ('satisfied', 'broken', 'cancelled', 'released', 'promise_withdrawn') AND (:whose)

-- name: judged
SELECT stream_id, event_id, occurred_at FROM drift_clock
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at >= :reach AND occurred_at <= :at
  AND known_from <= :known AND kind IN ('check_in', 'affirmation', 'accepted_change')
ORDER BY known_from

-- name: pauses
SELECT stream_id, event_id, proposal_id, occurred_at, paused_from, resume_on FROM drift_clock
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at <= :at AND known_from <= :known
  AND (kind = 'resume' OR paused_from IS NOT NULL)
ORDER BY occurred_at, known_from

-- name: deliveries
SELECT stream_id, occurred_at, kind FROM support_words
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND +occurred_at <= :at AND known_from <= :known
  AND kind IN ('delivered', 'reopened')
-- `+`: SQLite would read all words of the organisation for the sake of their order.
ORDER BY +occurred_at, known_from

-- name: listed
SELECT stream_id, event_id, place, occurred_at, kind, acts_next, corrects FROM support_blockers
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at <= :at AND known_from <= :known
  AND kind IN ('listed', 'cleared')
ORDER BY occurred_at, known_from, place

-- name: reminders
SELECT stream_id, event_id, kind, occurred_at FROM support_words
WHERE organisation_id = :organisation_id AND party = :member AND kind IN ('check_in_due', 'response_reminded')
  AND occurred_at >= :since AND occurred_at <= :at AND known_from <= :known
ORDER BY occurred_at, known_from

-- name: words
SELECT event_id, data FROM history
WHERE organisation_id = :organisation_id AND stream_id IN (:goals) AND event_id IN (:events)

-- name: changed_goals
-- How much of these types happened to each of a team's goals since `:since`.
SELECT h.stream_id, COUNT(*) AS n FROM history h
JOIN goals g ON g.organisation_id = h.organisation_id AND g.stream_id = h.stream_id
  AND :in_force(g)
WHERE h.organisation_id = :organisation_id AND h.type IN (:types) AND h.occurred_at >= :since
  AND h.occurred_at <= :at AND h.known_from <= :known AND g.team = :team
GROUP BY h.stream_id

-- name: changes_of_goals
SELECT h.* FROM history h
JOIN goals g ON g.organisation_id = h.organisation_id AND g.stream_id = h.stream_id
  AND :in_force(g)
WHERE h.organisation_id = :organisation_id AND h.type IN (:types) AND h.occurred_at >= :since
  AND h.occurred_at <= :at AND h.known_from <= :known AND g.team = :team
ORDER BY h.occurred_at DESC, h.position DESC
LIMIT :rows

-- name: framework
-- What happened to a team's charter, cycles and decisions; of the organisation's own charter what everybody may read.
SELECT h.* FROM history h
WHERE h.organisation_id = :organisation_id AND h.occurred_at >= :since AND h.occurred_at <= :at
  AND h.known_from <= :known AND h.type NOT IN (:quiet) AND h.stream_id IN (
    SELECT stream_id FROM charters WHERE organisation_id = :organisation_id AND known_from <= :known AND team = :team
    UNION SELECT stream_id FROM cycles WHERE organisation_id = :organisation_id AND known_from <= :known AND team = :team
    UNION SELECT stream_id FROM decisions
      WHERE organisation_id = :organisation_id AND known_from <= :known AND team = :team
    UNION SELECT stream_id FROM experiments
      WHERE organisation_id = :organisation_id AND known_from <= :known AND team = :team
    UNION SELECT stream_id FROM charters
      WHERE organisation_id = :organisation_id AND known_from <= :known AND team IS NULL
  ) AND NOT (h.stream_id = :own AND h.type IN (:private))
ORDER BY h.occurred_at DESC, h.position DESC
LIMIT :rows

-- name: framework_count
SELECT COUNT(*) AS n FROM history h
WHERE h.organisation_id = :organisation_id AND h.occurred_at >= :since AND h.occurred_at <= :at
  AND h.known_from <= :known AND h.type NOT IN (:quiet) AND h.stream_id IN (
    SELECT stream_id FROM charters WHERE organisation_id = :organisation_id AND known_from <= :known AND team = :team
    UNION SELECT stream_id FROM cycles WHERE organisation_id = :organisation_id AND known_from <= :known AND team = :team
    UNION SELECT stream_id FROM decisions
      WHERE organisation_id = :organisation_id AND known_from <= :known AND team = :team
    UNION SELECT stream_id FROM experiments
      WHERE organisation_id = :organisation_id AND known_from <= :known AND team = :team
    UNION SELECT stream_id FROM charters
      WHERE organisation_id = :organisation_id AND known_from <= :known AND team IS NULL
  ) AND NOT (h.stream_id = :own AND h.type IN (:private))

-- name: stated
-- What a member has said of confidence, ever, and what was taken back.
SELECT stream_id, event_id, occurred_at, confidence, corrects FROM support_words
WHERE organisation_id = :organisation_id AND party = :member
  AND (kind = 'check_in' AND confidence IS NOT NULL OR kind = 'taken_back')
  AND occurred_at <= :at AND known_from <= :known
ORDER BY occurred_at, known_from

-- name: bodies
SELECT stream_id, :goal_body(goals) AS body FROM goals
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND :in_force()

-- name: renegotiated
-- When each goal's terms last changed.
SELECT stream_id, MAX(occurred_at) AS last_at FROM drift_clock
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND kind = 'accepted_change'
  AND occurred_at <= :at AND known_from <= :known
GROUP BY stream_id
