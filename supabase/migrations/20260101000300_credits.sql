-- Credits: one account per organization, an append-only ledger, grants that say until when credits may be spent, and
-- holds that set credits aside for jobs. Credits are whole numbers. Nothing outside the functions of these files writes here.

create type public.transaction_type as enum ('purchase', 'usage', 'refund', 'bonus', 'subscription', 'adjustment', 'expiration');
create type public.hold_status as enum ('held', 'captured', 'released');

create table public.credit_balances (
  organization_id uuid primary key references public.organizations (id),
  balance bigint not null default 0,
  held bigint not null default 0,
  available bigint generated always as (balance - held) stored,
  lifetime_purchased bigint not null default 0,
  lifetime_used bigint not null default 0,
  lifetime_bonus bigint not null default 0,
  -- Owed: credits that a payment went back for after they were spent. While there are any, no job is admitted.
  debt bigint not null default 0,
  -- Periods are months counted from the anchor, so that the 31st comes back after February.
  period_anchor timestamptz not null default now(),
  period_start timestamptz not null default now(),
  period_end timestamptz not null default now() + interval '1 month',
  period_credits_used bigint not null default 0,
  -- Held and used in this period, against the plan's monthly limits.
  period_images integer not null default 0,
  period_videos integer not null default 0,
  period_audio_seconds integer not null default 0,
  -- Jobs queued or processing, and jobs waiting for the organization's turn.
  active_jobs integer not null default 0,
  waiting_jobs integer not null default 0,
  storage_bytes bigint not null default 0,
  updated_at timestamptz not null default now(),
  constraint credit_balances_held_covered check (held >= 0 and balance >= held),
  constraint credit_balances_debt_not_negative check (debt >= 0),
  constraint credit_balances_period_forward check (period_end > period_start),
  constraint credit_balances_counters_not_negative check (
    period_images >= 0 and period_videos >= 0 and period_audio_seconds >= 0 and active_jobs >= 0 and waiting_jobs >= 0 and storage_bytes >= 0)
) with (fillfactor = 50);
-- Neither changes when credits do, so updates stay on their page.
create index credit_balances_period_end on public.credit_balances (period_end);
create index credit_balances_debt on public.credit_balances (organization_id) where debt > 0;

create table public.credit_grants (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  source public.transaction_type not null,
  amount bigint not null,
  remaining bigint not null,
  -- What was left when it ended.
  expired bigint not null default 0,
  expires_at timestamptz,
  reference_type text not null,
  reference_id text not null,
  created_at timestamptz not null default now(),
  constraint credit_grants_amount_positive check (amount > 0),
  constraint credit_grants_remaining_in_range check (remaining >= 0 and expired >= 0 and remaining + expired <= amount),
  constraint credit_grants_reference_key unique (organization_id, source, reference_type, reference_id)
) with (fillfactor = 70);
create index credit_grants_expiring on public.credit_grants (expires_at) where remaining > 0 and expires_at is not null;
create index credit_grants_spending_order on public.credit_grants (organization_id, expires_at, created_at, id) where remaining > 0;

create table public.credit_transactions (
  id uuid primary key,
  -- The order of an account's transactions whatever the clock does: they are written while it is locked.
  position bigint generated always as identity,
  organization_id uuid not null references public.organizations (id),
  type public.transaction_type not null,
  amount bigint not null,
  balance_after bigint not null,
  reference_type text not null,
  reference_id text not null,
  user_id uuid,
  description text not null,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default clock_timestamp(),
  constraint credit_transactions_amount_not_zero check (amount <> 0),
  constraint credit_transactions_balance_not_negative check (balance_after >= 0),
  constraint credit_transactions_reference_key unique (organization_id, type, reference_type, reference_id)
);
create index credit_transactions_list on public.credit_transactions (organization_id, id desc);
create trigger credit_transactions_append_only before update or delete on public.credit_transactions
  for each row execute function private.refuse_change();
