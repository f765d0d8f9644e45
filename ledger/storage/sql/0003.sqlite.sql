-- The views have a file of their own since: what they are here is the past, and is followed anew there. The pages stay in
-- this file and are used again.
DROP TABLE IF EXISTS charters;
DROP TABLE IF EXISTS cycles;
DROP TABLE IF EXISTS decisions;
DROP TABLE IF EXISTS drift_clock;
DROP TABLE IF EXISTS drift_moves;
DROP TABLE IF EXISTS drift_links;
DROP TABLE IF EXISTS drift_material;
DROP TABLE IF EXISTS drift_expectations;
DROP TABLE IF EXISTS goals;
DROP TABLE IF EXISTS history;
DROP TABLE IF EXISTS members;
DROP TABLE IF EXISTS organisations;
DROP TABLE IF EXISTS overload_promises;
DROP TABLE IF EXISTS overload_additions;
DROP TABLE IF EXISTS overload_givings;
DROP TABLE IF EXISTS overload_returns;
DROP TABLE IF EXISTS overload_values;
DROP TABLE IF EXISTS overload_capacities;
DROP TABLE IF EXISTS support_needs;
DROP TABLE IF EXISTS support_blockers;
DROP TABLE IF EXISTS support_words;
DROP TABLE IF EXISTS teams;
DROP TABLE IF EXISTS projection_checkpoints;
DROP TABLE IF EXISTS projection_held;
