-- kind: expand
-- Keys that sign ID tokens and JWT access tokens.
create table signing_keys (
    id              uuid        not null,
    kid             text collate "C" not null,
    alg             text collate "C" not null,
    sealed          bytea       not null,
    public_jwk      jsonb       not null,
    created_at      timestamptz not null default now(),
    signs_from      timestamptz not null,
    signs_until     timestamptz not null,
    published_until timestamptz not null,

    constraint signing_keys_pkey primary key (id),
    constraint signing_keys_kid_unique unique (kid),
    constraint signing_keys_alg_known check (alg in ('RS256', 'ES256', 'EdDSA')),
    constraint signing_keys_times_in_order check (signs_from < signs_until and signs_until <= published_until)
);

create index signing_keys_published_until_idx on signing_keys (published_until);
create index signing_keys_sealing_key_idx on signing_keys (substring(sealed from 1 for 5), id);

comment on table signing_keys is
    'Keys that sign tokens. A key is published before it signs and for as long as its tokens may be checked. Deleted after published_until.';
comment on column signing_keys.id is 'Random UUID: the row that the private key is sealed for.';
comment on column signing_keys.kid is 'Key ID (RFC 7638 thumbprint), in the header of every token and in the key set.';
comment on column signing_keys.alg is 'Signature algorithm (RFC 7518, RFC 8037).';
comment on column signing_keys.sealed is
    'The private key (PKCS #8), sealed with a key derived for this row: version (1 byte), key id (4), nonce (12), ciphertext and tag.';
comment on column signing_keys.public_jwk is 'The public key as published (RFC 7517).';
comment on column signing_keys.created_at is 'When the key was generated.';
comment on column signing_keys.signs_from is 'When it begins to sign: late enough for every replica and most apps to have fetched it.';
comment on column signing_keys.signs_until is 'When it stops signing; its successor has begun by then.';
comment on column signing_keys.published_until is 'Until when its signatures may be checked.';
