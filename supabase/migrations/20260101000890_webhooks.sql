-- Webhooks: who is told of events, what each was told, and when it is tried again.
--
--   event ─fan_out_events─▶ pending ─claim─▶ delivering ─finish─▶ succeeded
--                              ▲                 │
--                              └── tried later ──┴─────────────▶ failed (the last try)
--   What is pending at an endpoint that is switched off or deleted becomes canceled.
--
-- A delivery is written in the transaction of its event. Workers take deliveries by lane: one lane for each endpoint, and one for all
-- that the jobs of an organization call back. A lane that is due has a time; how much is under way in it grows with successes and
-- falls to one at a failure, so that a receiver that hangs takes one place. A worker that dies leaves its deliveries to the end of their lease.
--
-- Locks, always in this order: the account, the endpoint, its lane, deliveries. A worker that tells what became of a delivery holds one lane and
-- no account; therefore it does not switch off the endpoint itself.

create type public.webhook_delivery_status as enum ('pending', 'delivering', 'succeeded', 'failed', 'canceled');

create table public.webhooks (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  created_by uuid not null references public.users (id),
  url text not null,
  description text not null default '',
  -- Types of events; null: all, also those to come.
  events text[],
  header_names text[] not null default '{}',
  -- All three as provider_api_keys.ciphertext. Headers are a JSON object, the secrets before the current one a list: [{secret, until}].
  headers_ciphertext bytea,
  secret_ciphertext bytea not null,
  previous_secrets_ciphertext bytea,
  previous_secrets_until timestamptz,
  is_enabled boolean not null default true,
  disabled_reason text,
  throttle_per_second integer,
  max_concurrency integer not null default 5,
  deleted_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint webhooks_url_length check (char_length(url) between 1 and 2000),
  constraint webhooks_description_length check (char_length(description) <= 500),
  constraint webhooks_events_some check (cardinality(events) > 0),
  constraint webhooks_limits_in_range check (throttle_per_second between 1 and 1000 and max_concurrency between 1 and 50),
  constraint webhooks_previous_secrets_until check ((previous_secrets_ciphertext is null) = (previous_secrets_until is null)),
  constraint webhooks_disabled_reason_known check (disabled_reason in ('by_hand', 'gone', 'failing')),
  constraint webhooks_disabled_when check (is_enabled = (disabled_reason is null)),
  constraint webhooks_deleted_is_disabled check (deleted_at is null or not is_enabled)
);
create index webhooks_list on public.webhooks (organization_id, id desc) where deleted_at is null;
create index webhooks_created_by on public.webhooks (created_by);
create trigger webhooks_set_updated_at before update on public.webhooks for each row execute function private.set_updated_at();

-- What signs the callbacks of an organization's jobs, which have no endpoint.
create table public.webhook_secrets (
  organization_id uuid primary key references public.organizations (id),
  secret_ciphertext bytea not null,
  previous_secrets_ciphertext bytea,
  previous_secrets_until timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint webhook_secrets_previous_until check ((previous_secrets_ciphertext is null) = (previous_secrets_until is null))
);
create trigger webhook_secrets_set_updated_at before update on public.webhook_secrets for each row execute function private.set_updated_at();

-- Apart from the endpoints, because it changes with every delivery.
create table public.webhook_lanes (
  -- The endpoint's, or the organization's for what its jobs call back.
  id uuid primary key,
  organization_id uuid not null,
  webhook_id uuid,
  -- When there is something to do; null when there is nothing.
  due_at timestamptz,
  -- Whether the last attempt succeeded. Those that cannot show that share a part of the workers' places.
  is_proven boolean not null default false,
  -- How many may be under way now; the endpoint's own limit is above it.
  concurrency integer not null default 1,
  -- The throttle: the moment up to which its tries are used up.
  allowed_at timestamptz not null default '-infinity',
  -- The first failure since the last success.
  first_failure_at timestamptz,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  deliveries_succeeded bigint not null default 0,
  deliveries_failed bigint not null default 0,
  attempts_failed bigint not null default 0,
  succeeded_ms bigint not null default 0,
  constraint webhook_lanes_concurrency_positive check (concurrency > 0)
) with (fillfactor = 50);
create index webhook_lanes_organization on public.webhook_lanes (organization_id);
create index webhook_lanes_due on public.webhook_lanes (is_proven, due_at) where due_at is not null;

