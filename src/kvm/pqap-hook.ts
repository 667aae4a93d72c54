/**
 * What `kvm->arch.crypto.pqap_hook` designates (kvm_host.h: crypto_hook): a slot inside a mediated device, by which its driver finds that.
 */
export interface PqapHook {
  readonly name: string;
}
