-- Letters to be mailed. A row is written in the same transaction as the fact it tells of, and holds
-- no secret: links are made at the moment of sending.
create table outbox (
    id         uuid        not null,
    kind       text collate "C" not null,
    user_id    uuid,                  -- whom it concerns; when the account goes, its letters go
    address    text        not null,  -- where it goes, or, for a letter that was asked for, the name that was typed
    language   text collate "C" not null,
    detail     jsonb       not null default '{}',
    created_at timestamptz not null default now(),
    -- When somebody may next take it. Taking puts this off, so a sender that dies holds nothing for ever.
    due_at     timestamptz not null default now(),
    expires_at timestamptz not null,
    attempts   integer     not null default 0,

    constraint outbox_pkey primary key (id),
    constraint outbox_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint outbox_address_length check (char_length(address) between 1 and 254),
    constraint outbox_language_form check (language ~ '^[a-z]{2}$'),
    constraint outbox_attempts_positive check (attempts >= 0)
);

create index outbox_due_at_idx on outbox (due_at);
create index outbox_user_id_idx on outbox (user_id);
