-- The life of a job, and of the credits it holds.
--
--   reserve_jobs ─▶ pending ─promote─▶ queued ─begin_jobs─▶ processing ─settle_jobs─▶ completed
--                     │                  │                      ├─release_jobs──────▶ failed
--                     └──────────────────┴──── release_jobs ────┴───────────────────▶ canceled
--
-- A live job (pending, queued, processing) has exactly one hold with status held. Settling captures at most the hold and
-- releases the rest; releasing gives all of it back. Each of these is one transaction with everything it implies: usage,
-- ledger, events, counters, and the organization's next waiting jobs let in.
--
-- Locks, always in this order: accounts by organization id, jobs by id, grants, holds. A lease token is made anew each time
-- a worker takes a job (begin_jobs); every later step must show it, so a worker that lost its job cannot change anything.

-- How these functions are planned: they take arrays of unknown length, so without help Postgres plans each call anew (about
-- a millisecond), or keeps a plan made while a table was small. `plan_cache_mode = force_generic_plan` plans once;
-- `enable_seqscan = off` with a condition `= any (array)` beside each join, or a lateral look-up fenced by `offset 0`, makes
-- that plan index look-ups, whatever the tables' sizes were when it was made. A fenced look-up also locks rows in the
-- order of the sorted ids around it.

-- is_over: whether a value is beyond the named limit; −1 is unlimited.
create function private.is_over(p_limits jsonb, p_name text, p_value bigint) returns boolean language sql immutable set search_path = ''
as $$
  select (p_limits ->> p_name)::numeric <> -1 and p_value > (p_limits ->> p_name)::numeric
$$;

-- reserve_jobs: admit jobs and hold their credits.
-- takes:   arrays, one element per request, in the order in which they came. p_limit_units counts what the plan limits
--          (images, videos, seconds of audio); p_credits is the quote, held in full.
-- returns: one row per request, in order. code:
--          admitted            job and hold exist now; status says whether it is queued or waits (pending)
--          replayed            the same idempotency key and request came before: job is that job's row
--          idempotency_key_reused, organization_inactive, project_not_found, feature_not_in_plan, plan_limit_reached,
--          queue_full, key_budget_reached, credits_owed, insufficient_credits, credits_on_hold, provider_key_invalid   nothing was written; figures say why
--          A job of an organization with its own key for the provider runs on that key and holds p_own_key_credits
--          instead; key_source and credits say what was decided, priority goes to the queue.
-- locks:   the accounts of all organizations named, by id; so equal keys and the last credits are decided one by one.
create function public.reserve_jobs(
  p_ids uuid[], p_organization_ids uuid[], p_user_ids uuid[], p_api_key_ids uuid[], p_project_ids uuid[],
  p_types public.job_type[], p_providers text[], p_models text[], p_operations text[], p_inputs jsonb[], p_metadata jsonb[],
  p_credits bigint[], p_own_key_credits bigint[], p_costs_usd numeric[], p_limit_units integer[], p_prices jsonb[], p_fallbacks jsonb[], p_retries_of uuid[],
  p_idempotency_keys text[], p_request_hashes text[], p_request_ids text[], p_deadline_seconds integer[], p_webhook_urls text[]
) returns table (ordinal integer, code text, status public.job_status, queue_position integer, at timestamptz, key_source public.key_source, credits bigint,
  priority smallint, job jsonb, figures jsonb)
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  r record;
  v_count constant integer := cardinality(p_ids);
  v_codes text[] := array_fill(null::text, array[v_count]);
  v_places integer[] := array_fill(0, array[v_count]);  -- 0 = queued at once, n = nth in the organization's line
  v_priorities smallint[] := array_fill(0::smallint, array[v_count]);
  v_credits bigint[] := array_fill(0::bigint, array[v_count]);
  v_key_sources public.key_source[] := array_fill('platform'::public.key_source, array[v_count]);
  v_jobs jsonb[] := array_fill(null::jsonb, array[v_count]);
  v_figures jsonb[] := array_fill(null::jsonb, array[v_count]);
  v_at timestamptz;
  v_organization_id uuid;
  v_limits jsonb;
  v_concurrent numeric;
  v_available bigint;
  v_held bigint;
  v_active integer;
  v_waiting integer;
  v_images bigint;
  v_videos bigint;
  v_audio bigint;
  v_limit_name text;
  v_used bigint;
  v_earlier integer;
  v_has_equal_keys boolean := false;
  v_period date;
  v_line_credits bigint;
  v_lines jsonb := '{}';  -- what lines of API keys with a budget hold and have used, this batch included
