import { MIMEType } from 'node:util';
import type { InspectedMedia } from './inspect-media.ts';
import { OutputError } from './output-error.ts';

interface Coding {
  extension: string;
  bytesPerSample: number;
  /** In samples per second, where the type stands for one rate; else the type must say it. */
  rate?: number;
}

const ulaw: Coding = { extension: 'ulaw', bytesPerSample: 1, rate: 8_000 };
const alaw: Coding = { extension: 'alaw', bytesPerSample: 1, rate: 8_000 };
/** With the names that IANA registered and those in use beside them. */
const codings = new Map<string, Coding>([
  ['audio/pcm', { extension: 'pcm', bytesPerSample: 2 }],
  ['audio/pcmu', ulaw],
  ['audio/ulaw', ulaw],
  ['audio/x-mulaw', ulaw],
  ['audio/basic', ulaw],
  ['audio/pcma', alaw],
  ['audio/alaw', alaw],
  ['audio/x-alaw', alaw],
]);
const rateMax = 384_000;

/**
 * Describes bare samples of one channel, which carry no signature and no header: what they are is what the provider
 * says, and how long they last follows from their number.
 * @param contentType as the provider states it, such as `audio/pcm;rate=24000` (16 bits) or `audio/ulaw`.
 * @returns null when that is no type of bare samples: then the content tells what it is.
 * @throws OutputError `output_invalid` when there is no rate, or not a whole number of samples.
 */
export function describeRawAudio(contentType: string, bytes: number): InspectedMedia | null {
  const type = parseType(contentType);
  const coding = type && codings.get(type.essence);
  if (!type || !coding) return null;
  const { extension, bytesPerSample } = coding;
  const rate = coding.rate ?? Number(type.params.get('rate'));
  if (!Number.isInteger(rate) || rate <= 0 || rate > rateMax)
    throw new OutputError('output_invalid', `${contentType} without a usable rate`);
  if (bytes % bytesPerSample !== 0) throw new OutputError('output_invalid', `${contentType} that ends within a sample`);
  const durationSeconds = Math.round((bytes / bytesPerSample / rate) * 1_000) / 1_000;
  return { contentType: type.toString(), extension, durationSeconds, width: null, height: null };
}

function parseType(contentType: string): MIMEType | null {
  try {
    return new MIMEType(contentType);
  } catch {
    return null;
  }
}
