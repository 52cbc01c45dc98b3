-- Links that were mailed, or printed for the operator: each opens one door once. Only the digest of
-- a link's secret is kept, so a dump opens nothing; a spent link keeps its row until it expires.
create table mailed_links (
    digest     bytea       not null,  -- SHA-256 of the secret
    purpose    text collate "C" not null,
    user_id    uuid,
    address    text,                  -- the e-mail address it was mailed to: the only one it speaks for
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz,

    constraint mailed_links_pkey primary key (digest),
    constraint mailed_links_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint mailed_links_digest_length check (octet_length(digest) = 32),
    constraint mailed_links_purpose_known
        check (purpose in ('verify', 'recover', 'change-email', 'undo-email', 'undo-deletion', 'setup')),
    constraint mailed_links_whose check ((purpose = 'setup') = (user_id is null) and (user_id is null) = (address is null))
);

create index mailed_links_user_id_idx on mailed_links (user_id);
create index mailed_links_expires_at_idx on mailed_links (expires_at);
-- One way to make the first administrator at a time, however many replicas start at once.
create unique index mailed_links_one_setup on mailed_links (purpose) where purpose = 'setup' and used_at is null;
