/**
 * Writes schema/scenario.schema.json, the JSON Schema of scenario files that editors use. Run with tsx after a change of the schemas.
 */
import { writeFileSync } from 'node:fs';
import { schemaText } from '../src/scenario/schema.ts';

writeFileSync(new URL('../schema/scenario.schema.json', import.meta.url), schemaText());
