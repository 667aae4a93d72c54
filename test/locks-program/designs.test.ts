/**
 * Goal: the historical designs of vfio_ap and of the zPCI thread get the verdicts that Linux lockdep gave them. Method: their lock orders
 * as programs. V vcpu->mutex, K kvm->lock, M the matrix lock, H the hook's rwsem, P ap_perms_mutex, B kvm_busy, D the released device.
 */
import { expect, test } from 'vitest';
import { own, short, strict } from './notation.ts';

test.each([
  ['global matrix mutex', '0:W(M) 0:W(K) | 1:W(V) 1:W(M) | 2:W(K) 2:W(V)', 'report 9 circular'],
  ['kvm_busy without a map', '0:W(M) 0:u(M) 0:W(K) 0:u(K) | 1:W(V) 1:W(M) | 2:W(K) 2:W(V)', 'ok'],
  [
    'kvm_busy as a map',
    '0:W(M) 0:tW(B) 0:u(M) 0:W(K) 0:u(K) 0:W(M) 0:u(B) 0:u(M) | 1:W(V) 1:w(B) 1:W(M) | 2:W(K) 2:W(V)',
    'report 14 circular',
  ],
  ['hook rwsem, write side alone', '0:W(H) | 0:W(K) 0:W(M) | 1:W(V) 1:r(H) 1:W(M) | 2:W(K) 2:W(V)', 'ok'],
  ['hook rwsem, write side under kvm->lock', '0:W(K) 0:W(H) 0:u(H) 0:W(M) | 1:W(V) 1:r(H) 1:W(M) | 2:W(K) 2:W(V)', 'ok'],
  ['hook rwsem, write side under the matrix lock', '0:W(M) 0:W(H) | 1:W(V) 1:r(H) 1:W(M)', 'report 6 circular'],
  ['guests -> kvm -> mdevs', '0:W(G) 0:W(K) 0:W(M) | 1:W(V) 1:r(H) 1:W(M) | 2:W(K) 2:W(V) | 0:W(G) 0:W(K) 0:W(H)', 'ok'],
  ['mdevs before kvm->lock', '0:W(G) 0:W(K) 0:W(M) | 1:W(M) 1:W(K)', 'report 7 circular'],
  ['two kvm->lock without nesting', 'W(G) W(K1:K) W(K2:K)', 'report 2 recursive'],
  ['two kvm->lock nested under guests_lock', 'W(G) W(K1:K^G) W(K2:K^G)', 'ok'],
  ['apmask store against assign', '0:W(P) 0:W(M) | 1:W(M) 1:W(P)', 'report 5 circular'],
  ['apmask store with a trylock', '0:W(P) 0:tW(M) | 1:W(M) 1:W(P)', 'ok'],
  ['zPCI, locks only', '0:W(Z) | 1:W(K) 1:W(Z)', 'ok'],
  ['zPCI, the released device as a map', '0:W(Z) 0:w(D) | 1:tW(D) 1:W(Z)', 'report 4 circular'],
])('%s', (_, text, expected) => {
  expect([short(strict(text)), short(own(text))]).toEqual([expected, expected]);
});

test('kvm_busy as a map deadlocks in a real schedule: the grade says so', () => {
  const text = '0:W(M) 0:tW(B) 0:u(M) 0:W(K) 0:u(K) 0:W(M) 0:u(B) 0:u(M) | 1:W(V) 1:w(B) 1:W(M) | 2:W(K) 2:W(V)';
  expect(own(text)).toMatchObject({ grade: 'REACHABLE', cycle: expect.arrayContaining(['V', 'B', 'K']) as unknown });
});