-- No foreign keys to events and endpoints: neither are ever removed, and this is written with what makes the event.
create table public.webhook_deliveries (
  id uuid primary key,
  organization_id uuid not null,
  lane_id uuid not null,
  webhook_id uuid,
  event_id uuid not null,
  event_type text not null,
  -- Of a job that calls back; null for an endpoint, which has its own.
  url text,
  status public.webhook_delivery_status not null default 'pending',
  attempts integer not null default 0,
  -- Failures since it was ordered, or ordered again: the place on the ladder.
  step smallint not null default 0,
  next_attempt_at timestamptz,
  lease_token uuid,
  lease_until timestamptz,
  -- Of the last attempt.
  response_code integer,
  duration_ms integer,
  error text,
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  constraint webhook_deliveries_once unique (webhook_id, event_id),
  constraint webhook_deliveries_url_without_endpoint check ((webhook_id is null) = (url is not null)),
  constraint webhook_deliveries_next_when_pending check ((status = 'pending') = (next_attempt_at is not null)),
  constraint webhook_deliveries_lease_when_delivering check ((status = 'delivering') = (lease_token is not null) and (lease_token is null) = (lease_until is null)),
  constraint webhook_deliveries_ended_when check ((status in ('succeeded', 'failed', 'canceled')) = (ended_at is not null))
) with (fillfactor = 70);
create unique index webhook_deliveries_one_callback on public.webhook_deliveries (event_id) where webhook_id is null;
create index webhook_deliveries_list on public.webhook_deliveries (lane_id, id desc);
create index webhook_deliveries_pending on public.webhook_deliveries (lane_id, next_attempt_at, id) where status = 'pending';
create index webhook_deliveries_under_way on public.webhook_deliveries (lane_id, lease_until) where status = 'delivering';

create table public.webhook_attempts (
  delivery_id uuid not null,
  number integer not null,
  organization_id uuid not null,
  response_code integer,
  duration_ms integer not null,
  -- The beginning of what the receiver answered.
  response_head text,
  error text,
  created_at timestamptz not null default clock_timestamp(),
  primary key (delivery_id, number),
  constraint webhook_attempts_head_length check (char_length(response_head) <= 1024)
);
create index webhook_attempts_organization on public.webhook_attempts (organization_id);

-- keep_lane: trigger that gives an endpoint its lane, and wakes the lane when the endpoint is switched on or off.
create function private.keep_lane() returns trigger language plpgsql set search_path = ''
as $$
begin
  insert into public.webhook_lanes as l (id, organization_id, webhook_id) values (new.id, new.organization_id, new.id)
  on conflict (id) do update set due_at = clock_timestamp(), first_failure_at = null, is_proven = false, concurrency = 1;
  return null;
end
$$;
create trigger webhooks_lane after insert or update of is_enabled on public.webhooks for each row execute function private.keep_lane();

-- keep_callback_lane: trigger that gives an organization the lane of what its jobs call back.
create function private.keep_callback_lane() returns trigger language plpgsql set search_path = ''
as $$
begin
  insert into public.webhook_lanes (id, organization_id) values (new.organization_id, new.organization_id) on conflict do nothing;
  return null;
end
$$;
create trigger webhook_secrets_lane after insert on public.webhook_secrets for each row execute function private.keep_callback_lane();

