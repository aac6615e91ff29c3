import type { Endpoint } from '../../http/endpoint.ts';
import { getOrganization } from './get-organization.ts';
import { updateOrganization } from './update-organization.ts';

export const organization: readonly Endpoint[] = [getOrganization, updateOrganization];
