/**
 * Writes schema/*.schema.json, the JSON Schemas of scenario files and design files that editors use. Run with tsx after a change of the schemas.
 */
import { writeFileSync } from 'node:fs';
import { designSchemaText } from '../src/scenario/design/design-schema.ts';
import { schemaText } from '../src/scenario/schema.ts';

writeFileSync(new URL('../schema/scenario.schema.json', import.meta.url), schemaText());
writeFileSync(new URL('../schema/design.schema.json', import.meta.url), designSchemaText());
