-- kind: expand
-- Apps: what signs its people in here, by OpenID Connect or behind a proxy.
create table apps (
    id              uuid        not null,
    client_id       text collate "C" not null,
    kind            text collate "C" not null,
    name            text        not null,
    auth            text collate "C" not null,
    pkce            text collate "C" not null,
    id_token_alg    text collate "C" not null default 'RS256',
    access_format   text collate "C" not null default 'opaque',
    id_token_claims boolean     not null default false,
    consent         text collate "C" not null default 'ask',
    min_aal         smallint    not null default 1,
    scopes          text[]      not null default '{}',
    resources       text[]      not null default '{}',
    backchannel_uri text collate "C",
    popup           boolean     not null default false,
    preflight       boolean     not null default false,
    used_pkce_at    timestamptz,
    disabled_at     timestamptz,
    created_at      timestamptz not null default now(),

    constraint apps_pkey primary key (id),
    constraint apps_client_id_unique unique (client_id),
    constraint apps_client_id_form check (
        case when kind = 'document' then client_id ~ '^https?://[!-~]{1,2000}$' else client_id ~ '^[A-Za-z0-9._~-]{1,64}$' end
    ),
    constraint apps_kind_known check (kind in ('web', 'public', 'service', 'proxy', 'document')),
    constraint apps_name_length check (char_length(name) between 1 and 64),
    constraint apps_auth_known check (auth in ('none', 'secret')),
    constraint apps_auth_of_kind check ((auth = 'secret') = (kind in ('web', 'service'))),
    constraint apps_pkce_known check (pkce in ('required', 'offered')),
    constraint apps_pkce_of_kind check (pkce = 'required' or kind not in ('public', 'document')),
    constraint apps_id_token_alg_known check (id_token_alg in ('RS256', 'ES256', 'EdDSA')),
    constraint apps_access_format_known check (access_format in ('opaque', 'jwt')),
    constraint apps_consent_known check (consent in ('ask', 'trusted')),
    constraint apps_consent_of_kind check (consent = 'ask' or kind <> 'document'),
    constraint apps_min_aal_range check (min_aal between 1 and 2),
    constraint apps_backchannel_uri_length check (octet_length(backchannel_uri) <= 2048)
);

comment on table apps is 'Apps whose people sign in here: clients of the OpenID provider, and hosts behind a proxy that asks us.';
comment on column apps.id is 'Random UUID.';
comment on column apps.client_id is 'client_id of OAuth 2.0. Of a document, its address.';
comment on column apps.kind is
    'web: has a secret; public: runs on devices of its users; service: acts for itself; proxy: a host behind forward-auth; document: a client that describes itself (client ID metadata document).';
comment on column apps.name is 'What people read when they are asked to allow the app.';
comment on column apps.auth is 'How the app authenticates: none, or secret (client_secret_basic and client_secret_post).';
comment on column apps.pkce is 'Whether PKCE (RFC 7636, S256) is required, or offered.';
comment on column apps.id_token_alg is 'Signature algorithm of its ID tokens (RFC 7518, RFC 8037).';
comment on column apps.access_format is 'Format of its access tokens: opaque, or jwt (RFC 9068).';
comment on column apps.id_token_claims is
    'Whether ID tokens hold the claims of the scopes too, for apps that never ask the userinfo endpoint.';
comment on column apps.consent is 'ask: each person allows the app first; trusted: the operator did for everyone.';
comment on column apps.min_aal is 'Least authenticator assurance level (NIST SP 800-63B) of a sign-in to the app.';
comment on column apps.scopes is 'Scopes that the app may be granted. Others that it asks for are ignored.';
comment on column apps.resources is 'Resource indicators (RFC 8707) that its access tokens may be for.';
comment on column apps.backchannel_uri is 'backchannel_logout_uri (OpenID Connect Back-Channel Logout 1.0). Null: the app is not told.';
comment on column apps.popup is 'Whether the app signs people in in a popup, which must keep its opener (Cross-Origin-Opener-Policy).';
comment on column apps.preflight is 'Whether the gate lets CORS preflight requests through to the app, without a session.';
comment on column apps.used_pkce_at is 'When the app first sent a PKCE challenge. From then on it must. Null: never.';
comment on column apps.disabled_at is 'When the app was disabled: no one can sign in to it, and its tokens are worth nothing. Null: enabled.';
comment on column apps.created_at is 'When the app was added.';