create trigger credit_transactions_no_truncate before truncate on public.credit_transactions
  for each statement execute function private.refuse_change();

create table public.credit_holds (
  -- The id of what it is for: a job has one hold.
  id uuid primary key,
  -- No foreign keys on this hot table: reserve_jobs writes hold and job together from a locked account.
  organization_id uuid not null,
  job_id uuid not null,
  amount bigint not null,
  status public.hold_status not null default 'held',
  captured_amount bigint not null default 0,
  -- The price as it was at admission; settlement uses this one, whatever the price is by then.
  price jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  resolved_at timestamptz,
  constraint credit_holds_amount_not_negative check (amount >= 0),
  constraint credit_holds_captured_in_range check (captured_amount between 0 and amount),
  constraint credit_holds_captured_when check (status = 'captured' or captured_amount = 0),
  constraint credit_holds_resolved_when check ((status = 'held') = (resolved_at is null)),
  constraint credit_holds_job_id_key unique (job_id)
) with (fillfactor = 70);
create index credit_holds_list on public.credit_holds (organization_id, id desc);

-- Credits that went back to a payer and were spent already. amount = collected + waived + what is still owed.
create table public.credit_debts (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  amount bigint not null,
  collected bigint not null default 0,
  waived bigint not null default 0,
  reference_type text not null,
  reference_id text not null,
  description text not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint credit_debts_amount_positive check (amount > 0),
  constraint credit_debts_parts_in_range check (collected >= 0 and waived >= 0 and collected + waived <= amount),
  constraint credit_debts_reference_key unique (organization_id, reference_type, reference_id)
);

-- spend_grants: takes amounts per organization (one row each) and draws them from grants, earliest expiry first.
-- locks: grants of those organizations; the caller holds their accounts. raises: PT500 when grants do not cover an amount.
create function private.spend_grants(p_organization_ids uuid[], p_amounts bigint[]) returns void
language plpgsql set search_path = ''
as $$
declare
  v_expected bigint;
  v_taken bigint;
begin
  select coalesce(sum(a), 0) into v_expected from unnest(p_amounts) a;
  if v_expected = 0 then return; end if;
  with spend as (
    select u.organization_id, u.amount from unnest(p_organization_ids, p_amounts) u (organization_id, amount) where u.amount > 0
  ),
  line as (
    select g.id, g.remaining, s.amount,
      sum(g.remaining) over (partition by g.organization_id order by g.expires_at nulls last, g.created_at, g.id) - g.remaining as before
    from public.credit_grants g
    join spend s on s.organization_id = g.organization_id
    where g.remaining > 0
  ),
  take as (
    update public.credit_grants g
    set remaining = g.remaining - least(l.remaining, l.amount - l.before)
    from line l
    where g.id = l.id and l.before < l.amount
    returning least(l.remaining, l.amount - l.before) as taken
  )
  select coalesce(sum(taken), 0) into v_taken from take;
  if v_taken <> v_expected then
    raise exception 'grants cover % of % credits', v_taken, v_expected using errcode = 'PT500';
  end if;
end
$$;

-- credit_credits: grants credits outside jobs, each once by (organization, type, reference).
-- takes:   arrays, one element per grant; types other than usage and expiration; expires_at null = never.
-- returns: per item in order: code 'credited' or 'replayed', the transaction and the balance after it; 'organization_not_found'.
-- raises:  23514 for an amount that is not positive.   locks: accounts in id order.
create function public.credit_credits(
  p_organization_ids uuid[], p_types public.transaction_type[], p_amounts bigint[], p_reference_types text[], p_reference_ids text[],
  p_descriptions text[], p_expires_at timestamptz[], p_user_ids uuid[]
) returns table (ordinal integer, code text, transaction_id uuid, balance_after bigint)
language plpgsql set search_path = ''
as $$
declare
  r record;
