-- kind: initial
-- Passwords, at most one per account.
create table password_credentials (
    user_id            uuid        not null,
    password_hash      text        not null,
    changed_at         timestamptz not null default now(),

    constraint password_credentials_pkey primary key (user_id),
    constraint password_credentials_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint password_credentials_hash_form check (password_hash like '$argon2id$v=19$%')
);

comment on table password_credentials is
    'Password hashes. An account without a row has no password. Deleted when the password is removed, else with the account.';
comment on column password_credentials.user_id is 'The account.';
comment on column password_credentials.password_hash is
    'Argon2id hash in the PHC string format. Rewritten at a sign-in when the configured cost has changed.';
comment on column password_credentials.changed_at is
    'When this password was set. A sign-in that verified an earlier one does not complete. Re-hashing leaves it alone.';

create or replace view account_factors as
select
    u.id as user_id,
    exists (select 1 from password_credentials c where c.user_id = u.id) as password,
    0::bigint as totp,
    0::bigint as passkeys,
    0::bigint as recovery_codes,
    false as second
from users u;
