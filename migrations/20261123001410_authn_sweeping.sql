-- Every sweep finds what has ended by an index, however much is live.

-- When a session ended or will end. Noting the use of a session moves it within this index; that
-- happens at most once a minute for each session.
create index sessions_ended_idx on sessions (least(idle_ends_at, absolute_ends_at, revoked_at));
drop index sessions_absolute_ends_at_idx;

-- A bucket is in one of these: it goes when it is full again, or, with failures counted, when it was
-- not used for a month.
create index attempt_limits_full_at_idx on attempt_limits (full_at) where failures = 0;
create index attempt_limits_failing_idx on attempt_limits (used_at) where failures > 0;
drop index attempt_limits_used_at_idx;
