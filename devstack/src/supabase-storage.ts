import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { App } from '@supabase/lite';

type StorageAdapter = NonNullable<App['_storageAdapter']>;
type Bytes = Parameters<StorageAdapter['uploadObject']>[3];

interface Description {
  mimetype: string;
  cacheControl: string;
  md5: string;
}

/** Keeps the bytes of stored objects as plain files: `<root>/<bucket>/<key>`, with a description beside each. */
export function createFileStorage(root: string): StorageAdapter {
  const fileOf = (bucket: string, key: string) => {
    const file = path.resolve(root, bucket, key);
    if (file.startsWith(path.resolve(root) + path.sep)) return file;
    throw new Error(`the key ${key} leads out of the storage directory`);
  };
  const describe = async (file: string) => {
    const { size, mtime } = await stat(file);
    const text = await readFile(`${file}.meta.json`, 'utf8');
    const { mimetype, cacheControl, md5 }: Description = JSON.parse(text);
    return { cacheControl, contentLength: size, size, mimetype, lastModified: mtime, eTag: `"${md5}"` };
  };
  const remove = async (bucket: string, key: string) => {
    const file = fileOf(bucket, key);
    await rm(file, { force: true });
    await rm(`${file}.meta.json`, { force: true });
  };
  return {
    driver: null,
    getObject: async (bucket, key, _version, headers) => {
      const file = fileOf(bucket, key);
      const metadata = await describe(file);
      if (headers?.ifNoneMatch === metadata.eTag) return { httpStatusCode: 304, metadata };
      return { httpStatusCode: 200, metadata, body: Readable.toWeb(createReadStream(file)) };
    },
    uploadObject: async (bucket, key, _version, body, mimetype, cacheControl) => {
      const file = fileOf(bucket, key);
      await mkdir(path.dirname(file), { recursive: true });
      const md5 = await writeBytes(file, body);
      const description: Description = { mimetype, cacheControl, md5 };
      await writeFile(`${file}.meta.json`, JSON.stringify(description));
      return describe(file);
    },
    deleteObject: remove,
    deleteObjects: async (bucket, keys) => {
      for (const key of keys) await remove(bucket, key);
    },
    copyObject: async (bucket, key, _version, toBucket, toKey) => {
      const [from, to] = [fileOf(bucket, key), fileOf(toBucket, toKey)];
      await mkdir(path.dirname(to), { recursive: true });
      await copyFile(from, to);
      await copyFile(`${from}.meta.json`, `${to}.meta.json`);
      const { eTag, lastModified } = await describe(to);
      return { httpStatusCode: 200, eTag, lastModified };
    },
    headObject: (bucket, key) => describe(fileOf(bucket, key)),
    privateAssetUrl: async (bucket, key) => `file://${fileOf(bucket, key)}`,
  };
}

/** Streams the bytes into the file, which appears only when complete; gives their MD5. */
async function writeBytes(file: string, body: Bytes): Promise<string> {
  const unfinished = `${file}.${randomUUID()}`;
  const hash = createHash('md5');
  const hashing = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const source = body instanceof Uint8Array ? Readable.from([body]) : Readable.from(body);
  try {
    await pipeline(source, hashing, createWriteStream(unfinished));
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return hash.digest('hex');
}
