import { invalidRequest } from '../../http/parse-input.ts';

/** @throws ApiError invalid_request when the key would be born expired */
export function refusePast(expiresAt: string | null | undefined): void {
  if (typeof expiresAt !== 'string' || Date.parse(expiresAt) > Date.now()) return;
  throw invalidRequest([{ pointer: '/expires_at', detail: 'must be in the future' }]);
}
