-- kind: initial
-- Links that were emailed, or printed for the operator. Each works once.
create table mailed_links (
    digest     bytea       not null,
    purpose    text collate "C" not null,
    user_id    uuid,
    address    text,
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
-- One outstanding setup link at a time, however many replicas start at once.
create unique index mailed_links_one_setup on mailed_links (purpose) where purpose = 'setup' and used_at is null;

comment on table mailed_links is
    'Single-use links. Only the digest of a secret is stored, so a dump opens nothing. Deleted a day after they expire.';
comment on column mailed_links.digest is 'SHA-256 of the secret in the link.';
comment on column mailed_links.purpose is
    'What the link does: verify, recover, change-email, undo-email, undo-deletion, or setup (creates the first administrator).';
comment on column mailed_links.user_id is 'The account. Null for setup.';
comment on column mailed_links.address is
    'Email address the link was sent to, the only one it speaks for. Null for setup. Personal data.';
comment on column mailed_links.created_at is 'When the link was created, as its email was sent.';
comment on column mailed_links.expires_at is 'When the link expires: from ten minutes (recover) to seven days (undo).';
comment on column mailed_links.used_at is 'When the link was used or revoked. Null: outstanding.';
