-- The authority on who is signed in. A browser's session lives when this row says so: not revoked,
-- not idle too long, not past its absolute end, its account not disabled.
create table sessions (
    id               uuid        not null,
    user_id          uuid        not null,
    store_id         text collate "C" not null,  -- tower_sessions.session.id: the digest of the cookie
    created_at       timestamptz not null default now(),
    last_seen_at     timestamptz not null default now(),
    authenticated_at timestamptz not null default now(),
    aal              smallint    not null,  -- NIST SP 800-63B authenticator assurance level
    amr              text[]      not null,  -- RFC 8176 authentication method references
    address          inet        not null,
    user_agent       text        not null,
    remembered       boolean     not null,
    idle_ends_at     timestamptz not null,
    absolute_ends_at timestamptz not null,
    revoked_at       timestamptz,

    constraint sessions_pkey primary key (id),
    constraint sessions_store_id_unique unique (store_id),
    constraint sessions_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint sessions_aal_known check (aal between 1 and 3),
    constraint sessions_ends_in_order check (idle_ends_at <= absolute_ends_at),
    constraint sessions_user_agent_length check (char_length(user_agent) <= 256)
);

create index sessions_user_id_idx on sessions (user_id);
create index sessions_absolute_ends_at_idx on sessions (absolute_ends_at);
