-- The people. Canonical columns are computed by the service (see types/email.rs and
-- types/username.rs) so that uniqueness needs no extension and no locale of the server.
create table users (
    id              uuid        not null,
    username        text collate "C" not null,
    display_name    text,
    email           text        not null,  -- as typed: the only address mail goes to
    email_canonical text collate "C" not null,  -- what two spellings of one mailbox share
    created_at      timestamptz not null default now(),
    disabled_at     timestamptz,
    -- When somebody last tried to sign up with this account's address. Written in the same place
    -- where a new account would be, so that both answers take the same time.
    sign_up_repeated_at timestamptz,

    constraint users_pkey primary key (id),
    constraint users_username_unique unique (username),
    constraint users_email_unique unique (email_canonical),
    constraint users_username_form check (username ~ '^[a-z0-9_.-]{3,32}$'),
    constraint users_display_name_length check (char_length(display_name) between 1 and 64),
    constraint users_email_length check (octet_length(email) between 3 and 254)
);
