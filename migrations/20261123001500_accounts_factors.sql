-- What an account can show besides its password: one-time codes (RFC 6238), passkeys (WebAuthn), and
-- recovery codes for the day on which neither is at hand.
create table totp_factors (
    id           uuid        not null,
    user_id      uuid        not null,
    name         text        not null,
    seed         bytea       not null,            -- sealed with a key of this row's own; see authn/sealing.rs
    created_at   timestamptz not null default now(),
    confirmed_at timestamptz,                     -- until a code was shown, it is no factor yet
    last_step    bigint      not null default 0,  -- the newest time step whose code was used: none works twice
    last_used_at timestamptz,

    constraint totp_factors_pkey primary key (id),
    constraint totp_factors_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint totp_factors_name_length check (char_length(name) between 1 and 64)
);

create index totp_factors_user_id_idx on totp_factors (user_id);
create index totp_factors_unconfirmed_idx on totp_factors (created_at) where confirmed_at is null;

create table passkeys (
    id              uuid        not null,
    user_id         uuid        not null,
    name            text        not null,
    credential_id   bytea       not null,
    credential      jsonb       not null,  -- public key, signature counter and flags, as webauthn-rs keeps them
    backup_eligible boolean     not null,  -- it may be synced to other devices of its owner
    backed_up       boolean     not null,  -- it is
    created_at      timestamptz not null default now(),
    last_used_at    timestamptz,

    constraint passkeys_pkey primary key (id),
    constraint passkeys_credential_id_unique unique (credential_id),
    constraint passkeys_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint passkeys_name_length check (char_length(name) between 1 and 64),
    constraint passkeys_credential_id_length check (octet_length(credential_id) between 1 and 1023)
);

create index passkeys_user_id_idx on passkeys (user_id);

-- Of each code only the digest: with 125 random bits behind it, that cannot be guessed back.
create table recovery_codes (
    digest     bytea       not null,
    user_id    uuid        not null,
    created_at timestamptz not null default now(),
    used_at    timestamptz,

    constraint recovery_codes_pkey primary key (digest),
    constraint recovery_codes_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint recovery_codes_digest_length check (octet_length(digest) = 32)
);

create index recovery_codes_user_id_idx on recovery_codes (user_id);

-- A sign-in that weighed the account's factors as they were before opens nothing once they changed, as
-- with the password itself: both stand in the row that every sign-in by password reads and holds.
alter table password_credentials add column factors_changed_at timestamptz;
