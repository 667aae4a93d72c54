/**
 * The short ASCII texts in CCA messages: agent ids, function codes, rules.
 */
export function writeText(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

/** Agent ids and function codes have two characters. */
export function readPair(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at]!, bytes[at + 1]!);
}
