-- Shared allowances (generic cell rate algorithm): the theoretical arrival time of the next call.
-- Unlogged: after a crash of the server everybody starts with a full allowance, which is cheaper than writing it twice.

CREATE UNLOGGED TABLE rate_limits (
    key        text        PRIMARY KEY,
    arrival_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- down
DROP TABLE rate_limits;
