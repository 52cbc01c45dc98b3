-- kind: initial
-- Recovery codes, for the day on which no second factor is at hand.
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

comment on table recovery_codes is
    'Recovery codes. Deleted when the user creates new ones, or with the last second factor.';
comment on column recovery_codes.digest is
    'SHA-256 of the code. With 125 random bits behind it, that cannot be guessed back.';
comment on column recovery_codes.user_id is 'The account.';
comment on column recovery_codes.created_at is 'When the code was created.';
comment on column recovery_codes.used_at is 'When the code was used. Null: unused.';