-- fan_out_events: trigger that orders the deliveries of new events, in their transaction. Without a lane in the organizations it is one look at an index.
-- locks: the lanes, by id; the caller holds the accounts.
create function private.fan_out_events() returns trigger language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_lanes uuid[];
begin
  if not exists (
    select from new_events e cross join lateral (select from public.webhook_lanes x where x.organization_id = e.organization_id offset 0) l
  ) then return null; end if;

  with ordered as (
    insert into public.webhook_deliveries (id, organization_id, lane_id, webhook_id, event_id, event_type, url, next_attempt_at)
    select public.uuid_v7(), e.organization_id, l.id, l.webhook_id, e.id, e.type, j.webhook_url, v_now
    from new_events e
    cross join lateral (select x.id, x.webhook_id from public.webhook_lanes x where x.organization_id = e.organization_id offset 0) l
    left join lateral (select x.id, x.events, x.is_enabled from public.webhooks x where x.id = l.webhook_id offset 0) w on true
    left join lateral (select x.webhook_url from public.ai_jobs x where x.id = e.resource_id offset 0) j
      on l.webhook_id is null and e.type in ('job.completed', 'job.failed', 'job.canceled')
    where case
      when l.webhook_id is null then j.webhook_url is not null
      when e.type = 'webhook.test' then w.id = e.resource_id
      else w.is_enabled and (w.events is null or e.type = any (w.events))
    end
    returning lane_id
  )
  select array_agg(distinct o.lane_id) into v_lanes from ordered o;
  if v_lanes is null then return null; end if;
  perform from public.webhook_lanes l where l.id = any (v_lanes) order by l.id for update;
  update public.webhook_lanes l set due_at = v_now where l.id = any (v_lanes) and (l.due_at is null or l.due_at > v_now);
  return null;
end
$$;
create trigger events_fan_out after insert on public.events referencing new table as new_events
  for each statement execute function private.fan_out_events();

-- claim_webhook_deliveries: a worker takes what is due, in lanes that are due, the longest due first.
-- takes:   how many, how many of them in lanes that have not proved to work (a part of all, so that these never take everything), and for
--          how many seconds the worker has them.
-- returns: what to send to whom. A delivery whose lease ran out is taken again; that is no failure of the receiver.
-- locks:   the lanes, skipping those locked.
create function public.claim_webhook_deliveries(p_slots integer, p_unproven_slots integer, p_lease_seconds double precision)
returns table (id uuid, lease_token uuid, lane_id uuid, webhook_id uuid, organization_id uuid, is_proven boolean, step smallint, due_ms double precision,
  event_id uuid, event_type text, resource_id uuid, data jsonb, event_at timestamptz,
  url text, headers_ciphertext bytea, secret_ciphertext bytea, previous_secrets_ciphertext bytea)
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_left integer;
  v_taken_in_all integer := 0;
  v_is_proven boolean;
  l record;
  v_busy integer;
  v_room integer;
  v_taken integer;
  v_allowed_at timestamptz;
  v_next timestamptz;
