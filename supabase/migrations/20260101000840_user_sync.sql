-- User sync: people as their sources tell them (Clerk's webhooks, or a system of one's own), right in any order and any
-- number of times. What is true of a person is what the newest event said of each thing: a late event fills in only what no
-- newer one named. Their credits are the newest figure and what was granted or taken since. Who was deleted stays deleted.

-- What has come, by the id of the event. No values are kept of people, only the names of the fields that were given.
create table public.user_sync_events (
  source text not null,
  event_id text not null,
  request_hash text not null,
  type text not null,
  -- No foreign key: the event comes before the person.
  user_id uuid not null,
  occurred_at timestamptz not null,
  fields text[] not null,
  -- What its difference of credits came to.
  credit_delta bigint not null default 0,
  -- What was answered; written in the same transaction.
  result jsonb,
  received_at timestamptz not null default clock_timestamp(),
  constraint user_sync_events_pkey primary key (source, event_id),
  constraint user_sync_events_source_known check (source in ('clerk', 'users')),
  constraint user_sync_events_type_known check (type in ('user.created', 'user.updated', 'user.deleted'))
);
create index user_sync_events_order on public.user_sync_events (user_id, occurred_at, source, event_id);
create index user_sync_events_deleted on public.user_sync_events (user_id) where type = 'user.deleted';

-- enter_account: the organization of a person, who is created with an account as by a first call when there is none.
-- takes: the person, e-mail and name for a new one.
-- locks: the person's id as create_account does, then the organization, so that nobody moves, goes or is removed meanwhile.
create function private.enter_account(p_user_id uuid, p_email text, p_full_name text) returns uuid
language plpgsql set search_path = ''
as $$
declare
  v_organization_id uuid;
begin
  perform pg_advisory_xact_lock(hashtextextended('create_account:' || p_user_id::text, 0));
  if not exists (select from public.users u where u.id = p_user_id) then
    perform private.create_account(p_user_id, p_email, p_full_name);
    update public.users u set last_login_at = null where u.id = p_user_id;
  end if;
  loop
    select u.organization_id into v_organization_id from public.users u where u.id = p_user_id;
    perform from public.organizations o where o.id = v_organization_id for no key update;
    -- Whoever accepted an invitation while the lock was waited for is somewhere else by now.
    exit when exists (select from public.users u where u.id = p_user_id and u.organization_id = v_organization_id);
  end loop;
  return v_organization_id;
end
$$;

-- sync_credits: brings what an organization may spend to a figure, or changes it by a difference. What is on hold stays.
-- takes:   the organization, the person, the event's reference, and either the figure or the difference.
-- returns: how many were granted, or taken (negative): never more than may be spent.   locks: the account.
create function private.sync_credits(p_organization_id uuid, p_user_id uuid, p_reference_id text, p_figure bigint, p_delta bigint)
returns bigint
language plpgsql set search_path = ''
as $$
declare
  v_available bigint;
  v_change bigint;
begin
  select b.available into v_available from public.credit_balances b where b.organization_id = p_organization_id for update;
  v_change := greatest(coalesce(p_delta, p_figure - v_available), -v_available);
  if v_change > 0 then
    perform public.credit_credits(array[p_organization_id], array['adjustment'::public.transaction_type], array[v_change],
      array['user_sync'], array[p_reference_id], array['User sync'], array[null::timestamptz], array[p_user_id]);
  elsif v_change < 0 then
    perform public.debit_credits(array[p_organization_id], array['adjustment'::public.transaction_type], array[-v_change],
      array['user_sync'], array[p_reference_id], array['User sync'], array[p_user_id]);
  end if;
  return v_change;
end
$$;

-- sync_deletion: ends an account as delete_account does. The owner, and the last admin of others, are switched off instead:
-- an organization is not lost because somebody's sign-in is.
-- takes: the organization, locked by the caller, and the person.   returns: 'applied', or 'ignored' when they were gone already.
create function private.sync_deletion(p_organization_id uuid, p_user_id uuid) returns text
language plpgsql set search_path = ''
as $$
declare
  v_code constant text := public.delete_account(p_organization_id, p_user_id);
begin
  if v_code in ('last_admin', 'owner') then
    update public.users u set is_active = false where u.id = p_user_id;
  end if;
  return case v_code when 'not_found' then 'ignored' else 'applied' end;
end
$$;

-- sync_profile: writes what an event says of a person, without what a newer one has said.
-- takes: the person, when it came about, the fields to change: email, full_name, avatar_url, phone, language.   locks: the person.
create function private.sync_profile(p_user_id uuid, p_occurred_at timestamptz, p_profile jsonb) returns void
language sql set search_path = ''
as $$
  update public.users u set
    email = case when p_profile ? 'email' then lower(p_profile ->> 'email') else u.email end,
    full_name = case when p_profile ? 'full_name' then p_profile ->> 'full_name' else u.full_name end,
    avatar_url = case when p_profile ? 'avatar_url' then p_profile ->> 'avatar_url' else u.avatar_url end,
    phone = case when p_profile ? 'phone' then p_profile ->> 'phone' else u.phone end,
    language = case when p_profile ? 'language' then p_profile ->> 'language' else u.language end,
    synced_at = greatest(u.synced_at, p_occurred_at)
  where u.id = p_user_id
