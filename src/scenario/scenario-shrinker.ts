/**
 * Smaller versions of a scenario, for the shrinker of workloads: each is the text of a file that loads, with something left out. It goes on
 * with what it has not tried since the last success, and comes back to the rest in the end. No kernel counterpart.
 */
import type { Program } from '../explore/program.ts';
import type { SmallerProgram, WorkloadShrinker } from '../explore/shrink-workload.ts';
import type { Finding } from '../locks/finding.ts';
import { fewerHostUsers } from './host-workload.ts';
import { loadScenario } from './load.ts';
import { ScenarioError } from './place.ts';
import type { Scenario } from './scenario.ts';
import { scenarioText } from './scenario-text.ts';
import { fewerTurns, withoutEvent, withoutGuest, withoutTask, withoutWaiting } from './smaller-events.ts';
import { fewerVcpus, shorterWorkload, withoutNested, withoutWorkload } from './smaller-guests.ts';
import { fewerQueues, withoutFaults, withoutUnusedMdev } from './smaller-host.ts';
import { smallerZpci } from './smaller-zpci.ts';
import type { Pass, Smaller } from './smaller.ts';
import { withoutExpectations } from './unneeded-expectations.ts';

/** Large steps first. */
const PASSES: readonly Pass[] = [
  ...[withoutGuest, withoutTask, fewerTurns, withoutEvent, withoutNested, withoutWorkload, fewerVcpus, shorterWorkload, fewerHostUsers],
  ...[withoutUnusedMdev, fewerQueues, withoutFaults, withoutWaiting, smallerZpci],
];

export interface ScenarioShrinkerParts {
  readonly scenario: Scenario;
  /** The failure that is to stay. */
  readonly finding: Finding;
  /** What smaller scenarios are called: there is no file of theirs yet. */
  readonly source: string;
  readonly programOf: (scenario: Scenario) => Program;
}

interface Version {
  readonly scenario: Scenario;
  /** The pass that it came from. */
  readonly pass: number;
}

export class ScenarioShrinker implements WorkloadShrinker {
  /** The scenario as it is. */
  readonly start: Program;
  private readonly parts: ScenarioShrinkerParts;
  private readonly versions = new Map<Program, Version>();
  /** Texts that were offered: none is offered twice. */
  private readonly offered = new Set<string>();

  constructor(parts: ScenarioShrinkerParts) {
    this.parts = parts;
    this.start = parts.programOf(parts.scenario);
    this.versions.set(this.start, { scenario: parts.scenario, pass: 0 });
  }

  /** RangeError for a program that is not of this shrinker. */
  scenarioOf(program: Program): Scenario {
    return this.version(program).scenario;
  }

  *candidates(program: Program): IterableIterator<SmallerProgram> {
    const { scenario, pass: from } = this.version(program);
    // Of those that did not lead on, none is of use any more.
    this.versions.clear();
    this.versions.set(program, { scenario, pass: from });
    for (let i = 0; i < PASSES.length; i++) {
      const pass = (from + i) % PASSES.length;
      for (const smaller of PASSES[pass]!(scenario)) {
        const candidate = this.candidate(smaller);
        if (candidate === null) continue;
        const version = this.parts.programOf(candidate);
        this.versions.set(version, { scenario: candidate, pass });
        yield { program: version, what: smaller.what };
        this.versions.delete(version);
      }
    }
  }

  private version(program: Program): Version {
    const version = this.versions.get(program);
    if (version === undefined) throw new RangeError(`expected a program of this shrinker, got ${program.name}`);
    return version;
  }

  /** Loaded from its own text, as whoever gets that will load it; null when it was offered before, or is no scenario. */
  private candidate({ scenario }: Smaller): Scenario | null {
    const text = scenarioText(withoutExpectations(scenario, this.parts.finding));
    if (this.offered.has(text)) return null;
    this.offered.add(text);
    try {
      return loadScenario(text, this.parts.source);
    } catch (error) {
      if (error instanceof ScenarioError) return null;
      throw error;
    }
  }
}
