/**
 * The published JSON Schema: the committed file is what the schemas say, and a repeat contains events.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scenarioJsonSchema, schemaText } from '../../src/scenario/schema.ts';

describe('schema/scenario.schema.json', () => {
  it('is what scripts/write-schema.ts writes', () => {
    expect(readFileSync(new URL('../../schema/scenario.schema.json', import.meta.url), 'utf8')).toBe(schemaText());
  });

  it('has every key of a scenario and lets events nest', () => {
    const schema = scenarioJsonSchema();
    expect(Object.keys(schema['properties'] as object)).toEqual([
      'name',
      'host',
      'design',
      'mdevs',
      'guests',
      'events',
      'quirks',
      'faults',
      'expect',
    ]);
    expect(schema).toMatchObject({ type: 'object', required: ['host'], additionalProperties: false });
    const forms = (schema['$defs'] as { event: { anyOf: { properties: Record<string, unknown> }[] } }).event.anyOf;
    const repeat = forms.find((form) => 'repeat' in form.properties)!;
    expect(repeat.properties['events']).toMatchObject({ type: 'array', minItems: 1, items: { $ref: '#/$defs/event' } });
    expect(forms).toHaveLength(18);
  });
});
