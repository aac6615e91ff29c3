import sharp from 'sharp';

/** For tests: a real picture of one colour. */
export async function drawTestPicture(format: 'jpeg' | 'png' | 'webp', width: number, height: number): Promise<Buffer> {
  const canvas = { create: { width, height, channels: 3, background: { r: 30, g: 90, b: 200 } } } as const;
  return sharp(canvas).toFormat(format).toBuffer();
}