begin
  perform from public.credit_balances b where b.organization_id = any (p_organization_ids) order by b.organization_id for update;
  for r in
    select u.* from unnest(p_organization_ids, p_types, p_amounts, p_reference_types, p_reference_ids, p_descriptions, p_expires_at, p_user_ids)
      with ordinality u (organization_id, type, amount, reference_type, reference_id, description, expires_at, user_id, ord)
    order by u.ord
  loop
    ordinal := r.ord;
    transaction_id := null;
    balance_after := null;
    select t.id, t.balance_after into transaction_id, balance_after from public.credit_transactions t
    where t.organization_id = r.organization_id and t.type = r.type and t.reference_type = r.reference_type and t.reference_id = r.reference_id;
    if found then
      code := 'replayed';
      return next;
      continue;
    end if;
    if r.type in ('usage', 'expiration') or r.amount is null or r.amount <= 0 then
      raise exception 'a grant needs a positive amount and a type that grants, got % of type %', r.amount, r.type using errcode = '23514';
    end if;
    update public.credit_balances b set
      balance = b.balance + r.amount,
      lifetime_purchased = b.lifetime_purchased + case when r.type in ('purchase', 'subscription') then r.amount else 0 end,
      lifetime_bonus = b.lifetime_bonus + case when r.type = 'bonus' then r.amount else 0 end,
      updated_at = clock_timestamp()
    where b.organization_id = r.organization_id
    returning b.balance into balance_after;
    if not found then
      code := 'organization_not_found';
      return next;
      continue;
    end if;
    transaction_id := public.uuid_v7();
    insert into public.credit_grants (id, organization_id, source, amount, remaining, expires_at, reference_type, reference_id)
    values (public.uuid_v7(), r.organization_id, r.type, r.amount, r.amount, r.expires_at, r.reference_type, r.reference_id);
    insert into public.credit_transactions (id, organization_id, type, amount, balance_after, reference_type, reference_id, user_id, description)
    values (transaction_id, r.organization_id, r.type, r.amount, balance_after, r.reference_type, r.reference_id, r.user_id, r.description);
    perform private.collect_debts(r.organization_id);
    code := 'credited';
    return next;
  end loop;
end
$$;

-- debit_credits: takes credits outside jobs, each once by (organization, type, reference). Never what is on hold.
-- takes:   arrays, one element per charge; amounts positive; types usage, adjustment, refund or expiration.
-- returns: per item in order: code 'debited', 'replayed', 'insufficient_credits' or 'organization_not_found', transaction, balance after.
-- raises:  23514 for an amount that is not positive.   locks: accounts in id order, then grants.
create function public.debit_credits(
  p_organization_ids uuid[], p_types public.transaction_type[], p_amounts bigint[], p_reference_types text[], p_reference_ids text[],
  p_descriptions text[], p_user_ids uuid[]
) returns table (ordinal integer, code text, transaction_id uuid, balance_after bigint)
language plpgsql set search_path = ''
as $$
declare
  r record;
  v_available bigint;
begin
  perform from public.credit_balances b where b.organization_id = any (p_organization_ids) order by b.organization_id for update;
  for r in
    select u.* from unnest(p_organization_ids, p_types, p_amounts, p_reference_types, p_reference_ids, p_descriptions, p_user_ids)
      with ordinality u (organization_id, type, amount, reference_type, reference_id, description, user_id, ord)
    order by u.ord
  loop
    ordinal := r.ord;
    transaction_id := null;
    balance_after := null;
    select t.id, t.balance_after into transaction_id, balance_after from public.credit_transactions t
    where t.organization_id = r.organization_id and t.type = r.type and t.reference_type = r.reference_type and t.reference_id = r.reference_id;
    if found then
      code := 'replayed';
      return next;
      continue;
    end if;
    if r.type in ('purchase', 'bonus', 'subscription') or r.amount is null or r.amount <= 0 then
      raise exception 'a charge needs a positive amount and a type that charges, got % of type %', r.amount, r.type using errcode = '23514';
    end if;
    select b.available into v_available from public.credit_balances b where b.organization_id = r.organization_id;
    if v_available is null or v_available < r.amount then
      code := case when v_available is null then 'organization_not_found' else 'insufficient_credits' end;
      return next;
      continue;
    end if;
    update public.credit_balances b set
      balance = b.balance - r.amount,
      lifetime_used = b.lifetime_used + case when r.type = 'usage' then r.amount else 0 end,
      period_credits_used = b.period_credits_used + case when r.type = 'usage' then r.amount else 0 end,
      updated_at = clock_timestamp()
    where b.organization_id = r.organization_id
    returning b.balance into balance_after;
    perform private.spend_grants(array[r.organization_id], array[r.amount]);
    transaction_id := public.uuid_v7();
    insert into public.credit_transactions (id, organization_id, type, amount, balance_after, reference_type, reference_id, user_id, description)
    values (transaction_id, r.organization_id, r.type, -r.amount, balance_after, r.reference_type, r.reference_id, r.user_id, r.description);
    code := 'debited';
    return next;
  end loop;
