-- Letters of a development machine, which has no mail server: shown at /dev/mail, the newest few.
-- They hold links that work. Nothing is ever written here where a mail server is set.
create table dev_mailbox (
    id         uuid        not null,  -- the letter's, as in the outbox
    seq        bigint      not null generated always as identity,
    address    text        not null,
    language   text collate "C" not null,
    subject    text        not null,
    text_form  text        not null,
    html_form  text        not null,
    sent_at    timestamptz not null default now(),

    constraint dev_mailbox_pkey primary key (id)
);

create index dev_mailbox_seq_idx on dev_mailbox (seq);
