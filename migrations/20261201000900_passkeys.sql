-- kind: initial
-- Passkeys (WebAuthn), and the ceremonies that register and use them.
create table passkeys (
    id              uuid        not null,
    user_id         uuid        not null,
    name            text        not null,
    credential_id   bytea       not null,
    credential      jsonb       not null,
    backup_eligible boolean     not null,
    backed_up       boolean     not null,
    created_at      timestamptz not null default now(),
    last_used_at    timestamptz,

    constraint passkeys_pkey primary key (id),
    constraint passkeys_credential_id_unique unique (credential_id),
    constraint passkeys_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint passkeys_name_length check (char_length(name) between 1 and 64),
    constraint passkeys_credential_id_length check (octet_length(credential_id) between 1 and 1023)
);

create index passkeys_user_id_idx on passkeys (user_id);

comment on table passkeys is 'Passkeys. Deleted when removed, or with the account.';
comment on column passkeys.id is 'Random UUID, names the passkey in forms.';
comment on column passkeys.user_id is 'The account.';
comment on column passkeys.name is 'Label the user gave it.';
comment on column passkeys.credential_id is 'WebAuthn credential ID, chosen by the authenticator.';
comment on column passkeys.credential is
    'Public key, signature counter and flags, as JSON of webauthn-rs. Updated at each use.';
comment on column passkeys.backup_eligible is 'WebAuthn BE flag: may be synced to other devices of its owner.';
comment on column passkeys.backed_up is 'WebAuthn BS flag: is synced. Updated at each use.';
comment on column passkeys.created_at is 'When it was added.';
comment on column passkeys.last_used_at is 'When it was last used. Null: never.';

-- Adding or removing a second factor changes what a session is worth. Using one does not.
create trigger passkeys_notify_change after insert or delete or update of user_id on passkeys for each row
    execute function notify_session_change('user_id');
create trigger passkeys_notify_truncate after truncate on passkeys execute function notify_all_sessions_change();

create or replace view account_factors as
select
    u.id as user_id,
    exists (select 1 from password_credentials c where c.user_id = u.id) as password,
    (select count(*) from totp_factors t where t.user_id = u.id and t.confirmed_at is not null) as totp,
    (select count(*) from passkeys p where p.user_id = u.id) as passkeys,
    0::bigint as recovery_codes,
    exists (select 1 from totp_factors t where t.user_id = u.id and t.confirmed_at is not null)
        or exists (select 1 from passkeys p where p.user_id = u.id) as second
from users u;

create table webauthn_ceremonies (
    digest     bytea       not null,
    purpose    text collate "C" not null,
    user_id    uuid,
    bound_to   bytea,
    state      jsonb       not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz,

    constraint webauthn_ceremonies_pkey primary key (digest),
    constraint webauthn_ceremonies_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint webauthn_ceremonies_digest_length check (octet_length(digest) = 32),
    constraint webauthn_ceremonies_purpose_known check (purpose in ('register', 'sign-in', 'second-factor', 'reauth'))
);

create index webauthn_ceremonies_user_id_idx on webauthn_ceremonies (user_id);
create index webauthn_ceremonies_expires_at_idx on webauthn_ceremonies (expires_at);

comment on table webauthn_ceremonies is
    'WebAuthn ceremonies between challenge and answer. Each is answered once. Deleted after ten minutes.';
comment on column webauthn_ceremonies.digest is 'SHA-256 of the secret in the browser''s cookie and of the challenge.';
comment on column webauthn_ceremonies.purpose is 'What the answer is for: register, sign-in, second-factor or reauth.';
comment on column webauthn_ceremonies.user_id is 'The account. Null for a sign-in by passkey alone, where the answer names it.';
comment on column webauthn_ceremonies.bound_to is
    'The session or pending sign-in that began the ceremony, as bytes. Null: none.';
comment on column webauthn_ceremonies.state is 'The challenge and what the answer must satisfy, as JSON of webauthn-rs.';
comment on column webauthn_ceremonies.created_at is 'When the challenge was sent.';
comment on column webauthn_ceremonies.expires_at is 'When the challenge expires, ten minutes later.';
comment on column webauthn_ceremonies.used_at is 'When it was answered. Null: not yet.';