end
$$;

-- collect_debts: pays what an organization owes out of what it can spend, oldest first.
-- takes: the organization, whose account the caller holds.   returns: how many credits.   locks: its debts, grants.
create function private.collect_debts(p_organization_id uuid) returns bigint
language plpgsql set search_path = ''
as $$
declare
  r record;
  v_available bigint;
  v_part bigint;
  v_total bigint := 0;
begin
  select b.available into v_available from public.credit_balances b where b.organization_id = p_organization_id and b.debt > 0 and b.available > 0;
  if not found then return 0; end if;
  for r in
    select d.* from public.credit_debts d
    where d.organization_id = p_organization_id and d.collected + d.waived < d.amount order by d.created_at, d.id for update
  loop
    v_part := least(v_available - v_total, r.amount - r.collected - r.waived);
    exit when v_part = 0;
    update public.credit_debts d set collected = d.collected + v_part where d.id = r.id;
    update public.credit_balances b set debt = b.debt - v_part where b.organization_id = p_organization_id;
    perform public.debit_credits(array[p_organization_id], array['refund'::public.transaction_type], array[v_part], array['debt'],
      array[r.id || ':' || (r.collected + v_part)], array[r.description], array[null::uuid]);
    v_total := v_total + v_part;
  end loop;
  return v_total;
end
$$;

-- take_back_credits: takes credits that were paid for and whose payment went back. What is on hold or spent becomes a debt.
-- takes:   the organization, how many, by what reference (once), why; the reference of the grant they came with, which gives first.
-- returns: code 'taken' or 'replayed', how many were taken now and how many are owed.
-- locks:   the account, its grants.
create function private.take_back_credits(p_organization_id uuid, p_amount bigint, p_reference_type text, p_reference_id text, p_description text,
  p_grant_references text[]) returns table (code text, taken bigint, owed bigint)
language plpgsql set search_path = ''
as $$
declare
  v_own bigint := 0;
  v_balance bigint;
  r record;
begin
  select greatest(0, least(p_amount, b.available)) into taken from public.credit_balances b where b.organization_id = p_organization_id for update;
  owed := p_amount - taken;
  code := 'taken';
  if exists (select from public.credit_transactions t where t.organization_id = p_organization_id and t.type = 'refund'
      and t.reference_type = p_reference_type and t.reference_id = p_reference_id)
    or exists (select from public.credit_debts d where d.organization_id = p_organization_id
      and d.reference_type = p_reference_type and d.reference_id = p_reference_id) then
    code := 'replayed';
    return next;
    return;
  end if;
  if taken > 0 then
    for r in
      select g.id, g.remaining from public.credit_grants g
      where g.organization_id = p_organization_id and g.reference_id = any (p_grant_references) and g.remaining > 0 order by g.id for update
    loop
      update public.credit_grants g set remaining = g.remaining - least(r.remaining, taken - v_own) where g.id = r.id;
      v_own := v_own + least(r.remaining, taken - v_own);
    end loop;
    perform private.spend_grants(array[p_organization_id], array[taken - v_own]);
    update public.credit_balances b set balance = b.balance - taken, updated_at = clock_timestamp()
    where b.organization_id = p_organization_id returning b.balance into v_balance;
    insert into public.credit_transactions (id, organization_id, type, amount, balance_after, reference_type, reference_id, description)
    values (public.uuid_v7(), p_organization_id, 'refund', -taken, v_balance, p_reference_type, p_reference_id, p_description);
  end if;
  if owed > 0 then
    insert into public.credit_debts (id, organization_id, amount, reference_type, reference_id, description)
    values (public.uuid_v7(), p_organization_id, owed, p_reference_type, p_reference_id, p_description);
    update public.credit_balances b set debt = b.debt + owed where b.organization_id = p_organization_id;
  end if;
  return next;