begin
  foreach v_is_proven in array array[false, true] loop
    v_left := case when v_is_proven then p_slots - v_taken_in_all else least(p_unproven_slots, p_slots) end;
    for l in
      select x.*, least(x.concurrency, coalesce(w.max_concurrency, 5)) as places, w.throttle_per_second, x.webhook_id is null or w.is_enabled as is_open,
        w.url, w.headers_ciphertext, coalesce(w.secret_ciphertext, s.secret_ciphertext) as secret_ciphertext,
        case when coalesce(w.previous_secrets_until, s.previous_secrets_until) > v_now
          then coalesce(w.previous_secrets_ciphertext, s.previous_secrets_ciphertext) end as previous_secrets_ciphertext
      from (
        select y.* from public.webhook_lanes y where y.is_proven = v_is_proven and y.due_at <= v_now order by y.due_at limit greatest(v_left, 0) for update skip locked
      ) x
      left join lateral (select y.* from public.webhooks y where y.id = x.webhook_id offset 0) w on true
      left join lateral (select y.* from public.webhook_secrets y where y.organization_id = x.id offset 0) s on x.webhook_id is null
      order by x.due_at
    loop
      exit when v_left <= 0;
      update public.webhook_deliveries d set status = 'pending', next_attempt_at = v_now, lease_token = null, lease_until = null
      where d.lane_id = l.id and d.status = 'delivering' and d.lease_until <= v_now;

      if not l.is_open then
        -- So many at a time: there may be any number of them.
        update public.webhook_deliveries d set status = 'canceled', next_attempt_at = null, ended_at = v_now
        where d.id in (select y.id from public.webhook_deliveries y where y.lane_id = l.id and y.status = 'pending' order by y.next_attempt_at limit 500);
        update public.webhook_lanes y set due_at = case when found then v_now end where y.id = l.id;
        continue;
      end if;

      select count(*) into v_busy from public.webhook_deliveries d where d.lane_id = l.id and d.status = 'delivering';
      v_room := least(l.places - v_busy, v_left);
      v_allowed_at := l.allowed_at;
      if l.throttle_per_second is not null then
        -- At most a second's worth at once.
        v_allowed_at := greatest(l.allowed_at, v_now - interval '1 second');
        v_room := least(v_room, floor(extract(epoch from v_now - v_allowed_at) * l.throttle_per_second + 0.001)::integer);
      end if;
      v_taken := 0;
      if v_room > 0 then
        return query
        with taken as (
          update public.webhook_deliveries d set status = 'delivering', lease_token = gen_random_uuid(), lease_until = v_now + make_interval(secs => p_lease_seconds),
            next_attempt_at = null
          from (
            select y.id, y.next_attempt_at from public.webhook_deliveries y where y.lane_id = l.id and y.status = 'pending' and y.next_attempt_at <= v_now
            order by y.next_attempt_at, y.id limit v_room
          ) due
          where d.id = due.id
          returning d.*, due.next_attempt_at as due_at
        )
        select t.id, t.lease_token, t.lane_id, t.webhook_id, t.organization_id, v_is_proven, t.step,
          1000 * extract(epoch from v_now - t.due_at)::double precision,
          e.id, e.type, e.resource_id, e.data, e.created_at,
          coalesce(t.url, l.url), l.headers_ciphertext, l.secret_ciphertext, l.previous_secrets_ciphertext
        from taken t cross join lateral (select y.* from public.events y where y.id = t.event_id offset 0) e;
        get diagnostics v_taken = row_count;
      end if;
      v_left := v_left - v_taken;
      v_taken_in_all := v_taken_in_all + v_taken;
      if l.throttle_per_second is not null then
        v_allowed_at := v_allowed_at + make_interval(secs => v_taken::double precision / l.throttle_per_second);
      end if;
      select d.next_attempt_at into v_next from public.webhook_deliveries d where d.lane_id = l.id and d.status = 'pending' order by d.next_attempt_at limit 1;
      update public.webhook_lanes y set allowed_at = v_allowed_at, due_at = least(
        -- A lane that is full is woken by the next that ends.
        case when v_busy + v_taken < l.places then
          greatest(v_next, case when l.throttle_per_second is not null then v_allowed_at + make_interval(secs => 1.0 / l.throttle_per_second) end) end,
        (select min(d.lease_until) from public.webhook_deliveries d where d.lane_id = l.id and d.status = 'delivering'))
      where y.id = l.id;
    end loop;
  end loop;
end
$$;

-- finish_webhook_delivery: what became of one attempt.
-- takes:   the delivery and its lease token, whether it succeeded, what the receiver answered, and in how many seconds to try again (null: never).
-- returns: 'done'; 'lost' when the lease was somebody else's by then, and nothing was written; 'gone' or 'failing' when the endpoint is to be
--          switched off for that reason (disable_webhook).
-- locks:   the lane, then the delivery.
create function public.finish_webhook_delivery(p_id uuid, p_lease_token uuid, p_succeeded boolean, p_response_code integer, p_duration_ms integer,
  p_response_head text, p_error text, p_retry_seconds double precision) returns text
language plpgsql set search_path = ''
as $$
declare
  v_now timestamptz;
  v_lane public.webhook_lanes;
  v_delivery public.webhook_deliveries;
