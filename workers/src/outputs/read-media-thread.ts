import { readFile, stat } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { fileTypeFromFile } from 'file-type';
import { type IAudioMetadata, type ITrackInfo, parseFromTokenizer } from 'music-metadata';
import { fromBuffer, fromFile, type ITokenizer } from 'strtok3';
import type { MediaAnswer, MediaFacts } from './read-media.ts';

// Runs in a thread of its own, started by read-media.ts with the path of the file; posts one answer.

/** Frames are walked one by one in formats without a header: reading a small file at once spares a call for each. */
const wholeBytesMax = 32 * 1024 * 1024;
/** No table or tag of a file that is worth keeping is longer. */
const bufferBytesMax = 16 * 1024 * 1024;
/** All that is read may be kept until the end, outside of the thread's limited heap. */
const readBytesMax = 256 * 1024 * 1024;

const { path }: { path: string } = workerData;
parentPort?.postMessage(await answer());

async function answer(): Promise<MediaAnswer> {
  try {
    return { facts: await read() };
  } catch (error) {
    // Trouble with the disk says nothing about the file.
    if (!(error instanceof Error) || 'syscall' in error) throw error;
    return { problem: error.message };
  }
}

async function read(): Promise<MediaFacts | null> {
  const type = await fileTypeFromFile(path, { maxBufferSize: bufferBytesMax });
  if (!type) return null;
  if (!/^(audio|video)\//.test(type.mime)) return emptyFacts(type.mime);
  const tokenizer = await open(type.mime);
  try {
    const { format } = await parseFromTokenizer(tokenizer, { duration: true, skipCovers: true });
    const facts = toFacts(type.mime, format);
    return { ...facts, isFragmented: facts.durationSeconds === null && (await hasFragments(tokenizer)) };
  } finally {
    await tokenizer.close();
  }
}

async function open(mimeType: string): Promise<ITokenizer> {
  const { size } = await stat(path);
  const options = { fileInfo: { mimeType, size }, maxBufferSize: bufferBytesMax };
  const tokenizer = size <= wholeBytesMax ? fromBuffer(await readFile(path), options) : await fromFile(path, options);
  return limit(tokenizer, size);
}

function limit(tokenizer: ITokenizer, size: number): ITokenizer {
  const readBuffer = tokenizer.readBuffer.bind(tokenizer);
  const ignore = tokenizer.ignore.bind(tokenizer);
  let left = readBytesMax;
  tokenizer.readBuffer = (target, options) => {
    left -= options?.length ?? target.length;
    if (left < 0) throw new Error(`more than ${readBytesMax} bytes of it have to be read`);
    return readBuffer(target, options);
  };
  // The parts of a live WebM recording are of unknown length, which reads as 2^56 - 1: to the end of the file.
  tokenizer.ignore = (length) => ignore(Math.min(length, Math.max(0, size - tokenizer.position)));
  return tokenizer;
}

/** An MP4 file is boxes of length, name and content; `moof` is a fragment, as streams are cut into. */
async function hasFragments(tokenizer: ITokenizer): Promise<boolean> {
  const header = Buffer.alloc(16);
  const { size = 0 } = tokenizer.fileInfo;
  for (let at = 0; at + header.length <= size; ) {
    await tokenizer.readBuffer(header, { position: at });
    if (header.toString('latin1', 4, 8) === 'moof') return true;
    const short = header.readUInt32BE(0);
    const length = short === 1 ? Number(header.readBigUInt64BE(8)) : short;
    if (length < 8) return false;
    at += length;
  }
  return false;
}

function emptyFacts(mime: string): MediaFacts {
  const nothing = { hasAudio: false, hasVideo: false, isFragmented: false };
  return { mime, ...nothing, durationSeconds: null, width: null, height: null };
}

function toFacts(mime: string, format: IAudioMetadata['format']): Omit<MediaFacts, 'isFragmented'> {
  const tracks: ITrackInfo[] = format.trackInfo;
  const { pixelWidth, pixelHeight } = tracks.find((track) => track.video?.pixelWidth)?.video ?? {};
  // A file lasts as long as its longest track; the library's own figure leaves video tracks out.
  const durations = [format.duration, ...tracks.map((track) => track.duration)].filter((each) => each !== undefined);
  return {
    mime,
    hasAudio: format.hasAudio ?? false,
    hasVideo: format.hasVideo ?? false,
    durationSeconds: durations.length === 0 ? null : Math.max(...durations),
    width: pixelWidth ?? null,
    height: pixelHeight ?? null,
  };
}
