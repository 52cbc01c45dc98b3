-- kind: initial
-- Recovery codes, for the day on which no second factor is at hand.
create table recovery_codes (
    digest     bytea       not null,
    user_id    uuid        not null,
    created_at timestamptz not null default now(),
    saved_at   timestamptz,
    used_at    timestamptz,

    constraint recovery_codes_pkey primary key (digest),
    constraint recovery_codes_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint recovery_codes_digest_length check (octet_length(digest) = 32)
);

create index recovery_codes_user_id_idx on recovery_codes (user_id);

comment on table recovery_codes is
    'Recovery codes. Deleted when the user creates new ones, or with the last second factor.';
comment on column recovery_codes.digest is
    'SHA-256 of the code. With 125 random bits behind it, that cannot be guessed back.';
comment on column recovery_codes.user_id is 'The account.';
comment on column recovery_codes.created_at is 'When the code was created.';
comment on column recovery_codes.saved_at is
    'When the owner confirmed having saved the codes. Null: not confirmed, so the owner is reminded.';
comment on column recovery_codes.used_at is 'When the code was used. Null: unused.';

create or replace view account_factors as
select
    u.id as user_id,
    exists (select 1 from password_credentials c where c.user_id = u.id) as password,
    (select count(*) from totp_factors t where t.user_id = u.id and t.confirmed_at is not null) as totp,
    (select count(*) from passkeys p where p.user_id = u.id) as passkeys,
    (select count(*) from recovery_codes r where r.user_id = u.id and r.used_at is null) as recovery_codes,
    exists (select 1 from totp_factors t where t.user_id = u.id and t.confirmed_at is not null)
        or exists (select 1 from passkeys p where p.user_id = u.id) as second
from users u;