begin
  select l.* into v_lane from public.webhook_lanes l
  where l.id = (select d.lane_id from public.webhook_deliveries d where d.id = p_id) for update;
  v_now := clock_timestamp();
  update public.webhook_deliveries d set
    status = case when p_succeeded then 'succeeded' when p_retry_seconds is null then 'failed' else 'pending' end::public.webhook_delivery_status,
    attempts = d.attempts + 1,
    step = d.step + case when p_succeeded then 0 else 1 end,
    next_attempt_at = case when not p_succeeded then v_now + make_interval(secs => p_retry_seconds) end,
    ended_at = case when p_succeeded or p_retry_seconds is null then v_now end,
    lease_token = null, lease_until = null, response_code = p_response_code, duration_ms = p_duration_ms, error = p_error
  where d.id = p_id and d.status = 'delivering' and d.lease_token = p_lease_token
  returning * into v_delivery;
  if not found then return 'lost'; end if;
  insert into public.webhook_attempts (delivery_id, number, organization_id, response_code, duration_ms, response_head, error)
  values (p_id, v_delivery.attempts, v_delivery.organization_id, p_response_code, p_duration_ms, p_response_head, p_error);
  update public.webhook_lanes l set
    due_at = v_now,
    is_proven = p_succeeded,
    concurrency = case when p_succeeded then least(l.concurrency + 1, 50) else 1 end,
    first_failure_at = case when not p_succeeded then coalesce(l.first_failure_at, v_now) end,
    last_success_at = case when p_succeeded then v_now else l.last_success_at end,
    last_failure_at = case when p_succeeded then l.last_failure_at else v_now end,
    deliveries_succeeded = l.deliveries_succeeded + case when p_succeeded then 1 else 0 end,
    deliveries_failed = l.deliveries_failed + case when v_delivery.status = 'failed' then 1 else 0 end,
    attempts_failed = l.attempts_failed + case when p_succeeded then 0 else 1 end,
    succeeded_ms = l.succeeded_ms + case when p_succeeded then p_duration_ms else 0 end
  where l.id = v_lane.id;
  return case
    when p_succeeded or v_lane.webhook_id is null then 'done'
    when p_response_code = 410 then 'gone'
    when v_lane.first_failure_at <= v_now - interval '5 days' then 'failing'
    else 'done'
  end;
end
$$;

-- disable_webhook: switches an endpoint off because it answers that it is gone, or has failed for days; its organization is told.
-- returns: whether it was on.   locks: the account, the endpoint, its lane.
create function public.disable_webhook(p_id uuid, p_reason text) returns boolean
language plpgsql set search_path = ''
as $$
declare
  v_webhook public.webhooks;
begin
  perform from public.credit_balances b where b.organization_id = (select w.organization_id from public.webhooks w where w.id = p_id) for update;
  update public.webhooks w set is_enabled = false, disabled_reason = p_reason where w.id = p_id and w.is_enabled returning * into v_webhook;
  if not found then return false; end if;
  perform private.tell(v_webhook.organization_id, 'webhook_endpoint.disabled', p_id, jsonb_build_object('reason', p_reason));
  perform private.mail_admins(v_webhook.organization_id, 'webhook_disabled', p_id || ':' || v_webhook.updated_at,
    jsonb_build_object('webhook_endpoint_id', p_id, 'host', substring(v_webhook.url from '^\w+://([^/?#]+)'), 'reason', p_reason));
  return true;
end
$$;

-- create_webhook: makes an endpoint, or finds the one that the same request has made.
-- takes:   the endpoint as a row, and the Idempotency-Key with its request's hash (or nulls).
-- returns: code 'created'; 'replayed' with the id of then; or why not: 'idempotency_key_reused', 'limit_reached'.
-- locks:   the organization.
create function public.create_webhook(p_id uuid, p_organization_id uuid, p_user_id uuid, p_url text, p_description text, p_events text[], p_header_names text[],
  p_headers bytea, p_secret bytea, p_is_enabled boolean, p_throttle_per_second integer, p_max_concurrency integer, p_limit integer, p_key text, p_request_hash text)
