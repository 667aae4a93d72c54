/**
 * Code of the model followed a pointer that is NULL: the kernel would oops. Thrown where a known defect makes the model do what the kernel
 * did; whoever watches the tasks turns it into a finding.
 */
export class NullDereference extends Error {
  /** `pointer` is what is NULL, `use` completes "when the code ...". */
  constructor(pointer: string, use: string) {
    super(`NULL pointer dereference: ${pointer} is NULL when ${use}`);
    this.name = 'NullDereference';
  }
}
