/**
 * A scenario without what it expects of single events and instructions: with something else left out they may come to something else, which
 * would be a finding of its own in front of the one that is looked for. No kernel counterpart.
 */
import { parseInstruction, type GuestInstruction } from '../guest/guest-instruction.ts';
import type { Finding } from '../locks/finding.ts';
import type { GuestSpec, MdevSpec } from '../machine/host-spec.ts';
import type { EventSpec, Scenario, SlotEvent } from './scenario.ts';
import { eventText, mapVerbs } from './smaller-events.ts';

/** What `finding` itself is about stays: an event that did not come to what was expected, instructions with a wrong answer. */
export function withoutExpectations(scenario: Scenario, finding: Finding): Scenario {
  const { host, zpci } = scenario;
  const event = (spec: EventSpec): EventSpec => (isEvent(spec, host.mdevs, finding) ? spec : { ...spec, expect: null });
  const guests = finding.kind === 'guest-error' ? host.guests : host.guests.map(guestWithout);
  const less = { ...scenario, host: { ...host, guests }, events: mapVerbs(scenario.events, event) };
  if (zpci === undefined) return less;
  const slot = (spec: SlotEvent): SlotEvent => (isSwitch(spec, finding) ? spec : { ...spec, expect: null });
  return { ...less, zpci: { ...zpci, events: zpci.events.map(slot) } };
}

const isEvent = ({ verb, expect }: EventSpec, mdevs: readonly MdevSpec[], { kind, title }: Finding): boolean =>
  kind === 'assertion' && title.includes(`: ${eventText(verb, mdevs)}: expected ${expect}, got `);

const isSwitch = ({ on, expect }: SlotEvent, { kind, title }: Finding): boolean =>
  kind === 'assertion' && title.includes(` ${on ? 'on' : 'off'}: expected ${expect}, got `);

function guestWithout(guest: GuestSpec): GuestSpec {
  const { workload } = guest;
  if (workload?.kind !== 'instructions') return guest;
  return { ...guest, workload: { ...workload, cpus: workload.cpus.map((list) => list.map(instructionWithout)) } };
}

function instructionWithout(instruction: GuestInstruction): GuestInstruction {
  if (instruction.expect === null) return instruction;
  const text = instruction.text.replace(/ expect .*$/, '');
  return parseInstruction(text) ?? instruction;
}