returns table (code text, id uuid)
language plpgsql set search_path = ''
as $$
declare
  v_claim record;
begin
  perform from public.organizations o where o.id = p_organization_id for no key update;
  select i.request_hash, i.resource_id into v_claim from public.idempotency_keys i
  where i.organization_id = p_organization_id and i.route = 'POST /webhook-endpoints' and i.key = p_key;
  if found then
    return query select case when v_claim.request_hash = p_request_hash then 'replayed' else 'idempotency_key_reused' end, v_claim.resource_id;
    return;
  end if;
  if (select count(*) from public.webhooks w where w.organization_id = p_organization_id and w.deleted_at is null) >= p_limit then
    return query select 'limit_reached', null::uuid;
    return;
  end if;
  if p_key is not null then
    insert into public.idempotency_keys (organization_id, route, key, request_hash, resource_id)
    values (p_organization_id, 'POST /webhook-endpoints', p_key, p_request_hash, p_id);
  end if;
  insert into public.webhooks (id, organization_id, created_by, url, description, events, header_names, headers_ciphertext, secret_ciphertext, is_enabled,
    disabled_reason, throttle_per_second, max_concurrency)
  values (p_id, p_organization_id, p_user_id, p_url, p_description, p_events, p_header_names, p_headers, p_secret, p_is_enabled,
    case when not p_is_enabled then 'by_hand' end, p_throttle_per_second, p_max_concurrency);
  return query select 'created', p_id;
end
$$;

-- send_webhook_test: writes an event that only this endpoint is told of.
-- returns: the delivery; null when the organization has no such endpoint or it is off.   locks: the account, the lane.
create function public.send_webhook_test(p_organization_id uuid, p_id uuid) returns uuid
language plpgsql set search_path = ''
as $$
declare
  v_event_id constant uuid := public.uuid_v7();
begin
  perform from public.credit_balances b where b.organization_id = p_organization_id for update;
  if not exists (select from public.webhooks w where w.organization_id = p_organization_id and w.id = p_id and w.is_enabled) then return null; end if;
  insert into public.events (id, organization_id, type, resource_id, data) values (v_event_id, p_organization_id, 'webhook.test', p_id, '{}');
  return (select d.id from public.webhook_deliveries d where d.webhook_id = p_id and d.event_id = v_event_id);
end
$$;

-- redeliver_webhook: orders an ended delivery again, from the first step of the ladder.
-- returns: 'ordered', or why not: 'not_found', 'under_way', 'disabled'.   locks: the lane, then the delivery.
create function public.redeliver_webhook(p_organization_id uuid, p_delivery_id uuid) returns text
language plpgsql set search_path = ''
as $$
declare
  v_lane public.webhook_lanes;
begin
  select l.* into v_lane from public.webhook_lanes l
  where l.id = (select d.lane_id from public.webhook_deliveries d where d.id = p_delivery_id and d.organization_id = p_organization_id) for update;
  if not found then return 'not_found'; end if;
  if v_lane.webhook_id is not null and not exists (select from public.webhooks w where w.id = v_lane.webhook_id and w.is_enabled) then
    return 'disabled';
  end if;
  update public.webhook_deliveries d set status = 'pending', step = 0, next_attempt_at = clock_timestamp(), ended_at = null
  where d.id = p_delivery_id and d.status in ('succeeded', 'failed', 'canceled');
  if not found then return 'under_way'; end if;
  update public.webhook_lanes l set due_at = clock_timestamp() where l.id = v_lane.id;
  return 'ordered';
end
$$;

