import sharp from 'sharp';
import { expect, test } from 'vitest';
import { drawPicture } from './draw-picture.ts';

test.each([
  ['webp', 640, 1536],
  ['jpeg', 1344, 768],
  ['png', 256, 256],
  ['png', 64, 16],
] as const)('a %s of %i by %i decodes to just that', async (format, width, height) => {
  for (const prompt of ['a cat', 'word '.repeat(400), '<b>&amp; "markup"\u0000\ud800', '', '猫 🐈']) {
    const bytes = await drawPicture({ prompt, caption: 'model · size', width, height, format });
    const { info } = await sharp(bytes).toBuffer({ resolveWithObject: true });
    expect([prompt, info.width, info.height, info.format]).toEqual([prompt, width, height, format]);
  }
});

test('the prompt is written in white over darker colours', async () => {
  const draw = (prompt: string) => drawPicture({ prompt, caption: '', width: 256, height: 256, format: 'png' });
  const whiteShare = async (prompt: string) => {
    const { data } = await sharp(await draw(prompt))
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return data.filter((value) => value > 240).length / data.length;
  };
  expect(await whiteShare('')).toBe(0);
  expect(await whiteShare('a lighthouse in a storm')).toBeGreaterThan(0.03);
  expect((await draw('one')).equals(await draw('two'))).toBe(false);
});
