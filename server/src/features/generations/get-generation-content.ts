import { id } from '@base/shared/contracts/wire';
import type { ContentLinks } from '@base/shared/crypto/signed-link';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, redirect } from '../../http/endpoint.ts';

const query = z.strictObject({
  thumbnail: z.enum(['true', 'false']).optional(),
  expires: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  signature: z.string().max(100).optional(),
});

export const getGenerationContent = endpoint({
  method: 'get',
  path: '/generations/:id/content',
  tag: 'generations',
  summary: 'The file itself',
  description:
    'Redirects to storage. Opens with credentials of the organization, with the signed link that jobs and generations ' +
    'carry, and without either when the generation is public.',
  access: { optional: 'generations:read' },
  params: z.strictObject({ id }),
  query,
  responses: {
    302: {
      description: 'To the file; that link is good for some minutes.',
      headers: { Location: 'Where the file is.' },
    },
  },
  async handle({ params, query: link, deps, principal }) {
    const row = await deps.db
      .selectFrom('generations')
      .select(['organization_id', 'is_public', 'storage_path', 'thumbnail_path'])
      .where('id', '=', params.id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    const mayOpen =
      row !== undefined &&
      (row.is_public ||
        row.organization_id === principal?.organizationId ||
        isSigned(deps.contentLinks, params.id, link));
    if (!mayOpen) throw new ApiError('not_found', { detail: 'There is no such file, or the link has expired.' });
    const path = link.thumbnail === 'true' ? row.thumbnail_path : row.storage_path;
    if (path === null) throw new ApiError('not_found', { detail: 'There is no thumbnail.' });
    return redirect(await deps.storageLinks.linkTo(path), { 'Cache-Control': 'private, max-age=300' });
  },
});

function isSigned(contentLinks: ContentLinks, generationId: string, link: z.output<typeof query>): boolean {
  const { expires, signature } = link;
  if (expires === undefined || signature === undefined) return false;
  return contentLinks.isValid(generationId, { thumbnail: link.thumbnail === 'true', expires, signature });
}
