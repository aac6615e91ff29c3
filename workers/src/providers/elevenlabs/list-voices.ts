import { isSuccess } from '../exchange.ts';
import { unreachable } from '../judge-exchange.ts';
import { ProviderUnreachable } from '../provider.ts';
import { createElevenlabsClient } from './client.ts';
import { voicesSchema } from './schemas.ts';

export interface Voice {
  id: string;
  name: string;
  category: string | null;
  labels: Record<string, string>;
  previewUrl: string | null;
  /** Languages of ISO 639-1, as far as the provider says. */
  languages: string[];
}

export interface ListVoicesOptions {
  apiKey: string;
  baseUrl: string;
  requestId: string;
  signal: AbortSignal;
}

const pageSize = 100;
const voicesMax = 500;
const timeoutMs = 30_000;

/**
 * Reads the voices that the key may use, 500 at most.
 * @throws ProviderUnreachable when nobody can say at the moment.
 */
export async function listVoices({ apiKey, baseUrl, requestId, signal }: ListVoicesOptions): Promise<Voice[]> {
  const client = createElevenlabsClient({ apiKey, baseUrl, timeoutMs });
  // By id: page 0 may bring more voices than asked for, and voices may move between pages meanwhile.
  const voices = new Map<string, Voice>();
  let token: string | undefined;
  do {
    const params = { page_size: pageSize, ...(token !== undefined && { next_page_token: token }) };
    const answer = await client({ method: 'GET', path: '/v2/voices', params, requestId, signal });
    if (answer.kind === 'sound') throw new ProviderUnreachable('a sound where JSON was asked for');
    const page = isSuccess(answer) ? voicesSchema.safeParse(answer.body).data : undefined;
    if (!page) throw unreachable(answer);
    for (const voice of page.voices) {
      const spoken = [voice.labels?.language, ...(voice.verified_languages ?? []).map(({ language }) => language)];
      voices.set(voice.voice_id, {
        id: voice.voice_id,
        name: voice.name,
        category: voice.category ?? null,
        labels: voice.labels ?? {},
        previewUrl: voice.preview_url ?? null,
        languages: [...new Set(spoken.filter((language) => language !== undefined))],
      });
    }
    token = page.has_more && page.voices.length > 0 ? (page.next_page_token ?? undefined) : undefined;
  } while (token !== undefined && voices.size < voicesMax);
  return [...voices.values()].slice(0, voicesMax);
}
