-- kind: initial
-- The audit log: events, and the chain of links that reveals a changed, removed or reordered event. An event is
-- written without a link, so that writers never wait for each other. A job links it within about a second.
create table audit_events (
    seq        bigint      not null generated always as identity,
    at         timestamptz not null default now(),
    kind       text collate "C" not null,
    version    smallint    not null,
    detail     jsonb       not null,
    actor_kind text collate "C" not null,
    actor_id   uuid,
    user_id    uuid,
    session_id uuid,
    address    inet,
    user_agent text,

    constraint audit_events_pkey primary key (seq),
    constraint audit_events_actor_kind_known
        check (actor_kind in ('visitor', 'administrator', 'cli', 'app', 'api_key', 'system')),
    constraint audit_events_user_agent_length check (char_length(user_agent) <= 256)
);

create index audit_events_user_id_idx on audit_events (user_id, seq desc);
create index audit_events_at_idx on audit_events (at);
-- The start of the chain and its keys are looked up by these few events.
create index audit_events_pruned_idx on audit_events (seq) where kind = 'audit_pruned';
create index audit_events_keys_idx on audit_events (seq) where kind in ('audit_key_added', 'audit_key_forgotten');

comment on table audit_events is
    'What happened to accounts. Append-only, kept for 400 days. No foreign key: an event outlives its account.';
comment on column audit_events.seq is 'Number of the event, with gaps. The chain has an order of its own.';
comment on column audit_events.at is 'When it happened.';
comment on column audit_events.kind is 'What happened, in snake_case.';
comment on column audit_events.version is 'Version of the fields in detail.';
comment on column audit_events.detail is 'Fields of the event, as JSON. Never an address, a name or a secret.';
comment on column audit_events.actor_kind is
    'Who acted: visitor (through a page), administrator, cli (the command line), app, api_key or system (a background job).';
comment on column audit_events.actor_id is 'Which administrator (users.id), app or API key. Null for other kinds.';
comment on column audit_events.user_id is 'The account it happened to. Null: none.';
comment on column audit_events.session_id is 'sessions.id in which it happened. Null: none.';
comment on column audit_events.address is 'IP address of the request. Personal data, cleared when the account is erased.';
comment on column audit_events.user_agent is
    'User-Agent header of the request, at most 256 characters. Personal data, cleared when the account is erased.';

create table audit_pending (
    event_seq bigint not null,

    constraint audit_pending_pkey primary key (event_seq)
);

comment on table audit_pending is
    'Events that wait for their link. Written in the transaction of the event, so that one that commits late is still found. Deleted by the job that links it.';
comment on column audit_pending.event_seq is 'audit_events.seq.';

create table audit_refusals (
    minute  timestamptz not null,
    network inet        not null,
    count   bigint      not null default 1,

    constraint audit_refusals_pkey primary key (minute, network),
    constraint audit_refusals_count_positive check (count > 0)
);

comment on table audit_refusals is
    'Refused sign-ins that meant no account, in the current minute. A job replaces each row with one event that carries the count.';
comment on column audit_refusals.minute is 'The minute.';
comment on column audit_refusals.network is
    'IPv4 address or IPv6 /64 of the requests. ::/0: all networks beyond the first 32 of the minute. Personal data.';
comment on column audit_refusals.count is 'How many were refused.';

create table audit_links (
    position      bigint   not null,
    event_seq     bigint   not null,
    version       smallint not null default 1,
    digest        bytea    not null,
    origin_digest bytea,
    hash          bytea    not null,
    key_id        bytea    not null,

    constraint audit_links_pkey primary key (position),
    constraint audit_links_event_unique unique (event_seq),
    constraint audit_links_digest_length check (octet_length(digest) = 32),
    constraint audit_links_origin_digest_length check (octet_length(origin_digest) = 32),
    constraint audit_links_hash_length check (octet_length(hash) = 32),
    constraint audit_links_key_id_length check (octet_length(key_id) = 4)
);

comment on table audit_links is
    'The hash chain over audit_events, one link each. Append-only, written by one job at a time. Deleted with its event by retention.';
comment on column audit_links.position is 'Place in the chain, without gaps.';
comment on column audit_links.event_seq is 'audit_events.seq.';
comment on column audit_links.version is 'Version of the digest: which fields of the event it covers, and how.';
comment on column audit_links.digest is 'HMAC-SHA-256 of the event, with origin_digest in place of its address and user agent.';
comment on column audit_links.origin_digest is
    'HMAC-SHA-256 of the event''s address and user agent. It stays when they are cleared. Null: the event has neither.';
comment on column audit_links.hash is 'HMAC-SHA-256 of the previous hash, the position and the digest.';
comment on column audit_links.key_id is
    'Which key made the three values. The chain itself says which keys it has had, so any other is a forgery.';

create table audit_origins_due (
    account_id     uuid        not null,
    due_at         timestamptz not null default now(),
    below          bigint      not null default 9223372036854775807,
    looked_through boolean     not null default false,

    constraint audit_origins_due_pkey primary key (account_id)
);

create index audit_origins_due_at_idx on audit_origins_due (due_at);

comment on table audit_origins_due is
    'Erased accounts whose older events may still hold an address or user agent. A job clears them in batches, and again an hour later for events that committed late, then deletes the row.';
comment on column audit_origins_due.account_id is 'users.id of an account that is gone.';
comment on column audit_origins_due.due_at is 'When the job looks at it next.';
comment on column audit_origins_due.below is 'Events with a lower seq are still to be looked at.';
comment on column audit_origins_due.looked_through is 'Whether the first pass is complete.';

-- A bug must not rewrite history. Retention and erasure announce in their transaction what they are about to do
-- (vestibule.audit). The chain reveals anyone who disables the triggers.
create function audit_events_guard() returns trigger language plpgsql as $$
declare
    doing text := coalesce(current_setting('vestibule.audit', true), '');
begin
    if tg_op = 'DELETE' and doing = 'prune' then
        return old;
    end if;
    if tg_op = 'UPDATE' and doing = 'forget' then
        if new.address is null and new.user_agent is null
            and to_jsonb(new) - '{address,user_agent}'::text[] = to_jsonb(old) - '{address,user_agent}'::text[]
        then
            return new;
        end if;
    end if;
    raise exception 'events of the audit trail are never changed' using errcode = 'insufficient_privilege';
end
$$;
comment on function audit_events_guard() is
    'Refuses every change of an event but two: retention deletes it, erasure clears its address and user agent.';

create function audit_links_guard() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and coalesce(current_setting('vestibule.audit', true), '') = 'prune' then
        return old;
    end if;
    raise exception 'links of the audit trail are never changed' using errcode = 'insufficient_privilege';
end
$$;
comment on function audit_links_guard() is 'Refuses every change of a link but its deletion by retention.';

create trigger audit_events_append_only before update or delete on audit_events
    for each row execute function audit_events_guard();
create trigger audit_events_no_truncate before truncate on audit_events
    for each statement execute function audit_events_guard();
create trigger audit_links_append_only before update or delete on audit_links
    for each row execute function audit_links_guard();
create trigger audit_links_no_truncate before truncate on audit_links
    for each statement execute function audit_links_guard();