-- replay_webhook: orders what happened in a time again: what the endpoint was told, and what it missed while it was off.
-- takes:   the endpoint, from when (included) to when, types of events (null: those it is subscribed to), whether only what did not
--          succeed, and how many events to look at.
-- returns: how many deliveries were ordered, and the moment from which to go on when there are more events; no row when there is no such
--          endpoint or it is off.   locks: the lane, then deliveries.
create function public.replay_webhook(p_organization_id uuid, p_id uuid, p_from timestamptz, p_to timestamptz, p_events text[], p_only_failed boolean, p_limit integer)
returns table (ordered integer, continue_from timestamptz)
language plpgsql set search_path = ''
as $$
declare
  v_events text[];
  v_lane_id uuid;
begin
  select w.events into v_events from public.webhooks w where w.organization_id = p_organization_id and w.id = p_id and w.is_enabled;
  if not found then return; end if;
  select l.id into v_lane_id from public.webhook_lanes l where l.id = p_id for update;
  with seen as materialized (
    select e.id, e.type, e.created_at from public.events e
    where e.organization_id = p_organization_id and e.id >= private.uuid_v7_floor(p_from) and e.id < private.uuid_v7_floor(p_to)
      and e.type <> 'webhook.test' and (coalesce(p_events, v_events) is null or e.type = any (coalesce(p_events, v_events)))
    order by e.id limit p_limit + 1
  ),
  chosen as (select s.* from seen s order by s.id limit p_limit),
  again as (
    insert into public.webhook_deliveries as d (id, organization_id, lane_id, webhook_id, event_id, event_type, next_attempt_at)
    select public.uuid_v7(), p_organization_id, v_lane_id, p_id, c.id, c.type, clock_timestamp() from chosen c order by c.id
    on conflict on constraint webhook_deliveries_once do update set status = 'pending', step = 0, next_attempt_at = clock_timestamp(), ended_at = null
      where d.status in ('failed', 'canceled') or (d.status = 'succeeded' and not p_only_failed)
    returning d.id
  )
  select (select count(*)::integer from again), (select s.created_at from seen s order by s.id offset p_limit limit 1) into ordered, continue_from;
  update public.webhook_lanes l set due_at = clock_timestamp() where l.id = v_lane_id and ordered > 0;
  return next;
end
$$;

-- forget_webhook_deliveries: removes deliveries that were ordered more than so many days ago, with their attempts.
-- takes: days, how many at most.   returns: how many.
create function public.forget_webhook_deliveries(p_days integer, p_limit integer) returns integer
language sql set search_path = ''
as $$
  with old as (
    select d.id from public.webhook_deliveries d where d.id < private.uuid_v7_floor(clock_timestamp() - make_interval(days => p_days))
      and d.status in ('succeeded', 'failed', 'canceled')
    order by d.id limit p_limit for update skip locked
  ),
  attempts as (delete from public.webhook_attempts a using old where a.delivery_id = old.id),
  deliveries as (delete from public.webhook_deliveries d using old where d.id = old.id returning 1)
  select count(*)::integer from deliveries
$$;

-- tell_of: trigger that writes events of people, keys, generations and payments, where no function of their own does.
-- locks: the account, after the row: nothing holds an account and then waits for such a row.
create function private.tell_of() returns trigger language plpgsql security definer set search_path = ''
as $$
declare
  v_new constant jsonb := to_jsonb(new);
  v_old constant jsonb := case when tg_op = 'UPDATE' then to_jsonb(old) else '{}' end;
  v_organization_id constant uuid := v_new ->> 'organization_id';
  v_before constant uuid := v_old ->> 'organization_id';
  v_type text;
  v_data jsonb;
