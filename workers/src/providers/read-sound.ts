/** No speech that a model of any provider makes in one request is longer. */
const bytesMax = 200 * 1024 * 1024;

/** A header and a moment of sound in any format. */
const soundBytesMin = 200;

/**
 * Reads the body of an answer that is to be a sound.
 * @throws Error as soon as it is clear that there is more than any speech can be.
 */
export async function readBody(
  body: AsyncIterable<Uint8Array> | null,
  contentLength: string | null | undefined,
): Promise<Uint8Array> {
  if (Number(contentLength) > bytesMax) throw new Error(`an answer of ${contentLength} bytes`);
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body ?? []) {
    length += part.length;
    if (length > bytesMax) throw new Error(`an answer of more than ${bytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}

/** Whether a successful answer can be a sound at all; what it is exactly is found out where outputs are stored. */
export function isSound(contentType: string | null | undefined, bytes: Uint8Array): boolean {
  return /^(audio\/|application\/octet-stream)/i.test(contentType ?? '') && bytes.length >= soundBytesMin;
}
