-- One password an account, as an Argon2id hash in the PHC string format. An account without a row
-- here has no password.
create table password_credentials (
    user_id       uuid        not null,
    password_hash text        not null,
    changed_at    timestamptz not null default now(),

    constraint password_credentials_pkey primary key (user_id),
    constraint password_credentials_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint password_credentials_hash_form check (password_hash like '$argon2id$v=19$%')
);
