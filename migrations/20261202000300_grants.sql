-- kind: expand
-- What people have allowed apps to do, and the codes and tokens that say so.
create table authorization_requests (
    digest     bytea       not null,
    app_id     uuid        not null,
    parameters jsonb       not null,
    browser    bytea,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz,

    constraint authorization_requests_pkey primary key (digest),
    constraint authorization_requests_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint authorization_requests_digest_length check (octet_length(digest) = 32),
    constraint authorization_requests_browser_length check (octet_length(browser) = 32)
);

create index authorization_requests_expires_at_idx on authorization_requests (expires_at);
create index authorization_requests_app_id_idx on authorization_requests (app_id);

comment on table authorization_requests is
    'Requests of apps that wait for a person to sign in, authenticate again or consent, and requests that apps pushed (RFC 9126). Deleted after they expire.';
comment on column authorization_requests.digest is 'SHA-256 of the id in the address, or of the request_uri.';
comment on column authorization_requests.app_id is 'The app.';
comment on column authorization_requests.parameters is 'The checked parameters.';
comment on column authorization_requests.browser is
    'SHA-256 of the cookie of the browser that brought the request: no other may continue it. Null: pushed by the app.';
comment on column authorization_requests.created_at is 'When it arrived. Someone who must authenticate again does so after this.';
comment on column authorization_requests.expires_at is 'When it expires.';
comment on column authorization_requests.used_at is 'When it was answered. Null: it waits.';

create table consents (
    user_id   uuid        not null,
    app_id    uuid        not null,
    scopes    text[]      not null,
    resources text[]      not null,
    given_at  timestamptz not null default now(),

    constraint consents_pkey primary key (user_id, app_id),
    constraint consents_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint consents_app_fkey foreign key (app_id) references apps (id) on delete cascade
);

create index consents_app_id_idx on consents (app_id);

comment on table consents is 'What people have allowed apps, remembered until they take it back.';
comment on column consents.user_id is 'The account.';
comment on column consents.app_id is 'The app.';
comment on column consents.scopes is 'The scopes that were allowed.';
comment on column consents.resources is 'The resources that were allowed.';
comment on column consents.given_at is 'When they were last allowed.';

create table grants (
    id               uuid        not null,
    app_id           uuid        not null,
    user_id          uuid,
    session_id       uuid,
    sid              uuid,
    scopes           text[]      not null,
    resources        text[]      not null default '{}',
    aal              smallint,
    amr              text[]      not null default '{}',
    authenticated_at timestamptz,
    offline          boolean     not null default false,
    created_at       timestamptz not null default now(),
    expires_at       timestamptz not null,
    ended_at         timestamptz,
    ended_because    text collate "C",

    constraint grants_pkey primary key (id),
    constraint grants_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint grants_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint grants_session_fkey foreign key (session_id) references sessions (id) on delete set null,
    constraint grants_of_a_person check (
        (user_id is null) = (sid is null) and (user_id is null) = (authenticated_at is null) and (user_id is null) = (aal is null)
    ),
    constraint grants_ended_whole check ((ended_at is null) = (ended_because is null)),
    constraint grants_ended_because_known check (ended_because in ('session', 'password', 'reuse', 'revoked', 'consent', 'app'))
);

create index grants_app_id_idx on grants (app_id);
create index grants_user_id_idx on grants (user_id, app_id);
create index grants_session_id_idx on grants (session_id);
-- When a grant ended or will end, for the sweep.
create index grants_ended_idx on grants (least(expires_at, ended_at));

comment on table grants is
    'What an app may do for one person since one sign-in, or for itself. Every code and token belongs to one. A grant is live while it has not ended or expired, its app and account are enabled and the app still admits the person; without offline access also only while its session is live. Deleted a day after its end.';
