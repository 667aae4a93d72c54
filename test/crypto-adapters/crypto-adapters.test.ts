/** Goal: the machine's configuration: QCI, limits, facilities, changes and who hears of them. */
import { describe, expect, it } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { apqnOf } from '../../src/base/apqn.ts';
import { EEXIST, ENODEV, OK } from '../../src/base/errno.ts';
import { SpecificationException, type QciInfo, type TapqResult } from '../../src/crypto-adapters/ap-instructions.ts';
import { QciFlag } from '../../src/crypto-adapters/qci.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import { Task } from '../../src/runtime/task.ts';
import { card, machine } from './hardware.ts';

const task = new Task(0, 'test', null, false);
const rt = new LiveRuntime(1);

describe('QCI', () => {
  it('shows adapters, domains, limits and flags', () => {
    const info = machine(rt).qci(task) as QciInfo;
    expect(info).toMatchObject({ na: 255, nd: 255, flags: (QciFlag.APSC | QciFlag.APXA | QciFlag.QACT) >>> 0 });
    expect([...info.apm.bits()]).toEqual([5, 6, 7]);
    expect([...info.aqm.bits()]).toEqual([4, 0x47]);
    expect([...info.adm.bits()]).toEqual([4]);
  });

  it('is not there without facility 12, nor TAPQ information without facility 15', () => {
    expect(machine(rt, { facilities: { qci: false } }).qci(task)).toBeNull();
    const result = machine(rt, { facilities: { apft: false } }).tapq(task, apqnOf(5, 4)) as TapqResult;
    expect(result).toMatchObject({ status: { rc: Rc.NORMAL }, info: null });
  });

  it('without APXA there are 64 adapters and 16 domains', () => {
    const hw = machine(rt, { apxa: false, usageDomains: ApMask.of(4) });
    expect(hw.qci(task)).toMatchObject({ na: 63, nd: 15, flags: (QciFlag.APSC | QciFlag.QACT) >>> 0 });
    expect((hw.tapq(task, apqnOf(5, 4)) as TapqResult).info).toMatchObject({ functions: 0x90000000, domains: 15 });
    expect(() => hw.tapq(task, apqnOf(64, 0))).toThrow(SpecificationException);
    expect(() => hw.tapq(task, apqnOf(5, 16))).toThrow(SpecificationException);
    expect(() => machine(rt, { apxa: false })).toThrow('domains up to 15');
  });
});

describe('changes', () => {
  it('are told to whoever listens, once each, and only when something changed', () => {
    const hw = machine(rt);
    let heard = 0;
    const stop = hw.onConfigurationChange(() => heard++);
    expect([hw.configure(5, true), hw.checkstop(5, false)]).toEqual([OK, OK]);
    expect(heard).toBe(0);
    hw.configure(5, false);
    hw.configure(5, true);
    hw.checkstop(6, true);
    hw.setUsageDomains(ApMask.of(4));
    hw.setControlDomains(ApMask.EMPTY);
    hw.unplug(7);
    hw.plug({ id: 200, type: card('CEX4P') });
    expect(heard).toBe(7);
    stop();
    hw.configure(5, false);
    expect(heard).toBe(7);
    const info = hw.currentQci();
    expect([[...info.apm.bits()], [...info.aqm.bits()], [...info.adm.bits()]]).toEqual([[5, 6, 200], [4], []]);
  });

  it('refuse adapters that are not there, or there twice', () => {
    const hw = machine(rt);
    expect([hw.configure(9, true), hw.checkstop(9, true), hw.unplug(9)]).toEqual([ENODEV, ENODEV, ENODEV]);
    expect(hw.plug({ id: 5, type: card('CEX8A') })).toBe(EEXIST);
    expect(() => hw.plug({ id: 256, type: card('CEX8A') })).toThrow('0 to 255');
    expect(() => machine(rt, { adapters: [5, 5].map((id) => ({ id, type: card('CEX8A') })) })).toThrow('adapter 5 twice');
  });

  it('a deconfigured adapter stays in QCI and can be looked at', () => {
    const hw = machine(rt);
    hw.configure(5, false);
    expect(hw.currentQci().apm.has(5)).toBe(true);
    expect(hw.adapter(5)).toEqual({ type: card('CEX8C'), configured: false, checkstopped: false });
    expect([hw.adapter(9), hw.counters(9)]).toEqual([undefined, undefined]);
  });
});

describe('size', () => {
  it('65,536 queues hold no state until they are used', () => {
    const all = Array.from({ length: 256 }, (_, id) => ({ id, type: card('CEX8C') }));
    const hw = machine(rt, { adapters: all, usageDomains: ApMask.FULL, controlDomains: ApMask.FULL });
    expect(hw.queueState(apqnOf(255, 255))).toBeUndefined();
    for (let apqn = 0; apqn < 65_536; apqn++) expect((hw.tapq(task, apqn) as TapqResult).status.rc).toBe(Rc.NORMAL);
    expect(hw.queueState(0)).toBe(hw.queueState(apqnOf(255, 255)));
    expect(hw.queueState(0)).toMatchObject({ pending: [], replies: [], irq: null });
  });
});
