/**
 * The error that loading a text ends with; fails the test when it loads.
 */
import { loadScenario } from '../../src/scenario/load.ts';
import { ScenarioError } from '../../src/scenario/place.ts';

export const DESIGNS = ['guests-lock', 'kvm-busy'];

export function refusal(text: string): ScenarioError {
  try {
    loadScenario(text, 't.yaml', { designs: DESIGNS });
  } catch (error) {
    if (error instanceof ScenarioError) return error;
    throw error;
  }
  throw new Error('expected a ScenarioError, got a scenario');
}
