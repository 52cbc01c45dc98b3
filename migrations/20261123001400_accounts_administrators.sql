-- Whether there is an administrator is asked by whoever opens the link that makes the first one, and
-- by everything that must not take the last one away.
create index users_administrators_idx on users (id) where role = 'admin';
