-- kind: initial
-- Email: the outbox, and the mailbox of a development machine.
create table outbox (
    id         uuid        not null,
    kind       text collate "C" not null,
    user_id    uuid,
    address    text        not null,
    language   text collate "C" not null,
    detail     jsonb       not null default '{}',
    attempts   integer     not null default 0,
    created_at timestamptz not null default now(),
    due_at     timestamptz not null default now(),
    expires_at timestamptz not null,

    constraint outbox_pkey primary key (id),
    constraint outbox_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint outbox_address_length check (char_length(address) between 1 and 254),
    constraint outbox_language_form check (language ~ '^[a-z]{2}$'),
    constraint outbox_attempts_positive check (attempts >= 0)
);

create index outbox_due_at_idx on outbox (due_at);
create index outbox_user_id_idx on outbox (user_id);

comment on table outbox is
    'Email to be sent. Written in the transaction of the fact it tells of, without secrets: the mail job creates links as it sends. Deleted once sent, given up, expired, or with the account.';
comment on column outbox.id is 'Random UUID, becomes the Message-ID.';
comment on column outbox.kind is 'Which email. A replica leaves kinds it does not know to newer ones.';
comment on column outbox.user_id is 'The account it concerns. Null: requested under a name that may not have an account.';
comment on column outbox.address is 'Recipient. For an email that was requested: the username or address as typed. Personal data.';
comment on column outbox.language is
    'Language of the browser that caused it, as a two-letter code. The account''s own language takes precedence.';
comment on column outbox.detail is 'Facts the email needs, as JSON. Never a secret.';
comment on column outbox.attempts is 'How often a worker took it, which also shows that it still holds the lease.';
comment on column outbox.created_at is 'When it was queued.';
comment on column outbox.due_at is
    'When a worker may next take it: at first, at once, or after a random time if anyone can request it. Taking it moves this on, so a worker that dies blocks nothing for long.';
comment on column outbox.expires_at is
    'When sending it is no longer worthwhile: 6 hours after a request, 3 days after a fact.';

create table dev_mailbox (
    id        uuid        not null,
    seq       bigint      not null generated always as identity,
    address   text        not null,
    language  text collate "C" not null,
    subject   text        not null,
    text_form text        not null,
    html_form text        not null,
    sent_at   timestamptz not null default now(),

    constraint dev_mailbox_pkey primary key (id)
);

create index dev_mailbox_seq_idx on dev_mailbox (seq);

comment on table dev_mailbox is
    'Email of a development machine, shown at /dev/mail. Its links work. Never written where a mail server is configured. The newest 200 are kept.';
comment on column dev_mailbox.id is 'outbox.id of the email.';
comment on column dev_mailbox.seq is 'Order of delivery.';
comment on column dev_mailbox.address is 'Recipient. Personal data.';
comment on column dev_mailbox.language is 'Language of the email, as a two-letter code.';
comment on column dev_mailbox.subject is 'Subject line.';
comment on column dev_mailbox.text_form is 'The plain text body.';
comment on column dev_mailbox.html_form is 'The HTML body.';
comment on column dev_mailbox.sent_at is 'When it was delivered.';