begin
  if v_count > 1 then
    select count(u.key) > count(distinct (u.organization_id, u.key)) filter (where u.key is not null) into v_has_equal_keys
    from unnest(p_organization_ids, p_idempotency_keys) u (organization_id, key);
  end if;
  if v_count = 1 then
    perform from public.credit_balances b where b.organization_id = p_organization_ids[1] for update;
  else
    perform from public.credit_balances b where b.organization_id = any (p_organization_ids) order by b.organization_id for update;
  end if;
  -- After the lock: inside an organization, times and event ids follow the order of commits.
  v_at := clock_timestamp();
  v_period := private.budget_period(v_at);

  for r in
    select u.ord::integer as ord, u.organization_id, u.type, u.provider, case when own.id is null then u.credits else u.own_key_credits end as credits, u.limit_units,
      own.id as own_key_id, own.is_valid as own_key_valid, u.project_id, u.idempotency_key, u.request_hash,
      b.available, b.held, b.debt, b.active_jobs, b.waiting_jobs, b.period_images, b.period_videos, b.period_audio_seconds,
      o.is_active and o.deleted_at is null as organization_active, o.plan_id, p.features, p.job_priority, p.limits || o.custom_limits as limits,
      old.id as old_id, old.request_hash as old_hash, line.budget, line.id as line_id, coalesce(line.held, 0) as line_held, coalesce(line.used, 0) as line_used,
      u.project_id is null or exists (
        select from public.projects x where x.organization_id = u.organization_id and x.id = u.project_id and x.deleted_at is null) as project_found
    from unnest(p_organization_ids, p_api_key_ids, p_types, p_providers, p_credits, p_own_key_credits, p_limit_units, p_project_ids, p_idempotency_keys,
        p_request_hashes)
      with ordinality u (organization_id, api_key_id, type, provider, credits, own_key_credits, limit_units, project_id, idempotency_key, request_hash, ord)
    join public.credit_balances b on b.organization_id = u.organization_id and b.organization_id = any (p_organization_ids)
    join public.organizations o on o.id = u.organization_id and o.id = any (p_organization_ids)
    join public.plans p on p.id = o.plan_id
    left join lateral (
      select x.id, x.request_hash from public.ai_jobs x
      where x.organization_id = u.organization_id and x.idempotency_key = u.idempotency_key offset 0
    ) old on u.idempotency_key is not null
    left join lateral (
      select x.id, x.is_valid from public.provider_api_keys x where x.organization_id = u.organization_id and x.provider = u.provider offset 0
    ) own on true
    left join lateral (
      select k.line_id as id, k.monthly_credit_budget as budget, m.held, m.used
      from (select x.line_id, x.monthly_credit_budget from public.api_keys x where x.id = u.api_key_id and x.monthly_credit_budget is not null offset 0) k
      cross join lateral (
        select sum(y.credits_held)::bigint as held, sum(y.credits_used)::bigint as used
        from (select x.id from public.api_keys x where x.line_id = k.line_id offset 0) x
        cross join lateral (select y.* from public.api_key_usage y where y.api_key_id = x.id and y.period_start = v_period offset 0) y
      ) m
      offset 0
    ) line on u.api_key_id is not null
    order by u.organization_id, u.ord
  loop
    if r.organization_id is distinct from v_organization_id then
      v_organization_id := r.organization_id;
      v_limits := r.limits;
      v_concurrent := (r.limits ->> 'concurrent_jobs')::numeric;
      v_available := r.available;
      v_held := r.held;
      v_active := r.active_jobs;
      v_waiting := r.waiting_jobs;
      v_images := r.period_images;
      v_videos := r.period_videos;
      v_audio := r.period_audio_seconds;
    end if;

    if r.idempotency_key is not null then
      if r.old_id is not null then
        v_codes[r.ord] := case when r.old_hash = r.request_hash then 'replayed' else 'idempotency_key_reused' end;
        if r.old_hash = r.request_hash then
          v_jobs[r.ord] := (select to_jsonb(j) from public.ai_jobs j where j.id = r.old_id);
        end if;
        continue;
      end if;
      -- The same key earlier in this very batch, already admitted above.
      v_earlier := null;
      if v_has_equal_keys then
        select i into v_earlier from generate_series(1, v_count) i
        where v_codes[i] = 'admitted' and p_organization_ids[i] = r.organization_id and p_idempotency_keys[i] = r.idempotency_key;
      end if;
      if v_earlier is not null then
        v_codes[r.ord] := case when p_request_hashes[v_earlier] = r.request_hash then 'replayed' else 'idempotency_key_reused' end;
        v_jobs[r.ord] := jsonb_build_object('id', p_ids[v_earlier]);
        continue;
      end if;
    end if;

    if not r.organization_active then
      v_codes[r.ord] := 'organization_inactive';
      continue;
    end if;
    if not r.project_found then
      v_codes[r.ord] := 'project_not_found';
      continue;
    end if;
    -- Text is part of every plan; it is only paid for.
    if r.type <> 'text' and not (r.features @> array[r.type::text]) then
      v_codes[r.ord] := 'feature_not_in_plan';
      v_figures[r.ord] := jsonb_build_object('plan', r.plan_id, 'feature', r.type);
      continue;
    end if;

    if r.own_key_valid is false then
      v_codes[r.ord] := 'provider_key_invalid';
      v_figures[r.ord] := jsonb_build_object('provider', r.provider);
      continue;
    end if;

    v_limit_name := case r.type when 'image' then 'images_per_month' when 'video' then 'videos_per_month' when 'audio' then 'audio_minutes_per_month' end;
    v_used := case r.type when 'image' then v_images when 'video' then v_videos when 'audio' then v_audio else 0 end;
    if v_limit_name is not null and private.is_over(v_limits, v_limit_name,
        (case r.type when 'audio' then ceil((v_used + r.limit_units) / 60.0) else v_used + r.limit_units end)::bigint) then
      v_codes[r.ord] := 'plan_limit_reached';
      v_figures[r.ord] := jsonb_build_object('plan', r.plan_id, 'limit_name', v_limit_name, 'limit', v_limits -> v_limit_name,
        'used', case r.type when 'audio' then ceil(v_used / 60.0) else v_used end, 'requested', r.limit_units);
      continue;
    end if;

    if v_concurrent <> -1 and v_active >= v_concurrent and private.is_over(v_limits, 'waiting_jobs', v_waiting + 1) then
      v_codes[r.ord] := 'queue_full';
      v_figures[r.ord] := jsonb_build_object('plan', r.plan_id, 'limit_name', 'waiting_jobs', 'limit', v_limits -> 'waiting_jobs', 'waiting', v_waiting);
      continue;
    end if;
    if r.budget is not null then
      v_line_credits := coalesce((v_lines ->> r.line_id::text)::bigint, r.line_held + r.line_used);
      if v_line_credits + r.credits > r.budget then
        v_codes[r.ord] := 'key_budget_reached';
        v_figures[r.ord] := jsonb_build_object('required', r.credits, 'budget', r.budget, 'used', r.line_used, 'held', v_line_credits - r.line_used,
          'resets_at', to_char(v_period + interval '1 month', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
        continue;
      end if;
    end if;
    if r.debt > 0 then
      v_codes[r.ord] := 'credits_owed';
      v_figures[r.ord] := jsonb_build_object('required', r.credits, 'available', v_available, 'owed', r.debt);
      continue;
    end if;
    if v_available < r.credits then
      v_codes[r.ord] := case when v_available + v_held >= r.credits then 'credits_on_hold' else 'insufficient_credits' end;
      v_figures[r.ord] := jsonb_build_object('required', r.credits, 'available', v_available, 'held', v_held);
      continue;
    end if;

    v_codes[r.ord] := 'admitted';
    v_priorities[r.ord] := r.job_priority;
    v_credits[r.ord] := r.credits;
    v_key_sources[r.ord] := case when r.own_key_id is null then 'platform' else 'organization' end;
    v_available := v_available - r.credits;
    v_held := v_held + r.credits;
    if r.budget is not null then
      v_lines := v_lines || jsonb_build_object(r.line_id::text, v_line_credits + r.credits);
    end if;
    v_images := v_images + case r.type when 'image' then r.limit_units else 0 end;
    v_videos := v_videos + case r.type when 'video' then r.limit_units else 0 end;
    v_audio := v_audio + case r.type when 'audio' then r.limit_units else 0 end;
    -- While others wait nobody overtakes them.
    if (v_concurrent = -1 or v_active < v_concurrent) and v_waiting = 0 then
      v_active := v_active + 1;
    else
      v_waiting := v_waiting + 1;
      v_places[r.ord] := v_waiting;
    end if;
  end loop;

  if 'admitted' = any (v_codes) then
    with admitted as materialized (
      select u.*, v_places[u.ord] as place
      from unnest(p_ids, p_organization_ids, p_user_ids, p_api_key_ids, p_project_ids, p_types, p_providers, p_models, p_operations, p_inputs,
          p_metadata, v_credits, v_key_sources, p_costs_usd, p_limit_units, p_prices, p_fallbacks, p_retries_of, p_idempotency_keys, p_request_hashes, p_request_ids,
          p_deadline_seconds, p_webhook_urls, v_priorities)
        with ordinality u (id, organization_id, user_id, api_key_id, project_id, type, provider, model, operation, input,
          metadata, credits, key_source, cost_usd, limit_units, price, fallbacks, retry_of, idempotency_key, request_hash, request_id,
          deadline_seconds, webhook_url, priority, ord)
      where v_codes[u.ord] = 'admitted'
    ),
    job as (
      insert into public.ai_jobs (id, organization_id, user_id, api_key_id, project_id, type, provider, model, operation, status, priority,
        input, metadata, key_source, retry_of, fallbacks, limit_units, credits_held, quoted_cost_usd, idempotency_key, request_hash, webhook_url, request_id, created_at,
        queued_at, deadline_at)
      select a.id, a.organization_id, a.user_id, a.api_key_id, a.project_id, a.type, a.provider, a.model, a.operation,
        case when a.place = 0 then 'queued' else 'pending' end::public.job_status, a.priority,
        a.input, a.metadata, a.key_source, a.retry_of,
        -- With the organization's own key there is nowhere else to go.
        case a.key_source when 'platform' then coalesce(a.fallbacks, '[]') else '[]' end,
        a.limit_units, a.credits, a.cost_usd, a.idempotency_key, a.request_hash, a.webhook_url, a.request_id, v_at,
        case when a.place = 0 then v_at end, v_at + make_interval(secs => a.deadline_seconds)
      from admitted a
    ),
    hold as (
      insert into public.credit_holds (id, organization_id, job_id, amount, price, created_at)
      select a.id, a.organization_id, a.id, a.credits, a.price, v_at from admitted a
    ),
    account as (
      update public.credit_balances b set
        held = b.held + s.credits,
        active_jobs = b.active_jobs + s.queued,
        waiting_jobs = b.waiting_jobs + s.waiting,
        period_images = b.period_images + s.images,
        period_videos = b.period_videos + s.videos,
        period_audio_seconds = b.period_audio_seconds + s.audio_seconds,
        updated_at = v_at
      from (
        select a.organization_id, sum(a.credits)::bigint as credits,
          count(*) filter (where a.place = 0)::integer as queued,
          count(*) filter (where a.place > 0)::integer as waiting,
          coalesce(sum(a.limit_units) filter (where a.type = 'image'), 0)::integer as images,
          coalesce(sum(a.limit_units) filter (where a.type = 'video'), 0)::integer as videos,
          coalesce(sum(a.limit_units) filter (where a.type = 'audio'), 0)::integer as audio_seconds
        from admitted a
        group by a.organization_id
      ) s
      where b.organization_id = s.organization_id and b.organization_id = any (p_organization_ids)
    ),
    key_usage as (
      insert into public.api_key_usage as t (api_key_id, period_start, organization_id, credits_held)
      select a.api_key_id, v_period, a.organization_id, sum(a.credits)
      from admitted a where a.api_key_id is not null group by a.api_key_id, a.organization_id
      order by a.api_key_id
      on conflict on constraint api_key_usage_pkey do update set credits_held = t.credits_held + excluded.credits_held
    )
    insert into public.events (id, organization_id, type, resource_id, data)
    select private.uuid_v7_at(v_at + a.ord * interval '1 microsecond'), a.organization_id, 'job.queued', a.id, '{"status": "queued"}'
    from admitted a
    where a.place = 0;

    -- Replays of a job admitted in this same batch can be shown only now.
    for r in select i from generate_series(1, v_count) i where v_codes[i] = 'replayed' and not v_jobs[i] ? 'status' loop
      v_jobs[r.i] := (select to_jsonb(j) from public.ai_jobs j where j.id = (v_jobs[r.i] ->> 'id')::uuid);
    end loop;
  end if;

  return query
  select i, coalesce(v_codes[i], 'organization_inactive'),
    case when v_codes[i] = 'admitted' then case when v_places[i] = 0 then 'queued' else 'pending' end::public.job_status end,
    nullif(v_places[i], 0), v_at, v_key_sources[i], v_credits[i], v_priorities[i], v_jobs[i], v_figures[i]
  from generate_series(1, v_count) i;
end
$$;

-- begin_jobs: a worker takes jobs.
-- takes:   job ids, the lease token the caller believes in (null when it has none), the worker's name, lease in seconds.
-- returns: a row per job taken: the job, its new lease token, the organization's own key if the job runs on it, its live
--          attempt if it has one, and what became of the ended ones ([{provider, model, status, error_code}]). A job that is missing is
--          not the caller's: it ended, somebody else has it, or it waits for its turn.
--          Taking is allowed when the job is queued, when its lease has run out, or with its current token; the first two
--          count as an attempt.
-- locks:   the jobs, by id.
create function public.begin_jobs(p_ids uuid[], p_lease_tokens uuid[], p_worker text, p_lease_seconds double precision)
returns table (id uuid, lease_token uuid, is_resumed boolean, organization_id uuid, user_id uuid, type public.job_type, provider text, model text,
  input jsonb, attempts integer, key_source public.key_source, credits_held bigint, quoted_cost_usd numeric, limit_units integer, price jsonb,
  request_id text, progress smallint, created_at timestamptz, deadline_in_seconds double precision,
  fallbacks jsonb, own_key bytea, own_key_base_url text,
  attempt_id uuid, attempt_status public.attempt_status, attempt_provider text, attempt_model text, provider_task_id text,
  attempt_age_seconds double precision, attempt_created_at timestamptz, attempts_made jsonb)
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_now constant timestamptz := clock_timestamp();
begin
  return query
  with mine as materialized (
    select j.id, j.status as was, j.lease_token is not distinct from u.lease_token and j.lease_token is not null as resumed
    from (select distinct on (x.id) x.id, x.lease_token from unnest(p_ids, p_lease_tokens) x (id, lease_token) order by x.id, x.lease_token) u
    cross join lateral (select x.* from public.ai_jobs x where x.id = u.id offset 0 for update) j
    where j.status = 'queued' or (j.status = 'processing' and (j.lease_token = u.lease_token or j.lease_expires_at < v_now))
  ),
  begun as (
    update public.ai_jobs j set
      status = 'processing',
      lease_token = gen_random_uuid(),
      lease_expires_at = v_now + make_interval(secs => p_lease_seconds),
      resume_at = null,
      worker = p_worker,
      attempts = j.attempts + case when m.resumed then 0 else 1 end,
      started_at = coalesce(j.started_at, v_now)
    from mine m
    where j.id = m.id and j.id = any (p_ids)
    returning j.*, m.was, m.resumed
  ),
  told as (
    insert into public.events (id, organization_id, type, resource_id, data)
    select private.uuid_v7_at(v_now), b.organization_id, 'job.processing', b.id, '{"status": "processing"}'
    from begun b where b.was = 'queued'
  )
  select b.id, b.lease_token, b.resumed, b.organization_id, b.user_id, b.type, b.provider, b.model, b.input, b.attempts, b.key_source,
    b.credits_held, b.quoted_cost_usd, b.limit_units, h.price, b.request_id, b.progress, b.created_at,
    extract(epoch from b.deadline_at - v_now)::double precision,
    b.fallbacks, own.ciphertext, own.base_url,
    a.id, a.status, a.provider, a.model, a.provider_task_id, extract(epoch from v_now - a.created_at)::double precision, a.created_at, n.made
  from begun b
  cross join lateral (select x.price from public.credit_holds x where x.job_id = b.id offset 0) h
  cross join lateral (
    select coalesce(jsonb_agg(jsonb_build_object('provider', x.provider, 'model', x.model, 'status', x.status, 'error_code', x.error_code) order by x.number), '[]') as made
    from public.provider_attempts x where x.job_id = b.id and x.ended_at is not null offset 0
  ) n
  left join lateral (
    select x.ciphertext, x.base_url from public.provider_api_keys x where x.organization_id = b.organization_id and x.provider = b.provider offset 0
  ) own on b.key_source = 'organization'
  left join lateral (
    select x.id, x.status, x.provider, x.model, x.provider_task_id, x.created_at from public.provider_attempts x
    where x.job_id = b.id and x.status in ('intent', 'submitted', 'unknown') offset 0
  ) a on true;
end
$$;

-- extend_leases: keep jobs while a step runs. returns the jobs still owned, and whether their customer wants them to stop;
-- the others are lost.
create function public.extend_leases(p_ids uuid[], p_lease_tokens uuid[], p_lease_seconds double precision)
returns table (id uuid, is_cancel_requested boolean)
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return query
  update public.ai_jobs j set lease_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
  from (
    select k.id from (select x.* from unnest(p_ids, p_lease_tokens) x (id, lease_token) order by x.id) u
    cross join lateral (select x.id, x.lease_token from public.ai_jobs x where x.id = u.id offset 0 for update) k
    where k.lease_token = u.lease_token
  ) mine
  where j.id = mine.id and j.id = any (p_ids)
  returning j.id, j.cancel_requested_at is not null;
end
$$;

-- park_jobs: give the slot back while the provider works. The lease covers the pause and one lease more.
-- returns the ids still owned.
create function public.park_jobs(p_ids uuid[], p_lease_tokens uuid[], p_resume_seconds double precision[], p_progress smallint[], p_lease_seconds double precision)
returns setof uuid
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return query
  update public.ai_jobs j set
    lease_expires_at = clock_timestamp() + make_interval(secs => mine.resume_seconds + p_lease_seconds),
    resume_at = clock_timestamp() + make_interval(secs => mine.resume_seconds),
    progress = greatest(j.progress, coalesce(mine.progress, 0))
  from (
    select k.id, u.resume_seconds, u.progress
    from (select x.* from unnest(p_ids, p_lease_tokens, p_resume_seconds, p_progress) x (id, lease_token, resume_seconds, progress) order by x.id) u
    cross join lateral (select x.id, x.lease_token from public.ai_jobs x where x.id = u.id offset 0 for update) k
    where k.lease_token = u.lease_token
  ) mine
  where j.id = mine.id and j.id = any (p_ids)
  returning j.id;
end
$$;

-- open_attempt: the guard before a paid call: writes the intent. Without a row returned the call must not be made.
-- takes: attempt ids made by the caller, job ids, lease tokens, and to whom the call goes.
-- returns the attempt ids opened; a job that is not the caller's, or has a live or successful attempt, gives none.
-- locks: the jobs, by id (share), so that cancelling and opening exclude each other.
create function public.open_attempt(p_attempt_ids uuid[], p_job_ids uuid[], p_lease_tokens uuid[], p_providers text[], p_models text[])
returns setof uuid
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return query
  with mine as materialized (
    select u.attempt_id, j.id, j.organization_id, u.provider, u.model, j.key_source
    from (select x.* from unnest(p_attempt_ids, p_job_ids, p_lease_tokens, p_providers, p_models) x (attempt_id, job_id, lease_token, provider, model) order by x.job_id) u
    cross join lateral (select x.* from public.ai_jobs x where x.id = u.job_id offset 0 for share) j
    where j.lease_token = u.lease_token and not exists (
      select from public.provider_attempts a where a.job_id = j.id and a.status in ('intent', 'submitted', 'unknown', 'succeeded') offset 0)
  )
  insert into public.provider_attempts (id, organization_id, job_id, number, provider, model, key_source)
  select m.attempt_id, m.organization_id, m.id, 1 + (select count(*) from public.provider_attempts a where a.job_id = m.id), m.provider, m.model, m.key_source
  from mine m
  on conflict do nothing
  returning id;
end
$$;

-- record_attempt: what became of paid calls. An attempt moves forward only; a task id is kept even when the attempt has
-- been abandoned meanwhile, so that the provider can still be told to stop.
-- takes:   attempt ids, their new status (submitted, unknown, failed, abandoned), task ids, costs at risk, error code and detail.
-- returns: each attempt's status afterwards; a caller that finds it abandoned has lost the job.
create function public.record_attempt(p_ids uuid[], p_statuses public.attempt_status[], p_task_ids text[], p_costs_at_risk_usd numeric[],
  p_error_codes text[], p_error_details text[])
returns table (id uuid, status public.attempt_status)
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return query
  update public.provider_attempts a set
    status = case
      when a.status in ('intent', 'unknown') then u.status
      when a.status = 'submitted' and u.status in ('failed', 'abandoned') then u.status
      else a.status
    end,
    provider_task_id = coalesce(a.provider_task_id, u.task_id),
    submitted_at = case when u.status = 'submitted' then coalesce(a.submitted_at, clock_timestamp()) else a.submitted_at end,
    ended_at = case when u.status in ('failed', 'abandoned') then coalesce(a.ended_at, clock_timestamp()) else a.ended_at end,
    -- What is said too late, by a worker that lost the job, neither adds cost nor an error to an attempt that has ended.
    cost_at_risk_usd = case when a.ended_at is null then greatest(a.cost_at_risk_usd, coalesce(u.cost_at_risk_usd, 0)) else a.cost_at_risk_usd end,
    error_code = case when a.ended_at is null then coalesce(u.error_code, a.error_code) else a.error_code end,
    error_detail = case when a.ended_at is null then coalesce(left(u.error_detail, 2000), a.error_detail) else a.error_detail end
  from (
    select k.id, x.status, x.task_id, x.cost_at_risk_usd, x.error_code, x.error_detail
    from (
      select y.* from unnest(p_ids, p_statuses, p_task_ids, p_costs_at_risk_usd, p_error_codes, p_error_details)
        y (id, status, task_id, cost_at_risk_usd, error_code, error_detail) order by y.id
    ) x
    cross join lateral (select y.id from public.provider_attempts y where y.id = x.id offset 0 for update) k
  ) u
  where a.id = u.id and a.id = any (p_ids)
  returning a.id, a.status;
end
$$;

-- promote_jobs: lets waiting jobs in, as many as their organization has room for, in the organization's own order.
-- locks: the caller holds the accounts.
create function private.promote_jobs(p_organization_ids uuid[])
returns table (kind text, job_id uuid, type public.job_type, provider text, organization_id uuid, attempts integer, priority smallint)
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  return query
  with room as materialized (
    select b.organization_id,
      case when (l.concurrent) = -1 then b.waiting_jobs else least(b.waiting_jobs, greatest(0, l.concurrent - b.active_jobs)) end as free
    from public.credit_balances b
    join public.organizations o on o.id = b.organization_id and o.id = any (p_organization_ids)
    join public.plans p on p.id = o.plan_id
    cross join lateral (select ((p.limits || o.custom_limits) ->> 'concurrent_jobs')::integer as concurrent) l
    where b.organization_id = any (p_organization_ids) and b.waiting_jobs > 0
  ),
  pick as materialized (
    select j.id from room r
    cross join lateral (
      select w.id from public.ai_jobs w where w.organization_id = r.organization_id and w.status = 'pending' order by w.priority, w.id limit r.free
    ) j
    where r.free > 0
  ),
  promoted as (
    update public.ai_jobs j set status = 'queued', queued_at = clock_timestamp() from pick where j.id = pick.id
    returning j.id, j.type, j.provider, j.organization_id, j.attempts, j.priority
  ),
  counted as (
    update public.credit_balances b set active_jobs = b.active_jobs + s.n, waiting_jobs = b.waiting_jobs - s.n
    from (select x.organization_id, count(*)::integer as n from promoted x group by x.organization_id) s
    where b.organization_id = s.organization_id and b.organization_id = any (p_organization_ids)
  ),
  told as (
    insert into public.events (id, organization_id, type, resource_id, data)
    select private.uuid_v7_at(clock_timestamp()), x.organization_id, 'job.queued', x.id, '{"status": "queued"}' from promoted x
  )
  select 'promoted', x.id, x.type, x.provider, x.organization_id, x.attempts, x.priority from promoted x;
end
$$;

-- settle_jobs: jobs are done: capture what they cost (never more than held), release the rest, write everything that follows.
-- takes:   per job: id, current lease token, credits to capture, the provider's cost in USD, units made, output as the
--          job shows it, and the generations as a JSON array of rows.
-- returns: rows of kind 'settled', and of kind 'promoted' for waiting jobs that were let in and must be enqueued. A job
--          without a row of kind 'settled' was not the caller's any more, or had no live attempt; nothing was changed for it.
-- locks:   accounts, jobs, grants, holds.
create function public.settle_jobs(
  p_ids uuid[], p_lease_tokens uuid[], p_credits bigint[], p_costs_usd numeric[], p_limit_units integer[],
  p_tokens_in integer[], p_tokens_out integer[], p_outputs jsonb[], p_generations jsonb[]
) returns table (kind text, job_id uuid, type public.job_type, provider text, organization_id uuid, attempts integer, priority smallint)
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_now timestamptz;
  v_settled uuid[];
  v_organization_ids uuid[];
  v_api_key_ids uuid[];
begin
  perform from public.credit_balances b
  where b.organization_id in (select j.organization_id from public.ai_jobs j where j.id = any (p_ids))
  order by b.organization_id for update;
  v_now := clock_timestamp();

  select array_agg(j.id), array_agg(distinct j.organization_id), array_agg(distinct j.api_key_id) into v_settled, v_organization_ids, v_api_key_ids
  from (
    select k.id, k.organization_id, k.api_key_id from (select x.* from unnest(p_ids, p_lease_tokens) x (id, lease_token) order by x.id) u
    cross join lateral (select x.* from public.ai_jobs x where x.id = u.id offset 0 for update) k
    where k.lease_token = u.lease_token and k.status = 'processing' and exists (
      select from public.provider_attempts a where a.job_id = k.id and a.status in ('intent', 'submitted', 'unknown') offset 0)
  ) j;
  if v_settled is null then return; end if;

  perform private.spend_grants(array_agg(s.organization_id), array_agg(s.captured)) from (
    select h.organization_id, sum(least(u.credits, h.amount))::bigint as captured
    from (select distinct on (x.id) x.id, x.credits from unnest(p_ids, p_credits) x (id, credits) where x.id = any (v_settled) order by x.id) u
    cross join lateral (select x.organization_id, x.amount from public.credit_holds x where x.job_id = u.id offset 0) h
    group by h.organization_id
  ) s;

  return query
  with item as materialized (
    select distinct on (u.id) u.*, least(u.credits, h.amount) as captured, h.amount as held, s.provider as served_provider, s.model as served_model
    from unnest(p_ids, p_credits, p_costs_usd, p_limit_units, p_tokens_in, p_tokens_out, p_outputs, p_generations)
      with ordinality u (id, credits, cost_usd, limit_units, tokens_in, tokens_out, output, generations, ord)
    cross join lateral (select x.amount from public.credit_holds x where x.job_id = u.id offset 0) h
    cross join lateral (
      select x.provider, x.model from public.provider_attempts x
      where x.job_id = u.id and x.status in ('intent', 'submitted', 'unknown') offset 0
    ) s
    where u.id = any (v_settled)
    order by u.id
  ),
  hold as (
    update public.credit_holds h set status = 'captured', captured_amount = i.captured, resolved_at = v_now
    from item i where h.job_id = i.id and h.job_id = any (v_settled)
  ),
  done as (
    update public.ai_jobs j set status = 'completed', completed_at = v_now, progress = 100, output = i.output, credits_charged = i.captured,
      cost_usd = i.cost_usd, tokens_in = i.tokens_in, tokens_out = i.tokens_out, limit_units = i.limit_units,
      served_provider = i.served_provider, served_model = i.served_model,
      lease_token = null, lease_expires_at = null, resume_at = null
    from item i, public.ai_jobs before
    where j.id = i.id and before.id = i.id and j.id = any (v_settled) and before.id = any (v_settled)
    returning j.*, i.captured, i.held, i.generations, i.ord, before.limit_units as limit_units_held,
      coalesce((select sum((g ->> 'bytes')::bigint) from jsonb_array_elements(i.generations) g), 0)::bigint as stored_bytes
  ),
  attempt as (
    update public.provider_attempts a set status = 'succeeded', ended_at = v_now, cost_usd = d.cost_usd
    from done d where a.job_id = d.id and a.status in ('intent', 'submitted', 'unknown')
  ),
  ledger as (
    insert into public.credit_transactions (id, organization_id, type, amount, balance_after, reference_type, reference_id, user_id, description, metadata)
    select private.uuid_v7_at(v_now + d.ord * interval '1 microsecond'), d.organization_id, 'usage', -d.captured,
      b.balance - sum(d.captured) over (partition by d.organization_id order by d.ord), 'job', d.id::text, d.user_id,
      d.served_provider || '/' || d.served_model, jsonb_build_object('held', d.held)
    from done d join public.credit_balances b on b.organization_id = d.organization_id and b.organization_id = any (v_organization_ids)
    where d.captured > 0
    order by d.ord
  ),
  account as (
    update public.credit_balances b set
      balance = b.balance - s.captured,
      held = b.held - s.held,
      lifetime_used = b.lifetime_used + s.captured,
      period_credits_used = b.period_credits_used + s.captured,
      period_images = greatest(0, b.period_images + s.images),
      period_videos = greatest(0, b.period_videos + s.videos),
      period_audio_seconds = greatest(0, b.period_audio_seconds + s.audio_seconds),
      active_jobs = b.active_jobs - s.jobs,
      storage_bytes = b.storage_bytes + s.stored_bytes,
      updated_at = v_now
    from (
      select d.organization_id, sum(d.captured)::bigint as captured, sum(d.held)::bigint as held, count(*)::integer as jobs, sum(d.stored_bytes)::bigint as stored_bytes,
        coalesce(sum(d.limit_units - d.limit_units_held) filter (where d.type = 'image'), 0)::integer as images,
        coalesce(sum(d.limit_units - d.limit_units_held) filter (where d.type = 'video'), 0)::integer as videos,
        coalesce(sum(d.limit_units - d.limit_units_held) filter (where d.type = 'audio'), 0)::integer as audio_seconds
      from done d group by d.organization_id
    ) s
    where b.organization_id = s.organization_id and b.organization_id = any (v_organization_ids)
  ),
  key_usage as (
    update public.api_key_usage t set credits_held = t.credits_held - s.held, credits_used = t.credits_used + s.captured
    from (
      select d.api_key_id, private.budget_period(d.created_at) as period_start, sum(d.held)::bigint as held, sum(d.captured)::bigint as captured
      from done d group by 1, 2
    ) s
    where t.api_key_id = s.api_key_id and t.period_start = s.period_start and t.api_key_id = any (v_api_key_ids)
  ),
  by_project as (
    insert into public.project_usage as t (project_id, period_start, organization_id, credits_used)
    select d.project_id, private.budget_period(v_now), d.organization_id, sum(d.captured)
    from done d where d.project_id is not null and d.captured > 0 group by 1, 3 order by 1
    on conflict on constraint project_usage_pkey do update set credits_used = t.credits_used + excluded.credits_used
  ),
  library as (
    insert into public.generations (id, organization_id, user_id, job_id, position, type, provider, model, prompt, negative_prompt, parameters,
      storage_path, thumbnail_path, content_type, width, height, duration_seconds, bytes, credits, cost_usd, project_id)
    select (g.row ->> 'id')::uuid, d.organization_id, d.user_id, d.id, g.n - 1, d.type, d.served_provider, d.served_model, d.input ->> 'prompt',
      d.input ->> 'negative_prompt', d.input - 'prompt' - 'negative_prompt',
      g.row ->> 'storage_path', g.row ->> 'thumbnail_path', g.row ->> 'content_type', (g.row ->> 'width')::integer, (g.row ->> 'height')::integer,
      (g.row ->> 'duration_seconds')::numeric, (g.row ->> 'bytes')::bigint,
      -- Shares of the charge that add up to it exactly.
      d.captured * g.n / g.count - d.captured * (g.n - 1) / g.count, round(d.cost_usd / g.count, 6), d.project_id
    from done d
    cross join lateral (
      select e.value as row, e.ordinality as n, jsonb_array_length(d.generations) as count
      from jsonb_array_elements(d.generations) with ordinality e
    ) g
  ),
  by_day as (
    insert into public.usage_daily as t (organization_id, day, provider, model, jobs, images, videos, audio_seconds, tokens_in, tokens_out, credits, cost_usd)
    select d.organization_id, (d.completed_at at time zone 'UTC')::date, d.served_provider, d.served_model, count(*),
      coalesce(sum(d.limit_units) filter (where d.type = 'image'), 0), coalesce(sum(d.limit_units) filter (where d.type = 'video'), 0),
      coalesce(sum(d.limit_units) filter (where d.type = 'audio'), 0), coalesce(sum(d.tokens_in), 0), coalesce(sum(d.tokens_out), 0),
      sum(d.captured), coalesce(sum(d.cost_usd), 0)
    from done d group by 1, 2, 3, 4
    order by 1, 2, 3, 4
    on conflict on constraint usage_daily_pkey do update set
      jobs = t.jobs + excluded.jobs, images = t.images + excluded.images, videos = t.videos + excluded.videos,
      audio_seconds = t.audio_seconds + excluded.audio_seconds, tokens_in = t.tokens_in + excluded.tokens_in,
      tokens_out = t.tokens_out + excluded.tokens_out, credits = t.credits + excluded.credits, cost_usd = t.cost_usd + excluded.cost_usd
  ),
  by_user as (
    insert into public.usage_by_user as t (organization_id, user_id, day, jobs, images, videos, audio_seconds, tokens_in, tokens_out, credits, cost_usd)
    select d.organization_id, d.user_id, (d.completed_at at time zone 'UTC')::date, count(*),
      coalesce(sum(d.limit_units) filter (where d.type = 'image'), 0), coalesce(sum(d.limit_units) filter (where d.type = 'video'), 0),
      coalesce(sum(d.limit_units) filter (where d.type = 'audio'), 0), coalesce(sum(d.tokens_in), 0), coalesce(sum(d.tokens_out), 0),
      sum(d.captured), coalesce(sum(d.cost_usd), 0)
    from done d group by 1, 2, 3
    order by 1, 2, 3
    on conflict on constraint usage_by_user_pkey do update set
      jobs = t.jobs + excluded.jobs, images = t.images + excluded.images, videos = t.videos + excluded.videos,
      audio_seconds = t.audio_seconds + excluded.audio_seconds, tokens_in = t.tokens_in + excluded.tokens_in,
      tokens_out = t.tokens_out + excluded.tokens_out, credits = t.credits + excluded.credits, cost_usd = t.cost_usd + excluded.cost_usd
  ),
  told as (
    insert into public.events (id, organization_id, type, resource_id, data)
    select private.uuid_v7_at(v_now + d.ord * interval '1 microsecond'), d.organization_id, 'job.completed', d.id,
      jsonb_build_object('status', 'completed', 'credits', d.captured)
    from done d
  )
  select 'settled', d.id, d.type, d.served_provider, d.organization_id, d.attempts, d.priority from done d;

  return query select * from private.promote_jobs(v_organization_ids);
end
$$;

-- release_jobs: jobs end without a result: the whole hold goes back.
-- takes:   per job: id, lease token (null = whoever has it: cancel and the reaper only), status failed or canceled, error
--          code and detail (failed only), and what its live attempt is: failed (nothing was bought) or abandoned (the default).
-- returns: rows of kind 'released', and 'promoted' as settle_jobs does. No row: it had ended already, or is not the caller's.
--          A live attempt is abandoned; if it may have been paid for, the quoted cost is recorded as at risk.
-- locks:   accounts, jobs, holds.
create function public.release_jobs(p_ids uuid[], p_lease_tokens uuid[], p_statuses public.job_status[], p_error_codes text[], p_error_details text[],
  p_attempt_statuses public.attempt_status[])
returns table (kind text, job_id uuid, type public.job_type, provider text, organization_id uuid, attempts integer, priority smallint)
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_now timestamptz;
  v_released uuid[];
  v_organization_ids uuid[];
  v_api_key_ids uuid[];
begin
  perform from public.credit_balances b
  where b.organization_id in (select j.organization_id from public.ai_jobs j where j.id = any (p_ids))
  order by b.organization_id for update;
  v_now := clock_timestamp();

  select array_agg(j.id), array_agg(distinct j.organization_id), array_agg(distinct j.api_key_id) into v_released, v_organization_ids, v_api_key_ids
  from (
    select k.id, k.organization_id, k.api_key_id from (select x.* from unnest(p_ids, p_lease_tokens) x (id, lease_token) order by x.id) u
    cross join lateral (select x.* from public.ai_jobs x where x.id = u.id offset 0 for update) k
    where k.status in ('pending', 'queued', 'processing') and (u.lease_token is null or k.lease_token = u.lease_token)
  ) j;
  if v_released is null then return; end if;

  return query
  with item as materialized (
    select distinct on (u.id) u.* from unnest(p_ids, p_statuses, p_error_codes, p_error_details, p_attempt_statuses)
      with ordinality u (id, status, error_code, error_detail, attempt_status, ord)
    where u.id = any (v_released) order by u.id
  ),
  ended as (
    update public.ai_jobs j set status = i.status, completed_at = v_now,
      error_code = case when i.status = 'failed' then coalesce(i.error_code, 'provider_failed') end, error_detail = left(i.error_detail, 2000),
      lease_token = null, lease_expires_at = null, resume_at = null
    from item i, public.ai_jobs before
    where j.id = i.id and before.id = i.id and j.id = any (v_released) and before.id = any (v_released)
    returning j.*, before.status as was, coalesce(i.attempt_status, 'abandoned') as attempt_status, i.ord
  ),
  hold as (
    update public.credit_holds h set status = 'released', resolved_at = v_now from ended e where h.job_id = e.id and h.job_id = any (v_released)
  ),
  attempt as (
    -- An intent may have reached the provider too: its worker died somewhere around the call.
    update public.provider_attempts a set status = e.attempt_status, ended_at = v_now, error_code = coalesce(e.error_code, a.error_code),
      error_detail = coalesce(e.error_detail, a.error_detail),
      cost_at_risk_usd = case e.attempt_status when 'failed' then a.cost_at_risk_usd else greatest(a.cost_at_risk_usd, e.quoted_cost_usd) end
    from ended e where a.job_id = e.id and a.status in ('intent', 'submitted', 'unknown')
  ),
  account as (
    update public.credit_balances b set
      held = b.held - s.held,
      active_jobs = b.active_jobs - s.active,
      waiting_jobs = b.waiting_jobs - s.waiting,
      period_images = greatest(0, b.period_images - s.images),
      period_videos = greatest(0, b.period_videos - s.videos),
      period_audio_seconds = greatest(0, b.period_audio_seconds - s.audio_seconds),
      updated_at = v_now
    from (
      select e.organization_id, sum(e.credits_held)::bigint as held,
        count(*) filter (where e.was <> 'pending')::integer as active, count(*) filter (where e.was = 'pending')::integer as waiting,
        coalesce(sum(e.limit_units) filter (where e.type = 'image'), 0)::integer as images,
        coalesce(sum(e.limit_units) filter (where e.type = 'video'), 0)::integer as videos,
        coalesce(sum(e.limit_units) filter (where e.type = 'audio'), 0)::integer as audio_seconds
      from ended e group by e.organization_id
    ) s
    where b.organization_id = s.organization_id and b.organization_id = any (v_organization_ids)
  ),
  key_usage as (
    update public.api_key_usage t set credits_held = t.credits_held - s.held
    from (
      select e.api_key_id, private.budget_period(e.created_at) as period_start, sum(e.credits_held)::bigint as held
      from ended e group by 1, 2
    ) s
    where t.api_key_id = s.api_key_id and t.period_start = s.period_start and t.api_key_id = any (v_api_key_ids)
  ),
  told as (
    insert into public.events (id, organization_id, type, resource_id, data)
    select private.uuid_v7_at(v_now + e.ord * interval '1 microsecond'), e.organization_id, 'job.' || e.status::text, e.id,
      jsonb_strip_nulls(jsonb_build_object('status', e.status, 'error_code', e.error_code))
    from ended e
  )
  select 'released', e.id, e.type, e.provider, e.organization_id, e.attempts, e.priority from ended e;

  return query select * from private.promote_jobs(v_organization_ids);
end
$$;

-- cancel_job: ends one live job of an organization at once, whoever has it; the hold goes back in full. What the provider
-- was paid for work under way is the platform's cost (at risk), not the customer's. A text that is being written is read
-- while it is written: its worker is asked to stop, and settles what was written.
-- returns: code 'canceled', 'canceling', 'job_finished' or 'not_found', the job's row as it is now, and the jobs let in, to enqueue.
create function public.cancel_job(p_organization_id uuid, p_job_id uuid)
returns table (code text, job jsonb, promoted jsonb) language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_rows jsonb;
  v_job public.ai_jobs;
begin
  if not exists (select from public.ai_jobs j where j.id = p_job_id and j.organization_id = p_organization_id) then
    return query select 'not_found', null::jsonb, null::jsonb;
    return;
  end if;
  update public.ai_jobs j set cancel_requested_at = coalesce(j.cancel_requested_at, clock_timestamp())
  where j.id = p_job_id and j.type = 'text' and j.status = 'processing'
    and exists (select from public.provider_attempts a where a.job_id = j.id and a.status in ('intent', 'submitted', 'unknown'))
  returning * into v_job;
  if found then
    perform private.record_audit(p_organization_id, 'job.canceled', 'job', p_job_id::text, null, null);
    return query select 'canceling', to_jsonb(v_job), '[]'::jsonb;
    return;
  end if;
  select jsonb_agg(to_jsonb(r)) into v_rows
  from public.release_jobs(array[p_job_id], array[null::uuid], array['canceled'::public.job_status], array[null::text], array[null::text],
    array[null::public.attempt_status]) r;
  if v_rows is not null then
    perform private.record_audit(p_organization_id, 'job.canceled', 'job', p_job_id::text, null, null);
  end if;
  return query
  select case when v_rows is null then 'job_finished' else 'canceled' end, to_jsonb(j),
    coalesce((select jsonb_agg(r) from jsonb_array_elements(v_rows) r where r ->> 'kind' = 'promoted'), '[]')
  from public.ai_jobs j where j.id = p_job_id;
end
$$;

-- claim_stale_jobs: the relay: jobs that the queue may not know of. Queued ones that nobody began soon after admission
-- (then once a minute), and processing ones whose lease ran out. After Redis lost its data (p_lost) all queued ones, and
-- those parked while their provider works; these come with their lease, so that they can be resumed at once.
-- returns ids to enqueue. locks: the rows, skipping those locked.
create function public.claim_stale_jobs(p_limit integer, p_lost boolean)
returns table (id uuid, type public.job_type, attempts integer, lease_token uuid, priority smallint) language sql set search_path = ''
as $$
  with waiting as materialized (
    select j.id from public.ai_jobs j
    where j.status = 'queued' and (
      (j.enqueued_at is null and j.queued_at < clock_timestamp() - interval '2 seconds')
      or j.enqueued_at < clock_timestamp() - case when p_lost then interval '2 seconds' else interval '60 seconds' end)
    order by j.queued_at limit p_limit for update skip locked
  ),
  abandoned as materialized (
    select j.id from public.ai_jobs j
    where j.status = 'processing' and j.lease_expires_at < clock_timestamp()
      and (j.enqueued_at is null or j.enqueued_at < greatest(j.lease_expires_at, clock_timestamp() - interval '30 seconds'))
    order by j.lease_expires_at limit p_limit for update skip locked
  ),
  parked as materialized (
    select j.id from public.ai_jobs j
    where p_lost and j.status = 'processing' and j.resume_at is not null and j.lease_expires_at >= clock_timestamp()
      and (j.enqueued_at is null or j.enqueued_at < clock_timestamp() - interval '2 seconds')
    order by j.lease_expires_at limit p_limit for update skip locked
  ),
  stale as (select w.id from waiting w union all select a.id from abandoned a union all select p.id from parked p)
  update public.ai_jobs j set enqueued_at = clock_timestamp() from stale where j.id = stale.id
  returning j.id, j.type, j.attempts, case when j.resume_at is not null then j.lease_token end, j.priority
$$;

-- find_callback_job: the job that a provider calls back about.
-- returns no row when nobody knows the task; otherwise the job, and its lease when it is parked and can be resumed now.
create function public.find_callback_job(p_provider text, p_task_id text)
returns table (id uuid, type public.job_type, attempts integer, lease_token uuid, priority smallint, is_over boolean) language sql stable set search_path = ''
as $$
  select j.id, j.type, j.attempts, case when j.resume_at is not null then j.lease_token end, j.priority, j.status in ('completed', 'failed', 'canceled')
  from public.provider_attempts a join public.ai_jobs j on j.id = a.job_id
  where a.provider = p_provider and a.provider_task_id = p_task_id and a.key_source = 'platform'
$$;

-- expire_jobs: the reaper: ends jobs past their deadline in the customer's favour. Returns what release_jobs returns.
create function public.expire_jobs(p_limit integer)
returns table (kind text, job_id uuid, type public.job_type, provider text, organization_id uuid, attempts integer, priority smallint)
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_ids uuid[];
begin
  select array_agg(x.id) into v_ids from (
    select j.id from public.ai_jobs j
    where j.status in ('pending', 'queued', 'processing') and j.deadline_at < clock_timestamp() order by j.deadline_at limit p_limit) x;
  if v_ids is null then return; end if;
  return query select * from public.release_jobs(v_ids, array_fill(null::uuid, array[cardinality(v_ids)]),
    array_fill('failed'::public.job_status, array[cardinality(v_ids)]),
    (select array_agg(case when exists (
        select from public.provider_attempts a where a.job_id = u.id and a.status = 'unknown') then 'outcome_unknown' else 'deadline_exceeded' end order by u.ord)
      from unnest(v_ids) with ordinality u (id, ord)),
    array_fill(null::text, array[cardinality(v_ids)]), array_fill(null::public.attempt_status, array[cardinality(v_ids)]));
end
$$;

revoke execute on all functions in schema private from public, anon, authenticated;
grant execute on function private.current_organization_id(), private.is_organization_admin() to authenticated;
revoke execute on all functions in schema public from public, anon, authenticated;
