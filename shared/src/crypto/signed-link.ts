import { createHmac, timingSafeEqual } from 'node:crypto';

/** Valid for at least one hour; the end is rounded up so that a link stays the same for five minutes (and cacheable). */
const validSeconds = 3600;
const roundSeconds = 300;

export interface ContentLinkOptions {
  thumbnail?: boolean;
}

/** Makes and checks links to a generation's file that open without credentials, as `<img src>` needs. */
export interface ContentLinks {
  (generationId: string, options?: ContentLinkOptions): string;
  /** Whether the signature is ours, for this file and this end, and the end is still to come. */
  isValid(generationId: string, link: { thumbnail: boolean; expires: number; signature: string }): boolean;
}

/** `config` gives the public address and the signing secret; `now` is in milliseconds, for tests. */
export function createContentLinks(
  config: { PUBLIC_URL: string; URL_SIGNING_SECRET: string },
  now: () => number = Date.now,
): ContentLinks {
  const base = `${config.PUBLIC_URL.replace(/\/+$/, '')}/api/v1/generations`;
  const sign = (id: string, thumbnail: boolean, expires: number): string =>
    createHmac('sha256', config.URL_SIGNING_SECRET)
      .update(`${id.toLowerCase()}\n${thumbnail ? 'thumbnail' : 'content'}\n${expires}`)
      .digest('base64url');

  const link = (generationId: string, options: ContentLinkOptions = {}): string => {
    const thumbnail = options.thumbnail ?? false;
    const expires = Math.ceil((now() / 1000 + validSeconds) / roundSeconds) * roundSeconds;
    const query = `${thumbnail ? 'thumbnail=true&' : ''}expires=${expires}&signature=${sign(generationId, thumbnail, expires)}`;
    return `${base}/${generationId}/content?${query}`;
  };
  const isValid: ContentLinks['isValid'] = (generationId, { thumbnail, expires, signature }) => {
    const expected = Buffer.from(sign(generationId, thumbnail, expires));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected) && expires * 1000 > now();
  };
  return Object.assign(link, { isValid });
}
