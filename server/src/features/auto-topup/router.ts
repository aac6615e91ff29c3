import type { Endpoint } from '../../http/endpoint.ts';
import { deleteAutoTopup } from './delete-auto-topup.ts';
import { getAutoTopup } from './get-auto-topup.ts';
import { putAutoTopup } from './put-auto-topup.ts';

export const autoTopup: readonly Endpoint[] = [getAutoTopup, putAutoTopup, deleteAutoTopup];
