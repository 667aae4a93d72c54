/**
 * apemu as a library: hosts to build, runs to play, the two runtimes and the lock layer for models of one's own.
 */
export { ApMask } from './base/ap-mask.ts';
export { apqnOf, apqnText, adapterOf, domainOf, type Apqn } from './base/apqn.ts';
export { errnoName, type Errno } from './base/errno.ts';
export { EventLog, eventLine, type LogEvent } from './base/event-log.ts';
export { createLogger, type LogLevel } from './base/logger.ts';
export { Prng } from './base/prng.ts';
export type { ControlledOptions, ControlledOutcome } from './runtime/controlled-options.ts';
export { ControlledRuntime } from './runtime/controlled.ts';
export { LiveRuntime, type LiveOutcome } from './runtime/live.ts';
export { RandomStrategy } from './runtime/random-strategy.ts';
export { ReplayDiverged, ReplayStrategy } from './runtime/replay-strategy.ts';
export type { MaybePromise, Runtime, Timer } from './runtime/runtime.ts';
export type { Runnable, Strategy } from './runtime/strategy.ts';
export type { Task } from './runtime/task.ts';
export { Findings, type BlockedTask, type CycleEdge, type Finding, type FindingKind } from './locks/finding.ts';
export type { Guard } from './locks/guard.ts';
export { GuardedField } from './locks/guarded-field.ts';
export { LockClass } from './locks/lock-class.ts';
export { LockLayer, type LockLayerOptions } from './locks/lock-layer.ts';
export type { LockStatRow } from './locks/lock-stat.ts';
export { readCapture, type Capture } from './locks/capture/read-capture.ts';
export { checkPrograms, type CheckOptions } from './locks/program/check.ts';
export type { ProgramVerdict } from './locks/program/verdict.ts';
export type { Completion } from './locks/completion.ts';
export type { Mutex } from './locks/mutex.ts';
export type { ReaderPreferringLock } from './locks/reader-preferring-lock.ts';
export type { SpinLock } from './locks/spin-lock.ts';
export type { RwSemaphore } from './locks/rw-semaphore.ts';
export type { WaitQueue } from './locks/wait-queue.ts';
export type { GuestSpec, HostSpec, MdevSpec } from './machine/host-spec.ts';
export { BootError, Machine, type MachineOptions } from './machine/machine.ts';
export { DEFAULT_DESIGN, designByName, designNames } from './vfio-ap/locking/designs.ts';
export { GuestsLock } from './vfio-ap/locking/guests-lock.ts';
export { defineDesign, type DesignApi, type UserDesign } from './vfio-ap/locking/define-design.ts';
export type {
  Body,
  DesignContext,
  DesignFactory,
  EachBodies,
  LockingDesign,
  OnQueue,
  Section,
  Steps,
  Target,
} from './vfio-ap/locking/port.ts';
export type { ApMatrixMdev } from './vfio-ap/ap-matrix-mdev.ts';
export type { MatrixDev } from './vfio-ap/matrix-dev.ts';
export type { VfioApQueue } from './vfio-ap/vfio-ap-queue.ts';
export type { Kvm } from './kvm/kvm.ts';
export type { InterceptedAqic, PqapAnswer } from './kvm/pqap-port.ts';
export { INVARIANTS, InvariantWatch } from './checkers/invariants.ts';
export type { Checker, HostView } from './checkers/checker.ts';
export { loadDefaultScenario, loadScenario, loadScenarioFile, type LoadOptions } from './scenario/load.ts';
export { designOf, loadDesign, type LoadedDesign } from './scenario/design-file.ts';
export { ScenarioError } from './scenario/place.ts';
export { ScenarioRun, type Progress, type RunOptions } from './scenario/run-scenario.ts';
export type { RunReport } from './scenario/run-report.ts';
export type { Scenario } from './scenario/scenario.ts';
export { ExplorationFailed, explore, type ProgramOptions } from './report/explore-program.ts';
export { checkCommutation } from './explore/commutation.ts';
export type { Monitor, Program, ProgramRun, World } from './explore/program.ts';
export type { ExploreResult, FailingSchedule } from './explore/result.ts';
export { programOf, SmallWorld, type ProgramText } from './explore/small-world.ts';
