-- kind: initial
-- What the schema says about itself.
create table schema_compatibility (
    only_row          boolean not null default true,
    oldest_compatible text collate "C" not null,

    constraint schema_compatibility_pkey primary key (only_row),
    constraint schema_compatibility_one_row check (only_row),
    constraint schema_compatibility_oldest_compatible_form
        check (oldest_compatible ~ '^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$')
);

comment on table schema_compatibility is 'Which releases work with this schema. A single row.';
comment on column schema_compatibility.only_row is 'Always true: makes a second row impossible.';
comment on column schema_compatibility.oldest_compatible is
    'Oldest release that works with this schema (semantic version). An older one refuses to start. Raised by contract migrations.';

insert into schema_compatibility (oldest_compatible) values ('0.1.0');
