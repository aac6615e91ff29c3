-- Members: who may change whose place in an organization, and how one ends. Each of these is decided with the organization's row
-- locked, so that two admins who demote each other leave one. Roles compare as the enum is declared: the higher is the smaller.

-- team_excess: why one more does not fit into the team, as the figures of plan_limit_reached; null when it does.
-- takes: the organization, locked by the caller; whether open invitations count as places taken.
create function private.team_excess(p_organization_id uuid, p_counts_invitations boolean) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('plan', t.plan_id, 'limit_name', 'team_members', 'limit', t.places, 'used', t.used, 'requested', 1)
  from (
    select o.plan_id, ((p.limits || o.custom_limits) ->> 'team_members')::numeric as places,
      (select count(*) from public.users u where u.organization_id = o.id and u.is_active and u.deleted_at is null)
      + case when p_counts_invitations then (
        select count(*) from public.invitations i
        where i.organization_id = o.id and i.status in ('pending', 'awaiting_approval') and i.expires_at > clock_timestamp()
      ) else 0 end as used
    from public.organizations o join public.plans p on p.id = o.plan_id
    where o.id = p_organization_id
  ) t
  where t.places <> -1 and t.used + 1 > t.places
$$;

-- acting_role: the role of somebody in an organization now, or null when they may do nothing there.
create function private.acting_role(p_organization_id uuid, p_user_id uuid) returns public.user_role
language sql stable set search_path = ''
as $$
  select u.role from public.users u join public.organizations o on o.id = u.organization_id
  where u.id = p_user_id and u.organization_id = p_organization_id and u.is_active and u.deleted_at is null
    and o.is_active and o.deleted_at is null
$$;

-- departure_obstacle: why somebody cannot stop being an active admin of the organization: 'last_admin', 'owner'; else null.
-- takes: the organization, locked by the caller.
create function private.departure_obstacle(p_organization_id uuid, p_user_id uuid) returns text
language sql stable set search_path = ''
as $$
  select case
    when exists (select from public.users u where u.id = p_user_id and u.organization_id = p_organization_id
        and u.role <= 'admin' and u.is_active and u.deleted_at is null)
      and not exists (select from public.users u where u.id <> p_user_id and u.organization_id = p_organization_id
        and u.role <= 'admin' and u.is_active and u.deleted_at is null)
      then 'last_admin'
    when exists (select from public.organizations o where o.id = p_organization_id and o.owner_id = p_user_id) then 'owner'
  end
$$;

-- member_obstacle: why somebody may not change a member so: 'forbidden' when the role of before or after is above their own,
-- 'not_found', 'last_admin', 'owner'; else null.
-- takes: the role (null: as it is), and whether the member will be an active one.
-- locks: the organization, then the member.
create function private.member_obstacle(p_organization_id uuid, p_actor_id uuid, p_member_id uuid, p_role public.user_role, p_stays boolean)
returns text
language plpgsql set search_path = ''
as $$
declare
  v_actor_role public.user_role;
  v_role public.user_role;
begin
  perform from public.organizations o where o.id = p_organization_id for no key update;
  v_actor_role := private.acting_role(p_organization_id, p_actor_id);
  select u.role into v_role from public.users u
  where u.organization_id = p_organization_id and u.id = p_member_id and u.deleted_at is null for no key update;
  if v_role is null then return 'not_found'; end if;
  if v_actor_role is null or v_actor_role > 'manager' or v_role < v_actor_role or p_role < v_actor_role then return 'forbidden'; end if;
  if p_stays and coalesce(p_role, v_role) <= 'admin' then return null; end if;
  return private.departure_obstacle(p_organization_id, p_member_id);
end
$$;

-- remove_user: ends somebody's membership, and their keys with it. What they made stays with the organization.
-- locks: the user, the keys; the caller holds the organization.
create function private.remove_user(p_organization_id uuid, p_user_id uuid) returns void
language plpgsql set search_path = ''
as $$
begin
  update public.users u set deleted_at = clock_timestamp() where u.id = p_user_id and u.organization_id = p_organization_id;
  update public.api_keys k set revoked_at = clock_timestamp()
  where k.created_by = p_user_id and k.organization_id = p_organization_id and k.revoked_at is null;
