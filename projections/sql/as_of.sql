-- How far the views of this version have followed the log (not one that another version left behind); an organisation.

-- name: followed
SELECT MIN(log_position) AS position FROM projection_checkpoints
WHERE name IN ('attribution', 'charters', 'cycles', 'decisions', 'drift', 'experiments', 'goals', 'history', 'marts', 'members', 'organisations', 'overload', 'pulses', 'recognitions', 'reliability', 'subscriptions', 'support', 'teams')

-- name: organisation
SELECT body, CASE WHEN known_from <= :known AND known_to > :known THEN 1 ELSE 0 END AS believed
FROM organisations
WHERE organisation_id = :organisation_id AND stream_id = :organisation_id
ORDER BY believed DESC, valid_from DESC, version DESC
LIMIT 1
