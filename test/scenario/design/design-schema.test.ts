/**
 * The published JSON Schema of design files: the committed file is what the schemas say, and it knows every entry and every step.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { designJsonSchema, designSchemaText } from '../../../src/scenario/design/design-schema.ts';
import { VERBS } from '../../../src/scenario/design/step-schema.ts';
import { CALL_NAMES } from '../../../src/vfio-ap/locking/yaml/call-table.ts';

describe('schema/design.schema.json', () => {
  it('is what scripts/write-schema.ts writes', () => {
    expect(readFileSync(new URL('../../../schema/design.schema.json', import.meta.url), 'utf8')).toBe(designSchemaText());
  });

  it('has a form for every step, and steps behind an else', () => {
    const schema = designJsonSchema();
    expect(schema).toMatchObject({ type: 'object', required: ['design'], additionalProperties: false });
    const forms = (schema['$defs'] as { step: { anyOf: { properties?: Record<string, unknown> }[] } }).step.anyOf;
    const verbs = forms.flatMap(({ properties = {} }) =>
      Object.keys(properties).filter((key) => (VERBS as readonly string[]).includes(key)),
    );
    expect(verbs.toSorted()).toEqual([...VERBS].toSorted());
    const call = forms.find(({ properties }) => properties?.['call'] !== undefined)!;
    expect(call.properties!['call']).toMatchObject({ enum: CALL_NAMES });
    expect(JSON.stringify(call.properties!['else'])).toContain('#/$defs/step');
  });
});
