-- What happened to accounts, never changed afterwards. No foreign key: an event outlives its account.
create table audit_events (
    seq        bigint      not null generated always as identity,
    at         timestamptz not null default now(),
    kind       text collate "C" not null,
    version    smallint    not null,
    detail     jsonb       not null,  -- never an address, a name or a secret
    actor      text collate "C" not null,
    user_id    uuid,
    session_id uuid,
    -- Where it came from: personal data, which goes when the account is erased.
    address    inet,
    user_agent text,

    constraint audit_events_pkey primary key (seq),
    constraint audit_events_actor_known check (actor in ('visitor', 'operator', 'service')),
    constraint audit_events_user_agent_length check (char_length(user_agent) <= 256)
);

create index audit_events_user_id_idx on audit_events (user_id, seq desc);
create index audit_events_at_idx on audit_events (at);
