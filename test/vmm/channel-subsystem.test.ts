/**
 * Goal: the channel subsystem tells a guest of AP configuration changes as QEMU's does. Method: words, events and machine checks one by one.
 */
import { expect, test } from 'vitest';
import { ChannelSubsystem } from '../../src/vmm/channel-subsystem.ts';

const WORD = { overflow: false, rsc: 0xb, erc: 0, rsid: 0 };
const EVENT = { code: 1, nt: 0, flags: 0, rs: 5, cc: 3 };
const NONE = { code: 5, nt: 0, flags: 0, rs: 0, cc: 0 };

function make() {
  const checks = { presented: 0 };
  const css = new ChannelSubsystem('vm', {
    rt: { touch: () => undefined },
    machineCheck: () => void checks.presented++,
  });
  return { css, checks };
}

test('without a change there is no machine check, no word and no event information', () => {
  const { css, checks } = make();
  expect([css.takeMachineCheck(), css.storeChannelReportWord(), css.storeEventInformation(), checks.presented]).toEqual([
    false,
    null,
    NONE,
    0,
  ]);
});

test('one change is one machine check, one word of the channel subsystem and one event', () => {
  const { css, checks } = make();
  css.apConfigurationChanged();
  expect([checks.presented, css.takeMachineCheck(), css.takeMachineCheck()]).toEqual([1, true, false]);
  expect([css.storeChannelReportWord(), css.storeEventInformation()]).toEqual([WORD, EVENT]);
  expect([css.storeEventInformation(), css.storeChannelReportWord()]).toEqual([NONE, null]);
});

test('changes before the guest has stored the last event are events of one word, each of which says whether more are pending', () => {
  const { css, checks } = make();
  for (let n = 0; n < 3; n++) css.apConfigurationChanged();
  expect([checks.presented, css.queued, css.pendingChanges]).toEqual([1, 1, 3]);
  css.storeChannelReportWord();
  expect(css.storeEventInformation()).toEqual({ ...EVENT, flags: 0x80 });
  css.apConfigurationChanged();
  expect([css.queued, css.pendingWords]).toEqual([1, 0]);
  expect([1, 2, 3].map(() => css.storeEventInformation().flags)).toEqual([0x80, 0x80, 0]);
  css.apConfigurationChanged();
  expect([css.queued, css.pendingWords]).toEqual([2, 1]);
});

test('a word that comes while the guest stores words is announced by no machine check of its own', () => {
  const { css, checks } = make();
  css.apConfigurationChanged();
  css.storeChannelReportWord();
  css.storeEventInformation();
  css.apConfigurationChanged();
  expect(checks.presented).toBe(1);
  expect([css.storeChannelReportWord(), css.storeEventInformation(), css.storeChannelReportWord()]).toEqual([WORD, EVENT, null]);
  css.apConfigurationChanged();
  expect(checks.presented).toBe(2);
});

test('the word after a lost one says so, and the event information of the lost one is still there', () => {
  const { css, checks } = make();
  css.room = 0;
  css.apConfigurationChanged();
  expect([css.queued, checks.presented, css.takeMachineCheck()]).toEqual([0, 0, false]);
  css.room = 1;
  // Event information is pending already: nothing announces it any more until somebody stores it.
  css.apConfigurationChanged();
  expect([css.queued, checks.presented]).toEqual([0, 0]);
  expect([css.storeEventInformation(), css.storeEventInformation()]).toEqual([{ ...EVENT, flags: 0x80 }, EVENT]);
  css.apConfigurationChanged();
  expect(css.storeChannelReportWord()).toEqual({ ...WORD, overflow: true });
  css.storeEventInformation();
  css.apConfigurationChanged();
  expect(css.storeChannelReportWord()).toEqual(WORD);
});