create table app_secrets (
    id         uuid        not null,
    app_id     uuid        not null,
    digest     bytea       not null,
    hint       text collate "C" not null,
    created_at timestamptz not null default now(),

    constraint app_secrets_pkey primary key (id),
    constraint app_secrets_digest_unique unique (digest),
    constraint app_secrets_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint app_secrets_digest_length check (octet_length(digest) = 32),
    constraint app_secrets_hint_length check (char_length(hint) = 4)
);

create index app_secrets_app_id_idx on app_secrets (app_id);

comment on table app_secrets is 'Secrets by which apps authenticate. At most two per app, so that a new one can be deployed before the old one goes.';
comment on column app_secrets.id is 'Random UUID.';
comment on column app_secrets.app_id is 'The app.';
comment on column app_secrets.digest is 'SHA-256 of the secret, which has 256 random bits.';
comment on column app_secrets.hint is 'The last four characters of the secret, by which an operator tells two apart.';
comment on column app_secrets.created_at is 'When it was issued.';

create function require_at_most_two_secrets() returns trigger language plpgsql as $$
begin
    -- Orders two that are added at once.
    perform from apps where id = new.app_id for no key update;
    if (select count(*) from app_secrets where app_id = new.app_id) > 2 then
        raise exception 'an app has at most two secrets'
            using errcode = 'check_violation', constraint = 'app_secrets_at_most_two', table = 'app_secrets';
    end if;
    return null;
end
$$;
comment on function require_at_most_two_secrets() is 'Refuses a third secret of an app.';
create trigger app_secrets_at_most_two after insert or update of app_id on app_secrets for each row
    execute function require_at_most_two_secrets();

create table app_addresses (
    app_id     uuid        not null,
    kind       text collate "C" not null,
    uri        text collate "C" not null,
    created_at timestamptz not null default now(),

    constraint app_addresses_pkey primary key (app_id, kind, uri),
    constraint app_addresses_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint app_addresses_kind_known check (kind in ('redirect', 'post_logout', 'origin', 'gate')),
    constraint app_addresses_uri_length check (octet_length(uri) between 1 and 2048)
);

create unique index app_addresses_gate_unique on app_addresses (uri) where kind = 'gate';

comment on table app_addresses is 'Addresses of apps, compared byte by byte.';
comment on column app_addresses.app_id is 'The app.';
comment on column app_addresses.kind is
    'redirect: where codes go; post_logout: where people go after signing out; origin: whose pages may call the token endpoint; gate: the host that a proxy protects.';
comment on column app_addresses.uri is 'The address. Of a gate, its origin: scheme, host, and port unless it is the default.';
comment on column app_addresses.created_at is 'When it was registered.';

create table app_groups (
    app_id     uuid        not null,
    group_id   uuid        not null,
    created_at timestamptz not null default now(),

    constraint app_groups_pkey primary key (app_id, group_id),
    constraint app_groups_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint app_groups_group_fkey foreign key (group_id) references groups (id) on delete restrict
);

create index app_groups_group_id_idx on app_groups (group_id);

comment on table app_groups is
    'Groups that an app admits. Without any, it admits everyone. A group cannot be deleted while an app admits it: the app would open to everyone.';
comment on column app_groups.app_id is 'The app.';
comment on column app_groups.group_id is 'The group.';
comment on column app_groups.created_at is 'When the app began to admit it.';

-- Tells every replica that what it remembers of apps, grants and tokens may be stale.
create function notify_apps_change() returns trigger language plpgsql as $$
begin
    perform pg_notify('vestibule_sessions', 'all');
    return null;
end
$$;
comment on function notify_apps_change() is 'Invalidates what every replica remembers of sessions and apps. Changes of apps are rare.';
create trigger apps_notify_change after insert or update or delete or truncate on apps
    for each statement execute function notify_apps_change();
create trigger app_addresses_notify_change after insert or update or delete or truncate on app_addresses
    for each statement execute function notify_apps_change();
create trigger app_groups_notify_change after insert or update or delete or truncate on app_groups
    for each statement execute function notify_apps_change();