begin
  if current_setting('base.audit', true) = 'off' then return null; end if;
  case tg_table_name
    when 'users' then
      v_data := jsonb_build_object('role', v_new -> 'role');
      if v_before <> v_organization_id and v_old ->> 'deleted_at' is null then
        perform private.tell_locked(v_before, 'member.removed', new.id, v_data);
      end if;
      v_type := case
        when v_new ->> 'deleted_at' is not null then case when v_old ->> 'deleted_at' is null then 'member.removed' end
        when v_before is distinct from v_organization_id or v_old ->> 'deleted_at' is not null then 'member.joined'
        when v_old ->> 'role' <> v_new ->> 'role' then 'member.role_changed' end;
      if v_type = 'member.role_changed' then v_data := v_data || jsonb_build_object('previous_role', v_old -> 'role'); end if;
    when 'invitations' then
      v_type := 'member.invited';
      v_data := jsonb_build_object('role', v_new -> 'role', 'status', v_new -> 'status');
    when 'api_keys' then
      v_type := case when tg_op = 'INSERT' then case when v_new ->> 'rotated_from' is null then 'api_key.created' else 'api_key.rotated' end
        when v_old ->> 'revoked_at' is null and v_new ->> 'revoked_at' is not null then 'api_key.revoked' end;
      v_data := jsonb_build_object('last4', v_new -> 'last4', 'scopes', v_new -> 'scopes', 'rotated_from', v_new -> 'rotated_from');
    when 'provider_api_keys' then
      v_type := 'provider_key.invalid';
      v_data := jsonb_build_object('provider', v_new -> 'provider');
    when 'generations' then
      v_type := 'generation.deleted';
      v_data := jsonb_build_object('type', v_new -> 'type', 'job_id', v_new -> 'job_id');
    when 'subscriptions' then
      v_type := 'subscription.past_due';
      v_data := jsonb_build_object('plan', v_new -> 'plan_id', 'grace_ends_at', v_new -> 'grace_ends_at');
  end case;
  if v_type is not null then
    perform private.tell_locked(v_organization_id, v_type, new.id, v_data);
  end if;
  return null;
end
$$;

-- tell_locked: tell, of an organization whose account is not held yet.
create function private.tell_locked(p_organization_id uuid, p_type text, p_resource_id uuid, p_data jsonb) returns void
language plpgsql set search_path = ''
as $$
begin
  perform from public.credit_balances b where b.organization_id = p_organization_id for update;
  perform private.tell(p_organization_id, p_type, p_resource_id, p_data);
end
$$;

create trigger users_tell after insert or update of organization_id, role, deleted_at on public.users for each row execute function private.tell_of();
create trigger invitations_tell after insert on public.invitations for each row execute function private.tell_of();
create trigger api_keys_tell after insert or update of revoked_at on public.api_keys for each row execute function private.tell_of();
create trigger provider_api_keys_tell after update of is_valid on public.provider_api_keys for each row
  when (new.is_valid is false and old.is_valid is distinct from false) execute function private.tell_of();
create trigger generations_tell after update of deleted_at on public.generations for each row
  when (old.deleted_at is null and new.deleted_at is not null) execute function private.tell_of();
create trigger subscriptions_tell after update of status on public.subscriptions for each row
  when (new.status = 'past_due' and old.status <> 'past_due') execute function private.tell_of();

create trigger webhooks_audit after insert or update or delete on public.webhooks
  for each row execute function private.audit('webhook', '', 'headers_ciphertext,secret_ciphertext,previous_secrets_ciphertext');
create trigger webhook_secrets_audit after insert or update or delete on public.webhook_secrets
  for each row execute function private.audit('webhook_secret', '', 'secret_ciphertext,previous_secrets_ciphertext');

alter table public.webhooks enable row level security;
alter table public.webhooks force row level security;
create policy webhooks_own_organization on public.webhooks for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.webhook_secrets enable row level security;
alter table public.webhook_secrets force row level security;
alter table public.webhook_lanes enable row level security;
alter table public.webhook_lanes force row level security;
alter table public.webhook_deliveries enable row level security;
alter table public.webhook_deliveries force row level security;
create policy webhook_deliveries_own_organization on public.webhook_deliveries for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.webhook_attempts enable row level security;
alter table public.webhook_attempts force row level security;
create policy webhook_attempts_own_organization on public.webhook_attempts for select to authenticated
  using (organization_id = (select private.current_organization_id()));
revoke all on public.webhooks, public.webhook_secrets, public.webhook_lanes, public.webhook_deliveries, public.webhook_attempts from public, anon, authenticated;
