-- The table of tower-sessions-sqlx-store, made here because its own `migrate()` can return Ok
-- without a table when two services start at once, and because the running service needs no
-- right to create tables. `id` holds a digest of the cookie's value, never the value.
create schema if not exists tower_sessions;

create table tower_sessions.session (
    id          text        not null,
    data        bytea       not null,
    expiry_date timestamptz not null,

    constraint session_pkey primary key (id)
);

create index session_expiry_date_idx on tower_sessions.session (expiry_date);