comment on column grants.id is 'Random UUID.';
comment on column grants.app_id is 'The app.';
comment on column grants.user_id is 'The person. Null: the app acts for itself (client credentials).';
comment on column grants.session_id is 'The session in which it was granted. Null: deleted since, or no person.';
comment on column grants.sid is 'The id of that session as apps know it, which outlives its row.';
comment on column grants.scopes is 'The granted scopes.';
comment on column grants.resources is 'The granted resources (RFC 8707).';
comment on column grants.aal is 'Authenticator assurance level of the sign-in (NIST SP 800-63B).';
comment on column grants.amr is 'How the person authenticated (RFC 8176).';
comment on column grants.authenticated_at is 'When the person authenticated (auth_time).';
comment on column grants.offline is 'Whether it outlives its session (offline_access), unless that is revoked.';
comment on column grants.created_at is 'When it was granted.';
comment on column grants.expires_at is 'When it expires, whatever its use.';
comment on column grants.ended_at is 'When it was ended early. Null: it was not.';
comment on column grants.ended_because is
    'session: the session was revoked; password: the password was changed; reuse: a code or refresh token was used twice; revoked: by the app; consent: the person took it back; app: by the operator.';

create table authorization_codes (
    digest       bytea       not null,
    grant_id     uuid        not null,
    redirect_uri text collate "C" not null,
    challenge    bytea,
    nonce        text,
    claims       text[]      not null default '{}',
    expires_at   timestamptz not null,
    used_at      timestamptz,

    constraint authorization_codes_pkey primary key (digest),
    constraint authorization_codes_grant_unique unique (grant_id),
    constraint authorization_codes_grant_fkey foreign key (grant_id) references grants (id) on delete cascade,
    constraint authorization_codes_digest_length check (octet_length(digest) = 32),
    constraint authorization_codes_challenge_length check (octet_length(challenge) = 32),
    constraint authorization_codes_nonce_length check (char_length(nonce) <= 512)
);

comment on table authorization_codes is
    'Authorization codes, used once. They stay with their grant, so that a second use is noticed and ends it.';
comment on column authorization_codes.digest is 'SHA-256 of the code.';
comment on column authorization_codes.grant_id is 'The grant.';
comment on column authorization_codes.redirect_uri is 'Where the code went. The token request must name the same.';
comment on column authorization_codes.challenge is 'The PKCE challenge (S256, RFC 7636). Null: the app sent none.';
comment on column authorization_codes.nonce is 'nonce of the request, for the ID token. Null: the app sent none.';
comment on column authorization_codes.claims is 'Claims requested for the ID token (OpenID Connect Core section 5.5).';
comment on column authorization_codes.expires_at is 'When it expires.';
comment on column authorization_codes.used_at is 'When it was used. Null: it was not.';

create table access_tokens (
    digest     bytea       not null,
    grant_id   uuid        not null,
    scopes     text[]      not null,
    audience   text[]      not null default '{}',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,

    constraint access_tokens_pkey primary key (digest),
    constraint access_tokens_grant_fkey foreign key (grant_id) references grants (id) on delete cascade,
    constraint access_tokens_digest_length check (octet_length(digest) = 32)
);

create index access_tokens_grant_id_idx on access_tokens (grant_id);
create index access_tokens_expires_at_idx on access_tokens (expires_at);

comment on table access_tokens is 'Opaque access tokens. Those in the JWT format have no row. Deleted after they expire.';
comment on column access_tokens.digest is 'SHA-256 of the token.';
comment on column access_tokens.grant_id is 'The grant.';
comment on column access_tokens.scopes is 'The scopes of the token: those of the grant, or fewer.';
comment on column access_tokens.audience is 'The resources it is for (RFC 8707). Empty: the userinfo endpoint.';
comment on column access_tokens.created_at is 'When it was issued.';
comment on column access_tokens.expires_at is 'When it expires.';

create table refresh_tokens (
    digest     bytea       not null,
    grant_id   uuid        not null,
    number     integer     not null,
    successor  bytea,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz,

    constraint refresh_tokens_pkey primary key (digest),
    constraint refresh_tokens_number_unique unique (grant_id, number),
    constraint refresh_tokens_grant_fkey foreign key (grant_id) references grants (id) on delete cascade,
    constraint refresh_tokens_digest_length check (octet_length(digest) = 32),
    constraint refresh_tokens_number_positive check (number > 0),
    constraint refresh_tokens_used_whole check ((used_at is null) = (successor is null))
);