end
$$;

-- close_organization: the soft deletion: nobody gets in any more, nobody can accept an invitation, and nothing is paid any
-- more: its subscription is ended at the gateway (subscriptions_to_end).
-- locks: the organization, its open invitations, its subscription.
create function private.close_organization(p_organization_id uuid) returns void
language plpgsql set search_path = ''
as $$
begin
  update public.organizations o set deleted_at = clock_timestamp() where o.id = p_organization_id and o.deleted_at is null;
  update public.invitations i set status = 'revoked'
  where i.organization_id = p_organization_id and i.status in ('pending', 'awaiting_approval');
  update public.subscriptions s set status = 'canceled', canceled_at = clock_timestamp(), grace_ends_at = null, end_requested_at = clock_timestamp()
  where s.organization_id = p_organization_id and s.status <> 'canceled';
end
$$;

-- change_member: gives a member another role, switches one off or on again.
-- takes:   the organization, who does it, to whom; null leaves role or state as it is.
-- returns: code 'changed', or why not: 'not_found', 'forbidden', 'last_admin', 'owner', 'plan_limit_reached' with its figures.
-- locks:   the organization, then the member.
create function public.change_member(p_organization_id uuid, p_actor_id uuid, p_member_id uuid, p_role public.user_role, p_is_active boolean)
returns table (code text, figures jsonb)
language plpgsql set search_path = ''
as $$
begin
  code := private.member_obstacle(p_organization_id, p_actor_id, p_member_id, p_role, p_is_active is not false);
  if code is null and p_is_active and not (select u.is_active from public.users u where u.id = p_member_id) then
    figures := private.team_excess(p_organization_id, false);
    code := case when figures is not null then 'plan_limit_reached' end;
  end if;
  if code is null then
    code := 'changed';
    update public.users u set role = coalesce(p_role, u.role), is_active = coalesce(p_is_active, u.is_active) where u.id = p_member_id;
  end if;
  return next;
end
$$;

-- remove_member: takes the organization, who removes, and whom.
-- returns: 'removed', or why not: 'self' (that is leaving), 'not_found', 'forbidden', 'last_admin', 'owner'.
-- locks:   the organization, then the member.
create function public.remove_member(p_organization_id uuid, p_actor_id uuid, p_member_id uuid) returns text
language plpgsql set search_path = ''
as $$
declare
  v_obstacle text;
begin
  if p_actor_id = p_member_id then return 'self'; end if;
  v_obstacle := private.member_obstacle(p_organization_id, p_actor_id, p_member_id, null, false);
  if v_obstacle is not null then return v_obstacle; end if;
  perform private.remove_user(p_organization_id, p_member_id);
  return 'removed';
end
$$;

-- transfer_ownership: makes another active member the owner, and an admin. The owner of before stays an admin.
-- takes:   the organization, its owner, the member.   returns: 'transferred', or why not: 'forbidden', 'not_found'.
-- locks:   the organization, then the member.
create function public.transfer_ownership(p_organization_id uuid, p_actor_id uuid, p_member_id uuid) returns text
language plpgsql set search_path = ''
as $$
begin
  perform from public.organizations o where o.id = p_organization_id for no key update;
  if private.acting_role(p_organization_id, p_member_id) is null then return 'not_found'; end if;
  if private.acting_role(p_organization_id, p_actor_id) is null
    or not exists (select from public.organizations o where o.id = p_organization_id and o.owner_id = p_actor_id) then
    return 'forbidden';
  end if;
  update public.users u set role = 'admin' where u.id = p_member_id and u.role > 'admin';
  update public.organizations o set owner_id = p_member_id where o.id = p_organization_id;
  return 'transferred';
end
$$;

