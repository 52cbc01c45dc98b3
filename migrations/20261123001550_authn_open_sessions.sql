-- The sessions that an account has open, the one used last first: whoever signs in once too often ends the
-- one used longest ago, which is read from the end of this index and not sorted out of all of them.
create index sessions_open_by_use_idx on sessions (user_id, last_seen_at desc, id) where revoked_at is null;
drop index sessions_open_idx;
