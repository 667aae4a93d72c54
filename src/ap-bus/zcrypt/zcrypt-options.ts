/**
 * What differs between zcrypt of several kernels, and its known defects as switches, all off by default: off is correct behaviour.
 */
import type { KernelProfile } from '../../base/kernel-profile.ts';

export interface ZcryptOptions {
  readonly kernel: Pick<KernelProfile, 'onlineMindsCheckstop' | 'rewritesCprbDomain' | 'admask'>;
  /**
   * A request adds to the loads the weight of the card that was looked at last, not of the one that was chosen (zcrypt_pick_queue is
   * given the loop's variable). Loads still return to 0, since the same is subtracted later; until then the choice of others is wrong.
   */
  readonly addsLastWeight?: boolean;
  /**
   * A node is unregistered under the attribute mutex, which a store to one of the node's masks asks for while the unregistering waits for
   * that store: a circle (zcdn_destroy against apmask_store of drivers/s390/crypto/zcrypt_api.c).
   */
  readonly destroysUnderMutex?: boolean;
}
