-- What happens to an account after its sign-up: its address is verified, its owner chooses a
-- language, an operator gives it a role, and one day it is erased.
alter table users
    add column email_verified_at timestamptz,
    -- Until when the address has to be verified; then an unverified account is removed. Accounts from
    -- before there was verification have no such day.
    add column verify_by         timestamptz,
    -- SHA-256 of the cookie of the browser that signed up, until the address is verified: it alone
    -- needs no password to confirm.
    add column sign_up_browser   bytea,
    add column language          text collate "C",
    add column role              text collate "C" not null default 'member',
    -- When the account is erased, once its owner has asked for it.
    add column deletion_due_at   timestamptz,
    add constraint users_sign_up_browser_length check (octet_length(sign_up_browser) = 32),
    add constraint users_language_form check (language ~ '^[a-z]{2}$'),
    add constraint users_role_known check (role in ('member', 'admin'));

-- Sign-ups with an address that is somebody's claim it like all others, and leave no note.
alter table users drop column sign_up_repeated_at;

-- An address belongs to whoever has shown that it is theirs. Before that, several accounts may claim
-- it, so that a stranger who signs up with somebody's address keeps nothing from its owner.
alter table users drop constraint users_email_unique;
create unique index users_email_verified_unique on users (email_canonical) where email_verified_at is not null;
create index users_email_canonical_idx on users (email_canonical);
create index users_verify_by_idx on users (verify_by) where email_verified_at is null;
create index users_deletion_due_at_idx on users (deletion_due_at) where deletion_due_at is not null;

-- The sessions that an account may have open are counted at every sign-in.
create index sessions_open_idx on sessions (user_id) where revoked_at is null;
