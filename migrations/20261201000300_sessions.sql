-- kind: initial
-- Sessions: who is signed in, the browser session store, sign-ins that wait for a second factor, and browsers that
-- have signed in before.
create table sessions (
    id               uuid        not null,
    user_id          uuid        not null,
    store_id         text collate "C" not null,
    aal              smallint    not null,
    amr              text[]      not null,
    address          inet        not null,
    user_agent       text        not null,
    remembered       boolean     not null,
    created_at       timestamptz not null default now(),
    authenticated_at timestamptz not null default now(),
    last_seen_at     timestamptz not null default now(),
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
-- The open sessions of an account, the most recently used first. A sign-in beyond the limit revokes the last of them,
-- which is read from the end of this index without sorting.
create index sessions_open_by_use_idx on sessions (user_id, last_seen_at desc, id) where revoked_at is null;
-- When a session ended or will end, for the sweep. Recording the use of a session moves it within this index, at most
-- once a minute.
create index sessions_ended_idx on sessions (least(idle_ends_at, absolute_ends_at, revoked_at));

comment on table sessions is
    'The authority on who is signed in. A session is live while it is not revoked, neither end has passed and its account is enabled. Deleted an hour after its end.';
comment on column sessions.id is 'Random UUID, shown to apps and in the audit log.';
comment on column sessions.user_id is 'The account that is signed in.';
comment on column sessions.store_id is
    'tower_sessions.session.id, the digest of the cookie. Replaced when the user authenticates again.';
comment on column sessions.aal is 'Authenticator assurance level (NIST SP 800-63B), 1 to 3.';
comment on column sessions.amr is 'How the user authenticated: authentication method references (RFC 8176).';
comment on column sessions.address is 'IP address of the sign-in. Personal data.';
comment on column sessions.user_agent is 'User-Agent header of the sign-in, at most 256 characters. Personal data.';
comment on column sessions.remembered is 'Whether the session outlives the browser window.';
comment on column sessions.created_at is 'When the user signed in.';
comment on column sessions.authenticated_at is 'When the user last authenticated with the best factor of the account.';
comment on column sessions.last_seen_at is 'Last recorded use, written at most once a minute.';
comment on column sessions.idle_ends_at is 'When the session ends without further use. Moved on with last_seen_at.';
comment on column sessions.absolute_ends_at is 'When the session ends whatever its use.';
comment on column sessions.revoked_at is 'When the session was ended early. Set by signing out, by other changes, or by hand. Null: not revoked.';

-- The table of tower-sessions-sqlx-store. Its own migrate() can return Ok without a table when two services start at
-- once, and the running service needs no right to create tables. The library chose the names.
create schema if not exists tower_sessions;

create table tower_sessions.session (
    id          text        not null,
    data        bytea       not null,
    expiry_date timestamptz not null,

    constraint session_pkey primary key (id)
);

create index session_expiry_date_idx on tower_sessions.session (expiry_date);

comment on table tower_sessions.session is
    'Browser sessions, one per session cookie. Deleted by signing out, by the sweep with its row in sessions, or after its expiry date.';
comment on column tower_sessions.session.id is 'Digest of the cookie value, never the value.';
comment on column tower_sessions.session.data is 'Contents of the browser session in MessagePack, written by tower-sessions.';
comment on column tower_sessions.session.expiry_date is 'When the store forgets it.';

create table pending_sign_ins (
    digest              bytea       not null,
    user_id             uuid        not null,
    methods             text[]      not null default '{}',
    credentials_version bigint      not null,
    remembered          boolean     not null,
    next                text,
    failed_before       integer     not null,
    created_at          timestamptz not null default now(),
    expires_at          timestamptz not null,
    used_at             timestamptz,

    constraint pending_sign_ins_pkey primary key (digest),
    constraint pending_sign_ins_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint pending_sign_ins_digest_length check (octet_length(digest) = 32)
);

create index pending_sign_ins_user_id_idx on pending_sign_ins (user_id);
create index pending_sign_ins_expires_at_idx on pending_sign_ins (expires_at);

comment on table pending_sign_ins is
    'Sign-ins that wait for a second factor. They are not sessions: the secret opens only the pages that ask for the factor. Deleted after ten minutes.';
comment on column pending_sign_ins.digest is 'SHA-256 of the secret in the browser''s cookie.';
comment on column pending_sign_ins.user_id is 'The account being signed in to.';
comment on column pending_sign_ins.methods is 'What has been shown so far: the methods, in their order.';
comment on column pending_sign_ins.credentials_version is
    'users.credentials_version of the password that was shown. A change of it ends the sign-in.';
comment on column pending_sign_ins.remembered is 'Whether the session will outlive the browser window.';
comment on column pending_sign_ins.next is 'Local path to return to. Null: none requested.';
comment on column pending_sign_ins.failed_before is 'Failed passwords before the right one.';
comment on column pending_sign_ins.created_at is 'When the password was verified.';
comment on column pending_sign_ins.expires_at is 'When the sign-in expires, ten minutes later.';
comment on column pending_sign_ins.used_at is 'When the sign-in completed or was revoked. Null: still pending.';

create table return_paths (
    id         bytea       not null,
    path       text        not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,

    constraint return_paths_pkey primary key (id),
    constraint return_paths_id_length check (octet_length(id) = 32),
    constraint return_paths_path_length check (char_length(path) <= 4096)
);

create index return_paths_expires_at_idx on return_paths (expires_at);

comment on table return_paths is
    'Local paths to return to: too long for an address, or kept for a browser that requested an email. Deleted after they expire.';
comment on column return_paths.id is 'SHA-256 of the id in the address, or of the cookie by which accounts recognise the browser.';
comment on column return_paths.path is 'Absolute local path with its query and fragment, at most 4,096 characters.';
comment on column return_paths.created_at is 'When it was stored.';
comment on column return_paths.expires_at is 'When it expires.';

create table known_browsers (
    id                  uuid        not null default gen_random_uuid(),
    user_id             uuid        not null,
    digest              bytea       not null,
    created_at          timestamptz not null default now(),
    last_used_at        timestamptz not null default now(),
    trusted_until       timestamptz,
    trusted_version     bigint,
    address             inet,
    user_agent          text,

    constraint known_browsers_pkey primary key (user_id, digest),
    constraint known_browsers_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint known_browsers_digest_length check (octet_length(digest) = 32),
    constraint known_browsers_trust_whole check ((trusted_until is null) = (trusted_version is null)),
    constraint known_browsers_user_agent_length check (char_length(user_agent) <= 256)
);

create index known_browsers_last_used_at_idx on known_browsers (last_used_at);
-- Every account that knows a browser, when it gets a fresh secret.
create index known_browsers_digest_idx on known_browsers (digest);

comment on table known_browsers is
    'Browsers that have signed in to an account before. Each has a limit of its own, so that others who guess at the account never lock its owner out. At most 50 per account, deleted 400 days after their last use.';
comment on column known_browsers.id is 'Random UUID, names the browser in forms and limits. It stays when the cookie is renewed.';
comment on column known_browsers.user_id is 'The account.';
comment on column known_browsers.digest is 'SHA-256 of the browser''s cookie. Replaced when another account begins to know the browser, and when it is trusted.';
comment on column known_browsers.created_at is 'First sign-in from this browser.';
comment on column known_browsers.last_used_at is 'Last sign-in from this browser, written at most once a day.';
comment on column known_browsers.trusted_until is
    'Until when this browser needs no second factor ("remember this browser"). Null: not trusted.';
comment on column known_browsers.trusted_version is
    'users.credentials_version of the password that was shown. A change of it ends the trust.';
comment on column known_browsers.address is 'IP address when the browser was trusted. Personal data, cleared when the trust is revoked.';
comment on column known_browsers.user_agent is
    'User-Agent header when the browser was trusted, at most 256 characters. Personal data, cleared when the trust is revoked.';

-- Tells every replica whose cached sessions are stale. The payload is the account's id, sent when the change commits,
-- once per account and transaction. Extending the end of a session notifies no one.
create function notify_session_change() returns trigger language plpgsql as $$
begin
    -- Both accounts, should a row ever move from one to another. PostgreSQL sends equal notifications once.
    if tg_op <> 'INSERT' then
        perform pg_notify('vestibule_sessions', to_jsonb(old) ->> tg_argv[0]);
    end if;
    if tg_op <> 'DELETE' then
        perform pg_notify('vestibule_sessions', to_jsonb(new) ->> tg_argv[0]);
    end if;
    return null;
end
$$;
comment on function notify_session_change() is
    'Invalidates the cached sessions of one account on every replica. Its argument is the column that holds the account id.';

create function notify_all_sessions_change() returns trigger language plpgsql as $$
begin
    perform pg_notify('vestibule_sessions', 'all');
    return null;
end
$$;
comment on function notify_all_sessions_change() is 'Invalidates every cached session on every replica, after a truncate.';

create function notify_browser_session_removal() returns trigger language plpgsql as $$
begin
    perform pg_notify('vestibule_sessions', user_id::text) from sessions
    where store_id = old.id collate "C" and revoked_at is null and least(idle_ends_at, absolute_ends_at) > now();
    return null;
end
$$;
comment on function notify_browser_session_removal() is
    'Invalidates the cached sessions of an account whose browser session was removed: without it the session is not live.';

create trigger sessions_notify_change after update on sessions for each row
    when (
        (old.store_id, old.user_id, old.created_at, old.authenticated_at, old.aal, old.amr, old.remembered)
            is distinct from
            (new.store_id, new.user_id, new.created_at, new.authenticated_at, new.aal, new.amr, new.remembered)
        or new.revoked_at is distinct from old.revoked_at
        or new.idle_ends_at < old.idle_ends_at
        or new.absolute_ends_at is distinct from old.absolute_ends_at
        or new.last_seen_at < old.last_seen_at
    )
    execute function notify_session_change('user_id');
create trigger sessions_notify_removal after delete on sessions for each row
    when (old.revoked_at is null and least(old.idle_ends_at, old.absolute_ends_at) > now())
    execute function notify_session_change('user_id');
create trigger sessions_notify_truncate after truncate on sessions execute function notify_all_sessions_change();

create trigger browser_sessions_notify_removal after delete or update of id on tower_sessions.session for each row
    execute function notify_browser_session_removal();
create trigger browser_sessions_notify_truncate after truncate on tower_sessions.session
    execute function notify_all_sessions_change();

create trigger users_notify_change after update on users for each row
    when (old.* is distinct from new.*)
    execute function notify_session_change('id');
create trigger users_notify_truncate after truncate on users execute function notify_all_sessions_change();
