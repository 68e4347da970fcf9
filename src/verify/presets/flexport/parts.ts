/** The parts that Flexport's objects are made of: links, quantities, places. events.ts is what users import. */
import type { Members, Open, Some } from '../../event.ts';

/**
 * A link to an object in Flexport's API, or without `id` to a list of them.
 * @see https://apidocs.flexport.com/v2/tag/Expansion
 */
export interface FlexportRef {
  readonly _object: string;
  readonly ref_type: string;
  readonly link: string;
  readonly id?: number | string;
}

/** @see https://apidocs.flexport.com/v2/tag/Shipment */
export interface FlexportQuantity {
  readonly _object: string;
  readonly value: number;
  readonly unit: Open<'kg' | 'lbs' | 'cbm' | 'cbft'>;
}

/** @see https://apidocs.flexport.com/v2/tag/Invoices */
export interface FlexportMoney {
  readonly _object: string;
  /** A decimal number in text. */
  readonly amount: string;
  readonly currency_code: string;
}

/** @see https://apidocs.flexport.com/v2/tag/ShipmentLeg */
export interface FlexportAddress
  extends Some<string, 'street_address' | 'street_address2' | 'city' | 'state' | 'zip' | 'country'>,
    Some<string, 'country_code' | 'unlocode' | 'timezone' | 'ref'> {
  readonly _object: string;
}

/** @see https://apidocs.flexport.com/v2/tag/ShipmentLeg */
export interface FlexportPlace extends Some<string, 'name'>, Some<FlexportAddress, 'address'> {
  readonly _object: string;
  /** The port's codes, by kind of port. */
  readonly details?: readonly Members[];
}

/** @see https://apidocs.flexport.com/v2/tag/ShipmentLeg */
export interface FlexportNode extends Some<FlexportPlace, 'place' | 'terminal'> {
  readonly _object: string;
  readonly tags?: readonly string[];
}
