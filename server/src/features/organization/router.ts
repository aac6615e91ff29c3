import type { Endpoint } from '../../http/endpoint.ts';
import { deleteOrganization } from './delete-organization.ts';
import { getOrganization } from './get-organization.ts';
import { leaveOrganization } from './leave-organization.ts';
import { updateOrganization } from './update-organization.ts';

export const organization: readonly Endpoint[] = [
  getOrganization,
  updateOrganization,
  deleteOrganization,
  leaveOrganization,
];