end
$$;

-- return_credits: gives back what take_back_credits took, because the money came again: debts not yet paid are waived first.
-- takes:   the organization, how many, by what reference (once), why, and until when they may be spent; which debts are meant.
-- locks:   the account, its debts.
create function private.return_credits(p_organization_id uuid, p_amount bigint, p_reference_type text, p_reference_id text, p_description text,
  p_expires_at timestamptz, p_debt_references text[]) returns void
language plpgsql set search_path = ''
as $$
declare
  r record;
  v_left bigint := p_amount;
  v_part bigint;
begin
  perform from public.credit_balances b where b.organization_id = p_organization_id for update;
  if exists (select from public.credit_transactions t where t.organization_id = p_organization_id and t.type = 'refund'
      and t.reference_type = p_reference_type and t.reference_id = p_reference_id) then return; end if;
  for r in
    select d.* from public.credit_debts d
    where d.organization_id = p_organization_id and d.reference_id = any (p_debt_references) and d.collected + d.waived < d.amount
    order by d.created_at desc, d.id desc for update
  loop
    v_part := least(v_left, r.amount - r.collected - r.waived);
    update public.credit_debts d set waived = d.waived + v_part where d.id = r.id;
    update public.credit_balances b set debt = b.debt - v_part where b.organization_id = p_organization_id;
    v_left := v_left - v_part;
  end loop;
  if v_left > 0 then
    perform public.credit_credits(array[p_organization_id], array['refund'::public.transaction_type], array[v_left], array[p_reference_type],
      array[p_reference_id], array[p_description], array[p_expires_at], array[null::uuid]);
  end if;
end
$$;

alter table public.credit_debts enable row level security;
alter table public.credit_debts force row level security;
create policy credit_debts_own_organization on public.credit_debts for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.credit_balances enable row level security;
alter table public.credit_balances force row level security;
create policy credit_balances_own_organization on public.credit_balances for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.credit_grants enable row level security;
alter table public.credit_grants force row level security;
create policy credit_grants_own_organization on public.credit_grants for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.credit_transactions enable row level security;
alter table public.credit_transactions force row level security;
create policy credit_transactions_own_organization on public.credit_transactions for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.credit_holds enable row level security;
alter table public.credit_holds force row level security;
create policy credit_holds_own_organization on public.credit_holds for select to authenticated
  using (organization_id = (select private.current_organization_id()));

revoke all on public.credit_balances, public.credit_grants, public.credit_transactions, public.credit_holds, public.credit_debts from public, anon, authenticated;
grant select on public.credit_balances, public.credit_grants, public.credit_transactions, public.credit_holds, public.credit_debts to authenticated;
revoke execute on function private.spend_grants(uuid[], bigint[]) from public, anon, authenticated;
revoke execute on function public.credit_credits(uuid[], public.transaction_type[], bigint[], text[], text[], text[], timestamptz[], uuid[])
  from public, anon, authenticated;
revoke execute on function public.debit_credits(uuid[], public.transaction_type[], bigint[], text[], text[], text[], uuid[])
  from public, anon, authenticated;
