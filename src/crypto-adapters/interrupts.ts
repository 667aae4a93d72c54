/**
 * Where the interruptions of a queue go: the ports that the owners of storage and of interruption subclasses implement for AQIC.
 */
/** Who gets the adapter interruptions of a queue: the host's ISC, or a guest's GISA. */
export interface InterruptTarget {
  adapterInterruption(isc: number): void;
}

/** A notification byte in somebody's storage: the queue sets it before it interrupts. */
export interface NotificationByte {
  readonly address: number;
  set(): void;
}
