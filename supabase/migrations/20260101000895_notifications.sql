-- Notifications: events that people should see, and who has seen them. Which of them a role is shown is in the API
-- (server/src/features/notifications); the index covers all of those, so that jobs' events are never walked through.

create index events_notifications on public.events (organization_id, id) where type in (
  'credits.low', 'credits.exhausted', 'credits.expired', 'credits.taken_back', 'credits.returned', 'budget.reached', 'subscription.created',
  'subscription.updated', 'subscription.canceled', 'subscription.lapsed', 'subscription.past_due', 'invoice.payment_failed', 'topup.failed', 'member.joined', 'member.removed',
  'member.role_changed', 'provider_key.invalid', 'webhook_endpoint.disabled');

-- What somebody has read one by one, above users.notifications_read_to.
create table public.notification_reads (
  user_id uuid not null references public.users (id),
  event_id uuid not null,
  organization_id uuid not null references public.organizations (id),
  created_at timestamptz not null default clock_timestamp(),
  primary key (user_id, event_id)
);
create index notification_reads_organization_id on public.notification_reads (organization_id);

-- read_notifications: notes what somebody has seen: everything up to an event, or single ones.
-- takes: the organization and the person, the event to read up to or null, and events or null. Foreign ids change nothing.
create function public.read_notifications(p_organization_id uuid, p_user_id uuid, p_up_to uuid, p_ids uuid[]) returns void
language plpgsql set search_path = ''
as $$
begin
  if p_up_to is not null then
    update public.users u set notifications_read_to = greatest(u.notifications_read_to, p_up_to)
    where u.id = p_user_id and u.organization_id = p_organization_id
      and exists (select from public.events e where e.id = p_up_to and e.organization_id = p_organization_id);
    delete from public.notification_reads r using public.users u
    where u.id = p_user_id and r.user_id = p_user_id and r.event_id <= u.notifications_read_to;
  end if;
  insert into public.notification_reads (user_id, event_id, organization_id)
  select p_user_id, e.id, p_organization_id from public.events e join public.users u on u.id = p_user_id
  where e.id = any (p_ids) and e.organization_id = p_organization_id and e.id > coalesce(u.notifications_read_to, '00000000-0000-0000-0000-000000000000')
  on conflict do nothing;
end
$$;

alter table public.notification_reads enable row level security;
alter table public.notification_reads force row level security;
create policy notification_reads_own on public.notification_reads for select to authenticated
  using (user_id = (select auth.uid()) and organization_id = (select private.current_organization_id()));
revoke all on public.notification_reads from public, anon, authenticated;
grant select on public.notification_reads to authenticated;
