import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';

const repositoryRoot = path.resolve(import.meta.dirname, '../../..');
const specsFolder = path.resolve(repositoryRoot, '../shared/specs');

/** Checks values against one provider's published OpenAPI document. */
export interface ProviderSpec {
  /** Problems of `value` with the schema at a JSON pointer such as `/components/schemas/Model`; empty when it fits. */
  problems(pointer: string, value: unknown): string[];
  /** The schema of a JSON answer. */
  answerPointer(method: string, route: string, status: number): string;
}

/** Null where the documents are not at hand: they are not ours to pass on, so the repository does not hold them. */
export function loadProviderSpec(fileName: string): ProviderSpec | null {
  const file = path.join(specsFolder, fileName);
  if (!existsSync(file)) {
    process.stderr.write(`skipped: ${file} is not there, so answers are not compared with it\n`);
    return null;
  }
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  formats.default(ajv);
  // Replicate writes oneOf for alternatives that overlap ('hidden' is also a string), which no value can meet.
  const text = readFileSync(file, 'utf8').replaceAll('"oneOf":', '"anyOf":');
  ajv.addSchema({ $id: 'spec', ...JSON.parse(text) });
  return {
    problems: (pointer, value) => {
      const validate = ajv.getSchema(`spec#${pointer}`);
      if (!validate) throw new Error(`${fileName} has nothing at ${pointer}`);
      validate(value);
      return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
    },
    answerPointer: (method, route, status) =>
      `/paths/${route.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')}/${method}/responses/${status}/content/application~1json/schema`,
  };
}