create index refresh_tokens_expires_at_idx on refresh_tokens (expires_at);

comment on table refresh_tokens is
    'Refresh tokens, each used once. A used one answers with its successor for a short grace; after that its use ends the grant. Deleted with the grant, or after they expire.';
comment on column refresh_tokens.digest is 'SHA-256 of the token.';
comment on column refresh_tokens.grant_id is 'The grant.';
comment on column refresh_tokens.number is 'Its place in the grant''s line of tokens, from 1.';
comment on column refresh_tokens.successor is
    'The next token, sealed with a key that only this token yields: who repeats it gets the same one. Null: not used yet.';
comment on column refresh_tokens.created_at is 'When it was issued.';
comment on column refresh_tokens.expires_at is 'When it expires without use.';
comment on column refresh_tokens.used_at is 'When it was used. Null: it was not.';

create table logout_deliveries (
    id         uuid        not null,
    app_id     uuid        not null,
    user_id    uuid        not null,
    sid        uuid        not null,
    created_at timestamptz not null default now(),
    due_at     timestamptz not null default now(),
    tries      integer     not null default 0,

    constraint logout_deliveries_pkey primary key (id),
    constraint logout_deliveries_session_unique unique (app_id, sid),
    constraint logout_deliveries_app_fkey foreign key (app_id) references apps (id) on delete cascade
);

create index logout_deliveries_due_at_idx on logout_deliveries (due_at);

comment on table logout_deliveries is
    'Logout tokens to deliver (OpenID Connect Back-Channel Logout 1.0): an outbox. Deleted when delivered, or given up a day later.';
comment on column logout_deliveries.id is 'Random UUID: jti of the logout token.';
comment on column logout_deliveries.app_id is 'The app to tell.';
comment on column logout_deliveries.user_id is 'The subject. Not a reference: an erased account is signed out too.';
comment on column logout_deliveries.sid is 'The session that ended.';
comment on column logout_deliveries.created_at is 'When the session ended.';
comment on column logout_deliveries.due_at is 'When it is tried next.';
comment on column logout_deliveries.tries is 'How often it was tried.';

-- A session that is revoked takes its grants with it, those with offline access too. A session that expires does not
-- end those, and grants without offline access are not live without it.
create function end_grants_of_session() returns trigger language plpgsql as $$
begin
    insert into logout_deliveries (id, app_id, user_id, sid)
    select gen_random_uuid(), g.app_id, g.user_id, g.sid
    from grants g join apps a on a.id = g.app_id
    where g.session_id = new.id and g.ended_at is null and g.expires_at > now() and a.backchannel_uri is not null
    on conflict (app_id, sid) do nothing;
    update grants set ended_at = now(), ended_because = 'session' where session_id = new.id and ended_at is null;
    return null;
end
$$;
comment on function end_grants_of_session() is 'Ends the grants of a session that was revoked, and queues what apps are told.';
create trigger sessions_end_grants after update of revoked_at on sessions for each row
    when (old.revoked_at is null and new.revoked_at is not null)
    execute function end_grants_of_session();

-- A new password, or none any more, ends every grant of the account.
create function end_grants_of_account() returns trigger language plpgsql as $$
begin
    update grants set ended_at = now(), ended_because = 'password' where user_id = old.user_id and ended_at is null;
    return null;
end
$$;
comment on function end_grants_of_account() is 'Ends the grants of an account whose password was changed or removed.';
create trigger password_credentials_end_grants after update of changed_at on password_credentials for each row
    when (old.changed_at is distinct from new.changed_at)
    execute function end_grants_of_account();
create trigger password_credentials_removal_ends_grants after delete on password_credentials for each row
    execute function end_grants_of_account();
