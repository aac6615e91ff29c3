import { OutputError } from './output-error.ts';
import { readMedia } from './read-media.ts';
import type { MediaType } from './stored-file.ts';

export interface InspectedMedia {
  contentType: string;
  /** Without the dot. */
  extension: string;
  /** In seconds, to the millisecond. */
  durationSeconds: number | null;
  width: number | null;
  height: number | null;
}

interface Kind {
  contentType: string;
  extension: string;
  /** Whether a whole file always tells how long it lasts. Live recordings leave it out where they may. */
  tellsDuration: boolean;
}

const mp4: Kind = { contentType: 'video/mp4', extension: 'mp4', tellsDuration: true };
const m4a: Kind = { contentType: 'audio/mp4', extension: 'm4a', tellsDuration: true };
const ogg: Kind = { contentType: 'audio/ogg', extension: 'ogg', tellsDuration: true };

/** By the name that file-type gives the content. */
const kinds: Record<MediaType, ReadonlyMap<string, Kind>> = {
  video: new Map([
    ['video/mp4', mp4],
    ['video/x-m4v', mp4],
    ['video/quicktime', { contentType: 'video/quicktime', extension: 'mov', tellsDuration: true }],
    ['video/webm', { contentType: 'video/webm', extension: 'webm', tellsDuration: false }],
  ]),
  audio: new Map([
    ['audio/mpeg', { contentType: 'audio/mpeg', extension: 'mp3', tellsDuration: true }],
    ['audio/x-m4a', m4a],
    ['audio/mp4', m4a],
    // Whether there is a picture in an MP4 file stands in its tracks only.
    ['video/mp4', m4a],
    ['audio/wav', { contentType: 'audio/wav', extension: 'wav', tellsDuration: true }],
    ['audio/ogg', ogg],
    ['audio/ogg; codecs=opus', ogg],
    ['audio/flac', { contentType: 'audio/flac', extension: 'flac', tellsDuration: false }],
    ['audio/aac', { contentType: 'audio/aac', extension: 'aac', tellsDuration: true }],
  ]),
};

/** Eleven days: a longer output is a broken header. */
const durationSecondsMax = 1_000_000;
const sideMax = 65_535;

/**
 * Recognises a video or audio file by its content and reads its duration and dimensions.
 * @throws OutputError `output_invalid` for a file of another kind, one without a picture or sound where there must be
 * one, and one that is cut short; the signal's reason.
 */
export async function inspectMedia(path: string, type: MediaType, signal: AbortSignal): Promise<InspectedMedia> {
  const facts = await readMedia(path, signal);
  const kind = facts && kinds[type].get(facts.mime);
  if (!kind) throw invalid(`content is ${facts?.mime ?? 'of no known type'}`);
  const { contentType, extension } = kind;
  const isOfType = type === 'video' ? facts.hasVideo : facts.hasAudio && !facts.hasVideo;
  if (!isOfType) throw invalid(`${facts.mime} content that is no ${type}`);
  const durationSeconds = toDuration(facts.durationSeconds);
  if (durationSeconds === null && kind.tellsDuration && !facts.isFragmented)
    throw invalid(`${contentType} content that does not tell its duration`);
  const size = isSide(facts.width) && isSide(facts.height) ? { width: facts.width, height: facts.height } : null;
  return { contentType, extension, durationSeconds, width: size?.width ?? null, height: size?.height ?? null };
}

function toDuration(seconds: number | null): number | null {
  if (seconds === null || !(seconds > 0)) return null;
  if (seconds > durationSecondsMax) throw invalid(`claims to last ${seconds} s`);
  // To the millisecond, as it is kept; the shortest sound lasts one.
  return Math.max(1, Math.round(seconds * 1_000)) / 1_000;
}

function isSide(pixels: number | null): pixels is number {
  return pixels !== null && Number.isInteger(pixels) && pixels > 0 && pixels <= sideMax;
}

function invalid(message: string): OutputError {
  return new OutputError('output_invalid', message);
}
