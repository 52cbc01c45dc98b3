-- kind: initial
-- What forms were answered, so that one that is sent twice is done once. Unlogged: nothing here matters after a crash,
-- and a form costs no flush to disk.
create unlogged table form_answers (
    id            bytea       not null,
    sent_by       bytea       not null,
    opened        bytea,
    moves_session boolean     not null default false,
    answer        bytea,
    created_at    timestamptz not null default now(),

    constraint form_answers_pkey primary key (id),
    constraint form_answers_id_length check (octet_length(id) = 32),
    constraint form_answers_sent_by_length check (octet_length(sent_by) = 32),
    constraint form_answers_opened_length check (octet_length(opened) = 32)
);

create index form_answers_created_at_idx on form_answers (created_at);

comment on table form_answers is
    'Answers to forms, for ten minutes and at most the newest ten thousand: a browser that sends a form twice gets the same answer twice.';
comment on column form_answers.id is 'HMAC of the form''s one-time value, its path and its contents.';
comment on column form_answers.sent_by is 'SHA-256 of the form cookie of the browser that sent it.';
comment on column form_answers.opened is 'SHA-256 of the session cookie that the answer set. Null: it set none.';
comment on column form_answers.moves_session is 'Whether the answer set or removed the session cookie.';
comment on column form_answers.answer is
    'The answer, encrypted with a key that takes the form''s one-time value, which is stored nowhere. Null: not answered yet.';
comment on column form_answers.created_at is 'When the form arrived.';
