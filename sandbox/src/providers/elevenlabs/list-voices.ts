import type { Request } from 'express';
import type { Reply } from '../../send-reply.ts';
import { invalid } from './replies.ts';
import { presentVoice, type Voice, voices } from './voices.ts';

const pageSizeDefault = 10;
const pageSizeMax = 100;

/** GET /v2/voices: page by page; the token of the next page is the id of the last voice on this one. */
export function listVoices(req: Request): Reply {
  const pageSize = req.query.page_size === undefined ? pageSizeDefault : Number(req.query.page_size);
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > pageSizeMax) {
    return invalid([
      { loc: ['query', 'page_size'], msg: `Input should be from 1 to ${pageSizeMax}`, type: 'value_error' },
    ]);
  }
  const matching = voices.filter((voice) => matches(voice, req));
  const token = req.query.next_page_token;
  const start = token === undefined ? 0 : matching.findIndex(({ id }) => id === token) + 1;
  if (token !== undefined && start === 0) {
    return invalid([{ loc: ['query', 'next_page_token'], msg: 'Invalid page token', type: 'value_error' }]);
  }
  const page = matching.slice(start, start + pageSize);
  const hasMore = start + pageSize < matching.length;
  return {
    status: 200,
    body: {
      voices: page.map(presentVoice),
      has_more: hasMore,
      total_count: matching.length,
      next_page_token: hasMore ? (page.at(-1)?.id ?? null) : null,
    },
  };
}

function matches(voice: Voice, { query }: Request): boolean {
  const { search, voice_ids: ids, gender } = query;
  const isFound = typeof search !== 'string' || voice.name.toLowerCase().includes(search.toLowerCase());
  const isListed = ids === undefined || [ids].flat().includes(voice.id);
  return isFound && isListed && (gender === undefined || gender === voice.gender);
}
