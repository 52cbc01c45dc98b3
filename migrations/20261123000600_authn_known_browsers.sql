-- Browsers that have signed in to an account before. Such a browser keeps its own budget of tries,
-- so that strangers guessing at an account never lock its owner out.
create table known_browsers (
    user_id      uuid        not null,
    digest       bytea       not null,  -- SHA-256 of the browser's cookie
    created_at   timestamptz not null default now(),
    last_used_at timestamptz not null default now(),

    constraint known_browsers_pkey primary key (user_id, digest),
    constraint known_browsers_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint known_browsers_digest_length check (octet_length(digest) = 32)
);

create index known_browsers_last_used_at_idx on known_browsers (last_used_at);
