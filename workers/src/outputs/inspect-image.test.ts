import { randomBytes } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { inspectImage } from './inspect-image.ts';
import { drawTestPicture } from './test-pictures.ts';

const refused = expect.objectContaining({ name: 'OutputError', code: 'output_invalid' });

describe('inspectImage', () => {
  it.each([
    ['jpeg', 'image/jpeg', 'jpg'],
    ['png', 'image/png', 'png'],
    ['webp', 'image/webp', 'webp'],
  ] as const)('measures a %s and makes its thumbnail', async (format, contentType, extension) => {
    const file = await inspectImage(await drawTestPicture(format, 1300, 650));
    expect(file).toMatchObject({ contentType, extension, width: 1300, height: 650 });
    expect(await sharp(file.thumbnail).metadata()).toMatchObject({ format: 'webp', width: 512, height: 256 });
  });

  it('never enlarges a small picture', async () => {
    const file = await inspectImage(await drawTestPicture('png', 40, 90));
    expect(await sharp(file.thumbnail).metadata()).toMatchObject({ width: 40, height: 90 });
  });

  it('reads progressive JPEG pictures with many scans and padding', async () => {
    const noise = sharp(randomBytes(300 * 300 * 3), { raw: { width: 300, height: 300, channels: 3 } });
    const jpeg = await noise.jpeg({ progressive: true, quality: 100, trellisQuantisation: true }).toBuffer();
    expect(await inspectImage(Buffer.concat([jpeg, Buffer.alloc(7)]))).toMatchObject({ width: 300, height: 300 });
  });

  it('measures a turned picture as it is shown', async () => {
    const turned = await sharp(await drawTestPicture('jpeg', 60, 20))
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(await inspectImage(turned)).toMatchObject({ width: 20, height: 60 });
  });

  it.each([
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    ['SVG behind an XML declaration', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['HTML', '<!doctype html><html><script>alert(1)</script></html>'],
    ['a GIF that is a script', 'GIF89a/*\u0001\u0000*/=1;alert(1)'],
    ['a PDF', '%PDF-1.7 1 0 obj'],
    ['nothing', ''],
  ])('refuses %s', async (_title, text) => {
    await expect(inspectImage(Buffer.from(text, 'latin1'))).rejects.toEqual(refused);
  });

  it('refuses a real GIF and an animated WebP', async () => {
    const frame = await drawTestPicture('png', 20, 20);
    const other = await sharp(frame).negate().png().toBuffer();
    await expect(inspectImage(await sharp(frame).gif().toBuffer())).rejects.toEqual(refused);
    const animation = await sharp([frame, other], { join: { animated: true } })
      .webp({ loop: 0 })
      .toBuffer();
    await expect(inspectImage(animation)).rejects.toEqual(refused);
  });

  it.each(['jpeg', 'png', 'webp'] as const)(
    'refuses a %s that carries another file, or is cut short',
    async (format) => {
      const picture = await drawTestPicture(format, 300, 300);
      const rider = Buffer.from('PK\u0003\u0004<script>alert(1)</script>', 'latin1');
      await expect(inspectImage(Buffer.concat([picture, rider]))).rejects.toEqual(refused);
      await expect(inspectImage(picture.subarray(0, Math.floor(picture.length * 0.6)))).rejects.toEqual(refused);
    },
  );

  it('refuses a picture whose pixels are damaged inside a whole frame', async () => {
    const picture = await drawTestPicture('png', 300, 300);
    picture.fill(0x55, picture.indexOf('IDAT') + 6, picture.indexOf('IDAT') + 60);
    await expect(inspectImage(picture)).rejects.toEqual(refused);
  });

  it('refuses more than 100 megapixels without decoding them', async () => {
    await expect(inspectImage(emptyPng(20_000, 20_000))).rejects.toEqual(refused);
  });
});

/** A PNG that claims a size and holds next to nothing. */
function emptyPng(width: number, height: number): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const chunks = [
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(1_000))),
    pngChunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([signature, ...chunks]);
}

function pngChunk(name: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}
