-- kind: initial
-- Accounts. The service computes the canonical columns (src/types/email.rs, src/types/username.rs), so that
-- uniqueness needs no extension and does not depend on the server's locale.
create table users (
    id                  uuid        not null,
    username            text collate "C" not null,
    display_name        text,
    email               text        not null,
    email_canonical     text collate "C" not null,
    email_verified_at   timestamptz,
    verify_by           timestamptz,
    sign_up_browser     bytea,
    email_corrections   smallint    not null default 0,
    language            text collate "C",
    role                text collate "C" not null default 'member',
    credentials_version bigint      not null default 1,
    created_at          timestamptz not null default now(),
    disabled_at         timestamptz,
    deletion_due_at     timestamptz,

    constraint users_pkey primary key (id),
    constraint users_username_unique unique (username),
    constraint users_username_form check (username ~ '^[a-z0-9_.-]{3,32}$'),
    constraint users_display_name_length check (char_length(display_name) between 1 and 64),
    constraint users_email_length check (octet_length(email) between 3 and 254),
    constraint users_sign_up_browser_length check (octet_length(sign_up_browser) = 32),
    constraint users_email_corrections_range check (email_corrections between 0 and 3),
    constraint users_language_form check (language ~ '^[a-z]{2}$'),
    constraint users_role_known check (role in ('member', 'admin')),
    constraint users_credentials_version_positive check (credentials_version > 0)
);

-- Only a verified address is unique. Several unverified accounts may hold the same address, so that signing up with
-- someone else's address takes nothing from its owner.
create unique index users_email_verified_unique on users (email_canonical) where email_verified_at is not null;
create index users_email_canonical_idx on users (email_canonical);
create index users_verify_by_idx on users (verify_by) where email_verified_at is null;
create index users_sign_up_browser_idx on users (sign_up_browser) where sign_up_browser is not null;
create index users_deletion_due_at_idx on users (deletion_due_at) where deletion_due_at is not null;
-- The setup link works only without an administrator, and the last administrator cannot be removed: both look here.
create index users_administrators_idx on users (id) where role = 'admin';

comment on table users is
    'Accounts, one row each. Created by sign-up, setup or the command line. Deleted by erasure, or when an address was not verified in time.';
comment on column users.id is 'Random UUID. It never changes and is never reused.';
comment on column users.username is 'Public name in canonical form, unique.';
comment on column users.display_name is 'Name the user chose to be addressed by. Null: the username is shown.';
comment on column users.email is 'Email address exactly as typed. Email is sent to this address only.';
comment on column users.email_canonical is 'Email address in canonical form: equal for two spellings of one mailbox.';
comment on column users.email_verified_at is 'When the user showed that the address is theirs. Null: unverified.';
comment on column users.verify_by is
    'Deadline for verifying the address. An account still unverified then is deleted. Null: verified, or no verification required.';
comment on column users.sign_up_browser is
    'SHA-256 of the cookie of the browser that signed up, which may verify without a password. Cleared by verification.';
comment on column users.email_corrections is
    'How often the holder corrected the address before it was verified. Corrections by an operator do not count.';
comment on column users.language is 'Language the user chose, as a two-letter ISO 639-1 code. Null: taken from the browser.';
comment on column users.role is 'What the account may do: member or admin.';
comment on column users.credentials_version is
    'Raised by a change of password, factor or address. Compared when a sign-in completes: one that began before the change does not.';
comment on column users.created_at is 'When the account was created.';
comment on column users.disabled_at is 'When the account was disabled: no one can sign in to it. Null: enabled.';
comment on column users.deletion_due_at is 'When the account will be erased, seven days after its owner asked. Null: not requested.';

-- Each factor's migration replaces this view, adds or fills in its own column, and says in `second` whether it counts.
create view account_factors as
select
    u.id as user_id,
    false as password,
    0::bigint as totp,
    0::bigint as passkeys,
    0::bigint as recovery_codes,
    false as second
from users u;

comment on view account_factors is
    'What each account can sign in with, one row per account. Only confirmed factors count. For code that does not own the factors.';
comment on column account_factors.user_id is 'users.id.';
comment on column account_factors.password is 'Whether the account has a password.';
comment on column account_factors.totp is 'Number of confirmed authenticator apps.';
comment on column account_factors.passkeys is 'Number of passkeys.';
comment on column account_factors.recovery_codes is 'Number of unused recovery codes. They stand in for a factor and are not one.';
comment on column account_factors.second is 'Whether the account has a second factor: a password alone does not sign in.';
