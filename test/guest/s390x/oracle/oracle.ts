/**
 * Runs random trials on the interpreter and on qemu-user, and collects where they differ.
 */
import { Prng } from '../../../../src/base/prng.ts';
import { disassemble } from '../../../../src/guest/s390x/isa/disassemble.ts';
import { differencesOf } from './differences.ts';
import { Emulated } from './emulated.ts';
import { OracleEnded, QemuOracle } from './qemu.ts';
import { RandomTrials, tryableRows } from './random-code.ts';
import { CODE, codeOf, DATA, DATA_BYTES, inputOf, type Outcome, type Trial } from './record.ts';

export interface OracleRun {
  readonly trials: number;
  readonly instructions: number;
  /** Trials that the oracle ended because of an access outside of its storage, or that ended the oracle: nothing was compared. */
  readonly unjudged: number;
  readonly divergences: readonly Divergence[];
}

export interface Divergence {
  /** The instructions of the trial, disassembled. */
  readonly code: readonly string[];
  readonly differences: readonly string[];
  /** The whole trial, base64 of its record: a vector to keep. */
  readonly record: string;
}

/** Trials on their way at a time. */
const BATCH = 500;

/** At least so many instructions, in trials that follow from the seed. */
export function compareWithOracle(program: string, { seed, instructions }: { seed: number; instructions: number }): Promise<OracleRun> {
  const have = new Set(Emulated.mnemonics);
  const rows = tryableRows(new Set()).filter(({ mnemonic }) => have.has(mnemonic));
  return new Comparison(new RandomTrials(new Prng(seed), rows), program).run(instructions);
}

/** A trial that everybody knows the outcome of: the last one of each batch. */
const CANARY: Trial = {
  general: Array.from({ length: 16 }, (_, i) => (i === 10 ? BigInt(DATA) : BigInt(i) << 30n)),
  floating: Array.from({ length: 16 }, (_, i) => BigInt(i)),
  access: Array.from({ length: 16 }, (_, i) => i),
  ...{ fpc: 0, cc: 3, programMask: 0 },
  // ar %r1,%r2; st %r1,0(%r10)
  code: codeOf([Uint8Array.of(0x1a, 0x12), Uint8Array.of(0x50, 0x10, 0xa0, 0)]),
  data: new Uint8Array(DATA_BYTES),
};
const CANARY_OUTCOME = new Emulated().run(CANARY);

class Comparison {
  private readonly source: RandomTrials;
  private readonly program: string;
  private emulated = new Emulated();
  private oracle: QemuOracle;

  constructor(source: RandomTrials, program: string) {
    this.source = source;
    this.program = program;
    this.oracle = new QemuOracle(program);
  }

  async run(wanted: number): Promise<OracleRun> {
    const divergences: Divergence[] = [];
    let [trials, instructions, unjudged] = [0, 0, 0];
    try {
      while (instructions < wanted) {
        const batch = Array.from({ length: BATCH }, () => this.source.next());
        const outcomes = await this.outcomes(batch);
        for (const [i, trial] of batch.entries()) {
          instructions += trial.names.length;
          const outcome = outcomes[i]!;
          const differences = outcome === null ? [] : differencesOf(this.emulated.run(trial), outcome);
          const again = differences.length > 0 ? await this.again(trial) : null;
          if (outcome === null || outcome.ending === 'access' || again === 'surroundings') unjudged++;
          else if (again !== null && again.length > 0) {
            divergences.push({ code: textOf(trial), differences: again, record: inputOf(trial).toString('base64') });
          }
          if (again !== null) break;
        }
        trials += batch.length;
      }
    } finally {
      this.oracle.close();
    }
    return { trials, instructions, unjudged, divergences };
  }

  /**
   * A trial that differed, alone and with everything new: one before it may have stored where it should not. 'surroundings' when it does
   * something else where other bytes lie around the window. Both sides begin anew behind it.
   */
  private async again(trial: Trial): Promise<readonly string[] | 'surroundings'> {
    this.oracle.close();
    this.oracle = new QemuOracle(this.program);
    this.emulated = new Emulated();
    const [plain, other] = [0, 0x5a].map((surroundings) => new Emulated(surroundings).run(trial));
    if (differencesOf(plain!, other!).length > 0 || plain!.ending === 'access') return 'surroundings';
    const [outcome] = await this.outcomes([trial]);
    return outcome === null || outcome === undefined ? 'surroundings' : differencesOf(plain!, outcome);
  }

  /**
   * Null for a trial that ends the oracle itself, which has defects of its own, or stores into its program, so that nothing it says behind
   * that can be believed: found by halving.
   */
  private async outcomes(trials: readonly Trial[]): Promise<readonly (Outcome | null)[]> {
    try {
      const outcomes = await this.oracle.run([...trials, CANARY]);
      const canary = outcomes.pop()!;
      if (differencesOf(CANARY_OUTCOME, canary).length > 0 || canary.ending !== 'end') throw new OracleEnded('its program is damaged');
      return outcomes;
    } catch (error) {
      if (!(error instanceof OracleEnded)) throw error;
      this.oracle.close();
      this.oracle = new QemuOracle(this.program);
      if (trials.length === 1) return [null];
      const middle = trials.length >> 1;
      return [...(await this.outcomes(trials.slice(0, middle))), ...(await this.outcomes(trials.slice(middle)))];
    }
  }
}

function textOf({ code, names }: Trial & { readonly names: readonly string[] }): string[] {
  const lines: string[] = [];
  let at = 0;
  while (lines.length < names.length) {
    const { text, length } = disassemble(code, at, CODE + at);
    lines.push(text);
    at += length;
  }
  return lines;
}
