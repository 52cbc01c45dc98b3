-- kind: expand
-- Forward-auth: a session of its own on every protected host.
create table gate_tickets (
    digest     bytea       not null,
    app_id     uuid        not null,
    session_id uuid        not null,
    knock      bytea       not null,
    path       text        not null,
    expires_at timestamptz not null,
    used_at    timestamptz,

    constraint gate_tickets_pkey primary key (digest),
    constraint gate_tickets_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint gate_tickets_session_fkey foreign key (session_id) references sessions (id) on delete cascade,
    constraint gate_tickets_digest_length check (octet_length(digest) = 32),
    constraint gate_tickets_knock_length check (octet_length(knock) = 32),
    constraint gate_tickets_path_length check (char_length(path) <= 4096)
);

create index gate_tickets_app_id_idx on gate_tickets (app_id);
create index gate_tickets_session_id_idx on gate_tickets (session_id);
create index gate_tickets_expires_at_idx on gate_tickets (expires_at);

comment on table gate_tickets is
    'Tickets that carry a signed-in person over to a protected host, once. Deleted after they expire.';
comment on column gate_tickets.digest is 'SHA-256 of the ticket.';
comment on column gate_tickets.app_id is 'The app whose host it is for.';
comment on column gate_tickets.session_id is 'The session of the person.';
comment on column gate_tickets.knock is 'SHA-256 of the cookie of the browser that knocked at the host: no other may use the ticket.';
comment on column gate_tickets.path is 'Path on the host to go on to.';
comment on column gate_tickets.expires_at is 'When it expires, a minute later.';
comment on column gate_tickets.used_at is 'When it was used. Null: it was not.';

create table gate_sessions (
    digest     bytea       not null,
    app_id     uuid        not null,
    session_id uuid        not null,
    created_at timestamptz not null default now(),

    constraint gate_sessions_pkey primary key (digest),
    constraint gate_sessions_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint gate_sessions_session_fkey foreign key (session_id) references sessions (id) on delete cascade,
    constraint gate_sessions_digest_length check (octet_length(digest) = 32)
);

create index gate_sessions_app_id_idx on gate_sessions (app_id);
create index gate_sessions_session_id_idx on gate_sessions (session_id);

comment on table gate_sessions is
    'Cookies on protected hosts. Each is worth what its session is worth, on that host alone, and goes with it.';
comment on column gate_sessions.digest is 'SHA-256 of the cookie.';
comment on column gate_sessions.app_id is 'The app whose host it is for.';
comment on column gate_sessions.session_id is 'The session.';
comment on column gate_sessions.created_at is 'When it was opened.';

-- A cached session of a host ends with its row.
create function notify_gate_session_removal() returns trigger language plpgsql as $$
begin
    perform pg_notify('vestibule_sessions', user_id::text) from sessions where id = old.session_id;
    return null;
end
$$;
comment on function notify_gate_session_removal() is 'Invalidates the cached sessions of an account one of whose sessions on a host was removed.';
create trigger gate_sessions_notify_removal after delete or update on gate_sessions for each row
    execute function notify_gate_session_removal();
create trigger gate_sessions_notify_truncate after truncate on gate_sessions
    execute function notify_all_sessions_change();
