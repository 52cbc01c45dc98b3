-- What makes a changed, removed or reordered event of the trail visible. Events are written without a
-- link, so that no two of them meet in one row; a job chains them within a second or so.

-- Events that wait for their link. The row comes and goes in one transaction with what it tells of, so
-- an event that is committed late is seen when it is there, whatever its number.
create table audit_pending (
    event_seq bigint not null,

    constraint audit_pending_pkey primary key (event_seq)
);

create table audit_links (
    position      bigint not null,
    event_seq     bigint not null,
    digest        bytea  not null,  -- of the event's content
    origin_digest bytea,            -- of its address and user agent: stays when they are forgotten
    hash          bytea  not null,  -- of the hash before, the position and the digest
    key_id        bytea  not null,  -- which key made these three

    constraint audit_links_pkey primary key (position),
    constraint audit_links_event_unique unique (event_seq),
    constraint audit_links_digest_length check (octet_length(digest) = 32),
    constraint audit_links_origin_digest_length check (octet_length(origin_digest) = 32),
    constraint audit_links_hash_length check (octet_length(hash) = 32),
    constraint audit_links_key_id_length check (octet_length(key_id) = 4)
);

-- Where the chain begins is looked up by these few events.
create index audit_events_pruned_idx on audit_events (seq) where kind = 'audit_pruned';

insert into audit_pending (event_seq) select seq from audit_events;

-- A bug must not rewrite history. Retention and erasure say in their transaction what they are about to
-- do; whoever switches the triggers off is found by the chain.
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

create function audit_links_guard() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and coalesce(current_setting('vestibule.audit', true), '') = 'prune' then
        return old;
    end if;
    raise exception 'links of the audit trail are never changed' using errcode = 'insufficient_privilege';
end
$$;

create trigger audit_events_append_only before update or delete on audit_events
    for each row execute function audit_events_guard();
create trigger audit_events_no_truncate before truncate on audit_events
    for each statement execute function audit_events_guard();
create trigger audit_links_append_only before update or delete on audit_links
    for each row execute function audit_links_guard();
create trigger audit_links_no_truncate before truncate on audit_links
    for each statement execute function audit_links_guard();
