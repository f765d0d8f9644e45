-- Promises and answers as one question sees them. `:whose` stands for whose they are, `:ids` for a slice of ids.

-- name: due
-- Every promise that was due in the window, as it stood at its end.
SELECT stream_id, owner, sponsor, team, self_set, due, deliver_by, kept, missed_answer, awaits, awaits_what,
  awaits_since, missed_at, warned_at, events
FROM reliability_promises
WHERE organisation_id = :organisation_id AND due > :day_before AND due <= :last_day
  AND :in_force() AND (:whose)
ORDER BY due, stream_id

-- name: answers
SELECT event_id, occurred_at, kind, team, owner, side, member, how, since, due, question
FROM reliability_answers
WHERE organisation_id = :organisation_id AND occurred_at >= :since AND occurred_at <= :at AND known_from <= :known
  AND kind <> 'pushback' AND (:whose)
ORDER BY occurred_at, event_id

-- name: pushback
-- What the owners of the requests of the window would not take as it was.
SELECT p.stream_id, p.event_id, p.question
FROM reliability_answers r
JOIN reliability_answers p ON p.organisation_id = r.organisation_id AND p.stream_id = r.stream_id
  AND p.kind = 'pushback' AND p.occurred_at <= :at AND p.known_from <= :known
WHERE r.organisation_id = :organisation_id AND r.occurred_at >= :since AND r.occurred_at <= :at AND r.known_from <= :known
  AND r.kind = 'request' AND (:whose)
ORDER BY p.occurred_at, p.event_id

-- name: confidence
-- Check-ins of these goals that stated a confidence, and were not corrected or taken back since.
SELECT stream_id, event_id, occurred_at, confidence FROM support_words AS w
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND kind = 'check_in' AND confidence IS NOT NULL
  AND occurred_at <= :at AND known_from <= :known
  AND NOT EXISTS (
    SELECT 1 FROM support_words AS c WHERE c.organisation_id = w.organisation_id AND c.stream_id = w.stream_id
      AND c.corrects = w.event_id AND c.occurred_at <= :at AND c.known_from <= :known)
ORDER BY occurred_at, event_id

-- name: blockers
-- Blockers of these goals, raised or listed in a check-in that was not corrected or taken back since.
SELECT stream_id, event_id, occurred_at FROM support_blockers AS b
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND kind IN ('raised', 'listed')
  AND occurred_at <= :at AND known_from <= :known
  AND NOT EXISTS (
    SELECT 1 FROM support_words AS c WHERE c.organisation_id = b.organisation_id AND c.stream_id = b.stream_id
      AND c.corrects = b.event_id AND c.occurred_at <= :at AND c.known_from <= :known)
ORDER BY occurred_at, event_id
