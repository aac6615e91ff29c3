-- Foundations: what every other file uses. Takes no locks on existing tables.

create schema if not exists private;
revoke all on schema private from public, anon, authenticated;
grant usage on schema private to authenticated, service_role;

create extension if not exists btree_gin;

-- uuid_v7_at: a time-ordered id (RFC 9562, method 3: 12 bits of sub-millisecond time) for a moment. Rows written together
-- take moments a microsecond apart, so that they sort in the order given. One expression, so that it is inlined.
create function private.uuid_v7_at(p_at timestamptz) returns uuid language sql volatile parallel safe
as $$
  select encode(
    overlay(
      overlay(uuid_send(gen_random_uuid())
        placing substring(int8send(floor(extract(epoch from p_at) * 1000)::bigint) from 3) from 1 for 6)
      placing substring(int8send(28672 + (mod(extract(epoch from p_at) * 1000000, 1000) * 4.096)::bigint % 4096) from 7) from 7 for 2),
    'hex')::uuid
$$;

-- uuid_v7: an id for this moment: clock_timestamp, not now, because ids must grow inside a transaction.
create function public.uuid_v7() returns uuid language sql volatile parallel safe set search_path = ''
as $$
  select private.uuid_v7_at(clock_timestamp())
$$;

-- uuid_v7_floor: the smallest id that a moment, in milliseconds, can have: bounds for ranges of ids.
create function private.uuid_v7_floor(p_at timestamptz) returns uuid language sql immutable parallel safe set search_path = ''
as $$
  select (lpad(to_hex(floor(extract(epoch from p_at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;

-- time_of: the moment in a time-ordered id, in milliseconds.
create function private.time_of(p_id uuid) returns timestamptz language sql immutable parallel safe set search_path = ''
as $$
  select to_timestamp(('x' || lpad(left(replace(p_id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0)
$$;

-- address_or_null: text as an address; null for what is none, because proxies may send anything.
create function private.address_or_null(p_text text) returns inet language plpgsql immutable set search_path = ''
as $$
begin
  return p_text::inet;
exception when invalid_text_representation then
  return null;
end
$$;

-- act_as: says who acts in this transaction, for the audit log.
-- takes: {type, id, ip_address, user_agent, request_id}.
create function private.act_as(p_actor jsonb) returns void language plpgsql set search_path = ''
as $$
begin
  perform set_config('base.actor', p_actor::text, true);
end
$$;

-- set_updated_at: trigger that stamps a changed row.
create function private.set_updated_at() returns trigger language plpgsql set search_path = ''
as $$
begin
  new.updated_at := clock_timestamp();
  return new;
end
$$;

-- refuse_change: trigger for append-only tables; corrections are new rows.
create function private.refuse_change() returns trigger language plpgsql set search_path = ''
as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'PT403';
end
$$;

-- Work that must happen once for the whole fleet, whichever process gets to it first.
create table public.schedules (
  name text primary key,
  next_run_at timestamptz not null default now(),
  last_started_at timestamptz,
  last_succeeded_at timestamptz,
  -- How far it has read, for those that read what is new.
  cursor uuid,
  -- What the last run found; every worker shows it in its metrics, whichever of them ran.
  figures jsonb not null default '{}'
);
alter table public.schedules enable row level security;
alter table public.schedules force row level security;
revoke all on public.schedules from public, anon, authenticated;

-- claim_schedule: takes a name and an interval in seconds; returns true for exactly one caller per interval.
-- locks: the schedule's row.
create function public.claim_schedule(p_name text, p_every_seconds double precision) returns boolean
language plpgsql set search_path = ''
as $$
begin
  insert into public.schedules as s (name, next_run_at, last_started_at)
  values (p_name, clock_timestamp() + make_interval(secs => p_every_seconds), clock_timestamp())
  on conflict (name) do update
    set next_run_at = excluded.next_run_at, last_started_at = excluded.last_started_at
    where s.next_run_at <= clock_timestamp();
  return found;
end
$$;
revoke execute on function public.claim_schedule(text, double precision) from public, anon, authenticated;
revoke execute on function public.uuid_v7() from public, anon, authenticated;
revoke execute on function private.uuid_v7_at(timestamptz) from public, anon, authenticated;
revoke execute on function private.uuid_v7_floor(timestamptz) from public, anon, authenticated;
revoke execute on function private.time_of(uuid) from public, anon, authenticated;
revoke execute on function private.address_or_null(text) from public, anon, authenticated;
revoke execute on function private.act_as(jsonb) from public, anon, authenticated;