$$;

-- sync_user: takes one event about a person, exactly once.
-- takes:   source and id of the event, a hash of it, its type, when it came about, the person; the profile's fields to change; and,
--          or null, what the organization may spend then, or by how much that changes.
-- returns: code 'applied'; 'stale': newer events have come, so only what they left open was taken; 'ignored': the person is gone;
--          'replayed' with what was answered before; 'conflict': the id was used for something else. With it the organization,
--          the credits granted or taken (negative), and the account: 'active', 'inactive' or 'deleted'.
--          Never changes roles or organizations, nor switches anybody on.
-- locks:   the event's row, the person's id, the organization, its account, the person.
create function public.sync_user(p_source text, p_event_id text, p_request_hash text, p_type text, p_occurred_at timestamptz, p_user_id uuid,
  p_profile jsonb, p_credits bigint, p_credit_delta bigint)
returns table (code text, organization_id uuid, credits_applied bigint, account text)
language plpgsql set search_path = ''
as $$
declare
  v_event record;
  v_user record;
  v_is_late boolean;
  v_newer text[];
  v_deltas bigint;
begin
  insert into public.user_sync_events (source, event_id, request_hash, type, user_id, occurred_at, fields)
  values (p_source, p_event_id, p_request_hash, p_type, p_user_id, p_occurred_at,
    array(select jsonb_object_keys(p_profile)) || case when p_credits is not null then array['credits'] else '{}' end)
  on conflict do nothing;
  if not found then
    select e.request_hash = p_request_hash as is_same, e.result into v_event from public.user_sync_events e
    where e.source = p_source and e.event_id = p_event_id;
    return query select case when v_event.is_same then 'replayed' else 'conflict' end, (v_event.result ->> 'organization_id')::uuid,
      (v_event.result ->> 'credits_applied')::bigint, v_event.result ->> 'account';
    return;
  end if;

  organization_id := private.enter_account(p_user_id, coalesce(p_profile ->> 'email', ''), p_profile ->> 'full_name');
  credits_applied := 0;
  if p_type = 'user.deleted' then
    code := private.sync_deletion(organization_id, p_user_id);
  else
    select u.deleted_at, u.deleted_at is not null or exists (
      select from public.user_sync_events e where e.user_id = p_user_id and e.type = 'user.deleted') as is_gone
    into v_user from public.users u where u.id = p_user_id;
    with newer as (
      select e.fields, e.credit_delta from public.user_sync_events e
      where e.user_id = p_user_id and e.type <> 'user.deleted' and (e.occurred_at, e.source, e.event_id) > (p_occurred_at, p_source, p_event_id)
    )
    select exists (select from newer), array(select distinct unnest(n.fields) from newer n), (select coalesce(sum(n.credit_delta), 0) from newer n)
    into v_is_late, v_newer, v_deltas;
    code := case when v_user.is_gone then 'ignored' when v_is_late then 'stale' else 'applied' end;
    if not v_user.is_gone then
      perform private.sync_profile(p_user_id, p_occurred_at, p_profile - v_newer);
    end if;
    -- What came about before somebody went still counts; what comes after does not reach an organization that is theirs no more.
    if coalesce(p_credits, p_credit_delta) is not null and 'credits' <> all (v_newer)
      and (v_user.deleted_at is null or p_occurred_at < v_user.deleted_at) then
      credits_applied := private.sync_credits(organization_id, p_user_id, p_source || ':' || p_event_id, p_credits + v_deltas, p_credit_delta);
    end if;
  end if;
  select case when u.deleted_at is not null then 'deleted' when u.is_active then 'active' else 'inactive' end into account
  from public.users u where u.id = p_user_id;
  update public.user_sync_events e set credit_delta = case when p_credit_delta is not null then credits_applied else 0 end,
    result = jsonb_build_object('organization_id', organization_id, 'credits_applied', credits_applied, 'account', account)
  where e.source = p_source and e.event_id = p_event_id;
  return next;
end
$$;

alter table public.user_sync_events enable row level security;
alter table public.user_sync_events force row level security;
revoke all on public.user_sync_events from public, anon, authenticated;
revoke execute on function private.enter_account(uuid, text, text) from public, anon, authenticated;
revoke execute on function private.sync_credits(uuid, uuid, text, bigint, bigint) from public, anon, authenticated;
revoke execute on function private.sync_deletion(uuid, uuid) from public, anon, authenticated;
revoke execute on function private.sync_profile(uuid, timestamptz, jsonb) from public, anon, authenticated;
revoke execute on function public.sync_user(text, text, text, text, timestamptz, uuid, jsonb, bigint, bigint) from public, anon, authenticated;
