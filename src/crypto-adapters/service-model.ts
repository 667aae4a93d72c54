/**
 * How long a card works on a request. The ratings of zcrypt stand in for the real times, which are not published.
 */
import { sizeClass, speedWeights, type CardType } from './card-type.ts';

export interface ServiceRequest {
  readonly kind: 'mex' | 'crt' | 'rng' | 'other';
  /** Length of the modulus; 0 for other requests. */
  readonly bits: number;
}

/** Milliseconds that the card works on the request. */
export type ServiceModel = (card: CardType, request: ServiceRequest) => number;

const MS_PER_WEIGHT = 0.01;

/** The speed rating of the operation times `scale` times 0.01 ms. */
export function weightService(scale: number): ServiceModel {
  if (!(scale >= 0 && Number.isFinite(scale))) throw new RangeError(`expected a service scale of 0 or more, got ${scale}`);
  return (card, { kind, bits }) => {
    const weights = speedWeights(card);
    const weight = kind === 'other' ? weights.secKey : kind === 'rng' ? weights.rng : weights[kind][sizeClass(bits)];
    return weight * scale * MS_PER_WEIGHT;
  };
}

/** Replies are there as soon as the hardware gets a turn. */
export const noService: ServiceModel = () => 0;
