import path from 'node:path';
import { writePreviews } from './render-previews.ts';

// npm run emails:preview: every e-mail, in every language, as files to look at.
const directory = path.resolve(import.meta.dirname, '../../../../.data/emails');
const count = await writePreviews(directory);
process.stdout.write(`${count} files in ${directory}; open ${path.join(directory, 'index.html')}\n`);