-- leave_organization: a member goes, into an empty organization of their own.
-- takes:   the organization and the person.
-- returns: 'left', or why not: 'not_found', 'alone' (there is nobody to leave it to), 'last_admin', 'owner'.
-- locks:   the organization, then the person and their keys.
create function public.leave_organization(p_organization_id uuid, p_user_id uuid) returns text
language plpgsql set search_path = ''
as $$
declare
  v_obstacle text;
  v_user record;
begin
  perform from public.organizations o where o.id = p_organization_id for no key update;
  select u.email, u.full_name into v_user from public.users u
  where u.id = p_user_id and u.organization_id = p_organization_id and u.deleted_at is null for no key update;
  if not found then return 'not_found'; end if;
  if not exists (select from public.users u where u.organization_id = p_organization_id and u.id <> p_user_id and u.deleted_at is null) then
    return 'alone';
  end if;
  v_obstacle := private.departure_obstacle(p_organization_id, p_user_id);
  if v_obstacle is not null then return v_obstacle; end if;
  perform private.remove_user(p_organization_id, p_user_id);
  update public.users u set organization_id = private.create_organization(p_user_id, v_user.email, v_user.full_name), role = 'admin',
    deleted_at = null, joined_at = now()
  where u.id = p_user_id;
  return 'left';
end
$$;

-- delete_organization: its owner deletes it. It is erased later (erase_organization); jobs under way still end as usual.
-- takes:   the organization and who deletes it.   returns: 'deleted' or 'forbidden'.   locks: the organization, its invitations.
create function public.delete_organization(p_organization_id uuid, p_actor_id uuid) returns text
language plpgsql set search_path = ''
as $$
begin
  perform from public.organizations o where o.id = p_organization_id and o.owner_id = p_actor_id and o.deleted_at is null for no key update;
  if not found then return 'forbidden'; end if;
  perform private.close_organization(p_organization_id);
  return 'deleted';
end
$$;

-- delete_account: a person goes for good; whoever is alone in an organization takes it along.
-- takes:   the organization and the person.   returns: 'deleted', or why not: 'not_found', 'last_admin', 'owner'.
-- locks:   the organization, then the person, their keys and its invitations.
create function public.delete_account(p_organization_id uuid, p_user_id uuid) returns text
language plpgsql set search_path = ''
as $$
declare
  v_obstacle text;
begin
  perform from public.organizations o where o.id = p_organization_id for no key update;
  perform from public.users u where u.id = p_user_id and u.organization_id = p_organization_id and u.deleted_at is null for no key update;
  if not found then return 'not_found'; end if;
  if exists (select from public.users u where u.organization_id = p_organization_id and u.id <> p_user_id and u.deleted_at is null) then
    v_obstacle := private.departure_obstacle(p_organization_id, p_user_id);
    if v_obstacle is not null then return v_obstacle; end if;
  else
    perform private.close_organization(p_organization_id);
  end if;
  perform private.remove_user(p_organization_id, p_user_id);
  return 'deleted';
end
$$;

revoke execute on function private.team_excess(uuid, boolean) from public, anon, authenticated;
revoke execute on function private.acting_role(uuid, uuid) from public, anon, authenticated;
revoke execute on function private.departure_obstacle(uuid, uuid) from public, anon, authenticated;
revoke execute on function private.member_obstacle(uuid, uuid, uuid, public.user_role, boolean) from public, anon, authenticated;
revoke execute on function private.remove_user(uuid, uuid) from public, anon, authenticated;
revoke execute on function private.close_organization(uuid) from public, anon, authenticated;
revoke execute on function public.change_member(uuid, uuid, uuid, public.user_role, boolean) from public, anon, authenticated;
revoke execute on function public.remove_member(uuid, uuid, uuid) from public, anon, authenticated;
revoke execute on function public.transfer_ownership(uuid, uuid, uuid) from public, anon, authenticated;
revoke execute on function public.leave_organization(uuid, uuid) from public, anon, authenticated;
revoke execute on function public.delete_organization(uuid, uuid) from public, anon, authenticated;
revoke execute on function public.delete_account(uuid, uuid) from public, anon, authenticated;
