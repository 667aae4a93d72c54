/**
 * Everything that the fuzz does to a host, as plain data that shrinks and prints well.
 */
import type { Dimension } from './assignment.ts';
import type { DriverName } from './world.ts';

export const UUIDS = [
  '11111111-1111-4111-8111-111111111111',
  '22222222-2222-4222-8222-222222222222',
  '33333333-3333-4333-8333-333333333333',
] as const;
export const GUESTS = ['guest1', 'guest2'] as const;
export const FDS = ['fd0', 'fd1'] as const;

type AssignAttribute = `${'assign' | 'unassign'}_${Dimension}`;
export const SHOWN = ['matrix', 'guest_matrix', 'control_domains'] as const;
export type MdevAttribute = AssignAttribute | (typeof SHOWN)[number] | 'ap_config' | 'remove';

export type Operation =
  | { readonly op: 'create'; readonly text: string }
  | { readonly op: 'store'; readonly uuid: string; readonly attribute: MdevAttribute; readonly text: string }
  | { readonly op: 'read'; readonly uuid: string; readonly attribute: MdevAttribute }
  | { readonly op: 'mask'; readonly which: 'apm' | 'aqm'; readonly text: string }
  | { readonly op: 'bind' | 'unbind'; readonly driver: DriverName; readonly text: string }
  | { readonly op: 'attach' | 'open'; readonly uuid: string; readonly guest: string }
  | { readonly op: 'detach' | 'unmap' | 'map'; readonly guest: string }
  | { readonly op: 'plug'; readonly id: number; readonly type: string }
  | { readonly op: 'unplug'; readonly id: number }
  | { readonly op: 'checkstop'; readonly id: number; readonly on: boolean }
  | { readonly op: 'config'; readonly id: number; readonly text: string }
  | { readonly op: 'domains'; readonly use: 'usage' | 'control'; readonly ids: readonly number[] }
  | { readonly op: 'scan' }
  | {
      readonly op: 'aqic';
      readonly guest: string;
      readonly adapter: number;
      readonly domain: number;
      readonly enable: boolean;
      readonly isc: number;
      readonly nib: number;
    }
  | IoctlOperation;

/** A request on the open device file of an mdev. */
export interface IoctlOperation {
  readonly op: 'ioctl';
  readonly uuid: string;
  readonly request: number;
  /** 32-bit words of the struct. */
  readonly words: readonly number[];
  /** So many bytes of the struct are mapped. */
  readonly mapped: number;
  readonly writable: boolean;
}

/** A page: more of one write does not reach a store. */
export const PAGE = 4096;
/** Bytes of storage of each guest. */
export const STORAGE = 64 * 1024 * 1024;
